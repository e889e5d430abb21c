/** What identities need kept, in PostgreSQL: beside the log, on connections of its own. */
import type { IdentityRows, Row } from '../../ports/identity.ts'
import { bytes, integer, type Query, type Row as Columns, text } from './query.ts'

const standing = (now: string): string => `(expires IS NULL OR expires > ${now})`
const columns = 'key, owner, value, version, expires'

export function postgresIdentity(query: Query, close: () => Promise<void>): IdentityRows {
  const one = async (sql: string, values: readonly unknown[]): Promise<Row | undefined> => {
    const [row] = await query(sql, values)
    return row === undefined ? undefined : rowOf(row)
  }
  const changed = async (sql: string, values: readonly unknown[]): Promise<number> => (await query(`${sql} RETURNING key`, values)).length
  return {
    get: (kind, key, now) => one(`SELECT ${columns} FROM identity_row WHERE kind = $1 AND key = $2 AND ${standing('$3')}`, [kind, key, now]),
    put: async (kind, key, { value, owner, expires }, expected, now) => {
      const row = [kind, key, owner ?? null, Buffer.from(value), expires ?? null, now]
      // The version goes on where an expired row is replaced: whoever still holds the old one must not meet it again.
      const done = expected === 0
        ? await changed(`INSERT INTO identity_row AS held (kind, key, owner, value, version, expires) VALUES ($1, $2, $3, $4, 1, $5)
            ON CONFLICT (kind, key) DO UPDATE SET owner = $3, value = $4, version = held.version + 1, expires = $5 WHERE NOT (held.expires IS NULL OR held.expires > $6)`, row)
        : await changed(`UPDATE identity_row SET owner = $3, value = $4, version = version + 1, expires = $5 WHERE kind = $1 AND key = $2 AND version = $7 AND ${standing('$6')}`, [...row, expected])
      return done === 1
    },
    take: (kind, key, now) => one(`DELETE FROM identity_row WHERE kind = $1 AND key = $2 AND ${standing('$3')} RETURNING ${columns}`, [kind, key, now]),
    drop: async (kind, key) => (await changed('DELETE FROM identity_row WHERE kind = $1 AND key = $2', [kind, key])) === 1,
    owned: async (kind, owner, now, { after = '', limit = 1000 } = {}) =>
      (await query(`SELECT ${columns} FROM identity_row WHERE kind = $1 AND owner = $2 AND key > $3 AND ${standing('$4')} ORDER BY key LIMIT $5`, [kind, owner, after, now, limit])).map(keyedRow),
    dropOwned: (kind, owner) => changed('DELETE FROM identity_row WHERE kind = $1 AND owner = $2', [kind, owner]),
    all: async (kind, now, { after = '', limit = 1000 } = {}) =>
      (await query(`SELECT ${columns} FROM identity_row WHERE kind = $1 AND key > $2 AND ${standing('$3')} ORDER BY key LIMIT $4`, [kind, after, now, limit])).map(keyedRow),
    count: async (key, by, window, now) => {
      const [row] = await query(`INSERT INTO identity_count AS held (key, value, expires) VALUES ($1, $2, $3)
        ON CONFLICT (key) DO UPDATE SET value = CASE WHEN held.expires <= $4 THEN $2 ELSE held.value + $2 END, expires = CASE WHEN held.expires <= $4 THEN $3 ELSE held.expires END RETURNING value`,
      [key, by, now + window, now])
      if (row === undefined) throw new Error('a count that was written has a value')
      return integer(row, 'value')
    },
    resetCount: async (key) => { await query('DELETE FROM identity_count WHERE key = $1', [key]) },
    sweep: async (now) => await changed('DELETE FROM identity_row WHERE expires <= $1', [now]) + await changed('DELETE FROM identity_count WHERE expires <= $1', [now]),
    close,
  }
}

function rowOf(row: Columns): Row {
  return { value: bytes(row, 'value'), version: integer(row, 'version'), owner: row['owner'] === null ? null : text(row, 'owner'), expires: row['expires'] === null ? null : integer(row, 'expires') }
}

const keyedRow = (row: Columns): Row & { readonly key: string } => ({ ...rowOf(row), key: text(row, 'key') })
