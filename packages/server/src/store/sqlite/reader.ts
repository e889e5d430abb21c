import type { DatabaseSync } from 'node:sqlite'
import type { TableReader } from '../../ports/tables.ts'
import { bytes, entryBody, integer, recordRow, text } from './rows.ts'

/** The read connection: it sees what is committed, whatever the write connection is doing. */
export function sqliteReader(database: DatabaseSync): TableReader {
  const identity = database.prepare('SELECT origin, key FROM identity')
  const survey = database.prepare(`
    SELECT h.size, h.root, h.frontier, h.at, c.size AS newestSize, c.root AS newestRoot, c.note,
      (SELECT count(*) FROM entry) AS entries, (SELECT coalesce(max(idx), -1) FROM entry) AS lastIndex
    FROM head h JOIN checkpoint c ON c.size = (SELECT max(size) FROM checkpoint)`)
  const head = database.prepare('SELECT h.size, h.root, h.frontier, h.at, c.note FROM head h JOIN checkpoint c ON c.size = h.size')
  const leaves = database.prepare('SELECT leaf AS value FROM entry WHERE idx >= ? AND idx < ? ORDER BY idx')
  const entries = database.prepare('SELECT entry AS value FROM entry WHERE idx >= ? AND idx < ? ORDER BY idx')
  const tileHashes = database.prepare('SELECT hash AS value FROM tile_hash WHERE level = ? AND idx >= ? AND idx < ? ORDER BY idx')
  const entry = database.prepare('SELECT idx, key, entry FROM entry WHERE idx = ?')
  const entryOf = database.prepare('SELECT idx, key, entry FROM entry WHERE key = ?')
  const checkpoint = database.prepare('SELECT size, root, note FROM checkpoint WHERE size = ?')
  const record = database.prepare('SELECT version, value FROM record WHERE kind = ? AND key = ?')

  return {
    identity: async () => {
      const row = identity.get()
      return row === undefined ? undefined : { origin: text(row, 'origin'), key: text(row, 'key') }
    },
    survey: async () => {
      const row = survey.get()
      if (row === undefined) return undefined
      return {
        head: { size: integer(row, 'size'), root: bytes(row, 'root'), frontier: bytes(row, 'frontier'), at: integer(row, 'at') },
        entries: integer(row, 'entries'),
        lastIndex: integer(row, 'lastIndex'),
        newest: { size: integer(row, 'newestSize'), root: bytes(row, 'newestRoot'), note: bytes(row, 'note') },
      }
    },
    head: async () => {
      const row = head.get()
      if (row === undefined) return undefined
      return { size: integer(row, 'size'), root: bytes(row, 'root'), frontier: bytes(row, 'frontier'), at: integer(row, 'at'), note: bytes(row, 'note') }
    },
    leaves: async (from, count) => leaves.all(from, from + count).map((row) => bytes(row, 'value')),
    entries: async (from, count) => entries.all(from, from + count).map((row) => bytes(row, 'value')),
    tileHashes: async (level, from, count) => tileHashes.all(level, from, from + count).map((row) => bytes(row, 'value')),
    entry: async (index) => entryBody(entry.get(index)),
    entryOf: async (key) => entryBody(entryOf.get(key)),
    checkpoint: async (size) => {
      const row = checkpoint.get(size)
      return row === undefined ? undefined : { size: integer(row, 'size'), root: bytes(row, 'root'), note: bytes(row, 'note') }
    },
    record: async (kind, key) => recordRow(record.get(kind, key)),
  }
}
