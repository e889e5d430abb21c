/** Applies the operations of a batch one after the other, each key once. */
import { leafHash } from '@exeat/log'
import { ok, refuse, type Answer, type Refusal } from '../codes.ts'
import type { Appended, Operation } from '../ports/log.ts'
import type { EntryRow, OperationRow, TableWriter } from '../ports/tables.ts'
import { applyOperation, type Judged } from './apply.ts'
import { sha256 } from './ed25519.ts'
import { equal } from './identity.ts'

/** What a caller is told. `recorded`: entries stand for it, so that it is told only once they are durable and the head outside covers them. */
export type Outcome = { readonly answer: Answer<Appended, string>; readonly recorded: boolean } | { readonly thrown: unknown }

/** An outcome, or the entries whose checkpoint is still to be signed. */
export type Pending = Outcome | { readonly standing: Pick<Appended, 'index' | 'count'> }

export interface BatchStart {
  /** Of the head that is locked. */
  readonly size: number
  /** Of the head that will be signed. */
  readonly at: number
  /** Why only what restricts is applied. */
  readonly behind: Refusal | undefined
  /** What the keys of these operations already stand for. */
  readonly known: readonly OperationRow[]
}

export interface AppliedAll {
  readonly entries: readonly EntryRow[]
  readonly operations: readonly OperationRow[]
  /** One for each operation, in their order. */
  readonly pending: readonly Pending[]
}

export async function applyAll(writer: TableWriter, waiting: readonly Operation[], { size, at, behind, known }: BatchStart): Promise<AppliedAll> {
  const taken = new Map(known.map((row) => [row.key, row]))
  const entries: EntryRow[] = []
  const operations: OperationRow[] = []
  const pending: Pending[] = []
  for (const operation of waiting) {
    const earlier = taken.get(operation.key)
    if (earlier !== undefined) {
      pending.push(await repeated(writer, operation, earlier, operations.includes(earlier)))
      continue
    }
    if (behind !== undefined && operation.restricts !== true) {
      pending.push({ answer: behind, recorded: false })
      continue
    }
    const index = size + entries.length
    const answer = applyOperation(writer, operation, { index, at })
    const judged = answer instanceof Promise ? await answer : answer
    pending.push(pendingOf(judged, index))
    if (judged.entries.length === 0) continue
    const row = { key: operation.key, digest: operation.digest, index, count: judged.entries.length, refusal: judged.refusal?.problem.code }
    for (const entry of judged.entries) entries.push({ index: size + entries.length, leaf: leafHash(sha256, entry), entry })
    operations.push(row)
    taken.set(row.key, row)
  }
  return { entries, operations, pending }
}

function pendingOf({ entries, refusal, thrown }: Judged, index: number): Pending {
  if (thrown !== undefined) return { thrown: thrown.error }
  if (refusal !== undefined) return { answer: refusal, recorded: entries.length > 0 }
  return { standing: { index, count: entries.length } }
}

/** The answer of what stands under the key already; one of this very batch is answered with it. */
async function repeated(writer: TableWriter, { key, digest }: Operation, earlier: OperationRow, ofThisBatch: boolean): Promise<Pending> {
  const { index, count, refusal } = earlier
  if (!equal(earlier.digest, digest)) {
    const message = `the key \`${key}\` already stands for another operation, at index ${index}`
    return { answer: refuse('APPEND_KEY_REUSED', message, 'take a new key for a new act'), recorded: false }
  }
  if (refusal !== undefined) {
    const message = `the operation \`${key}\` was refused before, and what it recorded stands at index ${index}`
    return { answer: { ok: false, problem: { code: refusal, message } }, recorded: true }
  }
  if (ofThisBatch) return { standing: { index, count } }
  const checkpoint = await writer.checkpointOver(index)
  if (checkpoint !== undefined) return { answer: ok({ index, count, checkpoint }), recorded: true }
  return { answer: refuse('HEAD_INCONSISTENT', `the operation \`${key}\` stands at index ${index}, and no checkpoint covers it`), recorded: false }
}
