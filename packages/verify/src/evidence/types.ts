/** What evidence is verified with, and what comes of it. */
import type { Duration, EvidenceStrength, Instant, Workspace } from '@exeat/core'
import type { Algorithm, EnrolledKey, EnrolmentLedger } from '@exeat/core/enrolment'
import type { SshDeps } from '../ssh/verify.ts'

export interface EvidenceDeps extends SshDeps {
  /**
   * Whether the signature is the key's over the message, which it hashes as the algorithm says: ECDSA on P-256 (`r ‖ s`, 64 bytes), Ed25519, RSASSA-PKCS1-v1_5.
   * `key`: DER of a SubjectPublicKeyInfo. False for a key or signature that is none.
   */
  readonly verifyKey: (algorithm: Algorithm, key: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean
}

/** What the log and the workspace say of keys and of where people tap. */
export interface EvidenceContext {
  readonly ledger: EnrolmentLedger
  readonly identity: Workspace['spec']['identity']
  readonly deps: EvidenceDeps
}

export interface VerifiedEvidence {
  readonly strength: EvidenceStrength
  /** Of a second factor. `age`: from the challenge to the act. */
  readonly factor?: { readonly attested: boolean; readonly backupEligible: boolean; readonly age: Duration }
  readonly key?: EnrolledKey
}

/** The most that may lie between a challenge and the act that it was made for, in milliseconds. */
export const tapLife = 5 * 60_000

/** How far the clocks of an identity provider and of the log may be apart, in milliseconds. */
export const providerTolerance = 60_000

/** The instant of an act and of the challenge that was signed for it. */
export interface Moments {
  readonly asked: Instant
  readonly at: Instant
}
