/** Files that hold secrets: created for their owner alone, and read only where nobody else could have. */
import { closeSync, constants, fstatSync, fsyncSync, openSync, readFileSync, type Stats, writeSync } from 'node:fs'
import { serverError, systemCode } from '../config/codes.ts'

const maxSecret = 4096

/** Windows has no such modes; what guards a file there is the folder of its user. */
const hasModes = process.platform !== 'win32'

/** @throws {ExeatError} DATA_UNWRITABLE, also where the file exists */
export function writeSecret(path: string, text: string): void {
  try {
    const handle = openSync(path, 'wx', 0o600)
    try {
      writeSync(handle, text)
      fsyncSync(handle)
    } finally {
      closeSync(handle)
    }
  } catch (cause) {
    throw serverError('DATA_UNWRITABLE', `\`${path}\` cannot be written: ${systemCode(cause)}`)
  }
}

/** @throws {ExeatError} KEY_UNREADABLE, KEY_OPEN */
export function readSecret(path: string): string {
  let handle: number
  try {
    // A link could lead to a file that somebody else may exchange.
    handle = openSync(path, constants.O_RDONLY | (hasModes ? constants.O_NOFOLLOW : 0))
  } catch (cause) {
    throw serverError('KEY_UNREADABLE', `the key file \`${path}\` cannot be opened: ${systemCode(cause)}`, undefined, cause)
  }
  try {
    const stat = fstatSync(handle)
    if (!stat.isFile() || stat.size > maxSecret) throw serverError('KEY_UNREADABLE', `\`${path}\` is no key file`)
    refuseOpen(path, stat)
    return readFileSync(handle, 'utf8')
  } finally {
    closeSync(handle)
  }
}

export interface SecretLines {
  /** Whose secrets they are, as an error says it: `a receiver`. */
  readonly of: string
  readonly is: (secret: string) => boolean
  /** What one looks like, as an error says it. */
  readonly shape: string
  readonly most: number
}

/** Secrets of a file, one a line: an old one goes on while a new one is put in. @throws {ExeatError} KEY_UNREADABLE, KEY_OPEN */
export function readSecrets(path: string, { of, is, shape, most }: SecretLines): readonly string[] {
  const secrets = readSecret(path).split(/\r?\n/).filter((each) => each !== '')
  if (secrets.length >= 1 && secrets.length <= most && secrets.every((each) => is(each))) return secrets
  throw serverError('KEY_UNREADABLE', `\`${path}\` holds no secrets of ${of}: ${shape}, one a line, ${most} at most`)
}

function refuseOpen(path: string, { mode, uid }: Stats): void {
  if (!hasModes) return
  if ((mode & 0o077) !== 0) {
    throw serverError('KEY_OPEN', `the key file \`${path}\` has mode ${octal(mode)}, and others may read or write it`, `run: chmod 600 ${path}; and if others could read it, replace the key`)
  }
  if (uid !== process.getuid?.()) throw serverError('KEY_OPEN', `the key file \`${path}\` belongs to user ${uid}, and the server runs as ${process.getuid?.()}`)
}

export const octal = (mode: number): string => (mode & 0o777).toString(8).padStart(4, '0')
