import { MAX_ENTRY_SIZE } from '@exeat/log'
import { accepted, refuse, type Refusal, type Verdict } from '../codes.ts'
import type { Applied, Operation, Page, Transaction } from '../ports/log.ts'
import type { TableWriter } from '../ports/tables.ts'
import { equal } from './identity.ts'
import { isLabel } from './labels.ts'

const limits = { entries: 16, bytes: 8 * 1024 * 1024, page: 1000 }

/** Where in the log, and when, an operation is applied. */
export interface Position {
  readonly index: number
  readonly at: number
}

/** What an operation leaves: entries (none where it was undone), and the refusal or the throw that its caller gets. */
export interface Judged {
  readonly entries: readonly Uint8Array[]
  readonly refusal?: Refusal<string>
  readonly thrown?: { readonly error: unknown }
}

/**
 * Applies one operation, under a savepoint from its first change on. Rejects with the driver's error where the database failed, even if `apply` caught
 * it: the batch must not go on. Answers at once where `apply` does and started nothing.
 */
export function applyOperation(writer: TableWriter, operation: Operation, position: Position): Judged | Promise<Judged> {
  const { transaction, finish } = guarded(writer, position)
  const ended = (judged: Judged): Judged | Promise<Judged> => {
    const finished = finish()
    return finished === undefined ? judged : concluded(writer, judged, finished)
  }
  const judged = settled(() => operation.apply(transaction))
  return judged instanceof Promise ? judged.then(ended) : ended(judged)
}

async function concluded(writer: TableWriter, judged: Judged, changed: Promise<boolean>): Promise<Judged> {
  if (await changed) await (judged.entries.length > 0 ? writer.release() : writer.undo())
  return judged
}

function settled(run: () => Promise<Applied> | Applied): Judged | Promise<Judged> {
  try {
    const applied = run()
    return 'then' in applied ? Promise.resolve(applied).then(judge).catch(thrown) : judge(applied)
  } catch (error) {
    return thrown(error)
  }
}

const thrown = (error: unknown): Judged => ({ entries: [], thrown: { error } })

function judge(applied: Applied): Judged {
  const given = applied.entries ?? []
  const refusal: Refusal<string> | undefined = applied.ok ? undefined : { ok: false, problem: applied.problem }
  // The code is what a repetition is answered with, from the table of operations.
  if (refusal !== undefined && !isLabel(refusal.problem.code)) throw new Error('a refusal needs a code of 1 to 200 printable characters')
  if (refusal !== undefined && given.length === 0) return { entries: [], refusal }
  const checked = checkEntries(given)
  if (!checked.ok) return { entries: [], refusal: checked }
  const entries = given.map((entry) => Buffer.from(entry))
  return refusal === undefined ? { entries } : { entries, refusal }
}

function checkEntries(entries: readonly Uint8Array[]): Verdict {
  if (entries.length === 0 || entries.length > limits.entries) {
    return refuse('APPEND_ENTRIES', `the operation gave ${entries.length} entries, and may give 1 to ${limits.entries}`)
  }
  const wrong = entries.find((entry) => entry.length === 0 || entry.length > MAX_ENTRY_SIZE)
  return wrong === undefined ? accepted : refuse('APPEND_ENTRY_SIZE', `an entry has ${wrong.length} bytes, and may have 1 to ${MAX_ENTRY_SIZE}`)
}

interface Guarded {
  readonly transaction: Transaction
  /**
   * Ends the transaction, waits for what was started, rejects with the database's first failure, and says whether anything was changed. Undefined, so
   * that nobody waits, where nothing was started.
   */
  readonly finish: () => Promise<boolean> | undefined
}

