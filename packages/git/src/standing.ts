/** Since when an opt-out stands at the protected branch without a break, and who brought it there. */
import { checkGovernance, documentDigest, type HexDigest, type Instant, type Sha256 } from '@exeat/core'
import { readDocuments } from '@exeat/formats/yaml'
import { type BranchCommit, type Change, peopleOf } from './branch.ts'
import { gitFailure } from './diagnose.ts'
import { folder } from './entries.ts'
import { fileWriters } from './history.ts'
import { readBlobs } from './objects.ts'
import { runGit } from './run.ts'

export interface Stood {
  /** The commit of the branch that brought it: a merge that took it away ended it, and whatever was signed before that. */
  readonly since: BranchCommit
  /** Where it stood then. */
  readonly file: string
  /** Every file that it went through since, newest first, each with the last commit that had it there. */
  readonly trail: readonly { readonly file: string; readonly commit: string }[]
  /** The commits of the branch that brought it, or moved it. */
  readonly brought: readonly BranchCommit[]
}

interface Wanted {
  readonly name: string
  readonly digest: HexDigest
  /** Where it stands, and at which commit: the newest. */
  readonly file: string
  readonly commit: string
}

/** Undefined where the history does not show it. @throws {ExeatError} REPOSITORY_DAMAGED, GIT_FAILED */
export async function stoodSince(dir: string, history: readonly BranchCommit[], { name, digest, file, commit: tip }: Wanted, sha256: Sha256): Promise<Stood | undefined> {
  const holds = (change: Change): Promise<boolean> => heldBefore(dir, change, { name, digest }, sha256)
  const trail = [{ file, commit: tip }]
  const brought: BranchCommit[] = []
  let at = file
  for (const commit of history) {
    const own = commit.changes.find(({ path }) => path === at)
    // oxlint-disable-next-line no-await-in-loop -- where it stood before says where to look next
    if (own === undefined || await holds(own)) continue
    // oxlint-disable-next-line no-await-in-loop
    const moved = await firstOf(commit.changes.filter((change) => change !== own && isDocument(change)), holds)
    brought.push(commit)
    if (moved === undefined || commit.parent === undefined) return { since: commit, file: at, trail, brought }
    at = moved.path
    trail.push({ file: at, commit: commit.parent })
  }
  return undefined
}

/** Whether a file had the opt-out before it was changed. */
async function heldBefore(dir: string, { path, before: id }: Change, { name, digest }: Pick<Wanted, 'name' | 'digest'>, sha256: Sha256): Promise<boolean> {
  const bytes = id === undefined ? undefined : (await readBlobs(dir, [{ id, path }])).get(id)
  return bytes !== undefined && checkGovernance(readDocuments(bytes, path).documents).documents.some((each) =>
    each.ok && each.kind === 'OptOut' && each.document.metadata.name === name && documentDigest(each.document, sha256) === digest)
}

const isDocument = ({ path }: Change): boolean => /\.(?:ya?ml|json)$/i.test(path)

/**
 * Whether the branch had the opt-out, or had it with this impact, at a time that is not before `since`, and took it away: whatever was signed for it before that is spent.
 * @throws {ExeatError} REPOSITORY_DAMAGED, GIT_FAILED
 */
export async function takenAwaySince(dir: string, history: readonly BranchCommit[], { name, digest, impact }: Pick<Wanted, 'name' | 'digest'> & { readonly impact: HexDigest | null }, since: Instant, sha256: Sha256): Promise<boolean> {
  const file = `${folder}/impacts/${impact}.json`
  const changes = history.filter(({ at }) => at >= since).flatMap((commit) => commit.changes)
  if (changes.some(({ path, before }) => path === file && before !== undefined)) return true
  return await firstOf(changes.filter(isDocument), (change) => heldBefore(dir, change, { name, digest }, sha256)) !== undefined
}

async function firstOf(changes: readonly Change[], holds: (change: Change) => Promise<boolean>): Promise<Change | undefined> {
  for (const change of changes) {
    // oxlint-disable-next-line no-await-in-loop -- most moves are found at once
    if (await holds(change)) return change
  }
  return undefined
}

/**
 * Addresses of everybody who wrote a file that it stood in, merged one meanwhile, or took part in a merge that brought or moved it: nothing in such a merge
 * tells whose part was whose.
 * @throws {ExeatError} as `fileWriters`
 */
export async function involvedIn(dir: string, history: readonly BranchCommit[], { since, trail, brought }: Stood): Promise<readonly string[]> {
  const merges = mergesOf(history, { since, trail })
  const [writers, parts] = await Promise.all([
    Promise.all(trail.map(({ file, commit }) => fileWriters(dir, commit, file))),
    Promise.all(brought.map((each) => peopleOf(dir, each))),
  ])
  return [...new Set([...writers.flat(), ...parts.flat(), ...merges.flatMap(({ people }) => people)])].sort()
}

/** Every commit of the branch since it stood that changed a file which it went through: the newest first. */
export function mergesOf(history: readonly BranchCommit[], { since, trail }: Pick<Stood, 'since' | 'trail'>): readonly BranchCommit[] {
  const files = new Set(trail.map(({ file }) => file))
  return history.slice(0, history.indexOf(since) + 1).filter(({ changes }) => changes.some(({ path }) => files.has(path)))
}

/** The commit that first had the file as it came to the branch: its author's own, below the merge. @throws {ExeatError} GIT_FAILED */
export async function writingCommit(dir: string, { since: { id, parent }, file }: Stood): Promise<string | undefined> {
  const range = parent === undefined ? [id] : [id, `^${parent}`]
  const answer = await runGit(dir, ['--literal-pathspecs', 'log', '--full-history', '--topo-order', '--reverse', '--format=%H', '--end-of-options', ...range, '--', file],
    { config: [['log.showSignature', 'false'], ['log.follow', 'false']], maxBytes: 16 * 1024 * 1024 })
  if (answer.exit !== 0) throw gitFailure(dir, answer)
  const commits = answer.stdout.toString('utf8').split('\n').filter((each) => each !== '')
  const checked = await runGit(dir, ['cat-file', '--batch-check=%(objectname)'], { input: [id, ...commits].map((commit) => `${commit}:${file}\n`).join(''), maxBytes: 16 * 1024 * 1024 })
  if (checked.exit !== 0) throw gitFailure(dir, checked)
  const [final, ...blobs] = checked.stdout.toString('utf8').split('\n')
  return commits.find((_, index) => blobs[index] === final)
}
