/** A change that wants to enter a branch: what it touches since the two parted, and who wrote it. Read from objects; nothing of it is checked out or run. */
import { addressesOf } from './branch.ts'
import { gitFailure } from './diagnose.ts'
import { folder, signaturesFolder } from './entries.ts'
import { readBlobs } from './objects.ts'
import { gitError, shown, word } from './problem.ts'
import { runGit } from './run.ts'

export interface ChangedFile {
  readonly path: string
  /** Blob ids, commit ids of a submodule; absent where there was or is none. */
  readonly before?: string
  readonly after?: string
  /** What stands there at the head; a submodule where either side is one, as no blob can be read there. */
  readonly kind: 'file' | 'symlink' | 'submodule'
}

export interface GitChange {
  /** Tip of the branch, the head, and where they parted. */
  readonly base: string
  readonly head: string
  readonly mergeBase: string
  /** Sorted by path, renames as a removal and an addition. */
  readonly files: readonly ChangedFile[]
  /** Its commits, newest first. */
  readonly commits: readonly string[]
  /** Mail addresses of every author, committer and co-author of its commits, in lower case; not of those that touch `.exeat/signatures` alone. */
  readonly people: readonly string[]
}

const config = [['log.showSignature', 'false'], ['log.mailmap', 'false'], ['diff.renames', 'false']] as const
const maxBytes = 64 * 1024 * 1024

/** @throws {ExeatError} REF_MISSING, HISTORY_CUT_OFF, CHANGE_UNRELATED, and as `runGit` */
export async function readChange(dir: string, { base, head: given }: { readonly base: string; readonly head: string }): Promise<GitChange> {
  const head = await commitOf(dir, given)
  const mergeBase = await partedAt(dir, base, head, given)
  const [files, commits, people] = await Promise.all([changedFiles(dir, mergeBase, head), commitsOf(dir, mergeBase, head), writers(dir, mergeBase, head)])
  return { base, head, mergeBase, files, commits, people }
}

/** The commit that a name stands for; `-` and options are no names. @throws {ExeatError} REF_MISSING, and as `runGit` */
export async function commitOf(dir: string, given: string): Promise<string> {
  const missing = gitError('REF_MISSING', `this clone has no commit \`${shown(given)}\``, `fetch it: \`git fetch origin ${word(shown(given))}\``)
  if (given.startsWith('-') || given.includes('\0')) throw missing
  const answer = await runGit(dir, ['rev-parse', '--verify', '--quiet', '--end-of-options', `${given}^{commit}`])
  const id = answer.stdout.toString('utf8').trim()
  if (answer.exit !== 0 || !/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(id)) throw missing
  return id
}

/** @throws {ExeatError} HISTORY_CUT_OFF, CHANGE_UNRELATED, and as `runGit` */
export async function partedAt(dir: string, base: string, head: string, given: string): Promise<string> {
  const [answer, shallow] = await Promise.all([runGit(dir, ['merge-base', '--all', base, head]), runGit(dir, ['rev-parse', '--is-shallow-repository'])])
  if (answer.exit > 1) throw gitFailure(dir, answer)
  if (shallow.stdout.toString('utf8').trim() !== 'false') {
    throw gitError('HISTORY_CUT_OFF', 'the history is cut off in this clone, so that nobody can tell where the change began, or who wrote it', 'run `git fetch --unshallow`; in a pipeline check out with the whole history (`fetch-depth: 0`)')
  }
  const [first, ...others] = answer.stdout.toString('utf8').split('\n').filter((each) => each !== '')
  if (first === undefined) throw gitError('CHANGE_UNRELATED', `\`${shown(given)}\` has no commit in common with the branch that it wants to enter`, 'rebase it onto that branch')
  if (others.length > 0) throw gitError('CHANGE_UNRELATED', `\`${shown(given)}\` parted from the branch at ${others.length + 1} commits at once, and what it changes cannot be told`, 'merge the branch into it, and push again')
  return first
}

/** What differs between two commits, sorted by path; a rename is a removal and an addition. @throws {ExeatError} REF_MISSING, GIT_FAILED */
export async function readDifference(dir: string, from: string, to: string): Promise<readonly ChangedFile[]> {
  const [before, after] = await Promise.all([commitOf(dir, from), commitOf(dir, to)])
  return changedFiles(dir, before, after)
}

