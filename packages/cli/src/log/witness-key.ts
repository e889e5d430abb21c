/** A witness's key in a file of its own: one line, `PRIVATE+KEY+name+id+base64` (C2SP signed-note), for its owner alone. */
import { closeSync, fstatSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { randomBytes } from 'node:crypto'
import { formatSignerKey, parseSignerKey, signerKey, type Ed25519PublicKey, type SignerKey } from '@exeat/log'
import { cliError, systemReason } from '../edge/problem.ts'
import { sha256 } from './crypto.ts'
import { syncFolder } from './state.ts'

const seedSize = 32
const longestFile = 4096
const openToOthers = 0o077

/** A new key. @throws {ExeatError} USAGE for a name that no key can have */
export function newWitnessKey(name: string, publicKeyOf: Ed25519PublicKey): SignerKey {
  const key = signerKey(sha256, publicKeyOf, name, 'cosignature/v1', new Uint8Array(randomBytes(seedSize)))
  if (key.ok) return key.value
  throw cliError('USAGE', `\`--name ${name}\` is no name for a key: ${key.problem.message}`, 'take one without scheme, such as witness.example/security')
}

/** Writes a key durably, and never over a file that is there. @throws {ExeatError} FILE_EXISTS, OUTPUT_FAILED */
export function writeWitnessKey(path: string, key: SignerKey): void {
  try {
    const handle = openSync(path, 'wx', 0o600)
    try {
      writeSync(handle, `${formatSignerKey(key)}\n`)
      fsyncSync(handle)
    } finally {
      closeSync(handle)
    }
    syncFolder(dirname(path))
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST') throw keyExists(path)
    throw cliError('OUTPUT_FAILED', `\`${path}\` cannot be written: ${systemReason(cause)}`)
  }
}

export const keyExists = (path: string): Error => cliError('FILE_EXISTS', `\`${path}\` exists already`, 'a key is never overwritten: name another file')

/** @throws {ExeatError} WITNESS_KEY for a file that is missing, open to other users, or holds no key of a witness */
export function readWitnessKey(path: string, publicKeyOf: Ed25519PublicKey): SignerKey {
  const key = parseSignerKey(sha256, publicKeyOf, readPrivate(path).replace(/\n$/, ''))
  if (!key.ok) throw cliError('WITNESS_KEY', `\`${path}\` holds no key: ${key.problem.message}`, 'make one with `exeat witness --init`')
  if (key.value.type === 'cosignature/v1') return key.value
  throw cliError('WITNESS_KEY', `\`${path}\` holds a key of type ${key.value.type}, and a witness signs with cosignature/v1`, 'a log\'s own key is no witness: make one with `exeat witness --init`')
}

function readPrivate(path: string): string {
  let handle: number | undefined
  try {
    handle = openSync(path, 'r')
    const { mode, size } = fstatSync(handle)
    if (process.platform !== 'win32' && (mode & openToOthers) !== 0) throw cliError('WITNESS_KEY', `\`${path}\` is open to other users`, `run: chmod 600 ${path}`)
    return size > longestFile ? '' : readFileSync(handle, 'utf8')
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause) throw cliError('WITNESS_KEY', `\`${path}\` cannot be read: ${systemReason(cause)}`, 'make one with `exeat witness --init`')
    throw cause
  } finally {
    if (handle !== undefined) closeSync(handle)
  }
}
