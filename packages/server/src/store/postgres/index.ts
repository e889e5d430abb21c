/** The store for several replicas: PostgreSQL through `pg`, one write connection and a pool of read connections. */
import type pg from 'pg'
import { ok, refuse, type Answer, type Refusal, type Verdict } from '../../codes.ts'
import type { Failure, LogTables, TableReader } from '../../ports/tables.ts'
import type { IdentityRows } from '../../ports/identity.ts'
import { checkVersion } from '../migrations.ts'
import { checkRole } from './grants.ts'
import { postgresIdentity } from './identity.ts'
import { migrations } from './migrations/index.ts'
import type { Query, Row } from './query.ts'
import { postgresReader } from './reader.ts'
import { checkSettings, migrate, schemaVersion } from './schema.ts'
import { foundPostgres, postgresWriter } from './writer.ts'

export { postgresGrants } from './grants.ts'

/** Nothing waits for ever, in milliseconds: a replica that hangs within a transaction must not hold the head. */
const timeouts = {
  connectionTimeoutMillis: 10_000, lock_timeout: 10_000, statement_timeout: 30_000, idle_in_transaction_session_timeout: 30_000, keepAlive: true,
}
const connections = { read: 4, snapshot: 4, identity: 4 }

/** Statements are sent without waiting for the answers to those before: of one transaction, so that one that fails fails all that follow. */
const pipelined = { pipeline: true }

type Driver = typeof pg

/** Loaded where it is used, so that whoever keeps the log in SQLite does without it. */
const loadDriver = async (): Promise<Driver> => (await import('pg')).default

/** Brings the schema up to date, as the owner. The database must exist; founding the log is another step. */
export async function preparePostgres(url: string): Promise<Verdict> {
  const driver = await loadDriver()
  const client = clientOf(driver, url)
  try {
    await client.connect()
    return await migrate(client, queryOf(client), migrations)
  } catch (error) {
    return unusable(driver, error)
  } finally {
    await ended(client)
  }
}

/** Opens a prepared database as the role that the log runs as; never creates anything. */
export async function openPostgresTables(url: string): Promise<Answer<LogTables>> {
  const driver = await loadDriver()
  const client = clientOf(driver, url)
  try {
    await client.connect()
    const checked = await checkDatabase(queryOf(client))
    if (checked.ok) return ok(tablesOf(driver, client, url))
    await ended(client)
    return checked
  } catch (error) {
    await ended(client)
    return unusable(driver, error)
  }
}

/** The rows about identities in a prepared database, on a pool of their own: whoever signs in waits for nobody who appends. */
export async function openPostgresIdentity(url: string): Promise<Answer<IdentityRows>> {
  const driver = await loadDriver()
  const pool = poolOf(driver, url, { max: connections.identity })
  const query = queryOf(pool)
  try {
    const version = checkVersion(migrations, await schemaVersion(query))
    if (version.ok) return ok(postgresIdentity(query, () => pool.end()))
    await pool.end()
    return version
  } catch (error) {
    await pool.end()
    return unusable(driver, error)
  }
}

async function checkDatabase(query: Query): Promise<Verdict> {
  const version = checkVersion(migrations, await schemaVersion(query))
  if (!version.ok) return version
  const settings = await checkSettings(query)
  return settings.ok ? checkRole(query) : settings
}

function clientOf(driver: Driver, url: string): pg.Client {
  const client = new driver.Client({ connectionString: url, ...timeouts, ...pipelined })
  // A connection that breaks while idle says so here; the next statement on it fails, which is where it is dealt with.
  client.on('error', () => {})
  return client
}

function queryOf(client: pg.Client | pg.Pool | pg.PoolClient): Query {
  return async (sql, values) => (await client.query<Row>(sql, values === undefined ? [] : [...values])).rows
}

function tablesOf(driver: Driver, client: pg.Client, url: string): LogTables {
  const reads = poolOf(driver, url, { max: connections.read })
  const snapshots = poolOf(driver, url, { max: connections.snapshot, ...pipelined })
  return {
    writer: postgresWriter(client),
    reader: postgresReader(queryOf(reads)),
    snapshot: (read) => snapshotIn(snapshots, read),
    found: (identity, head, checkpoint) => foundPostgres(client, identity, head, checkpoint),
    failureOf: (error) => failureOf(driver, error),
    close: async () => {
      await Promise.all([reads.end(), snapshots.end()])
      await ended(client)
    },
  }
}

function poolOf(driver: Driver, url: string, options: pg.PoolConfig): pg.Pool {
  const pool = new driver.Pool({ connectionString: url, ...options, ...timeouts })
  pool.on('error', () => {})
  return pool
}

/** A pool of their own, so that a snapshot which reads beside itself does not wait for itself. */
async function snapshotIn<T>(pool: pg.Pool, read: (reader: TableReader) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    return await read(postgresReader(queryOf(client)))
  } finally {
    // A connection on which the transaction cannot be ended is thrown away.
    client.release(!(await rolledBack(client)))
  }
}

async function rolledBack(client: pg.PoolClient): Promise<boolean> {
  try {
    await client.query('ROLLBACK')
    return true
  } catch {
    return false
  }
}

async function ended(client: pg.Client): Promise<void> {
  try {
    await client.end()
  } catch {
    // It was never connected, or is gone: there is nothing left to end.
  }
}

/** By SQLSTATE (PostgreSQL, appendix A): whole codes first, then classes. */
const failures: Readonly<Record<string, Failure>> = {
  '55P03': 'busy', '40001': 'busy', '40P01': 'busy', '57014': 'busy', '53100': 'full', '23': 'constraint',
}

function failureOf(driver: Driver, error: unknown): Failure {
  const state = error instanceof driver.DatabaseError ? (error.code ?? '') : ''
  return failures[state] ?? failures[state.slice(0, 2)] ?? 'other'
}

const noSuchDatabase = '3D000'

function unusable(driver: Driver, error: unknown): Refusal {
  const because = `\`${error instanceof Error ? error.message : String(error)}\``
  if (error instanceof driver.DatabaseError && error.code === noSuchDatabase) return refuse('STORE_MISSING', `there is no such database: ${because}`, 'run: exeat init --server')
  return refuse('STORE_UNREADABLE', `the database cannot be used: ${because}`)
}
