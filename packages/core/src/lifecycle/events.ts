/**
 * What the log says about opt-outs (design §8, event types). State is the fold of these at an instant; lapse and time-out are
 * derived from the clock and never stand here.
 */
import type { EvidenceStrength } from '../model/facts.ts'
import type { HexDigest } from '../model/digest.ts'
import type { Duration, Instant, Window } from '../model/instant.ts'
import type { TargetKey } from '../model/decision.ts'

/** A person or workload as an identity provider names it. Names and mail addresses are labels and never compared. */
export interface Identity {
  readonly iss: string
  readonly sub: string
}

/** What approvals and activations sign, by digest (design §7). A change of any of them voids what was signed. */
export interface Binding {
  readonly optOut: HexDigest
  readonly terms: HexDigest
  readonly impact: HexDigest | null
}

/** What an opt-out may excuse: `controls` are patterns; an absent target key means any. */
export interface Scope {
  readonly controls: readonly string[]
  readonly targets: Readonly<Partial<Record<TargetKey, readonly string[]>>>
}

/** The numbers and people of the merged terms that the lifecycle enforces, with defaults applied. */
export interface AgreedTerms {
  /** Empty: nobody needs to approve. */
  readonly approve: readonly { readonly groups: readonly string[]; readonly count: number }[]
  readonly activate: 'anyone' | readonly string[]
  readonly revoke: readonly string[]
  readonly approverMayActivate: boolean
  readonly duration: Duration
  readonly totalDuration?: Duration
  /** Absent: any number. */
  readonly renewals?: number
  /** Active opt-outs a repository. */
  readonly active?: number
  readonly timers: { readonly approval: Duration; readonly activation: Duration }
  readonly emergency?: {
    readonly groups: readonly string[]
    readonly duration: Duration
    readonly reviewers: readonly string[]
    readonly reviewWithin: Duration
  }
}

/** The opt-out as it was asked for. */
export interface Asked {
  readonly name: string
  readonly scope: Scope
  readonly repositories: readonly string[]
  readonly window: Window
  readonly reason: string
  readonly emergency: boolean
  readonly limits: { readonly findings?: number; readonly uses?: number }
  /** Name of the opt-out that the document says it renews. */
  readonly renews?: string
}

/** Where an opt-out stands in its chain of renewals. */
export interface Continuation {
  readonly predecessor: HexDigest
  readonly renewal: number
  readonly total: Duration
}

interface Common {
  readonly uid: HexDigest
  readonly at: Instant
}

export type LifecycleEvent =
  | Common & {
    /** `renewed` is a proposal that continues an earlier opt-out. */
    readonly type: 'optout.proposed' | 'optout.renewed'
    readonly asked: Asked
    readonly requester: Identity
    /** The requester's, when it was asked for. */
    readonly groups: readonly string[]
    /** Author, committer, co-authors, pusher: none of them may approve. */
    readonly involved: readonly Identity[]
    readonly binding: Binding
    readonly terms: AgreedTerms
    /** Position in its chain of renewals: 0 for a first request. */
    readonly renewal: number
    /** Sum of the windows of its chain, its own included, in milliseconds. */
    readonly total: Duration
    readonly predecessor?: HexDigest
  }
  | Common & { readonly type: 'optout.approved'; readonly by: Identity; readonly groups: readonly string[]; readonly binding: Binding; readonly evidence: EvidenceStrength }
  | Common & { readonly type: 'optout.rejected' | 'optout.withdrawn' | 'optout.revoked'; readonly by: Identity; readonly reason: string }
  | Common & {
    readonly type: 'optout.activated'
    readonly by: Identity
    readonly groups: readonly string[]
    readonly binding: Binding
    readonly evidence: EvidenceStrength
    readonly counted: readonly Identity[]
    /** Where something that it meets was activated after it was asked for. */
    readonly continues?: Continuation
  }
  | Common & { readonly type: 'optout.stale'; readonly changed: readonly (keyof Binding)[] }
  /** Beside the refusal of a use beyond the limit: the last use that is allowed ends nothing. */
  | Common & { readonly type: 'optout.exhausted' }
  | Common & { readonly type: 'use.claimed'; readonly point: string; readonly subject: string }
  | Common & {
    readonly type: 'emergency.activated'
    readonly asked: Asked
    readonly by: Identity
    readonly groups: readonly string[]
    readonly team: string
    readonly second?: Identity
    readonly binding: Binding
    readonly evidence: EvidenceStrength
    readonly terms: AgreedTerms
    readonly reviewBy: Instant
    /** Digest of the offline grant that it was, where it is entered afterwards: that ends it. */
    readonly offline?: HexDigest
  }
  | Common & { readonly type: 'emergency.reviewed'; readonly by: Identity; readonly verdict: 'justified' | 'unjustified'; readonly reason: string }

/** Stable text of an identity: unambiguous whatever the parts hold. */
export const identityKey = ({ iss, sub }: Identity): string => JSON.stringify([iss, sub])

export const sameIdentity = (a: Identity, b: Identity): boolean => a.iss === b.iss && a.sub === b.sub
