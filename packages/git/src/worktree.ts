/** The files of a work tree as they lie there, for authors. Follows no symbolic link. */
import { constants, lstatSync, readdirSync, type Stats } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { ExeatError } from '@exeat/core/error'
import { gitFailure } from './diagnose.ts'
import { type Entry, type EntryType, type GovernanceFile, folder, maxBytes, maxFiles, sortEntries, tooManyFiles } from './entries.ts'
import type { Files } from './objects.ts'
import { gitError, shown, startOf } from './problem.ts'
import { runGit } from './run.ts'

/**
 * Top folder of the work tree around `dir`; `dir` itself where there is no repository yet.
 * @throws {ExeatError} WORKTREE_MISSING in a bare repository or inside `.git`
 */
export async function worktreeRoot(dir: string): Promise<string> {
  const answer = await runGit(dir, ['rev-parse', '--show-toplevel'])
  if (answer.exit === 0) return answer.stdout.toString('utf8').replace(/\r?\n$/, '')
  if (/must be run in a work tree/.test(answer.stderr)) {
    throw gitError('WORKTREE_MISSING', `the repository at \`${shown(dir)}\` has no work tree here`, 'leave out `--worktree` and name a branch: `--ref main`')
  }
  const failure = gitFailure(dir, answer)
  if (failure.problems[0].code === 'REPOSITORY_MISSING' && isFolder(dir)) return dir
  throw failure
}

const isFolder = (path: string): boolean => statOf(path, path)?.isDirectory() === true

/** @throws {ExeatError} GOVERNANCE_MISSING, WORKTREE_UNREADABLE, and as `sortEntries` */
export async function readWorktree(root: string): Promise<Files> {
  const top = join(root, folder)
  const stat = statOf(top, folder)
  if (stat === undefined) throw gitError('GOVERNANCE_MISSING', `\`${shown(root)}\` has no \`${folder}\` folder`, 'run `exeat init`')
  if (!stat.isDirectory()) throw gitError('GOVERNANCE_ENTRY_REFUSED', `\`${folder}\` is not a folder`, 'governance must be plain files in a folder of the work tree')
  const sorted = sortEntries(listFolder(top))
  let left = maxBytes
  const read = async (entries: readonly Entry[]): Promise<GovernanceFile[]> => {
    const files: GovernanceFile[] = []
    for (const { path } of entries) {
      // oxlint-disable-next-line no-await-in-loop -- one open file at a time, and a bound on what all of them hold
      const bytes = await readPlainFile(join(top, path), `${folder}/${path}`, left)
      left -= bytes.length
      files.push({ path: `${folder}/${path}`, bytes })
    }
    return files
  }
  return { documents: await read(sorted.documents), impacts: await read(sorted.impacts), ignored: sorted.ignored }
}

function listFolder(top: string): Entry[] {
  const found: Entry[] = []
  const open = ['']
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    for (const { name } of readFolder(join(top, at), `${folder}/${at}`)) {
      const path = `${at}${name}`
      const stat = statOf(join(top, path), `${folder}/${path}`)
      if (stat === undefined) continue
      if (name === '.git') found.push({ path: at.slice(0, -1), size: 0, type: 'submodule' })
      else if (stat.isDirectory()) open.push(`${path}/`)
      else found.push({ path, size: stat.size, type: typeOf(stat) })
      if (found.length + open.length > maxFiles) throw tooManyFiles()
    }
  }
  return found
}

/** Undefined where there is nothing, or nothing any more. */
function statOf(path: string, name: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false })
  } catch (cause) {
    throw unreadable(name, cause)
  }
}

function readFolder(path: string, name: string): readonly { readonly name: string }[] {
  try {
    return readdirSync(path, { withFileTypes: true })
  } catch (cause) {
    throw unreadable(name, cause)
  }
}

const typeOf = (stat: { isFile(): boolean; isSymbolicLink(): boolean }): EntryType =>
  (stat.isFile() ? 'file' : stat.isSymbolicLink() ? 'symlink' : 'other')

/** Looks again at what it has opened: between the listing and now somebody may have put a link, a pipe or a larger file there. */
async function readPlainFile(path: string, name: string, limit: number): Promise<Uint8Array> {
  let file
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    const stat = await file.stat()
    if (!stat.isFile()) throw gitError('GOVERNANCE_ENTRY_REFUSED', `\`${name}\` is not a plain file`, 'put the file itself there', startOf(name))
    if (stat.size > limit) throw gitError('GOVERNANCE_TOO_LARGE', `\`${folder}\` holds more than ${maxBytes} bytes of documents`)
    return await file.readFile()
  } catch (cause) {
    throw cause instanceof ExeatError ? cause : unreadable(name, cause)
  } finally {
    await file?.close()
  }
}

const unreadable = (name: string, cause: unknown): ExeatError =>
  gitError('WORKTREE_UNREADABLE', `\`${shown(name)}\` cannot be read: ${shown(cause instanceof Error ? cause.message : String(cause))}`, undefined, startOf(shown(name)))
