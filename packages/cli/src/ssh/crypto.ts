/** What `@exeat/verify/ssh` hashes and verifies with, from node:crypto. */
import { createPublicKey, hash, type KeyObject, verify } from 'node:crypto'
import type { KeyMaterial, SshDeps } from '@exeat/verify/ssh'

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')

/** @throws where the library takes the key for none: a point that is on no curve */
function keyObject(material: KeyMaterial): KeyObject {
  switch (material.kind) {
    case 'ed25519': return createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x: text(material.point) } })
    case 'p256': return createPublicKey({ format: 'jwk', key: { kty: 'EC', crv: 'P-256', x: text(material.point.subarray(1, 33)), y: text(material.point.subarray(33)) } })
    case 'rsa': return createPublicKey({ format: 'jwk', key: { kty: 'RSA', n: text(material.modulus), e: text(material.exponent) } })
  }
}

const digests = { ed25519: null, p256: 'sha256', 'rsa-sha256': 'sha256', 'rsa-sha512': 'sha512' } as const

export const sshDeps: SshDeps = {
  sha256: (bytes) => hash('sha256', bytes, 'buffer'),
  sha512: (bytes) => hash('sha512', bytes, 'buffer'),
  verify: (algorithm, material, message, signature) => verify(digests[algorithm], message, { key: keyObject(material), dsaEncoding: 'ieee-p1363' }, signature),
}
