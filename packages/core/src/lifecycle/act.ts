/** What can be done to an opt-out, what the edge must have verified about it, and what the judge answers. */
import type { EvidenceStrength } from '../model/facts.ts'
import type { HexDigest } from '../model/digest.ts'
import { type AgreedTerms, type Asked, type Binding, type Identity, type LifecycleEvent, sameIdentity } from './events.ts'
import type { Refusal } from './refusal.ts'

export type Act =
  | { readonly kind: 'request'; readonly uid: HexDigest; readonly asked: Asked; readonly involved: readonly Identity[] }
  | { readonly kind: 'approve' | 'activate'; readonly uid: HexDigest; readonly signed: Binding }
  | { readonly kind: 'reject' | 'withdraw' | 'revoke'; readonly uid: HexDigest; readonly reason: string }
  | { readonly kind: 'use'; readonly uid: HexDigest; readonly point: string; readonly subject: string }
  | { readonly kind: 'emergency'; readonly uid: HexDigest; readonly asked: Asked; readonly team: string; readonly second?: { readonly identity: Identity; readonly groups: readonly string[] } }
  /** An offline grant, once there is a log again. `facts.actor` and `second` signed it. */
  | { readonly kind: 'offline'; readonly uid: HexDigest; readonly asked: Asked; readonly team: string; readonly second: Identity; readonly grant: HexDigest }
  | { readonly kind: 'review'; readonly uid: HexDigest; readonly verdict: 'justified' | 'unjustified'; readonly reason: string }

/** What the edge has verified about the act. */
export interface ActFacts {
  readonly actor: Identity
  /** The actor's groups, resolved now. */
  readonly groups: readonly string[]
  readonly evidence: EvidenceStrength
  /** Digests of the document at the protected ref, of the terms merged now and of the impact, as they are now. */
  readonly binding: Binding
  readonly terms: AgreedTerms
  /** Groups of any person, resolved now; empty for somebody who is gone. */
  readonly groupsOf: (identity: Identity) => readonly string[]
  /** Whether two identities are one person's. Absent: nobody says so, and each is a person. */
  readonly same?: (a: Identity, b: Identity) => boolean
}

/** `events` may stand beside a refusal: an activation that finds the content changed records that the request is stale, a use too many that the opt-out is exhausted. */
export type Verdict =
  | { readonly ok: true; readonly events: readonly LifecycleEvent[] }
  | { readonly ok: false; readonly refusal: Refusal; readonly events: readonly LifecycleEvent[] }

export const granted = (...events: readonly LifecycleEvent[]): Verdict => ({ ok: true, events })
export const refused = (refusal: Refusal, ...events: readonly LifecycleEvent[]): Verdict => ({ ok: false, refusal, events })

/** Whether an identity is the actor's, under whatever name. */
export const isActor = ({ actor, same = sameIdentity }: ActFacts, identity: Identity): boolean => same(identity, actor)
