/** Whether an SSH key signed a message, and what an authenticator says of who was there (PROTOCOL.sshsig, PROTOCOL.u2f). */
import type { Sha256 } from '@exeat/core'
import { type Answer, ok, refuse, type Refusal } from '../codes.ts'
import { ascii, concat, equal } from './bytes.ts'
import { keyFingerprint, type KeyMaterial, type SshPublicKey } from './key.ts'
import { parseSshSignature, type RawSignature, signedData } from './signature.ts'

/** Acts of Exeat (design §7): the message is `envelopeBytes`. */
export const actNamespace = 'exeat-act@v1'

export interface SshDeps {
  readonly sha256: Sha256
  readonly sha512: (bytes: Uint8Array) => Uint8Array
  /**
   * Whether the signature is the key's over the message, which it hashes as the algorithm says: Ed25519 (RFC 8032), ECDSA on P-256 with SHA-256 (`r ‖ s`),
   * RSASSA-PKCS1-v1_5 with SHA-256 or SHA-512. False, or an error thrown, for a point that is on no curve.
   */
  readonly verify: (algorithm: RawSignature['algorithm'], key: KeyMaterial, message: Uint8Array, signature: Uint8Array) => boolean
}

export interface SshSignature {
  readonly key: SshPublicKey
  /** `sk`: a FIDO2 authenticator holds the key. */
  readonly kind: 'sk' | 'software'
  /** The authenticator was touched, and it knew its owner (PIN or fingerprint); false for software keys, of which nobody knows. */
  readonly userPresent: boolean
  readonly userVerified: boolean
  /** The key can be copied to other devices, as the authenticator says (WebAuthn Level 3 §6.1, bit 3). Only of `sk`. */
  readonly backupEligible?: boolean
  readonly application?: string
  readonly counter?: number
}

export interface SshWanted {
  readonly namespace: string
  /** The key that must have signed. */
  readonly key?: Pick<SshPublicKey, 'blob'>
}

const present = 0x01
const verified = 0x04
const backup = 0x08

/**
 * `given`: an SSHSIG, armoured or raw. What an answer says of presence is for the caller to ask for.
 * `SSH_MALFORMED`, `SSH_ALGORITHM`, `SSH_NAMESPACE`, `SSH_OTHER_KEY`, `SSH_SIGNATURE`
 */
export function verifySshSignature(given: Uint8Array, message: Uint8Array, wanted: SshWanted, deps: SshDeps): Answer<SshSignature> {
  const parsed = parseSshSignature(given)
  if (!parsed.ok) return parsed
  const { key, namespace, hash, signature } = parsed.value
  if (namespace !== wanted.namespace) return refuse('SSH_NAMESPACE', `the signature is for \`${namespace}\`, and one for \`${wanted.namespace}\` is needed`)
  if (wanted.key !== undefined && !equal(wanted.key.blob, key.blob)) {
    return refuse('SSH_OTHER_KEY', `the signature is by the key ${keyFingerprint(key, deps.sha256)}, and one by ${keyFingerprint(wanted.key, deps.sha256)} is needed`)
  }
  const data = signedData(namespace, hash, hash === 'sha256' ? deps.sha256(message) : deps.sha512(message))
  if (!holds(key, authenticated(key, signature, data, deps.sha256), signature, deps)) return refuse('SSH_SIGNATURE', `the signature by the key ${keyFingerprint(key, deps.sha256)} does not verify`)
  return ok(answerOf(key, signature))
}

/** Whether somebody was verified at a FIDO2 key, which is what counts as a second factor. `ACT_WEAK` where not. */
export function weakness({ kind, userPresent, userVerified }: SshSignature): Refusal | undefined {
  if (kind !== 'sk') return refuse('ACT_WEAK', 'a software key signed it, which shows no second factor', 'sign with a FIDO2 key: `ssh-keygen -t ed25519-sk -O verify-required` makes one')
  if (userPresent && userVerified) return undefined
  return refuse('ACT_WEAK', `the authenticator ${userPresent ? 'was touched, and did not verify who touched it' : 'was not touched'}`, 'use a key made with `-O verify-required`, which asks for its PIN or a finger')
}

/** An authenticator signs hashes and its own view: application ‖ flags ‖ counter ‖ data. */
function authenticated({ application }: SshPublicKey, { authenticator }: RawSignature, data: Uint8Array, sha256: Sha256): Uint8Array {
  if (application === undefined || authenticator === undefined) return data
  const { flags, counter } = authenticator
  const view = [flags, counter >>> 24, counter >>> 16, counter >>> 8, counter].map((byte) => byte & 0xff)
  return concat(sha256(ascii(application)), Uint8Array.from(view), sha256(data))
}

/** A key that no library takes verifies nothing. */
function holds({ material }: SshPublicKey, message: Uint8Array, { algorithm, bytes }: RawSignature, { verify }: SshDeps): boolean {
  try {
    return verify(algorithm, material, message, bytes)
  } catch {
    return false
  }
}

function answerOf(key: SshPublicKey, { authenticator }: RawSignature): SshSignature {
  if (key.application === undefined || authenticator === undefined) return { key, kind: 'software', userPresent: false, userVerified: false }
  const { flags, counter } = authenticator
  return {
    key, kind: 'sk', application: key.application, counter,
    userPresent: (flags & present) !== 0, userVerified: (flags & verified) !== 0, backupEligible: (flags & backup) !== 0,
  }
}
