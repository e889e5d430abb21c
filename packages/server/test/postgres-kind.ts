import pg from 'pg'
import { password, startPostgres } from '../../testkit/src/embedded-postgres.ts'
import { must, type StoreKind, type TestDatabase } from '../../testkit/src/log-store-kit.ts'
import { openPostgresTables, postgresGrants, preparePostgres } from '../src/store/postgres/index.ts'

/** What the log runs as; the superuser owns the tables. */
export const role = 'exeat_app'

export interface PostgresKind extends StoreKind {
  readonly start: (folder: string) => Promise<void>
  readonly stop: () => Promise<void>
  readonly url: (schema?: string, as?: string) => string
  readonly run: (url: string, sql: string) => Promise<void>
  readonly createDatabase: () => Promise<TestDatabase & { readonly schema: string }>
}

const states = { busy: '55P03', full: '53100', constraint: '23505' }

export function postgresKind(): PostgresKind {
  let server: Awaited<ReturnType<typeof startPostgres>> | undefined
  let made = 0

  function url(schema = 'public', as?: string): string {
    if (server === undefined) throw new Error('PostgreSQL is not running')
    return `${server.url('postgres', as)}?options=${encodeURIComponent(`-c search_path=${schema}`)}`
  }

  /** A schema each: making and dropping databases would take most of the time. The whole cluster is thrown away at the end. */
  async function createDatabase(): Promise<TestDatabase & { readonly schema: string }> {
    const schema = `log_${made += 1}`
    await run(url(), `CREATE SCHEMA ${schema}; GRANT USAGE ON SCHEMA ${schema} TO ${role}`)
    const prepared = await preparePostgres(url(schema))
    if (!prepared.ok) throw new Error(prepared.problem.message)
    await run(url(schema), must(postgresGrants(role)))
    return {
      schema,
      open: async () => must(await openPostgresTables(url(schema, role))),
      tamper: (sql) => run(url(schema), sql),
      execute: (sql) => run(url(schema, role), sql),
      drop: async () => {},
    }
  }

  return {
    name: 'PostgreSQL',
    url,
    run,
    createDatabase,
    create: createDatabase,
    literal: (hex) => `'\\x${hex}'::bytea`,
    error: (kind) => (kind === 'io' ? new Error('Connection terminated unexpectedly') : databaseError(states[kind])),
    start: async (folder) => {
      server = await startPostgres(folder)
      await run(url(), `CREATE ROLE ${role} LOGIN PASSWORD '${password}'`)
    },
    stop: async () => { await server?.stop() },
  }
}

function databaseError(state: string): Error {
  const error = new pg.DatabaseError('injected', 0, 'error')
  error.code = state
  return error
}

async function run(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}
