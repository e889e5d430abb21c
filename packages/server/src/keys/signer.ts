import { randomBytes } from 'node:crypto'
import { formatSignerKey, parseSignerKey, type SignerKey, signerKey } from '@exeat/log'
import { serverError } from '../config/codes.ts'
import { publicKeyOf, sha256 } from '../store/ed25519.ts'
import { readSecret, writeSecret } from './secret.ts'

/** A new Ed25519 key. `name` must be one that a key can have. */
export function newSigner(name: string): SignerKey {
  const key = signerKey(sha256, publicKeyOf, name, 'ed25519', new Uint8Array(randomBytes(32)))
  if (!key.ok) throw new Error(key.problem.message)
  return key.value
}

/** @throws {ExeatError} DATA_UNWRITABLE */
export function writeSigner(path: string, key: SignerKey): void {
  writeSecret(path, `${formatSignerKey(key)}\n`)
}

/** @throws {ExeatError} KEY_UNREADABLE, KEY_OPEN */
export function readSigner(path: string): SignerKey {
  const key = parseSignerKey(sha256, publicKeyOf, readSecret(path).trim())
  if (!key.ok) throw serverError('KEY_UNREADABLE', `\`${path}\` holds no key: ${key.problem.message}`)
  if (key.value.type !== 'ed25519') throw serverError('KEY_UNREADABLE', `\`${path}\` holds a key of another type than Ed25519 (1)`)
  return key.value
}

/** Eight hex digits, which name the file of a key that can be replaced. */
export const idOf = (key: { readonly id: Uint8Array }): string => Buffer.from(key.id).toString('hex')

