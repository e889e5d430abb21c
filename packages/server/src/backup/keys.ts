/** The server's key files in a backup: one age file (age-encryption.org/v1), for a passphrase or for recipients; never in the clear, and never the founders'. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Decrypter, Encrypter } from 'age-encryption'
import * as z from 'zod'
import { fileNames } from '../config/folder.ts'
import { readSecret, writeSecret } from '../keys/secret.ts'
import { backupError } from './problem.ts'

/** A passphrase, or public keys `age1…`; age takes one or the others. */
export type Locks = { readonly passphrase: string } | { readonly recipients: readonly string[] }
/** A passphrase, or a secret key `AGE-SECRET-KEY-1…`. */
export type Opener = { readonly passphrase: string } | { readonly identity: string }

const name = /^(?:log|pseudonym|sealing|opa|(?:bundle|webhook)-[0-9a-f]{8})\.key$|^(?:incidents|github-app|(?:provider|sink|receiver)-[a-z0-9-]{1,63})\.secret$|^github-app\.pem$|^forge\.token$/
const filesSchema = z.record(z.string().regex(name), z.string().max(4096))

/** @throws {ExeatError} BACKUP_KEYS, KEY_UNREADABLE, KEY_OPEN */
export async function lockKeys(folder: string, locks: Locks): Promise<string> {
  const names = readdirSync(join(folder, fileNames.keys)).filter((each) => name.test(each))
  const files = Object.fromEntries(names.map((each) => [each, readSecret(join(folder, fileNames.keys, each))]))
  const encrypter = new Encrypter()
  try {
    if ('passphrase' in locks) encrypter.setPassphrase(checkedPassphrase(locks.passphrase))
    else for (const recipient of locks.recipients) encrypter.addRecipient(recipient)
  } catch (cause) {
    if (cause instanceof Error && 'problems' in cause) throw cause
    throw backupError('BACKUP_KEYS', 'a recipient is none of age', 'it begins with age1; `age-keygen` makes one', cause)
  }
  return Buffer.from(await encrypter.encrypt(JSON.stringify(files))).toString('base64')
}

const shortest = 12

function checkedPassphrase(passphrase: string): string {
  if (passphrase.length >= shortest) return passphrase
  throw backupError('BACKUP_KEYS', `the passphrase has ${passphrase.length} characters, fewer than ${shortest}`)
}

/** File names and texts. @throws {ExeatError} BACKUP_KEYS */
export async function openKeys(age: string, opener: Opener): Promise<Readonly<Record<string, string>>> {
  const decrypter = new Decrypter()
  try {
    if ('passphrase' in opener) decrypter.addPassphrase(opener.passphrase)
    else decrypter.addIdentity(opener.identity)
    return filesSchema.parse(JSON.parse(await decrypter.decrypt(new Uint8Array(Buffer.from(age, 'base64')), 'text')))
  } catch (cause) {
    throw backupError('BACKUP_KEYS', 'the keys in the backup cannot be opened with this passphrase or key', undefined, cause)
  }
}

/** @throws {ExeatError} DATA_UNWRITABLE */
export function writeKeys(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [file, text] of Object.entries(files)) writeSecret(join(folder, fileNames.keys, file), text)
}
