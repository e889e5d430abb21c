import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import type { CheckpointRow, CosignatureRow, EntryRow, HeadRow, IdentityRow, OperationRow, TableWriter, TileHashRow } from '../../ports/tables.ts'
import { bytes, headRow, integer, operationRow, stateTables, type Row } from './rows.ts'
import type { WriteAheadFile } from './write-ahead.ts'

/** The write connection: statements are prepared once, and every one of them is synchronous. */
export function sqliteWriter(database: DatabaseSync, writeAhead: WriteAheadFile): TableWriter {
  const lockedHead = database.prepare(`
    SELECT h.size, h.root, h.frontier, h.at, c.size AS newestSize, c.root AS newestRoot
    FROM head h JOIN checkpoint c ON c.size = (SELECT max(size) FROM checkpoint)`)
  const rootAt = database.prepare('SELECT root FROM checkpoint WHERE size = ?')
  const known = database.prepare(`
    SELECT operation.key, digest, idx, count, refusal FROM json_each(?) AS asked CROSS JOIN operation ON operation.key = asked.value`)
  const checkpointOver = database.prepare('SELECT note FROM checkpoint WHERE size > ? ORDER BY size LIMIT 1')
  const execute = (sql: string) => async (): Promise<void> => { database.exec(sql) }

  return {
    begin: async () => {
      database.exec('BEGIN IMMEDIATE')
      const row = lockedHead.get()
      if (row === undefined) return undefined
      return { head: headRow(row), newest: { size: integer(row, 'newestSize'), root: bytes(row, 'newestRoot') } }
    },
    rootAt: async (size) => optionalBytes(rootAt.get(size), 'root'),
    known: async (keys) => known.all(JSON.stringify(keys)).map(operationRow),
    checkpointOver: async (index) => optionalBytes(checkpointOver.get(index), 'note'),
    // A read is no round trip.
    foresee: async () => {},
    savepoint: async () => {
      if (!database.isTransaction) throw new Error('the database has ended the transaction')
      database.exec('SAVEPOINT operation')
    },
    release: execute('RELEASE operation'),
    undo: execute('ROLLBACK TO operation; RELEASE operation'),
    ...stateTables(database),
    ...changes(database, writeAhead),
    ...inserts(database),
    commit: async () => {
      database.exec('COMMIT')
      writeAhead.truncate()
    },
    rollback: async () => {
      if (database.isTransaction) database.exec('ROLLBACK')
    },
  }
}

/**
 * A statement that changes something, within the transaction alone: SQLite may end that by itself where one fails (sqlite.org/lang_transaction.html), and
 * what follows would stand without the rest.
 */
function guarded(database: DatabaseSync, sql: string): (...values: SQLInputValue[]) => boolean {
  const statement = database.prepare(sql)
  return (...values) => {
    if (!database.isTransaction) throw new Error('the database has ended the transaction')
    return statement.run(...values).changes === 1
  }
}

/** The same for many rows: what ends the transaction is a statement that fails, and none follows that. */
function guardedAll<T>(database: DatabaseSync, sql: string, insert: (statement: StatementSync, row: T) => void): (rows: readonly T[]) => void {
  const statement = database.prepare(sql)
  return (rows) => {
    if (!database.isTransaction) throw new Error('the database has ended the transaction')
    for (const row of rows) insert(statement, row)
  }
}

type Changes = Pick<TableWriter, 'put' | 'remove' | 'keep' | 'erase'>

