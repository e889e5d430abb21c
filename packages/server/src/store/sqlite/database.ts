/** One SQLite connection with the settings that durability rests on, and the schema's version. */
import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { accepted, ok, refuse, type Answer, type Verdict } from '../../codes.ts'
import { pendingMigrations, type Migration } from '../migrations.ts'

/** How long a writer waits for another process's transaction, in milliseconds. */
const busyTimeout = 5000

/** `create` makes the file; the others refuse where there is none. */
export type Mode = 'create' | 'write' | 'read'

const sqliteModes: Readonly<Record<Mode, string>> = { create: 'rwc', write: 'rw', read: 'ro' }

/** Opens a connection and asserts its settings; `STORE_MISSING`, `STORE_UNREADABLE`, `STORE_NOT_DURABLE`. */
export function openDatabase(path: string, mode: Mode): Answer<DatabaseSync> {
  if (mode !== 'create' && !existsSync(path)) return refuse('STORE_MISSING', `there is no database at \`${path}\``, 'run: exeat init --server')
  let database: DatabaseSync | undefined
  try {
    const url = pathToFileURL(path)
    url.searchParams.set('mode', sqliteModes[mode])
    database = new DatabaseSync(url, { timeout: busyTimeout, enableForeignKeyConstraints: true })
    const durable = configure(database, mode)
    if (durable.ok) return ok(database)
    database.close()
    return durable
  } catch (error) {
    if (database?.isOpen === true) database.close()
    return refuse('STORE_UNREADABLE', `the database at \`${path}\` cannot be opened: \`${error instanceof Error ? error.message : String(error)}\``)
  }
}

function configure(database: DatabaseSync, mode: Mode): Verdict {
  if (mode === 'create') database.exec('PRAGMA journal_mode = WAL')
  database.exec('PRAGMA synchronous = FULL; PRAGMA recursive_triggers = ON; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF')
  // What is deleted is overwritten with zeroes, and no copy of it spills into a temporary file.
  database.exec('PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY')
  return checkSettings((name) => pragma(database, name))
}

const wanted = { journal_mode: 'wal', synchronous: 2, recursive_triggers: 1, foreign_keys: 1, secure_delete: 1, temp_store: 2 } as const

/** Refuses settings under which a commit may be lost, an entry replaced or an erased body left on the disk, read back from the connection itself. */
export function checkSettings(read: (name: string) => unknown): Verdict {
  for (const [name, value] of Object.entries(wanted)) {
    const actual = read(name)
    if (actual !== value) return refuse('STORE_NOT_DURABLE', `the database has ${name} \`${String(actual)}\`, and the log needs \`${value}\``)
  }
  return accepted
}

function pragma(database: DatabaseSync, name: string): unknown {
  return Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0]
}

/** The number of the last migration; 0 for an empty database. */
export function schemaVersion(database: DatabaseSync): number {
  const table = database.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'migration'").get()
  const row = table === undefined ? undefined : database.prepare('SELECT max(number) AS number FROM migration').get()
  return typeof row?.['number'] === 'number' ? row['number'] : 0
}

/** Runs the migrations that are missing, each in a transaction of its own. */
export function migrate(database: DatabaseSync, migrations: readonly Migration[]): Answer<number> {
  const pending = pendingMigrations(migrations, schemaVersion(database))
  if (!pending.ok) return pending
  for (const { number, name, sql } of pending.value) {
    database.exec('BEGIN IMMEDIATE')
    try {
      database.exec('CREATE TABLE IF NOT EXISTS migration (number INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT')
      database.prepare('INSERT INTO migration (number, name) VALUES (?, ?)').run(number, name)
      database.exec(sql)
      database.exec('COMMIT')
    } catch (error) {
      database.exec('ROLLBACK')
      throw error
    }
  }
  return ok(migrations.length)
}
