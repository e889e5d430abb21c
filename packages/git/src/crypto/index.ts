/** What signatures of people are hashed and verified with, from node:crypto, in the shapes that `@exeat/verify` takes: once for the command and the server. */
import { createPublicKey, hash, type KeyObject, verify } from 'node:crypto'

type Bytes = Uint8Array
type Material =
  | { readonly kind: 'ed25519' | 'p256'; readonly point: Bytes }
  | { readonly kind: 'rsa'; readonly modulus: Bytes; readonly exponent: Bytes }

const text = (bytes: Bytes): string => Buffer.from(bytes).toString('base64url')

/** @throws where the library takes the key for none: a point that is on no curve */
function keyObject(material: Material): KeyObject {
  switch (material.kind) {
    case 'ed25519': return createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x: text(material.point) } })
    case 'p256': return createPublicKey({ format: 'jwk', key: { kty: 'EC', crv: 'P-256', x: text(material.point.subarray(1, 33)), y: text(material.point.subarray(33)) } })
    case 'rsa': return createPublicKey({ format: 'jwk', key: { kty: 'RSA', n: text(material.modulus), e: text(material.exponent) } })
  }
}

const digests = { ed25519: null, p256: 'sha256', 'rsa-sha256': 'sha256', 'rsa-sha512': 'sha512' } as const

/** What each algorithm hashes with, and the only keys that it takes. */
const algorithms = { ES256: ['sha256', 'ec'], EdDSA: [null, 'ed25519'], RS256: ['sha256', 'rsa'] } as const

/** No RSA key that is shorter counts (NIST SP 800-57 part 1, table 2). */
const leastRsaBits = 2048

function verifyKey(algorithm: keyof typeof algorithms, spki: Bytes, message: Bytes, signature: Bytes): boolean {
  const [digest, type] = algorithms[algorithm]
  try {
    const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
    const { namedCurve, modulusLength = 0 } = key.asymmetricKeyDetails ?? {}
    if (key.asymmetricKeyType !== type || (type === 'ec' && namedCurve !== 'prime256v1') || (type === 'rsa' && modulusLength < leastRsaBits)) return false
    return verify(digest, message, { key, dsaEncoding: 'ieee-p1363' }, signature)
  } catch {
    return false
  }
}

export const evidenceDeps = {
  sha256: (bytes: Bytes): Bytes => hash('sha256', bytes, 'buffer'),
  sha512: (bytes: Bytes): Bytes => hash('sha512', bytes, 'buffer'),
  verify: (algorithm: keyof typeof digests, material: Material, message: Bytes, signature: Bytes): boolean =>
    verify(digests[algorithm], message, { key: keyObject(material), dsaEncoding: 'ieee-p1363' }, signature),
  verifyKey,
}
