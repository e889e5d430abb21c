/** SHA-256 and Ed25519 (RFC 8032) from node:crypto, in the shapes that `@exeat/log` takes. */
import { createPublicKey, hash, verify } from 'node:crypto'
import type { Ed25519Verify, Sha256 } from '@exeat/log'

/** DER before a raw public key, RFC 8410. */
const spki = Buffer.from('302a300506032b6570032100', 'hex')

export const sha256: Sha256 = (bytes) => hash('sha256', bytes, 'buffer')

export const verifySignature: Ed25519Verify = (publicKey, message, signature) =>
  verify(null, message, createPublicKey({ key: Buffer.concat([spki, publicKey]), format: 'der', type: 'spki' }), signature)
