/** Scanners over copies of what a commit or a push brings. Whatever one does but report, nothing passes. */
import { lstatSync, mkdirSync, writeFileSync } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'
import { type Blob, copyBlobs, copyTree } from '@exeat/git/hook'
import type { Io } from '../edge/io.ts'
import { cliError, systemReason } from '../edge/problem.ts'
import { clipped, oneLine } from '../text/safe.ts'
import { type Ended, runChild } from './child.ts'
import type { Settings } from './settings.ts'
import type { Subject } from './subjects.ts'

/** A report, and the folder that its absolute paths begin with. */
export interface Written {
  readonly path: string
  readonly root: string
  /** Of its scanner: 1 means that it found something. */
  readonly exit: number
  readonly command: string
}

interface Copy {
  readonly root: string
  readonly command: string
}

const limits = { files: 100_000, bytes: 1024 * 1024 * 1024, hint: 'have what pushes this much be scanned in CI, and give its report to `exeat.hook.report`' }
const mostPrinted = 64 * 1024 * 1024
const mostReport = 512 * 1024 * 1024

/**
 * Runs every scanner over its copies below `folder`; they share the time.
 * @throws {ExeatError} HOOK_SCANNER, TREE_TOO_LARGE, REPOSITORY_DAMAGED
 */
export async function runScanners(subject: Subject, { scanners, changeScanners }: Settings, folder: string, deadline: number, io: Io): Promise<{ readonly written: readonly Written[]; readonly left: readonly string[] }> {
  const { roots, left } = await copiesOf(subject, { tree: scanners.length > 0, versions: changeScanners.length > 0 }, folder, io)
  const copies: readonly Copy[] = [
    ...scanners.flatMap((command) => roots.tree.map((root) => ({ root, command }))),
    ...changeScanners.flatMap((command) => roots.versions.map((root) => ({ root, command }))),
  ]
  const written: Written[] = []
  for (const [index, copy] of copies.entries()) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other: each may want the whole machine
    written.push(await runScanner(copy, join(folder, `report-${index + 1}`), subject.hook, deadline, io))
  }
  return { written, left }
}

async function copiesOf(subject: Subject, wanted: { readonly tree: boolean; readonly versions: boolean }, folder: string, { cwd }: Io): Promise<{ readonly roots: { readonly tree: readonly string[]; readonly versions: readonly string[] }; readonly left: readonly string[] }> {
  const left: string[] = []
  const made = (name: string): string => {
    const root = join(folder, name)
    mkdirSync(root, { mode: 0o700 })
    return root
  }
  const tree: string[] = []
  if (wanted.tree) {
    tree.push(made('tree'))
    left.push(...(await copyTree(cwd, subject.tree, tree[0] ?? '', () => true, limits)).left)
  }
  const versions: string[] = []
  for (const [index, layer] of (wanted.versions ? layersOf(await subject.versions()) : []).entries()) {
    const root = made(`versions-${index + 1}`)
    // oxlint-disable-next-line no-await-in-loop -- a batch in memory at a time
    left.push(...(await copyBlobs(cwd, layer, root, limits)).left)
    versions.push(root)
  }
  return { roots: { tree, versions }, left }
}

/** As few folders as can hold every version of every file, each path at most once in one; one that is empty where nothing is new, so that the scanner reports. */
export function layersOf(versions: readonly Blob[]): readonly (readonly Blob[])[] {
  const layers: Blob[][] = [[]]
  const depth = new Map<string, number>()
  for (const version of versions) {
    const at = depth.get(version.path) ?? 0
    depth.set(version.path, at + 1)
    const layer = layers[at] ?? []
    layers[at] = layer
    layer.push(version)
  }
  return splitFolders(layers)
}

/** A path that was a file in one commit and a folder in another cannot be both in one layer. */
function splitFolders(layers: readonly (readonly Blob[])[]): readonly (readonly Blob[])[] {
  return layers.flatMap((layer) => {
    const files = new Set(layer.map(({ path }) => path))
    const under = ({ path }: Blob): boolean => parents(path).some((parent) => files.has(parent))
    const [above, below] = [layer.filter((each) => !under(each)), layer.filter(under)]
    return below.length === 0 ? [above] : [above, ...splitFolders([below])]
  })
}

const parents = (path: string): readonly string[] => path.split('/').slice(0, -1).map((_, index, parts) => parts.slice(0, index + 1).join('/'))

async function runScanner({ root, command }: Copy, report: string, hook: string, deadline: number, io: Io): Promise<Written> {
  const ended = await runChild({ file: '/bin/sh', args: ['-c', command], cwd: root, env: scannerEnvironment(io.env, report, hook), most: mostPrinted, deadline })
  if (ended.kind !== 'exited') throw failed(command, whyOf(ended))
  const { exit, stdout, stderr } = ended
  const said = oneLine(stderr)
  const last = said === '' ? '' : `: ${clipped(said.slice(-300), 300)}`
  if (exit === 127 || exit === 126) throw failed(command, `is not there, or cannot be started${last}`)
  if (exit > 1) throw failed(command, `ended with ${exit}, and 0 and 1 alone mean that it did its work${last}`)
  const stat = lstatSync(report, { throwIfNoEntry: false })
  if (stat === undefined && stdout.length === 0) throw failed(command, `wrote no report to \`$EXEAT_REPORT\` and printed none${last}`)
  if (stat !== undefined && !stat.isFile()) throw failed(command, 'left something that is no file at `$EXEAT_REPORT`')
  if (stat !== undefined && stat.size > mostReport) throw failed(command, `wrote ${stat.size} bytes, and ${mostReport} are read at most`)
  if (stat === undefined) writeFileSync(report, stdout, { flag: 'wx', mode: 0o600 })
  return { path: report, root, exit, command }
}

function whyOf(ended: Exclude<Ended, { readonly kind: 'exited' }>): string {
  switch (ended.kind) {
    case 'too-long': return 'did not end in the time that all scanners have together'
    case 'too-much': return `printed more than ${mostPrinted} bytes`
    case 'killed': return `was ended by ${ended.signal}`
    case 'not-started': return `could not be started: ${systemReason(ended.cause)}`
  }
}

const failed = (command: string, why: string): Error =>
  cliError('HOOK_SCANNER', `the scanner \`${clipped(oneLine(command), 120)}\` ${why}`, 'nothing passes unseen: run it by hand, or see `git config --get-all exeat.hook.scanner`, `exeat.hook.changeScanner` and `exeat.hook.timeout`')

/** Why an answer that contradicts its scanner's exit is none. */
export const contradicts = (command: string): Error => failed(command, 'ended with 1, as if it had found something, and its report says nothing')

/** Nothing of git's: it would point at this repository, its index or the objects of the push. Nothing of Exeat's: there may be a token. */
function scannerEnvironment(env: Io['env'], report: string, hook: string): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(([name]) => !/^(?:GIT_|EXEAT_|PRE_COMMIT)/i.test(name))
  const path = (env['PATH'] ?? '').split(delimiter).filter((folder) => isAbsolute(folder)).join(delimiter)
  return { ...Object.fromEntries(kept), PATH: path, EXEAT_REPORT: report, EXEAT_HOOK: hook }
}
