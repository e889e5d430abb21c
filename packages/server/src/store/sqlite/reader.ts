import type { DatabaseSync } from 'node:sqlite'
import type { TableReader } from '../../ports/tables.ts'
import { bytes, headRow, integer, operationRow, stateTables, text } from './rows.ts'

/** A read connection: it sees what is committed, whatever the write connection is doing. */
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
  const operation = database.prepare('SELECT key, digest, idx, count, refusal FROM operation WHERE key = ?')
  const checkpoint = database.prepare('SELECT size, root, note FROM checkpoint WHERE size = ?')
  const cosignatures = database.prepare('SELECT name, line FROM cosignature WHERE size = ? ORDER BY name, line')
  const newestCosigned = database.prepare('SELECT max(size) AS size FROM cosignature')

  return {
    ...stateTables(database),
    identity: async () => {
      const row = identity.get()
      return row === undefined ? undefined : { origin: text(row, 'origin'), key: text(row, 'key') }
    },
    survey: async () => {
      const row = survey.get()
      if (row === undefined) return undefined
      return {
        head: headRow(row),
        entries: integer(row, 'entries'),
        lastIndex: integer(row, 'lastIndex'),
        newest: { size: integer(row, 'newestSize'), root: bytes(row, 'newestRoot'), note: bytes(row, 'note') },
      }
    },
    head: async () => {
      const row = head.get()
      if (row === undefined) return undefined
      return { ...headRow(row), note: bytes(row, 'note') }
    },
    leaves: async (from, count) => leaves.all(from, from + count).map((row) => bytes(row, 'value')),
    entries: async (from, count) => entries.all(from, from + count).map((row) => bytes(row, 'value')),
    tileHashes: async (level, from, count) => tileHashes.all(level, from, from + count).map((row) => bytes(row, 'value')),
    operation: async (key) => {
      const row = operation.get(key)
      return row === undefined ? undefined : operationRow(row)
    },
    checkpoint: async (size) => {
      const row = checkpoint.get(size)
      return row === undefined ? undefined : { size: integer(row, 'size'), root: bytes(row, 'root'), note: bytes(row, 'note') }
    },
    cosignatures: async (size) => cosignatures.all(size).map((row) => ({ name: text(row, 'name'), line: text(row, 'line') })),
    newestCosigned: async () => {
      const row = newestCosigned.get()
      return row === undefined || row['size'] === null ? undefined : integer(row, 'size')
    },
  }
}
