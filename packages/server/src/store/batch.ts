/** One batch: the head is locked, each operation applied under a savepoint of its own, and everything committed at once. */
import { appendLeaves, decodeRange, encodeRange, rangeRoot, type CompactRange } from '@exeat/log'
import type { Problem } from '@exeat/core'
import { accepted, ok, refuse, type Answer, type Refusal, type StoreCode, type Verdict } from '../codes.ts'
import type { Appended, Operation } from '../ports/log.ts'
import type { EntryRow, HeadRow, LockedHead, LogTables } from '../ports/tables.ts'
import { applyOperation } from './apply.ts'
import { sha256 } from './ed25519.ts'
import { checkFrontier } from './head-check.ts'
import { equal, short, type LogIdentity } from './identity.ts'

export interface Waiting {
  readonly operation: Operation
  readonly leaf: Uint8Array
}

/** An operation's answer, or what its `apply` threw. */
export type Outcome = Answer<Appended, string> | { readonly thrown: unknown }

/** The head that this process knows to stand in the database. */
export type KnownHead = Pick<HeadRow, 'size' | 'root'>

export interface Committed {
  readonly head: HeadRow
  /** The head as a signed checkpoint. */
  readonly note: Uint8Array
}

export interface BatchResult {
  /** One for each operation, in their order. */
  readonly outcomes: readonly Outcome[]
  /** What was committed, if anything was. */
  readonly committed?: Committed
  /** Why nothing may be appended any more. */
  readonly halt?: { readonly state: 'dead' | 'read-only'; readonly problem: Problem<StoreCode> }
}

export interface BatchContext {
  readonly tables: LogTables
  readonly identity: LogIdentity
  readonly now: () => number
  /** By how many milliseconds a clock may be behind the last head's: what replicas may differ by. */
  readonly skew: number
  readonly known: KnownHead
}

type Stage = 'before' | 'commit'

/** Never rejects. Every operation is answered after the commit, never before. */
export async function runBatch(context: BatchContext, waiting: readonly Waiting[]): Promise<BatchResult> {
  const progress: { stage: Stage } = { stage: 'before' }
  try {
    return await storeBatch(context, waiting, progress)
  } catch (error) {
    return afterFailure(context.tables, waiting, progress.stage, error)
  }
}

async function storeBatch(context: BatchContext, waiting: readonly Waiting[], progress: { stage: Stage }): Promise<BatchResult> {
  const { tables: { writer }, identity } = context
  const locked = await writer.begin()
  const judged = await judgeHead(context, locked)
  if (!judged.ok) {
    await writer.rollback()
    return { outcomes: waiting.map(() => judged), halt: { state: 'read-only', problem: judged.problem } }
  }
  const { head, range } = judged.value
  const at = instantOf(context, head)
  const applied = await applyAll(context, waiting, head, at)
  if (applied.rows.length === 0) {
    await writer.rollback()
    return { outcomes: applied.outcomes.map((outcome) => outcome ?? lost) }
  }
  const extended = appendLeaves(sha256, range, applied.rows.map(({ leaf }) => leaf))
  const { size } = extended.range
  const root = rangeRoot(sha256, extended.range)
  const note = identity.sign(size, root)
  const next: HeadRow = { size, root, frontier: encodeRange(extended.range), at: at.instant }
  await writer.insertEntries(applied.rows)
  await writer.insertTileHashes(extended.completed)
  await writer.insertCheckpoint({ size, root, note })
  await writer.updateHead(next)
  progress.stage = 'commit'
  await writer.commit()
  return { outcomes: applied.outcomes.map((outcome, i) => outcome ?? standing(applied.indexOf.get(i), note)), committed: { head: next, note } }
}

const lost = refuse('STORE_CONFLICT', 'the operation was neither accepted nor refused')

function standing(index: number | undefined, checkpoint: Uint8Array): Outcome {
  return index === undefined ? lost : ok({ index, checkpoint })
}

/** The locked head fits itself, is the last one signed, and extends the one that this process knows. */
async function judgeHead({ tables, known }: BatchContext, locked: LockedHead | undefined): Promise<Answer<{ head: HeadRow; range: CompactRange }>> {
  if (locked === undefined) return refuse('HEAD_INCONSISTENT', 'the log has no head or no checkpoint')
  const { head, newest } = locked
  if (newest.size !== head.size || !equal(newest.root, head.root)) {
    return refuse('HEAD_INCONSISTENT', `the head is ${head.size} ${short(head.root)}, and the last checkpoint ${newest.size} ${short(newest.root)}`)
  }
  const range = decodeRange(head.size, head.frontier)
  const frontier = checkFrontier(head)
  if (!range.ok || !frontier.ok) return frontier.ok ? lost : frontier
  const extending = await extendsKnown(tables, head, known)
  return extending.ok ? ok({ head, range: range.value }) : extending
}

