/**
 * What the server can be asked to do. HTTP, the socket and later surfaces call these and nothing beside them; each judges anew, by the protected ref, under
 * the log's lock. Refusals are thrown as `ExeatError` with the code of whoever refused (`lifecycle`, `store`, `use`).
 */
import type { HexDigest, Identity, Observation, Terms } from '@exeat/core'
import type { CredentialOf, EnrolmentLedger } from '@exeat/core/enrolment'
import type { Evidence } from '@exeat/core/entry'
import type { AnyEnvelope, Envelope } from '@exeat/core/envelope'
import type { ActAnswer, Inventory, InventoryQuery, OptOutView, People, PoliciesAnswer, ShadowQuery, Shadows, Status, UsesOverTime, Wire } from '@exeat/core/wire'
import type { Dsse } from '@exeat/verify'
import type { Governed } from '../ports/governance.ts'
import type { NewKey } from './enrolment/enrol.ts'
import type { RootVouch } from './enrolment/vouch.ts'
import type { Taken } from './shadow.ts'

/** Who acts, as the edge established it. */
export interface Actor {
  readonly identity: Identity
  /** What shows it: a name typed at the administrative socket, or a sign-in. */
  readonly evidence: Evidence
  /**
   * The second factor for this very act, where one was sent along. Without one nobody who signed in approves, activates, renews, declares, reviews, enrols or
   * vouches. Asked for at most once, and not where the act was done before under its key: to ask is to spend the challenge.
   * @throws {ExeatError} `TAP_*` where it is not what it must be
   */
  readonly tap?: () => Promise<Tap>
}

/** A second factor over an envelope: held again, under the log's lock, against what stands then, and against the key that the log enrolled. */
export interface Tap {
  readonly envelope: AnyEnvelope
  readonly evidence: Evidence
  /** Of an emergency: what the second person signed, the same in their own name. */
  readonly second?: { readonly envelope: Envelope; readonly evidence: Evidence }
}

/** What a second factor is to be made over, before there is one. */
export interface Prepared {
  readonly envelope: AnyEnvelope
  /** What the terms ask of it; `none` where any will do. */
  readonly mfa: Mfa
}

export type Mfa = Terms['mfa']['value']

export { operatorIssuer } from '@exeat/core/entry'

/** Of a caller's choosing, 1 to 120 printable characters: a repetition with the same content gets the first answer. */
export type IdempotencyKey = string

export type Binding = Wire['bindingSchema']

