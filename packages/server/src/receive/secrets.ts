/** What a receiver shares with the system that reports to it. */
import { readSecrets } from '../keys/secret.ts'

const shared = { of: 'a receiver', is: (each: string) => /^[!-~]{16,512}$/.test(each), shape: '16 to 512 printable characters without spaces', most: 4 }

/**
 * Read anew for each delivery, so that they can be replaced while the server runs.
 * @throws {ExeatError} KEY_UNREADABLE, KEY_OPEN
 */
export const sharedSecrets = (path: string): readonly string[] => readSecrets(path, shared)
