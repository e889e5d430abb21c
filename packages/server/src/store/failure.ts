/** What is known of the database, and what callers are told, once it has failed. */
import type { Problem } from '@exeat/core'
import { refuse, type Refusal, type StoreCode } from '../codes.ts'
import type { LogTables } from '../ports/tables.ts'

/** How far a transaction had come. */
export type Stage = 'before' | 'commit'

/** Why nothing may be written any more. */
export interface Halt {
  readonly state: 'dead' | 'read-only'
  readonly problem: Problem<StoreCode>
}

/** Rolls back. Whether anything may still be stored is known only where that succeeded. */
export async function afterFailure(tables: LogTables, stage: Stage, error: unknown): Promise<{ readonly refusal: Refusal; readonly halt?: Halt }> {
  const failure = tables.failureOf(error)
  const clean = await rolledBack(tables)
  const refusal = refusalOf(clean ? failure : 'other', stage, error)
  return clean && failure !== 'other' ? { refusal } : { refusal, halt: { state: 'dead', problem: refusal.problem } }
}

function refusalOf(failure: ReturnType<LogTables['failureOf']>, stage: Stage, error: unknown): Refusal {
  const because = `\`${error instanceof Error ? error.message : String(error)}\``
  if (failure === 'busy') return refuse('STORE_BUSY', `another writer holds the log: ${because}`, 'repeat with the same key')
  if (failure === 'full') return refuse('STORE_FULL', `the database is full: ${because}`, 'make room, then repeat with the same key')
  if (failure === 'constraint') return refuse('STORE_CONFLICT', `the database refused the batch: ${because}`, 'repeat with the same key')
  const reopen = 'open the log again, then repeat with the same key'
  if (stage === 'commit') return refuse('STORE_UNCERTAIN', `the database failed during the commit: ${because}`, reopen)
  return refuse('STORE_FAILED', `the database failed before the commit: ${because}`, reopen)
}

async function rolledBack({ writer }: LogTables): Promise<boolean> {
  try {
    await writer.rollback()
    return true
  } catch {
    return false
  }
}
