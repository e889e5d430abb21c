/** What an auditor is given of a log beyond its tree, and what comes of it. */
import type { Duration, EvidenceStrength, HexDigest, Identity, Instant } from '@exeat/core'
import type { EventType } from '@exeat/core/entry'
import type { VerifierKey } from '@exeat/log'
import type { VerifyProblem } from '../codes.ts'

export type AuditedDocument = 'OptOut' | 'OptOutPolicy' | 'Workspace' | 'Aliases' | 'Impact'

/** `broken`: it is there, and not what its name says. */
export type Sought<T> = { readonly state: 'found'; readonly value: T } | { readonly state: 'absent' } | { readonly state: 'broken' | 'unreadable'; readonly because: string }

/** A body: its salt in base64, and its text byte for byte. */
export type SoughtBody = Sought<{ readonly salt: string; readonly event: string }>

/** The JSON text of a document, by its digest. Nothing of it is believed. */
export type DocumentReader = (kind: AuditedDocument, digest: HexDigest) => Promise<Sought<string>>

export interface AuditPins {
  /** Of the log. */
  readonly origin: string
  /** Those that signed the checkpoint: the delegations must name one of them. */
  readonly log: readonly VerifierKey[]
  /** The founders' keys, as the auditor's own workspace pins them; absent: those that entry 0 states. */
  readonly roots?: readonly VerifierKey[]
}

/**
 * `verified`: what was signed holds. `asserted`: the server, or a name that somebody typed, says so, and nothing was signed. `wrong`: it does not hold.
 * `unchecked`: what it takes is gone or missing.
 */
export type ActState = 'verified' | 'asserted' | 'wrong' | 'unchecked'

/** What shows who acted, in plain values. Members that the kind does not have are absent. */
export interface ShownEvidence {
  readonly strength: EvidenceStrength
  readonly kind: 'webauthn' | 'ssh' | 'oidc' | 'totp' | 'sign-in' | 'typed' | 'root' | 'offline'
  /** Index of the entry that enrolled the key. */
  readonly enrolment?: number
  readonly key?: { readonly label: string; readonly digest: HexDigest; readonly attested: boolean; readonly backupEligible: boolean }
  readonly relyingParty?: string
  readonly origin?: string
  /** The authenticator knew its owner. */
  readonly userVerified?: boolean
  readonly counter?: number
  readonly issuer?: string
  readonly acr?: string
  readonly amr?: readonly string[]
  /** From the challenge to the act. */
  readonly age?: Duration
  /** A name: the one that was typed, or the founder's. */
  readonly name?: string
  readonly method?: string
}

/** An act of a person, or a statement about a key. */
export interface AuditedAct {
  readonly index: number
  readonly type: EventType
  readonly at: Instant
  readonly state: ActState
  readonly uid?: HexDigest
  /** Of the opt-out, or whose key it is. */
  readonly name?: string
  readonly by?: Identity
  readonly evidence?: ShownEvidence
  /** What people compare: of the envelope's digest. */
  readonly code?: string
  readonly second?: { readonly by: Identity; readonly evidence: ShownEvidence }
  /** Of what is wrong. */
  readonly problem?: VerifyProblem
  /** Why nothing was checked, or what nobody signed. */
  readonly because?: string
}

/** `wrong`: the log, or what is said to be of it, contradicts itself or what people signed. `unread`: it was not there to be judged. */
export interface AuditFault extends VerifyProblem {
  readonly kind: 'wrong' | 'unread'
  readonly index: number
}

/** A workspace that governed, from which entry on. */
export interface Governed {
  readonly index: number
  readonly commit: string
  readonly workspace: HexDigest
  readonly relyingParty?: string
  readonly origins: readonly string[]
}

export interface EvidenceAudit {
  /** In the order of the log. */
  readonly acts: readonly AuditedAct[]
  /** By entry. An act that is wrong is among them. */
  readonly faults: readonly AuditFault[]
  /** Bodies and documents that were read and are what the log names; that entries say were erased; that are neither. */
  readonly content: { readonly held: number; readonly erased: number; readonly missing: number }
  readonly founders: readonly string[]
  /** Whether the founders' keys were pinned by the auditor. */
  readonly pinned: boolean
  readonly governed: readonly Governed[]
}