async function changedFiles(dir: string, from: string, to: string): Promise<readonly ChangedFile[]> {
  const answer = await runGit(dir, ['diff-tree', '-r', '--raw', '-z', '--no-abbrev', '--no-renames', '--no-ext-diff', '--ignore-submodules=none', '--end-of-options', from, to], { config, maxBytes, tooMuch: gitError('GIT_FAILED', `the change names more files than ${maxBytes} bytes hold`) })
  if (answer.exit !== 0) throw gitFailure(dir, answer)
  const words = answer.stdout.toString('utf8').split('\0')
  const files: ChangedFile[] = []
  for (let at = 0; at + 1 < words.length; at += 2) files.push(fileOf(words[at] ?? '', words[at + 1] ?? ''))
  return files.sort((a, b) => (a.path < b.path ? -1 : 1))
}

function fileOf(line: string, path: string): ChangedFile {
  const match = /^:(\d{6}) (\d{6}) ([0-9a-f]+) ([0-9a-f]+) [A-Z]$/.exec(line)
  if (match === null) throw gitError('GIT_FAILED', `\`git diff-tree\` gave a line that is not understood: \`${shown(line)}\``)
  const [, old = '', mode = '', before = '', after = ''] = match
  const id = (text: string): string | undefined => (/^0+$/.test(text) ? undefined : text)
  const [was, is] = [id(before), id(after)]
  return { path, kind: mode === '160000' || old === '160000' ? 'submodule' : mode === '120000' ? 'symlink' : 'file', ...(was === undefined ? {} : { before: was }), ...(is === undefined ? {} : { after: is }) }
}

async function commitsOf(dir: string, from: string, to: string): Promise<readonly string[]> {
  const answer = await runGit(dir, ['rev-list', '--end-of-options', to, `^${from}`], { maxBytes })
  if (answer.exit !== 0) throw gitFailure(dir, answer)
  return answer.stdout.toString('utf8').split('\n').filter((each) => each !== '')
}

/** Whoever adds signatures alone writes nothing of the change: they could approve it nowhere if that made them its authors. */
async function writers(dir: string, from: string, to: string): Promise<readonly string[]> {
  const [all, signing] = await Promise.all([
    log(dir, ['-z', '--format=%H%n%ae%n%ce%n%(trailers:key=Co-authored-by,valueonly)', '--end-of-options', to, `^${from}`]),
    log(dir, ['--no-merges', '--full-history', '--format=%H', '--end-of-options', to, `^${from}`, '--', signatures]),
  ])
  const others = signing === '' ? '' : await log(dir, ['--no-merges', '--full-history', '--format=%H', '--end-of-options', to, `^${from}`, '--', ':(top)', `:(top,exclude,literal)${folder}/${signaturesFolder}`])
  const besides = new Set(others.split('\n'))
  const alone = new Set(signing.split('\n').filter((id) => !besides.has(id)))
  return addressesOf(all.split('\0').flatMap((record) => {
    const [id = '', ...addresses] = record.split('\n')
    return alone.has(id) ? [] : addresses
  }))
}

const signatures = `:(top,literal)${folder}/${signaturesFolder}`

async function log(dir: string, args: readonly string[]): Promise<string> {
  const answer = await runGit(dir, ['log', ...args], { config, maxBytes })
  if (answer.exit !== 0) throw gitFailure(dir, answer)
  return answer.stdout.toString('utf8')
}

/** By id: what stands at the head, or stood before. @throws {ExeatError} REPOSITORY_DAMAGED, GIT_FAILED */
export const readBlobsOf = (dir: string, files: readonly ChangedFile[]): Promise<ReadonlyMap<string, Uint8Array>> =>
  readBlobs(dir, files.flatMap(({ path, before, after }) => [before, after].flatMap((id) => (id === undefined ? [] : [{ id, path }]))))

/** Whether a text stands in one of two blobs. @throws {ExeatError} REPOSITORY_DAMAGED, GIT_FAILED */
export async function mentions(dir: string, file: ChangedFile, text: string): Promise<boolean> {
  const blobs = await readBlobsOf(dir, [file])
  return [...blobs.values()].some((bytes) => Buffer.from(bytes).toString('utf8').toLowerCase().includes(text))
}
