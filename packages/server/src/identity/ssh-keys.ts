/** SSH security keys of people: enrolled by whoever holds them. */
import type { Identity } from '@exeat/core'
import { type CredentialOf, credentialDigest, sshEnrolMessage, sshEnrolNamespace } from '@exeat/core/enrolment'
import { evidenceDeps } from '@exeat/git/crypto'
import { verifySshSignature } from '@exeat/verify/ssh'
import { sha256 } from '../store/ed25519.ts'
import { identityError } from './codes.ts'

/** The key as it is enrolled, where it signed that it is this person's, touched and unlocked by whoever holds it. @throws {ExeatError} PASSKEY_WRONG */
export function heldSshKey(person: Identity, { publicKey, signature }: { readonly publicKey: string; readonly signature: string }): CredentialOf<'ssh'> {
  const credential = { kind: 'ssh', publicKey } as const
  const shown = verifySshSignature(new Uint8Array(Buffer.from(signature, 'utf8')), sshEnrolMessage(credentialDigest(person, credential, sha256)), {
    namespace: sshEnrolNamespace, key: { blob: new Uint8Array(Buffer.from(publicKey, 'base64url')) },
  }, evidenceDeps)
  if (!shown.ok) throw identityError('PASSKEY_WRONG', `the SSH key does not show that it is held here: ${shown.problem.message}`)
  const { kind, userPresent, userVerified } = shown.value
  if (kind === 'sk' && userPresent && userVerified) return credential
  throw identityError('PASSKEY_WRONG', 'it is a software key, or nobody was verified at it', 'make a key that asks for its PIN: `ssh-keygen -t ed25519-sk -O verify-required`')
}
