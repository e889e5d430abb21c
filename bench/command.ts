/**
 * The whole command, process start to exit, beside an empty Node script (small input) and beside `JSON.parse(readFileSync())` (large input),
 * in turns in the same run; the minimum of each counts. Standard output goes nowhere.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { generateSarif, type SampleLog } from '../packages/testkit/src/sarif-generator.ts'

const vectors = new URL('../vectors/scanner-outputs/sarif/', import.meta.url)
const samples = ['semgrepowasp-benchmark-sample', 'codeQL-output', 'bash-report', 'gitleaks_7.5.0']
  .map((name) => JSON.parse(readFileSync(new URL(`${name}.sarif`, vectors), 'utf8')) as SampleLog)

interface Program {
  readonly name: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

export async function run(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'exeat-bench-'))
  try {
    const main = join(folder, 'built', 'main.cjs')
    // In a process of its own: a child begins with its parent's peak of memory, and building takes more than the gate.
    execFileSync(process.execPath, [fileURLToPath(new URL('../tools/build.ts', import.meta.url)), join(folder, 'built')], { stdio: 'ignore' })
    small(folder, main)
    large(folder, main)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function small(folder: string, main: string): void {
  const repository = governed(folder, 'small', 1000)
  const results = generated(join(repository, 'in.sarif'), 1)
  const empty = join(folder, 'empty.mjs')
  writeFileSync(empty, '')
  const gate = [main, 'gate', 'in.sarif', '--env', 'development', '--repo', 'acme/payments']
  const times = measure(repository, [
    { name: 'empty script', args: [empty] },
    { name: 'gate, warm', args: gate, env: cacheOf(folder) },
    { name: 'gate, SARIF out', args: [...gate, '--format', 'sarif'], env: cacheOf(folder) },
    { name: 'gate, cold YAML', args: [...gate, '--no-cache'] },
  ], 15)
  print(`1 MB SARIF (${results} results), 1,000 opt-outs; target 5 times, aim 4`, times, 'empty script')
}

function large(folder: string, main: string): void {
  const repository = governed(folder, 'large', 10_000)
  const results = generated(join(repository, 'in.sarif'), 100)
  const parse = join(folder, 'parse.mjs')
  writeFileSync(parse, `import { readFileSync } from 'node:fs'\nJSON.parse(readFileSync(process.argv[2], 'utf8'))\n`)
  const gate = [main, 'gate', 'in.sarif', '--env', 'development', '--repo', 'acme/payments']
  const programs: readonly Program[] = [
    { name: 'JSON.parse', args: [parse, 'in.sarif'] },
    { name: 'gate, warm', args: gate, env: cacheOf(folder) },
    { name: 'gate, SARIF out', args: [...gate, '--format', 'sarif'], env: cacheOf(folder) },
    { name: 'gate, JSON out', args: [...gate, '--format', 'json'], env: cacheOf(folder) },
    { name: 'gate, cold YAML', args: [...gate, '--no-cache'] },
  ]
  print(`100 MB SARIF (${results} results), 10,000 opt-outs; target 2 times, aim 1.6`, measure(repository, programs, 3), 'JSON.parse')
  for (const program of programs) console.log(`  ${program.name.padEnd(18)} peak ${peak(repository, program, folder)} MB; target of the gate 200`)
}

const cacheOf = (folder: string): Readonly<Record<string, string>> => ({ EXEAT_CACHE_DIR: join(folder, 'cache') })

function start(cwd: string, { args, env = {} }: Program): number {
  const began = process.hrtime.bigint()
  const { status, stderr } = spawnSync(process.execPath, args, { cwd, env: { ...environment, ...env }, stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' })
  const took = Number(process.hrtime.bigint() - began) / 1e6
  if (status !== 0 && status !== 2) throw new Error(`${args.join(' ')}: exit ${status}\n${stderr}`)
  return took
}

const environment: NodeJS.ProcessEnv = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_') && name !== 'NODE_OPTIONS' && name !== 'CI')),
  GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'A', GIT_AUTHOR_EMAIL: 'a@acme.example', GIT_COMMITTER_NAME: 'A', GIT_COMMITTER_EMAIL: 'a@acme.example',
}

function measure(cwd: string, programs: readonly Program[], rounds: number): ReadonlyMap<string, number> {
  for (const program of programs) start(cwd, program)
  const best = new Map<string, number>()
  for (let round = 0; round < rounds; round++) {
    for (const program of programs) best.set(program.name, Math.min(best.get(program.name) ?? Infinity, start(cwd, program)))
  }
  return best
}

function print(title: string, times: ReadonlyMap<string, number>, base: string): void {
  console.log(title)
  for (const [name, time] of times) console.log(`  ${name.padEnd(18)} ${time.toFixed(0).padStart(6)} ms  ${(time / (times.get(base) ?? NaN)).toFixed(2).padStart(6)} times ${base}`)
}

/** Peak resident memory in MB, told by the process itself as it exits. */
function peak(cwd: string, program: Program, folder: string): number {
  const told = join(folder, 'peak')
  const hook = join(folder, 'hook.mjs')
  writeFileSync(hook, `import { writeFileSync } from 'node:fs'\nprocess.on('exit', () => { writeFileSync(${JSON.stringify(told)}, String(process.resourceUsage().maxRSS)) })\n`)
  start(cwd, { ...program, args: ['--import', hook, ...program.args] })
  return Math.round(Number(readFileSync(told, 'utf8')) / 1024)
}