/** A transaction that stops working when its operation has been applied, and that keeps the first failure of the database. */
function guarded(writer: TableWriter, { index, at }: Position): Guarded {
  let over = false
  let savepoint: Promise<void> | undefined
  const started: Promise<unknown>[] = []

  async function watched<T>(run: () => Promise<T>): Promise<T> {
    if (over) throw new Error('the transaction is over: `apply` must await everything that it starts')
    const running = run()
    started.push(running)
    return running
  }
  /** The savepoint is sent ahead of the first change, and not waited for. */
  const changing = <T>(run: () => Promise<T>): Promise<T> => watched(async () => {
    savepoint ??= writer.savepoint()
    const [done] = await Promise.all([run(), savepoint])
    return done
  })

  const transaction: Transaction = {
    index,
    at,
    record: async (kind, key) => (isLabel(kind) && isLabel(key) ? watched(() => writer.record(kind, key)) : undefined),
    records: async (kind, page) => {
      const { after, limit } = checkedPage(page)
      return isLabel(kind) ? watched(() => writer.records(kind, after, limit)) : []
    },
    body: async (kind, digest) => (isLabel(kind) && isLabel(digest) ? watched(() => writer.body(kind, digest)) : undefined),
    put: async (kind, key, value, expected) => {
      const checked = checkRecord(kind, key, expected, value)
      return checked.ok ? changing(async () => versioned(await writer.put(kind, key, value, expected), kind, key, expected)) : checked
    },
    remove: async (kind, key, expected) => {
      const checked = expected === 0 ? invalid('a record that is not there cannot be removed') : checkRecord(kind, key, expected)
      return checked.ok ? changing(async () => versioned(await writer.remove(kind, key, expected), kind, key, expected)) : checked
    },
    keep: async (kind, digest, bytes) => {
      const checked = checkBody(kind, digest, bytes)
      return checked.ok ? changing(() => keep(writer, kind, digest, bytes)) : checked
    },
    erase: async (kind, digest) => isLabel(kind) && isLabel(digest) && changing(() => writer.erase(kind, digest)),
  }
  return {
    transaction,
    finish: () => {
      over = true
      return started.length === 0 ? undefined : Promise.all(started).then(() => savepoint !== undefined)
    },
  }
}

/** What a page asks for; a `RangeError` where it is none. */
export function checkedPage({ after = '', limit }: Page): { readonly after: string; readonly limit: number } {
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > limits.page) throw new RangeError(`a page has 1 to ${limits.page} records, not \`${limit}\``)
  if (after !== '' && !isLabel(after)) throw new RangeError('a page begins behind a key of 1 to 200 printable characters')
  return { after, limit }
}

function checkRecord(kind: string, key: string, expected: number, value?: Uint8Array): Verdict {
  if (!isLabel(kind) || !isLabel(key)) return invalid('a record\'s kind and key are 1 to 200 printable characters')
  if (!Number.isSafeInteger(expected) || expected < 0) return invalid(`\`${expected}\` is no version: 0, or that of the record read`)
  return value === undefined ? accepted : checkSize(value)
}

function checkBody(kind: string, digest: string, bytes: Uint8Array): Verdict {
  return isLabel(kind) && isLabel(digest) ? checkSize(bytes) : invalid('a body\'s kind and digest are 1 to 200 printable characters')
}

function checkSize(bytes: Uint8Array): Verdict {
  return bytes.length <= limits.bytes ? accepted : invalid(`${bytes.length} bytes are more than the ${limits.bytes} that can be kept in one piece`)
}

function versioned(done: boolean, kind: string, key: string, expected: number): Verdict {
  if (done) return accepted
  return refuse('STATE_VERSION', `the record \`${kind}/${key}\` is no longer at version ${expected}`, 'read it again and decide anew')
}

async function keep(writer: TableWriter, kind: string, digest: string, bytes: Uint8Array): Promise<Verdict> {
  if (await writer.keep(kind, digest, bytes)) return accepted
  const kept = await writer.body(kind, digest)
  if (kept !== undefined && equal(kept, bytes)) return accepted
  return refuse('BODY_CONFLICT', `other bytes are kept under \`${kind}/${digest}\` already`)
}

const invalid = (message: string): Refusal => refuse('STATE_INVALID', message)
