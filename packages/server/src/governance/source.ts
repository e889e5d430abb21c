/** What governs, from a local repository or from a mirror of a remote one. */
import { compileWithEngines, type PolicySet, type Problem, type StandingOptOut } from '@exeat/core'
import { ExeatError } from '@exeat/core/error'
import { branchStoodAt, fetchMirror, fileWriters, type Governance, isAncestor, isRemote, readGovernance, resolveProtectedRef } from '@exeat/git'
import { type BranchCommit, branchHistory, branchSince, involvedIn, mergesOf, readSigners, type Stood, stoodSince } from '@exeat/git/signed'
import type { Governed, GovernanceSource } from '../ports/governance.ts'
import type { Brought } from '../ports/hands.ts'
import { sha256 } from '../store/ed25519.ts'

export interface GovernanceOptions {
  /** A folder inside a repository, or the URL of one: `https://`, `ssh://`, `file:///` or `user@host:path`. */
  readonly repository: string
  /** The branch that governs; absent: what the repository calls its own. */
  readonly ref?: string
  /** Where a remote is mirrored. */
  readonly mirrorDir: string
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** How long a remote is not asked again, in milliseconds; 10 seconds unless told. */
  readonly restful?: number
}

/** Longest that a remote may be silent before nothing is judged by what it said last, in milliseconds. */
export const longestSilence = 15 * 60_000

export function governanceSource(options: GovernanceOptions): GovernanceSource {
  const reader = isRemote(options.repository) ? mirrored(options) : local(options)
  let latest: Governed | undefined
  /** When the last reading that succeeded began. */
  let readAt = Number.NEGATIVE_INFINITY
  const writers = new Map<string, Promise<readonly string[]>>()
  const histories = new Map<string, Promise<readonly BranchCommit[]>>()
  const historyAt = (commit: string): Promise<readonly BranchCommit[]> => {
    const known = histories.get(commit) ?? branchHistory(reader.dir, commit)
    histories.set(commit, known)
    known.catch(() => histories.delete(commit))
    return known
  }

  const read = joined(async (): Promise<Governed> => {
    const ref = await reader.ref()
    const tip = await resolveProtectedRef(reader.dir, ref === undefined ? {} : { ref })
    // The branch that the workspace names was compared when this commit was read first.
    if (latest !== undefined && tip.kind === 'ref' && tip.commit === latest.commit && tip.ref === latest.ref) return latest
    const governance = await readGovernance({ dir: reader.dir, sha256, ...(ref === undefined ? {} : { ref }) })
    const { source } = governance
    if (source.kind !== 'ref') throw new Error(`governance of kind ${source.kind} was read where a ref was asked for`)
    if (latest?.commit !== source.commit || latest.ref !== source.ref) {
      latest = { governance, policySet: await compilePolicies(governance), ref: source.ref, commit: source.commit }
      writers.clear()
      histories.clear()
    }
    return latest
  })

  return {
    current: async ({ fresh = false, within = 0 } = {}) => {
      const began = options.now()
      const age = began - readAt
      if (!fresh && latest !== undefined && age >= 0 && age < within) return latest
      await reader.refresh(fresh)
      const governed = await read()
      readAt = began
      return governed
    },
    latest: () => latest,
    trouble: reader.trouble,
    writers: (commit, standing) => {
      const key = `${commit}:${standing.uid}`
      const known = writers.get(key) ?? writersOf(reader.dir, commit, standing, historyAt)
      writers.set(key, known)
      known.catch(() => writers.delete(key))
      return known
    },
    brought: async (commit, standing) => broughtTo(reader.dir, commit, standing, await historyAt(commit)),
    at: async (commit) => {
      const tip = latest ?? await read()
      if (!await branchStoodAt(reader.dir, tip.commit, commit)) return undefined
      const governance = await readGovernance({ dir: reader.dir, sha256, ref: commit, allowCommit: true })
      const { source } = governance
      if (source.kind === 'worktree') return undefined
      return { governance, policySet: await compilePolicies(governance), signers: await readSigners(reader.dir, source.tree) }
    },
    descends: (commit, ancestor) => isAncestor(reader.dir, ancestor, commit),
  }
}

