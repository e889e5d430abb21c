/** What an approval of a change of governance is about, read from git. */
import { changeDigest, type GovernedFile } from '@exeat/core/review'
import type { HexDigest } from '@exeat/core'
import { type ChangedFile, type GitChange, readBlobsOf, unmovedSince } from '@exeat/git/change'
import { sha256 } from '../governance/load.ts'

/** Everything that judges, but the signatures about it. */
export const governedIn = ({ files }: GitChange, guarded: readonly string[]): readonly ChangedFile[] => {
  const named = new Set(guarded)
  return files.filter(({ path }) => named.has(path) || (path.startsWith('.exeat/') && !path.startsWith('.exeat/signatures/')))
}

/** In code unit order of paths. @throws {ExeatError} REPOSITORY_DAMAGED, GIT_FAILED */
export async function governedFiles(dir: string, files: readonly ChangedFile[]): Promise<readonly GovernedFile[]> {
  const contents = await readBlobsOf(dir, files.filter(({ kind }) => kind !== 'submodule').map(({ path, kind, after }) => ({ path, kind, ...(after === undefined ? {} : { after }) })))
  return files.map(({ path, kind, after }): GovernedFile => {
    const bytes = after === undefined ? undefined : contents.get(after)
    return { path, kind, after: after === undefined ? null : bytes === undefined ? after : Buffer.from(sha256(bytes)).toString('hex') }
  })
}

/** The digest at each commit at which the branch had these files as it has them now: an approval holds while nothing of it moves there. @throws {ExeatError} as git is read */
export async function governedDigests(dir: string, workspace: string, tip: string, files: readonly ChangedFile[]): Promise<ReadonlySet<HexDigest>> {
  const [governed, commits] = await Promise.all([governedFiles(dir, files), unmovedSince(dir, tip, files.map(({ path }) => path))])
  return new Set(commits.map((commit) => changeDigest(workspace, commit, governed, sha256)))
}
