/**
 * What the server can be asked to do. HTTP, the socket and later surfaces call these and nothing beside them; each judges anew, by the protected ref, under
 * the log's lock. Refusals are thrown as `ExeatError` with the code of whoever refused (`lifecycle`, `store`, `use`).
 */
import type { HexDigest, Identity } from '@exeat/core'
import type { Evidence } from '@exeat/core/entry'
import type { AnyEnvelope } from '@exeat/core/envelope'
import type { ActAnswer, OptOutView, Status, Wire } from '@exeat/core/wire'
import type { Dsse } from '@exeat/verify'

/** Who acts, as the edge established it. */
export interface Actor {
  readonly identity: Identity
  /** What shows it: a name typed at the administrative socket, or a sign-in. */
  readonly evidence: Evidence
  /** The second factor for this very act. Without one nobody who signed in approves, activates, renews, declares, reviews, enrols or vouches. */
  readonly tap?: Tap
}

/** A second factor over an envelope: verified where it was made, and held again, under the log's lock, against what stands then. */
export interface Tap {
  readonly envelope: AnyEnvelope
  readonly evidence: Evidence
  readonly factor: { readonly attested: boolean; readonly backupEligible: boolean }
}

export { operatorIssuer } from '@exeat/core/entry'

/** Of a caller's choosing, 1 to 120 printable characters: a repetition with the same content gets the first answer. */
export type IdempotencyKey = string

export type Binding = Wire['bindingSchema']

export interface UseCases {
  readonly request: (actor: Actor, asked: Wire['requestSchema'], key: IdempotencyKey) => Promise<ActAnswer>
  readonly emergency: (actor: Actor, asked: Wire['emergencySchema'], key: IdempotencyKey) => Promise<ActAnswer>
  /** `id`: a uid, or a name. */
  readonly approve: (actor: Actor, id: string, signed: Binding, key: IdempotencyKey) => Promise<ActAnswer>
  readonly activate: (actor: Actor, id: string, signed: Binding, key: IdempotencyKey) => Promise<ActAnswer>
  readonly reject: (actor: Actor, id: string, reason: string, key: IdempotencyKey) => Promise<ActAnswer>
  readonly withdraw: (actor: Actor, id: string, reason: string, key: IdempotencyKey) => Promise<ActAnswer>
  readonly revoke: (actor: Actor, id: string, reason: string, key: IdempotencyKey) => Promise<ActAnswer>
  readonly review: (actor: Actor, id: string, review: Wire['reviewSchema'], key: IdempotencyKey) => Promise<ActAnswer>
  /** Counts uses. Each is judged alone; one that is refused refuses none beside it. */
  readonly claimUses: (uses: Wire['usesSchema']['uses']) => Promise<Wire['usesAnswerSchema']>
  readonly optOut: (id: string) => Promise<OptOutView>
  readonly optOuts: (query: Wire['listQuerySchema']) => Promise<Wire['listAnswerSchema']>
  /** A signed bundle of what the log says now. Publishes its content as an entry first, where that is new. */
  readonly bundle: (query: Wire['bundleQuerySchema']) => Promise<Dsse>
  readonly entry: (index: number) => Promise<Wire['entryViewSchema']>
  readonly receipt: (index: number) => Promise<Wire['receiptSchema']>
  readonly document: (kind: 'OptOut' | 'OptOutPolicy' | 'Workspace' | 'Aliases' | 'Impact', digest: HexDigest) => Promise<unknown>
  /** Erases the bodies, document and impact of an opt-out that has ended; the entries stand and still verify. */
  readonly erase: (actor: Actor, erasure: Wire['erasureSchema'], key: IdempotencyKey) => Promise<Wire['erasureAnswerSchema']>
  /** Reads the protected ref again, and records what changed. */
  readonly synchronise: () => Promise<{ readonly commit: string; readonly changed: boolean }>
  readonly status: () => Promise<Status>
}
