/** Verifier and signer keys of C2SP signed-note: `name+id+base64(type ‖ public key)` and `PRIVATE+KEY+name+id+base64(type ‖ seed)`. */
import { ok, refuse, type Answer, type Refusal } from '../codes.ts'
import { decodeBase64, encodeBase64 } from '../bytes/base64.ts'
import { concatBytes, copyBytes, equalBytes, toHex } from '../bytes/bytes.ts'
import { encodeUtf8, quoted } from '../bytes/text.ts'
import type { Sha256 } from '../tree/hash.ts'

/** The signature types read here; ML-DSA-44 (0x06) is ignored like any unknown key. */
export type KeyType = 'ed25519' | 'cosignature/v1'

export interface VerifierKey {
  readonly name: string
  /** The four bytes of the key id. */
  readonly id: Uint8Array
  readonly type: KeyType
  /** 32 bytes, RFC 8032. */
  readonly publicKey: Uint8Array
}

/** A verifier key with its secret: the 32-byte seed of RFC 8032. */
export interface SignerKey extends VerifierKey {
  readonly seed: Uint8Array
}

/** The public key of an Ed25519 seed, RFC 8032. */
export type Ed25519PublicKey = (seed: Uint8Array) => Uint8Array

export const KEY_ID_SIZE = 4

const keySize = 32
const typeBytes: Readonly<Record<KeyType, number>> = { ed25519: 0x01, 'cosignature/v1': 0x04 }
const signerPrefix = 'PRIVATE+KEY+'

/** Unicode's White_Space property, as the reference implementation has it. */
const spaceOrPlus = /[\t-\r +\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/
// oxlint-disable-next-line no-control-regex -- control characters are what is refused
const control = /[\u0000-\u001f]/

/** A key name: not empty, well-formed, without spaces, plus signs and control characters. */
export function isKeyName(name: string): boolean {
  return name !== '' && name.isWellFormed() && !spaceOrPlus.test(name) && !control.test(name)
}

/** SHA-256(name ‖ 0x0A ‖ type ‖ public key), its first four bytes. */
export function keyId(sha256: Sha256, name: string, type: KeyType, publicKey: Uint8Array): Uint8Array {
  return copyBytes(sha256(concatBytes([encodeUtf8(`${name}\n`), Uint8Array.of(typeBytes[type]), publicKey])), 0, KEY_ID_SIZE)
}

/** A key from its parts. */
export function verifierKey(sha256: Sha256, name: string, type: KeyType, publicKey: Uint8Array): Answer<VerifierKey> {
  if (!isKeyName(name)) return malformed('a key name is empty or holds a space or a plus sign')
  if (publicKey.length !== keySize) return malformed(`the public key of ${quoted(name)} is ${publicKey.length} bytes long, not ${keySize}`)
  return ok({ name, id: keyId(sha256, name, type, publicKey), type, publicKey })
}

/** A signer's key from its parts; `seed` is 32 bytes. */
export function signerKey(sha256: Sha256, publicKeyOf: Ed25519PublicKey, name: string, type: KeyType, seed: Uint8Array): Answer<SignerKey> {
  if (seed.length !== keySize) return malformed(`the seed of ${quoted(name)} is ${seed.length} bytes long, not ${keySize}`)
  const key = verifierKey(sha256, name, type, publicKeyOf(seed))
  return key.ok ? ok({ ...key.value, seed }) : key
}

export function formatVerifierKey(key: VerifierKey): string {
  return `${key.name}+${toHex(key.id)}+${encodeBase64(concatBytes([Uint8Array.of(typeBytes[key.type]), key.publicKey]))}`
}

export function formatSignerKey(key: SignerKey): string {
  return `${signerPrefix}${key.name}+${toHex(key.id)}+${encodeBase64(concatBytes([Uint8Array.of(typeBytes[key.type]), key.seed]))}`
}

/** Reads a verifier key; its id must be that of its name, type and public key. */
export function parseVerifierKey(sha256: Sha256, text: string): Answer<VerifierKey> {
  const parts = splitKey(text)
  if (!parts.ok) return parts
  const { name, id, type, material } = parts.value
  const key = verifierKey(sha256, name, type, material)
  return key.ok ? withId(key.value, id) : key
}

/** Reads a signer key; its id must be that of its name, type and public key. No message repeats any of the secret. */
export function parseSignerKey(sha256: Sha256, publicKeyOf: Ed25519PublicKey, text: string): Answer<SignerKey> {
  if (!text.startsWith(signerPrefix)) return malformed(`a signer key begins with \`${signerPrefix}\``)
  const parts = splitKey(text.slice(signerPrefix.length))
  if (!parts.ok) return parts
  const { name, id, type, material } = parts.value
  const key = signerKey(sha256, publicKeyOf, name, type, material)
  return key.ok ? withId(key.value, id) : key
}

interface KeyParts {
  readonly name: string
  readonly id: string
  readonly type: KeyType
  readonly material: Uint8Array
}

/** Base64 may hold plus signs too, so only the first two separate. */
function splitKey(text: string): Answer<KeyParts> {
  const parts = /^([^+]*)\+([0-9a-f]{8})\+(.*)$/s.exec(text)
  const bytes = decodeBase64(parts?.[3] ?? '')
  const [name, id] = [parts?.[1] ?? '', parts?.[2] ?? '']
  if (bytes === undefined || bytes.length === 0 || !isKeyName(name)) {
    return malformed('a key is not written name+id+base64, the id in 8 lower-case hex digits')
  }
  if (bytes[0] === typeBytes.ed25519) return ok({ name, id, type: 'ed25519', material: bytes.slice(1) })
  if (bytes[0] === typeBytes['cosignature/v1']) return ok({ name, id, type: 'cosignature/v1', material: bytes.slice(1) })
  return refuse('KEY_ALGORITHM', `the key ${quoted(name)} is of signature type ${bytes[0]}, and only 1 and 4 are read`)
}

function withId<K extends VerifierKey>(key: K, id: string): Answer<K> {
  if (toHex(key.id) === id) return ok(key)
  return refuse('KEY_ID', `the key ${quoted(key.name)} states the id \`${id}\` and has ${toHex(key.id)}`)
}

export const sameKey = (a: VerifierKey, b: VerifierKey): boolean => a.name === b.name && equalBytes(a.id, b.id)

const malformed = (message: string): Refusal => refuse('KEY_MALFORMED', message)