function changes(database: DatabaseSync, writeAhead: WriteAheadFile): Changes {
  const first = guarded(database, `
    INSERT INTO record (kind, key, version, value) SELECT ?, ?, 1, ? WHERE NOT EXISTS (SELECT 1 FROM record WHERE kind = ? AND key = ?)`)
  const next = guarded(database, 'UPDATE record SET version = version + 1, value = ? WHERE kind = ? AND key = ? AND version = ?')
  const remove = guarded(database, 'DELETE FROM record WHERE kind = ? AND key = ? AND version = ?')
  const keep = guarded(database, `
    INSERT INTO body (kind, digest, bytes) SELECT ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM body WHERE kind = ? AND digest = ?)`)
  const erase = guarded(database, 'DELETE FROM body WHERE kind = ? AND digest = ?')
  return {
    put: async (kind, key, value, expected) => (expected === 0 ? first(kind, key, value, kind, key) : next(value, kind, key, expected)),
    remove: async (kind, key, expected) => remove(kind, key, expected),
    keep: async (kind, digest, kept) => keep(kind, digest, kept, kind, digest),
    erase: async (kind, digest) => {
      const erased = erase(kind, digest)
      if (erased) writeAhead.holdsErased()
      return erased
    },
  }
}

type Inserts = Pick<TableWriter, Extract<keyof TableWriter, `insert${string}`> | 'updateHead'>

function inserts(database: DatabaseSync): Inserts {
  const entries = guardedAll(database, 'INSERT INTO entry (idx, leaf, entry) VALUES (?, ?, ?)',
    (statement, { index, leaf, entry }: EntryRow) => { statement.run(index, leaf, entry) })
  const operations = guardedAll(database, 'INSERT INTO operation (key, digest, idx, count, refusal) VALUES (?, ?, ?, ?, ?)',
    (statement, { key, digest, index, count, refusal }: OperationRow) => { statement.run(key, digest, index, count, refusal ?? null) })
  const tileHashes = guardedAll(database, 'INSERT INTO tile_hash (level, idx, hash) VALUES (?, ?, ?)',
    (statement, { level, index, hash }: TileHashRow) => { statement.run(level, index, hash) })
  const checkpoint = guarded(database, 'INSERT INTO checkpoint (size, root, note) VALUES (?, ?, ?)')
  const head = guarded(database, 'UPDATE head SET size = ?, root = ?, frontier = ?, at = ? WHERE id = 1')
  const cosignature = guarded(database, `
    INSERT INTO cosignature (size, name, line) SELECT ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM cosignature WHERE size = ? AND name = ? AND line = ?)`)
  return {
    insertEntries: async (rows: readonly EntryRow[]) => { entries(rows) },
    insertOperations: async (rows: readonly OperationRow[]) => { operations(rows) },
    insertTileHashes: async (rows: readonly TileHashRow[]) => { tileHashes(rows) },
    insertCheckpoint: async (row: CheckpointRow) => { checkpoint(row.size, row.root, row.note) },
    updateHead: async (row: HeadRow) => { head(row.size, row.root, row.frontier, row.at) },
    insertCosignatures: async (size: number, rows: readonly CosignatureRow[]) => {
      database.exec('BEGIN IMMEDIATE')
      for (const { name, line } of rows) cosignature(size, name, line, size, name, line)
      database.exec('COMMIT')
    },
  }
}

/** Founds the log in one transaction; false where one stands. */
export function foundSqlite(database: DatabaseSync, identity: IdentityRow, head: HeadRow, checkpoint: CheckpointRow): boolean {
  database.exec('BEGIN IMMEDIATE')
  try {
    const free = database.prepare('SELECT 1 FROM identity').get() === undefined
    if (free) {
      database.prepare('INSERT INTO identity (id, origin, key) VALUES (1, ?, ?)').run(identity.origin, identity.key)
      database.prepare('INSERT INTO checkpoint (size, root, note) VALUES (?, ?, ?)').run(checkpoint.size, checkpoint.root, checkpoint.note)
      database.prepare('INSERT INTO head (id, size, root, frontier, at) VALUES (1, ?, ?, ?, ?)').run(head.size, head.root, head.frontier, head.at)
    }
    database.exec('COMMIT')
    return free
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

const optionalBytes = (row: Row | undefined, name: string): Uint8Array | undefined => (row === undefined ? undefined : bytes(row, name))
