/** The files of a tree, read from git objects: two git starts, and no byte believed that does not hash to its name. */
import { createHash } from 'node:crypto'
import { gitFailure, refetchCommand } from './diagnose.ts'
import { type Entry, type EntryType, type GovernanceFile, folder, maxBytes, sortEntries, tooManyFiles } from './entries.ts'
import { gitError, shown } from './problem.ts'
import { runGit } from './run.ts'

export interface Files {
  readonly documents: readonly GovernanceFile[]
  readonly impacts: readonly GovernanceFile[]
  readonly ignored: readonly string[]
}

export interface Blob extends Entry {
  readonly id: string
}

/** @throws {ExeatError} as `sortEntries`, and REPOSITORY_DAMAGED, GIT_FAILED */
export async function readTree(dir: string, tree: string): Promise<Files> {
  const sorted = sortEntries(await listTree(dir, tree))
  const contents = await readBlobs(dir, [...sorted.documents, ...sorted.impacts])
  const read = (blobs: readonly Blob[]): GovernanceFile[] => blobs.map(({ path, id }) => {
    const bytes = contents.get(id)
    if (bytes === undefined) throw damaged(path, id)
    return { path: `${folder}/${path}`, bytes }
  })
  return { documents: read(sorted.documents), impacts: read(sorted.impacts), ignored: sorted.ignored }
}

/** Every entry of the tree, or of these paths in it. @throws {ExeatError} as `runGit`, and GOVERNANCE_TOO_LARGE */
export async function listTree(dir: string, tree: string, ...paths: readonly string[]): Promise<Blob[]> {
  const answer = await runGit(dir, ['--literal-pathspecs', 'ls-tree', '-r', '-z', '-l', '--full-tree', '--end-of-options', tree, ...paths], { maxBytes: 128 * 1024 * 1024, tooMuch: tooManyFiles() })
  if (answer.exit !== 0) throw gitFailure(dir, answer)
  return answer.stdout.toString('utf8').split('\0').filter((line) => line !== '').map(entryOf)
}

function entryOf(line: string): Blob {
  const match = /^(\d{6}) (\w+) ([0-9a-f]+) +(\d+|-|BAD)\t([\s\S]+)$/.exec(line)
  if (match === null) throw gitError('GIT_FAILED', `\`git ls-tree\` gave a line that is not understood: \`${shown(line)}\``)
  const [, mode = '', , id = '', size = '', path = ''] = match
  const type = typeOf(mode)
  if (type === 'file' && !/^\d+$/.test(size)) throw damaged(path, id)
  return { path, id, type, size: Number(size) }
}

/** File modes of git trees; group-writable files (100664) are left over from its first weeks. */
function typeOf(mode: string): EntryType {
  if (/^100(?:644|755|664)$/.test(mode)) return 'file'
  return mode === '120000' ? 'symlink' : mode === '160000' ? 'submodule' : 'other'
}

const damaged = (path: string, id: string): Error =>
  gitError('REPOSITORY_DAMAGED', `\`${folder}/${shown(path)}\` (blob \`${id}\`) is not in this clone, or is damaged`,
    `in a clone with a filter: \`${refetchCommand}\`; else see \`git fsck\``)

/** Bytes by id. @throws {ExeatError} REPOSITORY_DAMAGED, GIT_FAILED */
export async function readBlobs(dir: string, blobs: readonly Pick<Blob, 'id' | 'path'>[]): Promise<ReadonlyMap<string, Uint8Array>> {
  const paths = new Map(blobs.map(({ id, path }) => [id, path]))
  if (paths.size === 0) return new Map()
  const input = `${[...paths.keys()].join('\n')}\n`
  const answer = await runGit(dir, ['cat-file', '--batch', '--buffer'], { input, maxBytes: maxBytes + paths.size * 128 })
  if (answer.exit !== 0) throw gitFailure(dir, answer)
  return parseBatch(answer.stdout, paths)
}

/** `<id> blob <size>` newline, the bytes, newline; or `<id> missing`. */
function parseBatch(output: Buffer, paths: ReadonlyMap<string, string>): ReadonlyMap<string, Uint8Array> {
  const contents = new Map<string, Uint8Array>()
  let offset = 0
  for (const [id, path] of paths) {
    const end = output.indexOf(10, offset)
    const header = output.toString('latin1', offset, Math.max(end, offset))
    const size = header.startsWith(`${id} blob `) ? Number(header.slice(id.length + 6)) : Number.NaN
    if (!Number.isSafeInteger(size) || end + 1 + size >= output.length) throw damaged(path, id)
    const bytes = output.subarray(end + 1, end + 1 + size)
    if (blobId(bytes, id.length) !== id) throw damaged(path, id)
    contents.set(id, bytes)
    offset = end + size + 2
  }
  return contents
}

const blobId = (bytes: Uint8Array, length: number): string =>
  createHash(length === 64 ? 'sha256' : 'sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex')
