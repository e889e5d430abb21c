/** What identities need kept, in a SQLite file of its own beside the log's: losing it costs sign-ins and nothing else. */
import { chmodSync, existsSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import type { Answer } from '../../codes.ts'
import { ok } from '../../codes.ts'
import type { IdentityRows, Row } from '../../ports/identity.ts'
import type { Migration } from '../migrations.ts'
import { migrate, openDatabase } from './database.ts'

const migrations: readonly Migration[] = [{
  number: 1,
  name: 'identity',
  sql: `
CREATE TABLE identity_row (
  kind TEXT NOT NULL, key TEXT NOT NULL, owner TEXT, value BLOB NOT NULL, version INTEGER NOT NULL CHECK (version > 0), expires INTEGER,
  PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX identity_row_owner ON identity_row (kind, owner, key);
CREATE INDEX identity_row_expires ON identity_row (expires) WHERE expires IS NOT NULL;
CREATE TABLE identity_count (key TEXT PRIMARY KEY, value INTEGER NOT NULL, expires INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`,
}]

/** Opens the file, and makes it where there is none: nothing in it is missed but by who is signed in. `STORE_*` */
export function openSqliteIdentity(path: string): Answer<IdentityRows> {
  const opened = openDatabase(path, existsSync(path) ? 'write' : 'create')
  if (!opened.ok) return opened
  chmodSync(path, 0o600)
  const migrated = migrate(opened.value, migrations)
  if (migrated.ok) return ok(rowsOf(opened.value))
  opened.value.close()
  return migrated
}

const standing = '(expires IS NULL OR expires > :now)'
const columns = 'key, owner, value, version, expires'

function rowsOf(database: DatabaseSync): IdentityRows {
  const prepared = {
    get: database.prepare(`SELECT ${columns} FROM identity_row WHERE kind = :kind AND key = :key AND ${standing}`),
    // The version goes on where an expired row is replaced: whoever still holds the old one must not meet it again.
    insert: database.prepare(`INSERT INTO identity_row (kind, key, owner, value, version, expires) VALUES (:kind, :key, :owner, :value, 1, :expires)
      ON CONFLICT (kind, key) DO UPDATE SET owner = :owner, value = :value, version = version + 1, expires = :expires WHERE NOT ${standing}`),
    update: database.prepare(`UPDATE identity_row SET owner = :owner, value = :value, version = version + 1, expires = :expires
      WHERE kind = :kind AND key = :key AND version = :version AND ${standing}`),
    take: database.prepare(`DELETE FROM identity_row WHERE kind = :kind AND key = :key AND ${standing} RETURNING ${columns}`),
    drop: database.prepare('DELETE FROM identity_row WHERE kind = :kind AND key = :key'),
    owned: database.prepare(`SELECT ${columns} FROM identity_row WHERE kind = :kind AND owner = :owner AND key > :after AND ${standing} ORDER BY key LIMIT :limit`),
    dropOwned: database.prepare('DELETE FROM identity_row WHERE kind = :kind AND owner = :owner'),
    all: database.prepare(`SELECT ${columns} FROM identity_row WHERE kind = :kind AND key > :after AND ${standing} ORDER BY key LIMIT :limit`),
    count: database.prepare(`INSERT INTO identity_count (key, value, expires) VALUES (:key, :by, :until)
      ON CONFLICT (key) DO UPDATE SET value = CASE WHEN expires <= :now THEN :by ELSE value + :by END, expires = CASE WHEN expires <= :now THEN :until ELSE expires END RETURNING value`),
    resetCount: database.prepare('DELETE FROM identity_count WHERE key = :key'),
    sweepRows: database.prepare('DELETE FROM identity_row WHERE expires <= :now'),
    sweepCounts: database.prepare('DELETE FROM identity_count WHERE expires <= :now'),
  }
  const changed = ({ changes }: { readonly changes: number | bigint }): number => Number(changes)
  return {
    get: async (kind, key, now) => rowOf(prepared.get.get({ kind, key, now })),
    put: async (kind, key, { value, owner, expires }, expected, now) => {
      const row = { kind, key, owner: owner ?? null, value, expires: expires ?? null, now }
      return changed(expected === 0 ? prepared.insert.run(row) : prepared.update.run({ ...row, version: expected })) === 1
    },
    take: async (kind, key, now) => rowOf(prepared.take.get({ kind, key, now })),
    drop: async (kind, key) => changed(prepared.drop.run({ kind, key })) === 1,
    owned: async (kind, owner, now, { after = '', limit = 1000 } = {}) => prepared.owned.all({ kind, owner, now, after, limit }).map(keyedRow),
    dropOwned: async (kind, owner) => changed(prepared.dropOwned.run({ kind, owner })),
    all: async (kind, now, { after = '', limit = 1000 } = {}) => prepared.all.all({ kind, now, after, limit }).map(keyedRow),
    count: async (key, by, window, now) => Number(prepared.count.get({ key, by, until: now + window, now })?.['value']),
    resetCount: async (key) => { prepared.resetCount.run({ key }) },
    sweep: async (now) => changed(prepared.sweepRows.run({ now })) + changed(prepared.sweepCounts.run({ now })),
    close: async () => { database.close() },
  }
}

type Columns = Readonly<Record<string, unknown>>

function rowOf(row: Columns | undefined): Row | undefined {
  if (row === undefined) return undefined
  const { value, version, owner, expires } = row
  if (!(value instanceof Uint8Array)) throw new Error('a row about an identity holds no bytes')
  return { value, version: Number(version), owner: typeof owner === 'string' ? owner : null, expires: expires === null ? null : Number(expires) }
}

function keyedRow(row: Columns): Row & { readonly key: string } {
  const found = rowOf(row)
  if (found === undefined) throw new Error('a row is a row')
  return { ...found, key: String(row['key']) }
}
