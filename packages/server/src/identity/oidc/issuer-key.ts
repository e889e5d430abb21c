import { createPublicKey } from 'node:crypto'
import type { CredentialOf } from '@exeat/core/enrolment'
import type { IssuerKey } from '../issuer/issuers.ts'

/** A key of an issuer as the log enrols it: DER of its SubjectPublicKeyInfo (RFC 5280 §4.1). */
export function issuerKeyOf(iss: string, { kid, alg, jwk }: IssuerKey): CredentialOf<'issuer-key'> {
  const der = createPublicKey({ key: { ...jwk }, format: 'jwk' }).export({ type: 'spki', format: 'der' })
  return { kind: 'issuer-key', iss, kid, alg, publicKey: der.toString('base64url') }
}
