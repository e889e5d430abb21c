/** A throwaway copy of a commit's files, written from git objects: no checkout, no filter, no hook, no link out of it. */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Blob, listTree, readBlobs } from './objects.ts'
import { gitError, shown } from './problem.ts'

export interface TreeLimits {
  readonly files: number
  readonly bytes: number
  /** What to do where there is more. */
  readonly hint?: string
}

export interface CopiedTree {
  readonly files: number
  /** Symbolic links, submodules and names that a folder cannot take: they were left out. */
  readonly left: readonly string[]
}

/** Blobs that are read at once, by bytes and by number. */
const batchBytes = 16 * 1024 * 1024
const batchFiles = 2000

/**
 * Writes the files of `commit` for which `wanted` holds into an empty folder, none of them executable.
 * @throws {ExeatError} TREE_TOO_LARGE, REPOSITORY_DAMAGED, GIT_FAILED
 */
export async function copyTree(dir: string, commit: string, into: string, wanted: (path: string) => boolean, limits: TreeLimits): Promise<CopiedTree> {
  return copyBlobs(dir, (await listTree(dir, commit)).filter(({ path }) => wanted(path)), into, limits)
}

/** The same with entries that were found before; each path at most once. @throws {ExeatError} as `copyTree` */
export async function copyBlobs(dir: string, entries: readonly Blob[], into: string, limits: TreeLimits): Promise<CopiedTree> {
  const files = entries.filter((entry) => entry.type === 'file' && isPlainPath(entry.path))
  const bytes = files.reduce((sum, { size }) => sum + size, 0)
  if (files.length > limits.files || bytes > limits.bytes) throw gitError('TREE_TOO_LARGE', `the tree has ${files.length} files of ${bytes} bytes, and ${limits.files} of ${limits.bytes} are copied at most`, limits.hint ?? 'simulate without `--with`, from reports')
  for (const batch of batches(files)) {
    // oxlint-disable-next-line no-await-in-loop -- a batch in memory at a time
    const contents = await readBlobs(dir, batch)
    for (const { id, path } of batch) {
      const target = join(into, path)
      // oxlint-disable-next-line no-await-in-loop -- see above
      await mkdir(dirname(target), { recursive: true, mode: 0o700 })
      // oxlint-disable-next-line no-await-in-loop -- see above
      await writeFile(target, contents.get(id) ?? new Uint8Array(0), { flag: 'wx', mode: 0o600 })
    }
  }
  return { files: files.length, left: entries.filter((entry) => !files.includes(entry)).map(({ path }) => shown(path)).slice(0, 1000) }
}

/** Paths that only one of two commits has, or that differ, in the order of code units. @throws {ExeatError} as `copyTree` */
export async function differingPaths(dir: string, one: string, other: string, wanted: (path: string) => boolean): Promise<readonly string[]> {
  const [first, second] = await Promise.all([one, other].map(async (commit) => new Map((await listTree(dir, commit)).filter(({ path }) => wanted(path)).map(({ path, id }) => [path, id]))))
  const paths = new Set([...first?.keys() ?? [], ...second?.keys() ?? []])
  return [...paths].filter((path) => first?.get(path) !== second?.get(path)).sort()
}

/** A tree can be made to hold names that git itself would refuse to check out. */
const isPlainPath = (path: string): boolean =>
  path.length <= 4096 && path.split('/').every((part) => part !== '' && part !== '.' && part !== '..' && part.toLowerCase() !== '.git' && Buffer.byteLength(part) <= 255)

function* batches(files: readonly Blob[]): Generator<readonly Blob[]> {
  let batch: Blob[] = []
  let bytes = 0
  for (const file of files) {
    if (batch.length > 0 && (bytes + file.size > batchBytes || batch.length >= batchFiles)) {
      yield batch
      batch = []
      bytes = 0
    }
    batch.push(file)
    bytes += file.size
  }
  if (batch.length > 0) yield batch
}
