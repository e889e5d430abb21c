/** What a change began from: the files of the commit at which it parted from its base. */
import { listTree, readBlobs } from './objects.ts'
import { commitOf, partedAt } from './read-change.ts'

export interface BaseFile {
  readonly path: string
  /** Id of its blob. */
  readonly id: string
  readonly size: number
}

/**
 * The base's tip, and where what is checked out parted from it.
 * @throws {ExeatError} REF_MISSING, HISTORY_CUT_OFF, CHANGE_UNRELATED, and as `runGit`
 */
export async function baseCommit(dir: string, base: string): Promise<{ readonly tip: string; readonly mergeBase: string }> {
  const [tip, head] = await Promise.all([commitOf(dir, base), commitOf(dir, 'HEAD')])
  return { tip, mergeBase: await partedAt(dir, tip, head, 'HEAD') }
}

/** Plain files of a commit, by path. @throws {ExeatError} as `runGit` */
export async function baseFiles(dir: string, commit: string): Promise<ReadonlyMap<string, BaseFile>> {
  const entries = await listTree(dir, commit)
  return new Map(entries.filter(({ type }) => type === 'file').map(({ path, id, size }) => [path, { path, id, size }]))
}

const mostAtOnce = 64 * 1024 * 1024

/** Their bytes by id, some at a time. @throws {ExeatError} REPOSITORY_DAMAGED, GIT_FAILED */
export async function baseTexts(dir: string, files: readonly BaseFile[]): Promise<ReadonlyMap<string, Uint8Array>> {
  const texts = new Map<string, Uint8Array>()
  for (let at = 0; at < files.length;) {
    let bytes = 0
    const from = at
    while (at < files.length && (at === from || bytes + (files[at]?.size ?? 0) <= mostAtOnce)) bytes += files[at++]?.size ?? 0
    // oxlint-disable-next-line no-await-in-loop -- a bound on what is held at once
    for (const [id, content] of await readBlobs(dir, files.slice(from, at))) texts.set(id, content)
  }
  return texts
}
