/** What people sign with, verified by node:crypto, in the shapes that `@exeat/verify` takes. */
import { createPublicKey, hash, type KeyObject, verify } from 'node:crypto'
import type { EvidenceDeps } from '@exeat/verify/evidence'
import { sha256 } from './ed25519.ts'

type Material = Parameters<EvidenceDeps['verify']>[1]

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')

/** @throws where the library takes the key for none: a point that is on no curve */
function keyObject(material: Material): KeyObject {
  switch (material.kind) {
    case 'ed25519': return createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x: text(material.point) } })
    case 'p256': return createPublicKey({ format: 'jwk', key: { kty: 'EC', crv: 'P-256', x: text(material.point.subarray(1, 33)), y: text(material.point.subarray(33)) } })
    case 'rsa': return createPublicKey({ format: 'jwk', key: { kty: 'RSA', n: text(material.modulus), e: text(material.exponent) } })
  }
}

const digests = { ed25519: null, p256: 'sha256', 'rsa-sha256': 'sha256', 'rsa-sha512': 'sha512' } as const

export const evidenceDeps: EvidenceDeps = {
  sha256,
  sha512: (bytes) => hash('sha512', bytes, 'buffer'),
  verify: (algorithm, material, message, signature) => verify(digests[algorithm], message, { key: keyObject(material), dsaEncoding: 'ieee-p1363' }, signature),
  verifyKey: (algorithm, spki, message, signature) => {
    try {
      const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
      return fits(key, algorithm) && verify(algorithm === 'EdDSA' ? null : 'sha256', message, { key, dsaEncoding: 'ieee-p1363' }, signature)
    } catch {
      return false
    }
  },
}

/** A key of another kind verifies nothing under this name. */
function fits({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject, algorithm: Parameters<EvidenceDeps['verifyKey']>[0]): boolean {
  if (algorithm === 'ES256') return type === 'ec' && details?.namedCurve === 'prime256v1'
  return algorithm === 'EdDSA' ? type === 'ed25519' : type === 'rsa'
}
