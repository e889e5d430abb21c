/** What a receiver shares with the system that reports to it: one secret a line, so that an old one goes on while a new one is put in. */
import { serverError } from '../config/codes.ts'
import { readSecret } from '../keys/secret.ts'

const most = 4

/**
 * Read anew for each delivery, so that they can be replaced while the server runs.
 * @throws {ExeatError} KEY_UNREADABLE, KEY_OPEN
 */
export function sharedSecrets(path: string): readonly string[] {
  const secrets = readSecret(path).split('\n').map((each) => each.replace(/\r$/, '')).filter((each) => each !== '')
  if (secrets.length >= 1 && secrets.length <= most && secrets.every((each) => /^[!-~]{16,512}$/.test(each))) return secrets
  throw serverError('KEY_UNREADABLE', `\`${path}\` holds no secrets of a receiver: 16 to 512 printable characters without spaces, one a line, ${most} at most`)
}
