/** SHA-256 and RFC 8032 from node:crypto, in the shapes that `@exeat/log` takes. */
import { createPrivateKey, createPublicKey, hash, sign, verify, type KeyObject } from 'node:crypto'
import type { Ed25519PublicKey, Ed25519Sign, Ed25519Verify, Sha256 } from '@exeat/log'

/** DER around a raw key, RFC 8410. */
const pkcs8 = Buffer.from('302e020100300506032b657004220420', 'hex')
const spki = Buffer.from('302a300506032b6570032100', 'hex')

/** The digest comes as a string and goes into a pooled buffer: asked for as a buffer, an allocation outside the heap costs several times the hash itself. */
export const sha256: Sha256 = (bytes) => Buffer.from(hash('sha256', bytes, 'binary'), 'latin1')

/** Signs with one seed, read once: importing a key costs more than signing with it. */
export function signerOf(seed: Uint8Array): Ed25519Sign {
  const key = privateKey(seed)
  return (_, message) => new Uint8Array(sign(null, message, key))
}

export const publicKeyOf: Ed25519PublicKey = (seed) =>
  new Uint8Array(createPublicKey(privateKey(seed)).export({ format: 'der', type: 'spki' }).subarray(spki.length))

export const verifySignature: Ed25519Verify = (publicKey, message, signature) =>
  verify(null, message, createPublicKey({ key: Buffer.concat([spki, publicKey]), format: 'der', type: 'spki' }), signature)

function privateKey(seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([pkcs8, seed]), format: 'der', type: 'pkcs8' })
}
