/** Keys as people compare them: the code is made here, of the very key that the server shows. */
import { credentialDigest } from '@exeat/core/enrolment'
import { comparisonCode } from '@exeat/core/envelope'
import type { People } from '@exeat/core/wire'
import { fromBase64url, sha256, toBase64url } from './crypto.ts'
import { Refused } from './api.ts'

export type Enrolment = People['enrolmentSchema']

/** @throws {Refused} SHOWN_DIFFERS where what is shown of the key has another digest than would be signed */
export function codeOfKey({ person, detail, kind, credential }: Pick<Enrolment, 'person' | 'detail' | 'kind' | 'credential'>): string {
  if (detail.kind !== kind || credentialDigest(person ?? undefined, detail, sha256) !== credential) throw differs('the key that the server shows has another digest than it states')
  return comparisonCode(credential)
}

/** What a browser made, as its own authenticator told it (WebAuthn Level 3, §5.2.1.1). */
export interface Made {
  readonly id: string
  readonly response: { readonly publicKey?: string }
}

/** The code of a passkey that was made on this device just now. @throws {Refused} SHOWN_DIFFERS where the server took another key for it */
export function codeOfMade(enrolment: Pick<Enrolment, 'person' | 'detail' | 'kind' | 'credential'>, { id, response: { publicKey } }: Made): string {
  const code = codeOfKey(enrolment)
  const { detail } = enrolment
  // Encoded anew on both sides: what is compared is bytes. A browser that cannot read the algorithm tells no public key.
  const same = (a: string, b: string): boolean => toBase64url(fromBase64url(a)) === toBase64url(fromBase64url(b))
  if (detail.kind !== 'webauthn' || !same(detail.id, id) || (publicKey !== undefined && !same(detail.publicKey, publicKey))) throw differs('the key that the server enrolled is not the one that was made here')
  return code
}

const differs = (detail: string): Refused => new Refused({ code: 'SHOWN_DIFFERS', detail, hint: 'nothing was signed; tell whoever keeps the server' })
