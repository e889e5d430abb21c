/** The embedded store: node:sqlite in WAL mode with `synchronous=FULL`, one connection to write, one to read, and one for each snapshot that runs. */
import type { DatabaseSync } from 'node:sqlite'
import { ok, refuse, type Answer, type Verdict } from '../../codes.ts'
import type { Failure, LogTables } from '../../ports/tables.ts'
import { checkVersion } from '../migrations.ts'
import { migrate, openDatabase, schemaVersion } from './database.ts'
import { migrations } from './migrations/index.ts'
import { sqliteReader } from './reader.ts'
import { sqliteSnapshots } from './snapshots.ts'
import { writeAheadFile } from './write-ahead.ts'
import { foundSqlite, sqliteWriter } from './writer.ts'

/** Creates the file if there is none and brings its schema up to date; founding the log is another step. */
export function prepareSqlite(path: string): Verdict {
  const database = openDatabase(path, 'create')
  if (!database.ok) return database
  try {
    return migrate(database.value, migrations)
  } catch (error) {
    return refuse('STORE_UNREADABLE', `the database at \`${path}\` cannot be migrated: \`${error instanceof Error ? error.message : String(error)}\``)
  } finally {
    database.value.close()
  }
}

/** Opens a prepared database; never creates one. */
export function openSqliteTables(path: string): Answer<LogTables> {
  const writing = openDatabase(path, 'write')
  if (!writing.ok) return writing
  const reading = openDatabase(path, 'read')
  if (!reading.ok) {
    writing.value.close()
    return reading
  }
  const tables = usable(path, writing.value, reading.value)
  if (!tables.ok) for (const database of [writing.value, reading.value]) database.close()
  return tables
}

function usable(path: string, writing: DatabaseSync, reading: DatabaseSync): Answer<LogTables> {
  try {
    const version = checkVersion(migrations, schemaVersion(writing))
    return version.ok ? ok(sqliteTables(path, writing, reading)) : version
  } catch (error) {
    return refuse('STORE_UNREADABLE', `the database cannot be read: \`${error instanceof Error ? error.message : String(error)}\``)
  }
}

/** The tables over two open connections to the database at a path. */
export function sqliteTables(path: string, writing: DatabaseSync, reading: DatabaseSync): LogTables {
  const writeAhead = writeAheadFile(writing)
  const snapshots = sqliteSnapshots(path, () => { writeAhead.truncate() })
  return {
    writer: sqliteWriter(writing, writeAhead),
    reader: sqliteReader(reading),
    snapshot: snapshots.run,
    found: async (identity, head, checkpoint) => foundSqlite(writing, identity, head, checkpoint),
    failureOf,
    close: async () => {
      await snapshots.close()
      reading.close()
      writeAhead.truncate()
      writing.close()
    },
  }
}

/** By the primary result code, the low byte of the extended one (sqlite.org/rescode.html). */
const failures: Readonly<Record<number, Failure>> = { 5: 'busy', 6: 'busy', 13: 'full', 19: 'constraint' }

function failureOf(error: unknown): Failure {
  const code = error instanceof Error && 'errcode' in error ? error.errcode : undefined
  return typeof code === 'number' ? (failures[code & 0xff] ?? 'other') : 'other'
}
