/** The database that a server keeps its log in: made when it is founded, and only opened ever after. */
import { chmodSync } from 'node:fs'
import { ExeatError } from '@exeat/core/error'
import type { Refusal, Verdict } from '../codes.ts'
import { inFolder } from '../config/read.ts'
import type { ServerConfig } from '../config/schema.ts'
import type { LogTables } from '../ports/tables.ts'

export interface DatabaseAddress {
  /** The role that the log runs as: `DATABASE_URL`. */
  readonly url?: string
  /** The role that owns the tables, needed once: `DATABASE_OWNER_URL`. */
  readonly ownerUrl?: string
}

/** @throws {ExeatError} what the store says */
export async function openTables(config: Pick<ServerConfig, 'database'>, folder: string, { url }: DatabaseAddress): Promise<LogTables> {
  const { database } = config
  if (database.kind === 'sqlite') {
    const { openSqliteTables } = await import('../store/sqlite/index.ts')
    return taken(openSqliteTables(inFolder(folder, database.file)))
  }
  const { openPostgresTables } = await import('../store/postgres/index.ts')
  return taken(await openPostgresTables(wanted(url)))
}

/**
 * Creates the schema. In PostgreSQL the owner does, and must grant the other role its rights before it can be opened; `STORE_ROLE` says with what.
 * @throws {ExeatError} what the store says
 */
export async function prepareDatabase(config: Pick<ServerConfig, 'database'>, folder: string, address: DatabaseAddress): Promise<void> {
  const { database } = config
  if (database.kind === 'sqlite') {
    const { prepareSqlite } = await import('../store/sqlite/index.ts')
    const file = inFolder(folder, database.file)
    demand(prepareSqlite(file))
    // SQLite gives the files that it makes beside it the same mode.
    chmodSync(file, 0o600)
    return
  }
  if (address.ownerUrl === undefined) return
  const { preparePostgres } = await import('../store/postgres/index.ts')
  demand(await preparePostgres(address.ownerUrl))
}

/**
 * Opens what was just prepared. A role that lacks its rights, or has too many, is told what the owner must run.
 * @throws {ExeatError} what the store says
 */
export async function openPrepared(config: Pick<ServerConfig, 'database'>, folder: string, address: DatabaseAddress): Promise<LogTables> {
  try {
    return await openTables(config, folder, address)
  } catch (error) {
    if (!(error instanceof ExeatError) || config.database.kind !== 'postgres') throw error
    const [{ code, message, hint }] = error.problems
    if (code !== 'STORE_ROLE' && code !== 'STORE_UNREADABLE') throw error
    const grants = await grantsFor(address)
    throw new ExeatError([{ code, message, hint: grants === undefined ? hint ?? '' : `as the owner of the tables run: ${grants}` }])
  }
}

/** In one line; undefined where the address names no role. */
async function grantsFor({ url }: DatabaseAddress): Promise<string | undefined> {
  const { postgresGrants } = await import('../store/postgres/index.ts')
  const role = URL.canParse(wanted(url)) ? decodeURIComponent(new URL(wanted(url)).username) : ''
  const grants = postgresGrants(role)
  return grants.ok ? grants.value.trim().replaceAll('\n', ' ') : undefined
}

function wanted(url: string | undefined): string {
  if (url !== undefined && url !== '') return url
  throw new ExeatError([{ code: 'STORE_MISSING', message: 'no database is named', hint: 'set DATABASE_URL to the address of the role that the log runs as' }])
}

export function taken<T>(answer: { readonly ok: true; readonly value: T } | Refusal<string>): T {
  if (answer.ok) return answer.value
  throw new ExeatError([answer.problem])
}

export function demand(verdict: Verdict<string>): void {
  if (!verdict.ok) throw new ExeatError([verdict.problem])
}
