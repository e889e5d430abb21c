/** Whole tables of a PostgreSQL log, read in one repeatable-read snapshot or written in one transaction. */
import type pg from 'pg'
import { ExeatError } from '@exeat/core/error'
import { refuse } from '../../codes.ts'
import type { BackupStore, Cell, Fill, TableShape } from '../../ports/backup.ts'
import { checkVersion } from '../migrations.ts'
import { migrations } from './migrations/index.ts'
import type { Query, Row } from './query.ts'
import { postgresReader } from './reader.ts'
import { schemaVersion } from './schema.ts'

/** A slow disk on the other side may keep the transaction waiting between two statements, in milliseconds. */
const timeouts = { connectionTimeoutMillis: 10_000, lock_timeout: 10_000, statement_timeout: 120_000, idle_in_transaction_session_timeout: 600_000, keepAlive: true }

/** The address is that of the role that the log runs as: it may read and append, which is all that this needs. */
export function postgresBackup(url: string): BackupStore {
  return {
    dump: (read) => within(url, 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY', 'ROLLBACK', async (query) => {
      const schema = checkVersion(migrations, await schemaVersion(query))
      if (!schema.ok) throw new ExeatError([schema.problem])
      return read({ tables: postgresReader(query), schema: schema.value, page: (shape, after, limit) => pageOf(query, shape, after, limit) })
    }),
    fill: (write) => within(url, 'BEGIN', 'COMMIT', async (query) => {
      const [held] = await query('SELECT 1 FROM identity')
      if (held !== undefined) throw new ExeatError([refuse('STORE_EXISTS', 'the database already holds a log').problem])
      const fill: Fill = { insert: (shape, rows) => insert(query, shape, rows) }
      return write(fill)
    }),
  }
}

async function within<T>(url: string, begin: string, end: string, use: (query: Query) => Promise<T>): Promise<T> {
  const { default: driver } = await import('pg')
  const client = new driver.Client({ connectionString: url, ...timeouts })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query(begin)
    const result = await use(queryOf(client))
    await client.query(end)
    return result
  } catch (error) {
    if (error instanceof ExeatError) throw error
    throw new ExeatError([refuse('STORE_UNREADABLE', `the database cannot be used: \`${error instanceof Error ? error.message : String(error)}\``).problem], { cause: error })
  } finally {
    // A transaction that was not ended goes with its connection.
    await client.end().catch(() => {})
  }
}

const queryOf = (client: pg.Client): Query => async (sql, values) => (await client.query<Row>(sql, values === undefined ? [] : [...values])).rows

const types = { integer: 'bigint', text: 'text', bytes: 'bytea' } as const

async function pageOf(query: Query, { name, columns, key }: TableShape, after: readonly Cell[] | undefined, limit: number): Promise<readonly (readonly Cell[])[]> {
  const keys = columns.slice(0, key)
  const names = keys.map((column) => column.name).join(', ')
  const behind = after === undefined ? '' : `WHERE (${names}) > (${keys.map((column, i) => `$${i + 2}::${types[column.type]}`).join(', ')})`
  const rows = await query(`SELECT ${columns.map((column) => column.name).join(', ')} FROM ${name} ${behind} ORDER BY ${names} LIMIT $1`, [limit, ...(after ?? [])])
  return rows.map((row) => columns.map((column) => cellOf(row[column.name], column.type)))
}

function cellOf(value: unknown, type: 'integer' | 'text' | 'bytes'): Cell {
  if (value === null) return null
  if (type === 'bytes') return new Uint8Array(value as Uint8Array)
  return type === 'integer' ? Number(value) : String(value)
}

async function insert(query: Query, { name, columns }: TableShape, rows: readonly (readonly Cell[])[]): Promise<void> {
  if (rows.length === 0) return
  const arrays = columns.map((column, i) => `$${i + 1}::${types[column.type]}[]`).join(', ')
  await query(`INSERT INTO ${name} (${columns.map((column) => column.name).join(', ')}) SELECT * FROM unnest(${arrays})`,
    columns.map((_, i) => rows.map((row) => { const cell = row[i]; return cell instanceof Uint8Array ? Buffer.from(cell) : cell })))
}
