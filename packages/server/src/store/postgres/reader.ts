import type { TableReader } from '../../ports/tables.ts'
import { bytes, entryBody, headRow, integer, recordRow, text, type Query } from './query.ts'

/** Reads over a pool of connections, each statement a snapshot of what is committed. */
export function postgresReader(query: Query): TableReader {
  const column = async (sql: string, values: readonly unknown[]): Promise<readonly Uint8Array[]> =>
    (await query(sql, values)).map((row) => bytes(row, 'value'))

  return {
    identity: async () => {
      const [row] = await query('SELECT origin, key FROM identity')
      return row === undefined ? undefined : { origin: text(row, 'origin'), key: text(row, 'key') }
    },
    survey: async () => {
      const [row] = await query(`
        SELECT h.size, h.root, h.frontier, h.at, c.size AS newest_size, c.root AS newest_root, c.note,
          (SELECT count(*) FROM entry) AS entries, (SELECT coalesce(max(idx), -1) FROM entry) AS last_index
        FROM head h JOIN checkpoint c ON c.size = (SELECT max(size) FROM checkpoint)`)
      if (row === undefined) return undefined
      const newest = { size: integer(row, 'newest_size'), root: bytes(row, 'newest_root'), note: bytes(row, 'note') }
      return { head: headRow(row), entries: integer(row, 'entries'), lastIndex: integer(row, 'last_index'), newest }
    },
    head: async () => {
      const [row] = await query('SELECT h.size, h.root, h.frontier, h.at, c.note FROM head h JOIN checkpoint c ON c.size = h.size')
      return row === undefined ? undefined : { ...headRow(row), note: bytes(row, 'note') }
    },
    leaves: (from, count) => column('SELECT leaf AS value FROM entry WHERE idx >= $1 AND idx < $2 ORDER BY idx', [from, from + count]),
    entries: (from, count) => column('SELECT entry AS value FROM entry WHERE idx >= $1 AND idx < $2 ORDER BY idx', [from, from + count]),
    tileHashes: (level, from, count) =>
      column('SELECT hash AS value FROM tile_hash WHERE level = $1 AND idx >= $2 AND idx < $3 ORDER BY idx', [level, from, from + count]),
    entry: async (index) => entryBody((await query('SELECT idx, key, entry FROM entry WHERE idx = $1', [index]))[0]),
    entryOf: async (key) => entryBody((await query('SELECT idx, key, entry FROM entry WHERE key = $1', [key]))[0]),
    checkpoint: async (size) => {
      const [row] = await query('SELECT size, root, note FROM checkpoint WHERE size = $1', [size])
      return row === undefined ? undefined : { size: integer(row, 'size'), root: bytes(row, 'root'), note: bytes(row, 'note') }
    },
    record: async (kind, key) => recordRow((await query('SELECT version, value FROM record WHERE kind = $1 AND key = $2', [kind, key]))[0]),
  }
}
