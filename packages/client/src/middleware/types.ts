/** A point in an API: what it needs, what it is asked, and what it answers. */
import type { Decision, Fact, Facts, Finding, Instant, Problem, Repository } from '@exeat/core'
import type { WireProblem } from '@exeat/core/wire'
import type { BundlePins } from '@exeat/verify'
import type { EvidenceDeps } from '@exeat/verify/evidence'
import type { ApiOptions } from '../api/index.ts'

export interface PointOptions {
  /** Where bundles come from and uses go to. */
  readonly server: Omit<ApiOptions, 'actor'>
  /** What is believed of the log: `bundlePins` of a workspace document that was shipped with the API, never of one that the server sent. */
  readonly pins: BundlePins
  /** `evidenceDeps` of `@exeat/git/crypto` in Node. */
  readonly crypto: EvidenceDeps
  /** What is claimed of where the API runs. A fact is `verified` only where the embedding code has verified it: it is believed. */
  readonly facts: Facts & { readonly repository: Fact<Repository> }
  /** Under which uses are counted; `api/<repository id>/<environment>` where absent. */
  readonly point?: string
  /** 16 random bytes, for bundles of protected environments; those of the runtime's own `crypto` where absent. */
  readonly random?: () => Uint8Array
  /** Milliseconds since the epoch; the clock of the machine where absent. */
  readonly now?: () => number
  /** Told what nobody else hears of: a bundle that could not be had, a use that was not counted. */
  readonly report?: (problem: Problem) => void
}

/** What a policy of the API found wrong with one request. */
export interface Denial {
  /** At least one: a denial that names nothing is excused by nothing. */
  readonly findings: readonly Finding[]
  /** What the excuse is used for, once over retries: the object that the request creates, or the request's own id. One line, at most 512 characters. */
  readonly subject: string
}

/** What became of the use of one opt-out. `waiting`: told in the background, as nothing demands that it is counted first. */
export interface UseState {
  readonly uid: string
  readonly state: 'counted' | 'waiting'
}

export type Verdict =
  | { readonly allowed: true; readonly decisions: readonly Decision[]; readonly uses: readonly UseState[]; readonly now: Instant }
  | { readonly allowed: false; readonly problem: BlockedProblem; readonly decisions: readonly Decision[] }

/** RFC 9457, with what blocks by control. */
export interface BlockedProblem extends WireProblem {
  readonly blocked: readonly unknown[]
}

export interface Point {
  /** Never rejects: whatever goes wrong, the denial stands. */
  readonly decide: (denial: Denial) => Promise<Verdict>
  /** Tells the server of uses that wait. Answers how many still do. */
  readonly flush: () => Promise<number>
}
