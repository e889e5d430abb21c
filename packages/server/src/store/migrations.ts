import { ok, refuse, type Answer } from '../codes.ts'

/** A step of the schema, forward only. Once released it is never changed: a later step corrects it. */
export interface Migration {
  /** Contiguous from 1. */
  readonly number: number
  readonly name: string
  /** Statements, run in one transaction with the note that they were. */
  readonly sql: string
}

/** The steps that a database at `version` lacks; refuses one that is newer than the program (`STORE_NEWER`). */
export function pendingMigrations(migrations: readonly Migration[], version: number): Answer<readonly Migration[]> {
  const newest = migrations.length
  if (version > newest) return refuse('STORE_NEWER', `the database has schema ${version}, and this program knows ${newest}`, 'run the newer program')
  return ok(migrations.filter(({ number }) => number > version))
}

/** Refuses any schema but the program's own. */
export function checkVersion(migrations: readonly Migration[], version: number): Answer<number> {
  const pending = pendingMigrations(migrations, version)
  if (!pending.ok) return pending
  if (pending.value.length === 0) return ok(version)
  if (version === 0) return refuse('STORE_MISSING', 'no log was founded in the database', 'run: exeat init --server')
  return refuse('STORE_OLDER', `the database has schema ${version}, and this program writes ${migrations.length}`, 'migrate it first')
}
