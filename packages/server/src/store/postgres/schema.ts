/** The schema's version, its migrations, and the settings that durability rests on. */
import type { Client } from 'pg'
import { accepted, ok, refuse, type Answer, type Verdict } from '../../codes.ts'
import { pendingMigrations, type Migration } from '../migrations.ts'
import type { Query } from './query.ts'

/** Any number: what all programs that migrate a log agree on. */
const migrationLock = 0x65786561

/** The number of the last migration; 0 for an empty database. */
export async function schemaVersion(query: Query): Promise<number> {
  const [table] = await query("SELECT to_regclass('migration') IS NOT NULL AS there")
  if (table?.['there'] !== true) return 0
  const [row] = await query('SELECT coalesce(max(number), 0)::float8 AS number FROM migration')
  return typeof row?.['number'] === 'number' ? row['number'] : 0
}

/** Runs the migrations that are missing, in one transaction that no second migration enters. */
export async function migrate(client: Client, query: Query, migrations: readonly Migration[]): Promise<Answer<number>> {
  await client.query('BEGIN')
  try {
    await client.query('SELECT pg_advisory_xact_lock($1)', [migrationLock])
    const pending = pendingMigrations(migrations, await schemaVersion(query))
    if (!pending.ok) {
      await client.query('ROLLBACK')
      return pending
    }
    await client.query('CREATE TABLE IF NOT EXISTS migration (number integer PRIMARY KEY, name text NOT NULL)')
    for (const { number, name, sql } of pending.value) {
      await client.query(sql)
      await client.query('INSERT INTO migration (number, name) VALUES ($1, $2)', [number, name])
    }
    await client.query('COMMIT')
    return ok(migrations.length)
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  }
}

/** Settings under which an acknowledged commit can be lost. */
const unsafe: Readonly<Record<string, string>> = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off' }

/** Refuses a server, or a role, whose commits a power cut can take back. */
export async function checkSettings(query: Query): Promise<Verdict> {
  for (const [name, bad] of Object.entries(unsafe)) {
    const [row] = await query('SELECT current_setting($1) AS value', [name])
    if (row?.['value'] === bad) return refuse('STORE_NOT_DURABLE', `the database has ${name} \`${bad}\``, `set ${name} to on`)
  }
  return accepted
}