export interface UseCases {
  /**
   * The envelope that the act would record now, for a second factor to sign. Refuses what the act would be refused for.
   * @throws {ExeatError}
   */
  readonly prepare: (actor: Actor, wanted: People['tapWantedSchema']) => Promise<Prepared>
  readonly request: (actor: Actor, asked: Wire['requestSchema'], key: IdempotencyKey) => Promise<ActAnswer>
  /** Enters an offline grant, whoever brings it; one that stands is answered as it stands. */
  readonly importOffline: (actor: Actor, sent: Wire['offlineImportSchema'], key: IdempotencyKey) => Promise<ActAnswer>
  readonly emergency: (actor: Actor, asked: Wire['emergencySchema'], key: IdempotencyKey) => Promise<ActAnswer>
  /** `id`: a uid, or a name. */
  readonly approve: (actor: Actor, id: string, signed: Binding, key: IdempotencyKey) => Promise<ActAnswer>
  readonly activate: (actor: Actor, id: string, signed: Binding, key: IdempotencyKey) => Promise<ActAnswer>
  readonly reject: (actor: Actor, id: string, reason: string, key: IdempotencyKey) => Promise<ActAnswer>
  readonly withdraw: (actor: Actor, id: string, reason: string, key: IdempotencyKey) => Promise<ActAnswer>
  readonly revoke: (actor: Actor, id: string, reason: string, key: IdempotencyKey) => Promise<ActAnswer>
  readonly review: (actor: Actor, id: string, review: Wire['reviewSchema'], key: IdempotencyKey) => Promise<ActAnswer>
  /** Says that somebody heard the alarm of an emergency: anybody but who declared or confirmed it. */
  readonly acknowledge: (actor: Actor, id: string, key: IdempotencyKey) => Promise<ActAnswer>
  /** Tries the alarm out: everybody is told, marked as a drill; nothing is excused. `within`: seconds that somebody has to acknowledge it. */
  readonly startDrill: (actor: Actor, wanted: Wire['drillWantedSchema'], key: IdempotencyKey) => Promise<Wire['drillAnswerSchema']>
  /** `index`: of the entry that started it. */
  readonly acknowledgeDrill: (actor: Actor, index: number, key: IdempotencyKey) => Promise<Wire['drillAnswerSchema']>
  /** Undefined: the last one. */
  readonly drill: (index: number | undefined) => Promise<Wire['drillSchema']>
  /** Enters the end of a drill that nobody acknowledged in time. */
  readonly endDrill: () => Promise<void>
  /** Enters what another system reported, through the receiver of this name. */
  readonly observe: (receiver: string, observations: readonly Observation[]) => Promise<readonly Taken[]>
  /** Enters what an opt-out declared that is over. */
  readonly uncovered: () => Promise<void>
  readonly shadows: (query: ShadowQuery) => Promise<Shadows>
  /** Counts uses. Each is judged alone; one that is refused refuses none beside it. */
  readonly claimUses: (uses: Wire['usesSchema']['uses']) => Promise<Wire['usesAnswerSchema']>
  readonly optOut: (id: string) => Promise<OptOutView>
  readonly optOuts: (query: Wire['listQuerySchema']) => Promise<Wire['listAnswerSchema']>
  /** The same in small rows, in any order, with counts of all that fit. */
  readonly inventory: (query: InventoryQuery) => Promise<Inventory>
  /** `id`: a uid, or a name. */
  readonly usesOverTime: (id: string) => Promise<UsesOverTime>
  /** Who may opt out of what, by what governs now. */
  readonly policies: () => Promise<PoliciesAnswer>
  /** A signed bundle of what the log says now. Publishes its content as an entry first, where that is new. */
  readonly bundle: (query: Wire['bundleQuerySchema']) => Promise<Dsse>
  /** What it would say now, by its digest, and what governs, as it was read at most `within` milliseconds ago. Nothing is signed. */
  readonly bundleSays: (within: number) => Promise<{ readonly governed: Governed; readonly says: HexDigest }>
  readonly entry: (index: number) => Promise<Wire['entryViewSchema']>
  /** With their bodies, from an index on. */
  readonly entries: (query: Wire['entriesQuerySchema']) => Promise<Wire['entriesAnswerSchema']>
  readonly receipt: (index: number) => Promise<Wire['receiptSchema']>
  readonly document: (kind: 'OptOut' | 'OptOutPolicy' | 'Workspace' | 'Aliases' | 'Impact', digest: HexDigest) => Promise<unknown>
  /** Erases the bodies, document and impact of an opt-out that has ended; the entries stand and still verify. */
  /** Whose keys there are, and which of them count: as the log's entries add up to them now. */
  readonly keys: () => Promise<EnrolmentLedger>
  /** Every key that is or was enrolled, as callers see it. */
  readonly enrolments: () => Promise<People['enrolmentsSchema']>
  /** Adds a key of the actor's own. Answers the index of its entry: so do the three below. */
  readonly enrol: (actor: Actor, added: NewKey, key: IdempotencyKey) => Promise<number>
  /** By the actor's tap, or by a founder's root key, whoever brings it. */
  readonly vouch: (actor: Actor, credential: HexDigest, root: RootVouch | undefined, key: IdempotencyKey) => Promise<number>
  readonly removeKey: (actor: Actor, credential: HexDigest, reason: string, key: IdempotencyKey) => Promise<number>
  /** A key that an identity provider signs with, the first time it is seen; later the entry that stands. */
  readonly enrolIssuerKey: (credential: CredentialOf<'issuer-key'>, label: string) => Promise<number>
  /** Whether the actor is of those who govern, and so may invite people. */
  readonly governs: (actor: Actor) => Promise<boolean>
  readonly erase: (actor: Actor, erasure: Wire['erasureSchema'], key: IdempotencyKey) => Promise<Wire['erasureAnswerSchema']>
  /** Reads the protected ref again, and records what changed. */
  readonly synchronise: () => Promise<{ readonly commit: string; readonly changed: boolean }>
  readonly status: () => Promise<Status>
}
