/** What a point learns from a bundle that holds. */
import type { Aliases, HexDigest, Instant, OptOutSet, Placed, PlacedPolicy, Sha256, Workspace } from '@exeat/core'
import type { Ed25519Verify, VerifierKey } from '@exeat/log'
import type { VerifyProblem } from '../codes.ts'
import type { Dsse } from '../dsse/dsse.ts'
import type { EvidenceDeps } from '../evidence/types.ts'

/** What logs and their keys are verified with. */
export interface LogDeps {
  readonly sha256: Sha256
  readonly verify: Ed25519Verify
}

export interface VerifyDeps extends LogDeps {
  /** What the signatures of people are verified with. */
  readonly evidence: EvidenceDeps
}

/** The head of the log that a point has seen, to be kept and given back as `last`: nothing older is honoured after it. */
export interface SeenHead {
  readonly size: number
  readonly root: Uint8Array
  /** Of the delegation: a working key that was replaced is not honoured again. */
  readonly epoch: number
}

export interface BundleContext {
  /** The run's one instant. */
  readonly now: Instant
  /** Who asks: a repository's id. A bundle for it, or for any point, is honoured. */
  readonly audience: string
  /** What the request carried: the bundle must repeat it. */
  readonly nonce?: string
  /** Whether the point is in a protected environment: bundles live five minutes there, elsewhere an hour. */
  readonly protectedEnvironment: boolean
  /** The head seen last. `proof`: RFC 6962 consistency from it to the bundle's checkpoint, where somebody asked the log for it. */
  readonly last?: SeenHead & { readonly proof?: readonly Uint8Array[] }
}

/** Why one opt-out of a bundle is not honoured. The others are. */
export interface OptOutProblem {
  readonly uid: HexDigest
  /** Where it can be read. */
  readonly name?: string
  readonly problem: VerifyProblem
}

export interface VerifiedBundle {
  /** `active` may excuse; of those refused, `because` says `NOT_IN_LOG`. */
  readonly optOuts: OptOutSet
  /** One for each opt-out that is not honoured, those included whose document cannot be read; by uid. */
  readonly problems: readonly OptOutProblem[]
  /** What governs, for points that have no clone: `compilePolicySet` takes them as they are. */
  readonly workspace: Placed<Workspace>
  readonly policies: readonly PlacedPolicy[]
  readonly aliases: readonly Placed<Aliases>[]
  readonly ref: string
  readonly commit: string
  readonly issuedAt: Instant
  /** No revocation can take longer than until then to reach this point: the bound that outputs state. */
  readonly notAfter: Instant
  readonly seen: SeenHead
  /** The signed checkpoint, verbatim. */
  readonly checkpoint: string
  /** Names of the witnesses that cosigned it, in the order of its lines. */
  readonly witnesses: readonly string[]
  /** `contentDigest` of it. */
  readonly content: HexDigest
  readonly singleFounder: boolean
  /** What the root keys signed, as the bundle carries it: it holds. */
  readonly delegation: Dsse
  /** Signs webhooks. */
  readonly webhook: VerifierKey
}