/** Another replica may have appended: then the checkpoint that this process knows still stands in the table. */
async function extendsKnown({ writer }: LogTables, head: HeadRow, known: KnownHead): Promise<Verdict> {
  const root = head.size === known.size ? head.root : head.size > known.size ? await writer.rootAt(known.size) : undefined
  if (root !== undefined && equal(root, known.root)) return accepted
  return refuse('HEAD_NOT_EXTENDED', `the log has ${head.size} entries and the root ${short(head.root)}, and had ${known.size} and ${short(known.root)} before`)
}

interface BatchInstant {
  readonly instant: number
  readonly behind: Refusal | undefined
}

/** The time of the new head, never earlier than the old one's. Stated as what grants, so that a clock that is no number counts as behind. */
function instantOf({ now, skew }: BatchContext, head: HeadRow): BatchInstant {
  const clock = now()
  if (Number.isSafeInteger(clock) && clock + skew >= head.at) return { instant: Math.max(clock, head.at), behind: undefined }
  const message = `the clock says ${clock} and the last head was signed at ${head.at}, in milliseconds since 1970`
  return { instant: head.at, behind: refuse('CLOCK_BEHIND', message, 'set the clock, then repeat') }
}

interface Applied {
  readonly rows: readonly EntryRow[]
  /** Undefined where the operation was accepted and its answer waits for the commit. */
  readonly outcomes: readonly (Outcome | undefined)[]
  /** The entry's index by the operation's position. */
  readonly indexOf: ReadonlyMap<number, number>
}

async function applyAll(context: BatchContext, waiting: readonly Waiting[], head: HeadRow, { behind }: BatchInstant): Promise<Applied> {
  const { writer } = context.tables
  const stored = await writer.known(waiting.map(({ operation }) => operation.key))
  const taken = new Map(stored.map((row) => [row.key, row]))
  const rows: EntryRow[] = []
  const outcomes: (Outcome | undefined)[] = []
  const indexOf = new Map<number, number>()
  for (const [i, { operation, leaf }] of waiting.entries()) {
    const earlier = taken.get(operation.key)
    if (earlier !== undefined) {
      if (equal(earlier.leaf, leaf) && earlier.index >= head.size) indexOf.set(i, earlier.index)
      outcomes.push(await repeated(context, operation, leaf, earlier, head.size))
      continue
    }
    const index = head.size + rows.length
    const refusal = behind !== undefined && operation.restricts !== true ? behind : await applyOperation(writer, operation, index)
    outcomes.push(refusal)
    if (refusal !== undefined) continue
    const row = { index, key: operation.key, leaf, entry: operation.entry }
    rows.push(row)
    taken.set(row.key, row)
    indexOf.set(i, index)
  }
  return { rows, outcomes, indexOf }
}

/** The answer of the entry that stands under the key already; one of this very batch is answered with it. */
async function repeated(context: BatchContext, operation: Operation, leaf: Uint8Array, earlier: Omit<EntryRow, 'entry'>, size: number): Promise<Outcome | undefined> {
  if (!equal(earlier.leaf, leaf)) {
    return refuse('APPEND_KEY_REUSED', `the key \`${operation.key}\` already stands for another entry, at index ${earlier.index}`, 'take a new key for a new act')
  }
  if (earlier.index >= size) return undefined
  const checkpoint = await context.tables.writer.checkpointOver(earlier.index)
  return checkpoint === undefined ? lost : ok({ index: earlier.index, checkpoint })
}

/** Whether anything may be stored is known only where the database rolled back cleanly. */
async function afterFailure(tables: LogTables, waiting: readonly Waiting[], stage: Stage, error: unknown): Promise<BatchResult> {
  const failure = tables.failureOf(error)
  const clean = await rolledBack(tables)
  const refusal = refusalOf(clean ? failure : 'other', stage, error)
  const outcomes = waiting.map(() => refusal)
  return clean && failure !== 'other' ? { outcomes } : { outcomes, halt: { state: 'dead', problem: refusal.problem } }
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
