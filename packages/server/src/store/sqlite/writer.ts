import type { DatabaseSync } from 'node:sqlite'
import type { CheckpointRow, EntryRow, HeadRow, IdentityRow, TableWriter, TileHashRow } from '../../ports/tables.ts'
import { bytes, entryKey, integer, recordRow, type Row } from './rows.ts'

/** The write connection: statements are prepared once, and every one of them is synchronous. */
export function sqliteWriter(database: DatabaseSync): TableWriter {
  const lockedHead = database.prepare(`
    SELECT h.size, h.root, h.frontier, h.at, c.size AS newestSize, c.root AS newestRoot
    FROM head h JOIN checkpoint c ON c.size = (SELECT max(size) FROM checkpoint)`)
  const rootAt = database.prepare('SELECT root FROM checkpoint WHERE size = ?')
  const known = database.prepare('SELECT idx, key, leaf FROM entry WHERE key = ?')
  const checkpointOver = database.prepare('SELECT note FROM checkpoint WHERE size > ? ORDER BY size LIMIT 1')
  const record = database.prepare('SELECT version, value FROM record WHERE kind = ? AND key = ?')
  const insertRecord = database.prepare('INSERT INTO record (kind, key, version, value) SELECT ?, ?, 1, ? WHERE NOT EXISTS (SELECT 1 FROM record WHERE kind = ? AND key = ?)')
  const updateRecord = database.prepare('UPDATE record SET version = version + 1, value = ? WHERE kind = ? AND key = ? AND version = ?')
  const statements = inserts(database)
  const execute = (sql: string) => async (): Promise<void> => { database.exec(sql) }

  return {
    begin: async () => {
      database.exec('BEGIN IMMEDIATE')
      const row = lockedHead.get()
      if (row === undefined) return undefined
      const head = { size: integer(row, 'size'), root: bytes(row, 'root'), frontier: bytes(row, 'frontier'), at: integer(row, 'at') }
      return { head, newest: { size: integer(row, 'newestSize'), root: bytes(row, 'newestRoot') } }
    },
    rootAt: async (size) => optionalBytes(rootAt.get(size), 'root'),
    known: async (keys) => keys.flatMap((key) => known.all(key)).map(entryKey),
    checkpointOver: async (index) => optionalBytes(checkpointOver.get(index), 'note'),
    savepoint: execute('SAVEPOINT operation'),
    release: execute('RELEASE operation'),
    undo: execute('ROLLBACK TO operation; RELEASE operation'),
    record: async (kind, key) => recordRow(record.get(kind, key)),
    put: async (kind, key, value, expected) => {
      const done = expected === 0 ? insertRecord.run(kind, key, value, kind, key) : updateRecord.run(value, kind, key, expected)
      return done.changes === 1
    },
    ...statements,
    commit: execute('COMMIT'),
    rollback: async () => {
      if (database.isTransaction) database.exec('ROLLBACK')
    },
  }
}

type Inserts = Pick<TableWriter, 'insertEntries' | 'insertTileHashes' | 'insertCheckpoint' | 'updateHead'>

function inserts(database: DatabaseSync): Inserts {
  const entry = database.prepare('INSERT INTO entry (idx, key, leaf, entry) VALUES (?, ?, ?, ?)')
  const tileHash = database.prepare('INSERT INTO tile_hash (level, idx, hash) VALUES (?, ?, ?)')
  const checkpoint = database.prepare('INSERT INTO checkpoint (size, root, note) VALUES (?, ?, ?)')
  const head = database.prepare('UPDATE head SET size = ?, root = ?, frontier = ?, at = ? WHERE id = 1')
  return {
    insertEntries: async (rows: readonly EntryRow[]) => { for (const row of rows) entry.run(row.index, row.key, row.leaf, row.entry) },
    insertTileHashes: async (rows: readonly TileHashRow[]) => { for (const row of rows) tileHash.run(row.level, row.index, row.hash) },
    insertCheckpoint: async (row: CheckpointRow) => { checkpoint.run(row.size, row.root, row.note) },
    updateHead: async (row: HeadRow) => { head.run(row.size, row.root, row.frontier, row.at) },
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
