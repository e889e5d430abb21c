/** Writes each committed head outside the database, before anybody is told of it. */
import { accepted, refuse, type Refusal, type Verdict } from '../codes.ts'
import type { HeadKeeper } from '../ports/log.ts'
import type { HeadRow, TableReader } from '../ports/tables.ts'
import type { Committed } from './batch.ts'
import { equal, type LogIdentity } from './identity.ts'

/** Others may share the keeper; each lost race shows a newer head, so a few tries are enough. */
const tries = 8

/**
 * After this the keeper holds the head that was committed (the stored one, where this process committed none), or a later one of the same log.
 * `HEAD_NOT_EXTENDED` where it holds another log's.
 */
export async function advance(keeper: HeadKeeper, reader: TableReader, identity: LogIdentity, committed?: Committed): Promise<Verdict> {
  try {
    const { head, note } = committed ?? (await storedHead(reader))
    for (let i = 0; i < tries; i++) {
      const held = await keeper.read()
      const judged = await judgeHeld(held, reader, identity, head)
      if (judged !== 'behind') return judged
      if (await keeper.swap(held, note)) return accepted
    }
    return failed('too many others wrote it at once')
  } catch (error) {
    return failed(error instanceof Error ? error.message : String(error))
  }
}

async function storedHead(reader: TableReader): Promise<Committed> {
  const row = await reader.head()
  if (row === undefined) throw new Error('the log has no head')
  return { head: row, note: row.note }
}

/** What is held must be of this log: another replica may have written a later head, which then stands in the database too. */
async function judgeHeld(held: Uint8Array | undefined, reader: TableReader, identity: LogIdentity, head: HeadRow): Promise<Verdict | 'behind'> {
  if (held === undefined) return refuse('HEAD_OUTSIDE_MISSING', 'the head held outside the database is gone')
  const outside = identity.open(held)
  if (!outside.ok) return forked(`the head held outside is not of this log: ${outside.problem.message}`)
  const { size, root } = outside.value
  const stored = size === head.size ? head : await reader.checkpoint(size)
  if (stored === undefined || !equal(stored.root, root)) return forked(`the head held outside has size ${size}, and the log has no such head`)
  return size >= head.size ? accepted : 'behind'
}

const forked = (message: string): Refusal => refuse('HEAD_NOT_EXTENDED', message, 'the database was restored or replaced: bring back the newer one')

const failed = (because: string): Refusal =>
  refuse('HEAD_OUTSIDE_FAILED', `the head could not be written outside the database: \`${because}\``, 'open the log again, then repeat with the same key')
