/** One server to a data folder. The lock is SQLite's own: atomic between processes, and gone with the process that holds it, however that ends. */
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { serverError, systemCode } from './codes.ts'

const busy = 5

/**
 * Holds the folder until the answer is called.
 * @throws {ExeatError} SERVER_RUNNING, DATA_UNWRITABLE
 */
export function lockFolder(folder: string): () => void {
  const path = join(folder, 'server.lock')
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(path, { timeout: 0 })
    chmodSync(path, 0o600)
    // Nothing is ever written: what counts is the lock itself.
    database.exec('PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE')
    const held = database
    return () => { held.close() }
  } catch (cause) {
    if (database?.isOpen === true) database.close()
    const code = cause instanceof Error && 'errcode' in cause ? cause.errcode : undefined
    if (code === busy) throw serverError('SERVER_RUNNING', `another server runs on \`${folder}\``, 'stop it first; `exeat serve` of the same folder runs once')
    throw serverError('DATA_UNWRITABLE', `\`${path}\` cannot be locked: ${systemCode(cause)}`)
  }
}
