/** Real keys from node:crypto, made from one byte each, and delegations signed by them. */
import { evidenceDeps } from '../../../git/src/crypto/index.ts'
import { createPrivateKey, createPublicKey, hash, sign as signBytes, verify as verifyBytes } from 'node:crypto'
import { type Instant, utf8 } from '@exeat/core'
import { type Ed25519Sign, type Ed25519Verify, formatVerifierKey, type SignerKey, signerKey } from '@exeat/log'
import { type Delegation, type DelegationPins, delegationType, type Dsse, encodeDelegation, signDsse } from '../../src/index.ts'

const pkcs8 = Buffer.from('302e020100300506032b657004220420', 'hex')
const spki = Buffer.from('302a300506032b6570032100', 'hex')

const privateKey = (seed: Uint8Array) => createPrivateKey({ key: Buffer.concat([pkcs8, seed]), format: 'der', type: 'pkcs8' })

export const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(hash('sha256', bytes, 'buffer'))
export const sign: Ed25519Sign = (seed, message) => new Uint8Array(signBytes(null, message, privateKey(seed)))
export const verify: Ed25519Verify = (publicKey, message, signature) =>
  verifyBytes(null, message, createPublicKey({ key: Buffer.concat([spki, publicKey]), format: 'der', type: 'spki' }), signature)
export const tools = { sha256, verify, evidence: evidenceDeps }

export function key(name: string, byte: number, type: SignerKey['type'] = 'ed25519'): SignerKey {
  const publicKeyOf = (seed: Uint8Array) => new Uint8Array(createPublicKey(privateKey(seed)).export({ format: 'der', type: 'spki' }).subarray(spki.length))
  const made = signerKey(sha256, publicKeyOf, name, type, new Uint8Array(32).fill(byte))
  if (!made.ok) throw new Error(made.problem.message)
  return made.value
}

export const origin = 'log.acme.example'
export const keys = {
  alice: key('alice', 1), bob: key('bob', 2), carol: key('carol', 3),
  log: key(origin, 11), bundle: key(`${origin}/bundle`, 12), webhook: key(`${origin}/webhook`, 13), bundle2: key(`${origin}/bundle`, 14), bundle3: key(`${origin}/bundle`, 15),
}
export const twoFounders = [keys.alice, keys.bob] as const

export const pins = (roots: readonly SignerKey[] = twoFounders): DelegationPins => ({ workspace: 'acme', origin, roots })

export const statedRoots = (roots: readonly SignerKey[]): Delegation['roots'] => roots.map((root) => ({ name: root.name, key: formatVerifierKey(root) }))

export function delegation(over: Partial<Delegation> = {}): Delegation {
  return {
    schema: 'exeat/delegation/v1', workspace: 'acme', origin, epoch: 1, previous: null, roots: statedRoots(twoFounders),
    keys: { log: formatVerifierKey(keys.log), bundle: formatVerifierKey(keys.bundle), webhook: formatVerifierKey(keys.webhook) },
    at: 1_795_000_000_000 as Instant,
    ...over,
  }
}

export const signed = (what: Delegation, by: readonly SignerKey[] = twoFounders): Dsse => signDsse(delegationType, utf8(encodeDelegation(what)), by, sign)

/** Signed, whatever the text is. */
export const signedText = (text: string, by: readonly SignerKey[] = twoFounders): Dsse => signDsse(delegationType, utf8(text), by, sign)
