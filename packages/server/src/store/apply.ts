import { accepted, refuse, type Refusal, type Verdict } from '../codes.ts'
import type { Operation, Transaction } from '../ports/log.ts'
import type { TableWriter } from '../ports/tables.ts'
import type { Outcome } from './batch.ts'
import { isLabel } from './labels.ts'

/**
 * Applies one operation under a savepoint. Undefined where it was accepted; otherwise it has been undone alone.
 * Rejects with the driver's error where the database failed, even if `apply` caught it: the batch must not go on.
 */
export async function applyOperation(writer: TableWriter, operation: Operation, index: number): Promise<Outcome | undefined> {
  const { apply } = operation
  if (apply === undefined) return undefined
  await writer.savepoint()
  const { transaction, finish } = guarded(writer, index)
  const outcome = await settled(async () => apply(transaction))
  await finish()
  await (outcome === undefined ? writer.release() : writer.undo())
  return outcome
}

async function settled(run: () => ReturnType<NonNullable<Operation['apply']>>): Promise<Outcome | undefined> {
  try {
    const problem = await run()
    return problem === undefined ? undefined : { ok: false, problem }
  } catch (thrown) {
    return { thrown }
  }
}

/** A transaction that stops working when its operation has been applied, and that keeps the first failure of the database. */
function guarded(writer: TableWriter, index: number): { readonly transaction: Transaction; readonly finish: () => Promise<void> } {
  let over = false
  const started: Promise<unknown>[] = []

  async function watched<T>(run: () => Promise<T>): Promise<T> {
    if (over) throw new Error('the transaction is over: `apply` must await everything that it starts')
    const running = run()
    started.push(running)
    return running
  }

  const transaction: Transaction = {
    index,
    record: (kind, key) => watched(async () => (isLabel(kind) && isLabel(key) ? writer.record(kind, key) : undefined)),
    put: (kind, key, value, expected) => watched(() => put(writer, kind, key, value, expected)),
  }
  return {
    transaction,
    finish: async () => {
      over = true
      await Promise.all(started)
    },
  }
}

async function put(writer: TableWriter, kind: string, key: string, value: Uint8Array, expected: number): Promise<Verdict> {
  if (!isLabel(kind) || !isLabel(key)) return invalid('a record\'s kind and key are 1 to 200 printable characters')
  if (!Number.isSafeInteger(expected) || expected < 0) return invalid(`\`${expected}\` is no version: 0, or that of the record read`)
  if (await writer.put(kind, key, value, expected)) return accepted
  return refuse('STATE_VERSION', `the record \`${kind}/${key}\` is no longer at version ${expected}`, 'read it again and decide anew')
}

const invalid = (message: string): Refusal => refuse('STATE_INVALID', message)
