import type { OptOut } from '../document/schema.ts'
import type { EvidenceStrength } from './facts.ts'
import type { HexDigest } from './digest.ts'
import type { Duration, Instant } from './instant.ts'
import type { Origin } from './origin.ts'
import type { TermRefusal } from './decision.ts'

/** An opt-out document as it stands, with what identifies it. */
export interface StandingOptOut {
  readonly document: OptOut
  /** Digest of the document (design §3). */
  readonly digest: HexDigest
  /** SHA-256 over workspace, repository id, name and document digest. */
  readonly uid: HexDigest
  readonly origin: Origin
  /** Fingerprints of the approved impact; absent where none was recorded. */
  readonly impact?: ReadonlySet<HexDigest>
}

/** What was shown when the opt-out was activated. Each decision holds it against the terms in force then (`POLICY_TIGHTENED`). */
export interface Met {
  /** Strongest evidence behind the activation; `none` where the terms said `mfa: none`. */
  readonly evidence: EvidenceStrength
  /** Of the second factor; absent where nothing shows it. `age`: from the tap to the activation. */
  readonly factor?: { readonly attested: boolean; readonly backupEligible: boolean; readonly age: Duration }
  /** Groups of each counted approver, one entry a person; whoever makes this has left out the requester and, by default, the activator. */
  readonly approvers: readonly (readonly string[])[]
  /** Groups of the requester and of the activator; empty: nobody is proven. */
  readonly requester: readonly string[]
  readonly activator: readonly string[]
  /** What only a log can show; absent in git trust. */
  readonly log?: {
    /** Position in its chain of renewals, 0 for a first request, and the sum of the chain's windows. */
    readonly renewal: number
    readonly total: Duration
    /** How many uses end it; absent: any number. */
    readonly uses?: number
    /** A quorum of the workspace's witnesses has cosigned a checkpoint that covers the activation. */
    readonly witnessed: boolean
  }
  /** No log has it: an offline grant, honoured while the server could not be asked (design §6). */
  readonly unlogged?: true
}

/** May excuse while `from <= now < until`. Made by the git reader or, later, by the bundle verifier. */
export interface ActiveOptOut extends StandingOptOut {
  readonly met: Met
}

/** Can never be honoured: it has no `met`. Kept for the explanations ("lapsed 2 h ago"). */
export interface EndedOptOut extends StandingOptOut {
  readonly ended: { readonly state: 'lapsed' | 'revoked' | 'exhausted'; readonly at: Instant }
}

/** Stands at the protected ref, and its terms refuse it. Kept for the explanations. */
export interface RefusedOptOut extends StandingOptOut {
  readonly because: readonly TermRefusal[]
}

/** What the trust mode makes of the opt-outs it was shown. `active` includes those whose window has not begun. */
export interface OptOutSet {
  readonly active: readonly ActiveOptOut[]
  readonly ended: readonly EndedOptOut[]
  readonly refused: readonly RefusedOptOut[]
}