function generated(file: string, megabytes: number): number {
  const descriptor = openSync(file, 'w')
  let waiting = ''
  const { results } = generateSarif(samples, megabytes * 1e6, (text) => {
    waiting += text
    if (waiting.length < 1e6) return
    writeSync(descriptor, waiting)
    waiting = ''
  })
  writeSync(descriptor, waiting)
  closeSync(descriptor)
  return results
}

/** A repository whose protected branch holds so many opt-outs. */
function governed(folder: string, name: string, count: number): string {
  const repository = join(folder, name)
  mkdirSync(join(repository, '.exeat'), { recursive: true })
  writeFileSync(join(repository, '.exeat', 'workspace.yaml'), workspace)
  const rules = [...new Set(samples.flatMap(({ runs }) => runs.flatMap(({ results }) => (results ?? []).flatMap((result) => ('ruleId' in result && typeof result.ruleId === 'string' ? [result.ruleId] : [])))))].filter((rule) => /^[\w./-]+$/.test(rule))
  for (let first = 0; first < count; first += 500) {
    const documents = Array.from({ length: Math.min(500, count - first) }, (_, index) => optOut(first + index, rules[(first + index) % rules.length] ?? 'rule'))
    writeFileSync(join(repository, '.exeat', `opt-outs-${first}.yaml`), documents.join('---\n'))
  }
  const git = (...args: readonly string[]): void => { spawnSync('git', args, { cwd: repository, env: environment, stdio: 'ignore' }) }
  git('init', '--quiet', '--initial-branch=main')
  git('add', '--all')
  git('commit', '--quiet', '--message', 'bench')
  git('update-ref', 'refs/remotes/origin/main', 'HEAD')
  git('symbolic-ref', 'refs/remotes/origin/HEAD', 'refs/remotes/origin/main')
  return repository
}

const workspace = `apiVersion: exeat.dev/v1
kind: Workspace
metadata: { name: bench }
spec:
  id: bench
  protectedRef: main
  sources: [{ name: acme/payments, forge: none, repositoryId: acme/payments }]
  environments: [{ name: development, proof: asserted }]
---
apiVersion: exeat.dev/v1
kind: OptOutPolicy
metadata: { name: development }
spec:
  controls: ["semgrep/*", "codeql/*", "shellcheck/*", "gitleaks/*"]
  environments: [development]
  effect: permit
  request: anyone
  approve: none
  activate: anyone
  mfa: none
  limits: { duration: 3650d }
  requires: { impact: false }
`

const tools = ['semgrep', 'codeql', 'shellcheck', 'gitleaks'] as const

const optOut = (index: number, rule: string): string => `apiVersion: exeat.dev/v1
kind: OptOut
metadata: { name: opt-out-${index} }
spec:
  controls: [${tools[index % tools.length]}/${rule}]
  targets:
    repositories: [acme/payments]
    environments: [development]
    paths: ["part${index % 200}/**", "src/module-${index}/*.java"]
  category: waiver
  reason: The fix is in the next release of the library, number ${index}.
  owner: team-${index % 40}@acme.example
  window: { from: 2026-01-01T00:00:00Z, until: 2035-01-01T00:00:00Z }
  limits: { findings: 1000000 }
`
