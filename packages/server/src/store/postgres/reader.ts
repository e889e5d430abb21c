import type { TableReader } from '../../ports/tables.ts'
import { bytes, headRow, integer, operationRow, stateTables, text, type Query } from './query.ts'

/** Reads over a pool of connections, each statement a snapshot of what is committed; or over one connection, within its transaction. */
export function postgresReader(query: Query): TableReader {
  const column = async (sql: string, values: readonly unknown[]): Promise<readonly Uint8Array[]> =>
    (await query(sql, values)).map((row) => bytes(row, 'value'))

  return {
    ...stateTables(query),
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
    operation: async (key) => {
      const [row] = await query('SELECT key, digest, idx, count, refusal FROM operation WHERE key = $1', [key])
      return row === undefined ? undefined : operationRow(row)
    },
    checkpoint: async (size) => {
      const [row] = await query('SELECT size, root, note FROM checkpoint WHERE size = $1', [size])
      return row === undefined ? undefined : { size: integer(row, 'size'), root: bytes(row, 'root'), note: bytes(row, 'note') }
    },
    cosignatures: async (size) => {
      const rows = await query('SELECT name, line FROM cosignature WHERE size = $1 ORDER BY name, line', [size])
      return rows.map((row) => ({ name: text(row, 'name'), line: text(row, 'line') }))
    },
    newestCosigned: async () => {
      const [row] = await query('SELECT max(size) AS size FROM cosignature')
      return row === undefined || row['size'] === null ? undefined : integer(row, 'size')
    },
  }
}
