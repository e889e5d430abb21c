/** What a witness must never forget: origin, size and root of what it has cosigned. In SQLite, whose commit is durable and atomic between processes. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { ok, refuse, type Answer } from '../codes.ts'
import { openDatabase } from '../store/sqlite/database.ts'
import { bytes, integer } from '../store/sqlite/rows.ts'
import type { CosignedHead } from './judge.ts'

export interface WitnessState {
  /** Throws where the database cannot be read. */
  readonly read: (origin: string) => CosignedHead | undefined
  /**
   * Puts `next` in the place of `expected` and says whether it did; false where another process was faster. It is on the disk when this returns.
   * Throws where it may or may not be.
   */
  readonly swap: (origin: string, expected: CosignedHead | undefined, next: CosignedHead) => boolean
  readonly close: () => void
}

/** Whoever cuts a log back would have to make its size smaller here: the database refuses that, and forgetting an origin, too. */
const schema = `
CREATE TABLE cosigned (origin TEXT PRIMARY KEY, size INTEGER NOT NULL CHECK (size >= 0), root BLOB NOT NULL CHECK (length(root) = 32)) STRICT;
CREATE TRIGGER cosigned_grows BEFORE UPDATE ON cosigned WHEN new.size < old.size OR new.origin <> old.origin
BEGIN SELECT RAISE(ABORT, 'what was cosigned only grows'); END;
CREATE TRIGGER cosigned_stays BEFORE DELETE ON cosigned BEGIN SELECT RAISE(ABORT, 'what was cosigned is not forgotten'); END;`

const file = 'cosigned.db'

/** Makes the folder's database; refuses where there is one (`STORE_EXISTS`). */
export function createWitnessState(folder: string): Answer<WitnessState> {
  return withDatabase(folder, 'create', (database) => {
    const table = database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'cosigned'").get()
    if (table !== undefined) return refuse('STORE_EXISTS', `\`${folder}\` already holds the state of a witness`)
    database.exec(`BEGIN IMMEDIATE; ${schema} COMMIT;`)
    return ok(stateOf(database))
  })
}

/** Opens what `createWitnessState` made; never makes one: a witness that has forgotten cosigns a log that was cut back (`STORE_MISSING`). */
export function openWitnessState(folder: string): Answer<WitnessState> {
  return withDatabase(folder, 'write', (database) => ok(stateOf(database)))
}

/** SQLite's busy, locked and full (sqlite.org/rescode.html): nothing was written, and the next try may succeed. After any other error nothing is known. */
export function wroteNothing(error: unknown): boolean {
  const code = error instanceof Error && 'errcode' in error ? error.errcode : undefined
  return typeof code === 'number' && [5, 6, 13].includes(code & 0xff)
}

function withDatabase(folder: string, mode: 'create' | 'write', use: (database: DatabaseSync) => Answer<WitnessState>): Answer<WitnessState> {
  let database: DatabaseSync | undefined
  try {
    if (mode === 'create') mkdirSync(folder, { recursive: true, mode: 0o700 })
    const opened = openDatabase(join(folder, file), mode)
    if (!opened.ok) return opened
    database = opened.value
    const used = use(database)
    if (!used.ok) database.close()
    return used
  } catch (error) {
    database?.close()
    return refuse('STORE_UNREADABLE', `the state in \`${folder}\` cannot be used: \`${error instanceof Error ? error.message : String(error)}\``)
  }
}

function stateOf(database: DatabaseSync): WitnessState {
  const held = database.prepare('SELECT size, root FROM cosigned WHERE origin = ?')
  const first = database.prepare('INSERT INTO cosigned (origin, size, root) VALUES (?, ?, ?) ON CONFLICT DO NOTHING')
  const next = database.prepare('UPDATE cosigned SET size = ?, root = ? WHERE origin = ? AND size = ? AND root = ?')
  return {
    read: (origin) => {
      const row = held.get(origin)
      return row === undefined ? undefined : { size: integer(row, 'size'), root: bytes(row, 'root') }
    },
    swap: (origin, expected, { size, root }) => {
      const result = expected === undefined ? first.run(origin, size, root) : next.run(size, root, origin, expected.size, expected.root)
      return result.changes === 1
    },
    close: () => { database.close() },
  }
}
