/** What may stand under `.exeat`, wherever it is read from. Pure. */
import { ExeatError } from '@exeat/core/error'
import { type GitProblem, gitError, gitProblem, isShowable, shown, startOf } from './problem.ts'

export const folder = '.exeat'

/** In it: acts that people signed, and whose keys are whose. */
export const signaturesFolder = 'signatures'
export const signersFile = 'allowed_signers'
/** In it: grants that people signed while no server could record them. */
export const offlineFolder = 'offline'

/** Most files under `.exeat`, and most bytes of those that are read. */
export const maxFiles = 100_000
export const maxBytes = 256 * 1024 * 1024

export type EntryType = 'file' | 'symlink' | 'submodule' | 'other'

/** One entry, by its path inside `.exeat`, `/` separated. */
export interface Entry {
  readonly path: string
  readonly type: EntryType
  readonly size: number
}

/** A file that is read. `path` begins with `.exeat/`. */
export interface GovernanceFile {
  readonly path: string
  readonly bytes: Uint8Array
}

export interface Sorted<E extends Entry> {
  readonly documents: readonly E[]
  readonly impacts: readonly E[]
  /** Files that nothing reads and that look as if somebody meant them to be read. */
  readonly ignored: readonly string[]
}

/**
 * Sorts entries by what reads them, in code unit order of their paths.
 * @throws {ExeatError} GOVERNANCE_ENTRY_REFUSED, GOVERNANCE_NAME_REFUSED (all at once), GOVERNANCE_TOO_LARGE
 */
export function sortEntries<E extends Entry>(entries: readonly E[]): Sorted<E> {
  if (entries.length > maxFiles) throw tooManyFiles()
  const ordered = entries.toSorted((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
  const [first, ...others] = ordered.flatMap((entry) => problemOf(entry) ?? [])
  if (first !== undefined) throw new ExeatError([first, ...others.slice(0, 99)])

  const read = Map.groupBy(ordered, ({ path }) => readerOf(path))
  const documents = read.get('document') ?? []
  const impacts = read.get('impact') ?? []
  const bytes = [...documents, ...impacts].reduce((sum, { size }) => sum + size, 0)
  if (bytes > maxBytes) throw gitError('GOVERNANCE_TOO_LARGE', `\`${folder}\` holds ${bytes} bytes of documents, the limit is ${maxBytes}`)
  return { documents, impacts, ignored: (read.get('nothing') ?? []).map(({ path }) => path) }
}

export const tooManyFiles = (): ExeatError =>
  gitError('GOVERNANCE_TOO_LARGE', `\`${folder}\` holds more than ${maxFiles} files`, 'remove opt-outs that have ended, or put several documents in a file')

const refusedTypes = { symlink: 'a symbolic link', submodule: 'a submodule', other: 'neither a file nor a folder' } as const

function problemOf({ path, type }: Entry): GitProblem | undefined {
  const file = `${folder}/${shown(path)}`
  // A hand-made tree object can hold names that no file system would (CVE-2014-9390 and its kin).
  const escapes = path.split('/').some((part) => part === '' || part === '.' || part === '..' || part.toLowerCase() === '.git')
  if (escapes || !isShowable(path)) {
    return gitProblem('GOVERNANCE_NAME_REFUSED', `the name \`${file}\` ${escapes ? 'leaves the folder' : 'holds bytes that cannot be shown'}`,
      'rename the file', startOf(file))
  }
  if (type === 'file') return undefined
  return gitProblem('GOVERNANCE_ENTRY_REFUSED', `\`${file}\` is ${refusedTypes[type]}, governance must be plain files`, 'put the file itself there', startOf(file))
}

/** Signatures and those who may make them, and offline grants, are read when something asks for them (`signatures.ts`, `offline.ts`). */
function readerOf(path: string): 'document' | 'impact' | 'nobody' | 'nothing' {
  if (path.startsWith(`${signaturesFolder}/`) || path.startsWith(`${offlineFolder}/`) || path === signersFile) return 'nobody'
  if (path.startsWith('impacts/')) return path.endsWith('.json') ? 'impact' : harmless(path)
  return /\.(?:ya?ml|json)$/i.test(path) ? 'document' : harmless(path)
}

/** Read by people or by git: no warning. Anything else might be a policy with a slip in its name. */
const harmless = (path: string): 'nobody' | 'nothing' =>
  (/(?:^|\/)(?:README[^/]*|LICENSE[^/]*|CODEOWNERS|\.gitkeep|\.gitattributes|\.gitignore|\.editorconfig|[^/]+\.md)$/i.test(path) ? 'nobody' : 'nothing')
