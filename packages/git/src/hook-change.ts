/** What a commit or a push would bring, for scanners: the tree, and each version of each file on the way to it. */
import { gitFailure } from './diagnose.ts'
import { type Blob } from './objects.ts'
import { gitError, shown } from './problem.ts'
import { type GitInput, runGit, withObjects } from './run.ts'

const mostBytes = 128 * 1024 * 1024

async function answered(dir: string, args: readonly string[], input: GitInput = {}): Promise<string> {
  const answer = await runGit(dir, args, { maxBytes: mostBytes, ...input })
  if (answer.exit !== 0) throw gitFailure(dir, answer)
  return answer.stdout.toString('utf8')
}

/** The commit that an id is or, as a tag, points at; undefined where it is of another kind. @throws {ExeatError} REPOSITORY_DAMAGED where it is not there */
export async function commitOf(dir: string, id: string): Promise<string | undefined> {
  const [own = '', peeled = ''] = (await answered(dir, ['cat-file', '--batch-check=%(objectname) %(objecttype)'], { input: `${id}\n${id}^{commit}\n` })).split('\n')
  if (own.endsWith(' missing')) throw gitError('REPOSITORY_DAMAGED', `the object \`${shown(id)}\` of the push is not in this repository`, 'fetch, and push again; else see `git fsck`')
  return /^([0-9a-f]{40}|[0-9a-f]{64}) commit$/.exec(peeled)?.[1]
}

/** Whether the commit is here. */
export async function hasCommit(dir: string, id: string): Promise<boolean> {
  return / commit\n/.test(await answered(dir, ['cat-file', '--batch-check=%(objectname) %(objecttype)'], { input: `${id}^{commit}\n` }))
}

/** What is checked out; undefined before the first commit. */
export async function headCommit(dir: string): Promise<string | undefined> {
  const answer = await runGit(dir, ['rev-parse', '--verify', '--quiet', 'HEAD^{commit}'])
  return answer.exit === 0 ? answer.stdout.toString('utf8').trim() : undefined
}

export const remoteNames = async (dir: string): Promise<readonly string[]> => (await answered(dir, ['remote'])).split('\n').filter((name) => name !== '')

/**
 * Every version of every file in the commits that `tip` reaches and these arguments of git-rev-list(1) do not. A merge counts
 * with what it has from neither side.
 */
export async function pushedVersions(dir: string, tip: string, known: readonly string[]): Promise<readonly Blob[]> {
  const commits = await answered(dir, ['rev-list', '--reverse', '--topo-order', tip, '--not', ...known])
  if (commits === '') return []
  return versionsIn(dir, await answered(dir, ['diff-tree', '--stdin', '-r', '-c', '--root', '-z', '--raw', '--no-abbrev', '--no-renames', '--no-commit-id', '--no-ext-diff', '--ignore-submodules=none'], { input: commits }))
}

/** With the index that git names to the hook: `git commit FILE` and `-a` have one of their own. */
const withIndex = <T>(index: string | undefined, work: () => Promise<T>): Promise<T> => (index === undefined ? work() : withObjects({ GIT_INDEX_FILE: index }, work))

/** Id of the tree that is staged. @throws {ExeatError} GIT_FAILED where files are unmerged, or an object is missing */
export const stagedTree = (dir: string, index: string | undefined): Promise<string> => withIndex(index, async () => (await answered(dir, ['write-tree'])).trim())

/** Versions that the commit would bring. */
export const stagedVersions = (dir: string, tree: string, head: string | undefined): Promise<readonly Blob[]> => pairOf(dir, head, tree)

async function pairOf(dir: string, from: string | undefined, tree: string): Promise<readonly Blob[]> {
  const before = from ?? (await answered(dir, ['hash-object', '-t', 'tree', '--stdin'], { input: '' })).trim()
  return versionsIn(dir, await answered(dir, ['diff-tree', '-r', '-z', '--raw', '--no-abbrev', '--no-renames', '--no-ext-diff', '--ignore-submodules=none', before, tree]))
}

/** `:<mode> <mode> <id> <id> <status>` NUL path NUL; a merge has a colon, a mode and an id for each parent (git-diff-tree(1), "Raw output format"). */
async function versionsIn(dir: string, raw: string): Promise<readonly Blob[]> {
  const words = raw.split('\0')
  const found = new Map<string, { readonly path: string; readonly id: string; readonly mode: string }>()
  for (let at = 0; at + 1 < words.length; at += 2) {
    const parts = /^(:+)((?:[0-7]{6} )+)((?:[0-9a-f]+ )+)[A-Z]+$/.exec(words[at] ?? '')
    const [mode, id, path] = [parts?.[2]?.trim().split(' ').at(-1), parts?.[3]?.trim().split(' ').at(-1), words[at + 1]]
    if (mode === undefined || id === undefined || path === undefined) throw gitError('GIT_FAILED', `\`git diff-tree\` gave a line that is not understood: \`${shown(words[at] ?? '')}\``)
    if (!/^0+$/.test(id)) found.set(`${id} ${path}`, { path, id, mode })
  }
  const files = [...found.values()].filter(({ mode }) => mode.startsWith('100'))
  const sizes = await sizesOf(dir, files.map(({ id }) => id))
  return files.map(({ path, id }) => ({ path, id, type: 'file' as const, size: sizes.get(id) ?? 0 }))
}

async function sizesOf(dir: string, ids: readonly string[]): Promise<ReadonlyMap<string, number>> {
  if (ids.length === 0) return new Map()
  const lines = (await answered(dir, ['cat-file', '--batch-check=%(objectname) %(objecttype) %(objectsize)', '--buffer'], { input: `${ids.join('\n')}\n` })).split('\n').slice(0, -1)
  return new Map(lines.map((line) => {
    const [, id, size] = /^([0-9a-f]+) blob (\d+)$/.exec(line) ?? []
    if (id === undefined) throw gitError('REPOSITORY_DAMAGED', `a file of the change is not in this repository: \`${shown(line)}\``, 'fetch, and try again; else see `git fsck`')
    return [id, Number(size)] as const
  }))
}

/** The branch that a bare repository's HEAD names, whether or not it stands. @throws {ExeatError} GIT_FAILED where it names none */
export const headBranch = async (dir: string): Promise<string> => (await answered(dir, ['symbolic-ref', 'HEAD'])).trim()