/** Of the file as git follows it, and of every file that the branch shows the document to have stood in. */
async function writersOf(dir: string, commit: string, standing: StandingOptOut, historyAt: (commit: string) => Promise<readonly BranchCommit[]>): Promise<readonly string[]> {
  const history = await historyAt(commit)
  const { origin: { file } } = standing
  const stood = await stoodAt(dir, commit, standing, history)
  const [followed, involved] = await Promise.all([fileWriters(dir, commit, file), stood === undefined ? [] : involvedIn(dir, history, stood)])
  return [...new Set([...followed, ...involved])].sort()
}

const stoodAt = (dir: string, commit: string, { digest, document: { metadata: { name } }, origin: { file } }: StandingOptOut, history: readonly BranchCommit[]): Promise<Stood | undefined> =>
  stoodSince(dir, history, { name, digest, file, commit }, sha256)

async function broughtTo(dir: string, tip: string, standing: StandingOptOut, history: readonly BranchCommit[]): Promise<readonly Brought[]> {
  const stood = await stoodAt(dir, tip, standing, history)
  // Where history does not show when it came, every commit counts that changed its file: nobody gets by because nothing is told.
  const own = history.filter(({ changes }) => changes.some(({ path }) => path === standing.origin.file))
  const commits = stood === undefined ? own : [...new Set([...stood.brought, ...mergesOf(history, stood)])]
  return commits.map(({ id }) => ({ commit: id, since: () => branchSince(dir, id, tip) }))
}

interface Reader {
  readonly dir: string
  /** Brings it up to date. */
  readonly refresh: (fresh: boolean) => Promise<void>
  /** What to read; undefined: what the repository calls its own branch. */
  readonly ref: () => Promise<string | undefined>
  readonly trouble: () => Problem | undefined
}

const local = ({ repository, ref }: GovernanceOptions): Reader => ({ dir: repository, refresh: async () => {}, ref: async () => ref, trouble: () => undefined })

/** A failed fetch keeps the last known commit, for a while. */
function mirrored({ repository, ref: branch, mirrorDir, now, restful = 10_000 }: GovernanceOptions): Reader {
  let good: { readonly ref: string; readonly at: number } | undefined
  let failed: Problem | undefined
  let asked = -Infinity

  const ask = joined(async (): Promise<void> => {
    const began = now()
    try {
      const { ref } = await fetchMirror({ url: repository, dir: mirrorDir, ...(branch === undefined ? {} : { branch }) })
      good = { ref, at: began }
      failed = undefined
    } catch (error) {
      if (!(error instanceof ExeatError)) throw error
      const [because] = error.problems
      failed = { ...because, message: `the governance repository did not answer, and is known as of ${good === undefined ? 'no instant' : new Date(good.at).toISOString()}: ${because.message}` }
    } finally {
      asked = now()
    }
  })

  const within = (since: number, most: number): boolean => now() - since >= 0 && now() - since <= most
  return {
    dir: mirrorDir,
    refresh: async (fresh) => {
      if (fresh || !within(asked, restful)) await ask()
    },
    ref: async () => {
      if (good === undefined || !within(good.at, longestSilence)) throw stale(failed)
      return good.ref
    },
    trouble: () => failed,
  }
}

/** Runs one at a time; those who call meanwhile share the next run, which begins after they called. */
function joined<T>(run: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined
  let next: Promise<T> | undefined
  const start = (): Promise<T> => {
    next = undefined
    running = run().finally(() => { running = undefined })
    return running
  }
  return () => {
    if (next !== undefined) return next
    if (running === undefined) return start()
    next = running.then(start, start)
    return next
  }
}

function stale(failed: Problem | undefined): ExeatError {
  return new ExeatError([{
    code: 'GOVERNANCE_STALE',
    message: failed?.message ?? `the governance repository was not read for ${longestSilence / 60_000} minutes`,
    hint: 'nothing is judged by policies that may have changed since; see that the repository answers',
  }])
}

/** @throws {ExeatError} with every problem of the policies */
async function compilePolicies(governance: Governance): Promise<PolicySet> {
  const answer = await compileWithEngines(governance)
  if (!answer.ok) throw new ExeatError(answer.problems)
  return answer.set
}
