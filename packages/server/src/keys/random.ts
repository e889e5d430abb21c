/** The server's other secrets: 32 random bytes, in hex on the disk. */
import { randomBytes } from 'node:crypto'
import { serverError } from '../config/codes.ts'
import { readSecret, writeSecret } from './secret.ts'

const size = 32

/** @throws {ExeatError} DATA_UNWRITABLE */
export function writeRandomKey(path: string): Uint8Array {
  const key = new Uint8Array(randomBytes(size))
  writeSecret(path, `${Buffer.from(key).toString('hex')}\n`)
  return key
}

/** @throws {ExeatError} KEY_UNREADABLE, KEY_OPEN */
export function readRandomKey(path: string): Uint8Array {
  const text = readSecret(path).trim()
  if (!/^[0-9a-f]{64}$/.test(text)) throw serverError('KEY_UNREADABLE', `\`${path}\` does not hold 32 bytes in hex`)
  return new Uint8Array(Buffer.from(text, 'hex'))
}

/** What an enforcement point shows: 256 random bits, easy to find for scanners that look for secrets. Only its hash is kept. */
export const newPointToken = (): string => `exeat_point_${randomBytes(size).toString('base64url')}`
