/** The last head in a database file of one row: SQLite's own locking makes the compare-and-swap atomic between processes, and durable. */
import type { DatabaseSync } from 'node:sqlite'
import { ok, refuse, type Answer } from '../../codes.ts'
import type { HeadKeeper } from '../../ports/log.ts'
import { openDatabase } from './database.ts'
import { bytes } from './rows.ts'

const table = 'CREATE TABLE IF NOT EXISTS held (id INTEGER PRIMARY KEY CHECK (id = 1), note BLOB NOT NULL) STRICT'

/** Creates the file if there is none. It belongs on another disk than the log, and in no backup that is restored together with it. */
export function createHeadFile(path: string): Answer<HeadKeeper> {
  return openWith(path, 'create')
}

/** Opens the file; never creates one. */
export function openHeadFile(path: string): Answer<HeadKeeper> {
  return openWith(path, 'write')
}

function openWith(path: string, mode: 'create' | 'write'): Answer<HeadKeeper> {
  const database = openDatabase(path, mode)
  if (!database.ok) return database
  try {
    if (mode === 'create') database.value.exec(table)
    return ok(keeperOf(database.value))
  } catch (error) {
    database.value.close()
    return refuse('STORE_UNREADABLE', `the head file at \`${path}\` cannot be read: \`${error instanceof Error ? error.message : String(error)}\``)
  }
}

function keeperOf(database: DatabaseSync): HeadKeeper {
  const held = database.prepare('SELECT note FROM held')
  const first = database.prepare('INSERT INTO held (id, note) SELECT 1, ? WHERE NOT EXISTS (SELECT 1 FROM held)')
  const next = database.prepare('UPDATE held SET note = ? WHERE note = ?')
  return {
    read: async () => {
      const row = held.get()
      return row === undefined ? undefined : bytes(row, 'note')
    },
    swap: async (expected, note) => (expected === undefined ? first.run(note) : next.run(note, expected)).changes === 1,
    close: async () => { database.close() },
  }
}
