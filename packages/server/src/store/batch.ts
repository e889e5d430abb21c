/** One batch: the head is locked, each operation applied under a savepoint of its own, and everything committed at once. */
import { appendLeaves, decodeRange, encodeRange, rangeRoot, type CompactRange } from '@exeat/log'
import { accepted, ok, refuse, type Answer, type Refusal, type Verdict } from '../codes.ts'
import type { Operation } from '../ports/log.ts'
import type { HeadRow, LockedHead, LogTables, OperationRow, TableWriter } from '../ports/tables.ts'
import { applyAll, type AppliedAll, type Outcome, type Pending } from './apply-all.ts'
import { sha256 } from './ed25519.ts'
import { afterFailure, type Halt, type Stage } from './failure.ts'
import { checkFrontier } from './head-check.ts'
import { equal, short, type LogIdentity } from './identity.ts'
import { isLabel } from './labels.ts'

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
  readonly halt?: Halt
}

export interface BatchContext {
  readonly tables: LogTables
  readonly identity: LogIdentity
  readonly now: () => number
  /** By how many milliseconds a clock may be behind the last head's: what replicas may differ by. */
  readonly skew: number
  readonly known: KnownHead
}

/** Never rejects. Every operation is answered after the commit, never before. */
export async function runBatch(context: BatchContext, waiting: readonly Operation[]): Promise<BatchResult> {
  const progress: { stage: Stage } = { stage: 'before' }
  try {
    return await storeBatch(context, waiting, progress)
  } catch (error) {
    const { refusal, halt } = await afterFailure(context.tables, progress.stage, error)
    const outcomes = waiting.map(() => unrecorded(refusal))
    return halt === undefined ? { outcomes } : { outcomes, halt }
  }
}

async function storeBatch(context: BatchContext, waiting: readonly Operation[], progress: { stage: Stage }): Promise<BatchResult> {
  const { writer } = context.tables
  const [locked, known] = await lockedAndKnown(writer, waiting)
  const judged = await judgeHead(context, locked)
  if (!judged.ok) {
    await writer.rollback()
    return { outcomes: waiting.map(() => unrecorded(judged)), halt: { state: 'read-only', problem: judged.problem } }
  }
  const { head, range } = judged.value
  const { at, behind } = instantOf(context, head)
  const applied = await applyAll(writer, waiting, { size: head.size, at, behind, known })
  if (applied.entries.length === 0) {
    await writer.rollback()
    return { outcomes: applied.pending.map((each) => outcomeOf(each, new Uint8Array(0))) }
  }
  const committed = await writeAll(context, range, applied, at)
  progress.stage = 'commit'
  await writer.commit()
  return { outcomes: applied.pending.map((each) => outcomeOf(each, committed.note)), committed }
}

/** Asked for at once, and awaited in order: where the head cannot be locked, that says why, and not that the statement behind it failed too. */
async function lockedAndKnown(writer: TableWriter, waiting: readonly Operation[]): Promise<[LockedHead | undefined, readonly OperationRow[]]> {
  const locking = writer.begin()
  const asking = writer.known(waiting.map(({ key }) => key))
  const foreseen = waiting.flatMap(({ records = [] }) => records).filter(({ kind, key }) => isLabel(kind) && isLabel(key))
  const foreseeing = foreseen.length === 0 ? undefined : writer.foresee(foreseen)
  asking.catch(() => {})
  foreseeing?.catch(() => {})
  const [locked, known] = [await locking, await asking]
  await foreseeing
  return [locked, known]
}

/** Everything but the commit. */
async function writeAll(context: BatchContext, range: CompactRange, { entries, operations }: AppliedAll, at: number): Promise<Committed> {
  const { tables: { writer }, identity } = context
  const extended = appendLeaves(sha256, range, entries.map(({ leaf }) => leaf))
  const { size } = extended.range
  const root = rangeRoot(sha256, extended.range)
  const note = identity.sign(size, root)
  const head: HeadRow = { size, root, frontier: encodeRange(extended.range), at }
  await Promise.all([
    writer.insertEntries(entries),
    writer.insertOperations(operations),
    writer.insertTileHashes(extended.completed),
    writer.insertCheckpoint({ size, root, note }),
    writer.updateHead(head),
  ])
  return { head, note }
}

const unrecorded = (answer: Refusal): Outcome => ({ answer, recorded: false })

function outcomeOf(pending: Pending, checkpoint: Uint8Array): Outcome {
  return 'standing' in pending ? { answer: ok({ ...pending.standing, checkpoint }), recorded: true } : pending
}

/** The locked head fits itself, is the last one signed, and extends the one that this process knows. */
async function judgeHead({ tables, known }: BatchContext, locked: LockedHead | undefined): Promise<Answer<{ head: HeadRow; range: CompactRange }>> {
  if (locked === undefined) return refuse('HEAD_INCONSISTENT', 'the log has no head or no checkpoint')
  const { head, newest } = locked
  if (newest.size !== head.size || !equal(newest.root, head.root)) {
    return refuse('HEAD_INCONSISTENT', `the head is ${head.size} ${short(head.root)}, and the last checkpoint ${newest.size} ${short(newest.root)}`)
  }
  const frontier = checkFrontier(head)
  if (!frontier.ok) return frontier
  const range = decodeRange(head.size, head.frontier)
  if (!range.ok) return refuse('HEAD_INCONSISTENT', range.problem.message)
  const extending = await extendsKnown(tables, head, known)
  return extending.ok ? ok({ head, range: range.value }) : extending
}

/** Another replica may have appended: then the checkpoint that this process knows still stands in the table. */
async function extendsKnown({ writer }: LogTables, head: HeadRow, known: KnownHead): Promise<Verdict> {
  const root = head.size === known.size ? head.root : head.size > known.size ? await writer.rootAt(known.size) : undefined
  if (root !== undefined && equal(root, known.root)) return accepted
  return refuse('HEAD_NOT_EXTENDED', `the log has ${head.size} entries and the root ${short(head.root)}, and had ${known.size} and ${short(known.root)} before`)
}

/** The time of the new head, never earlier than the old one's. Stated as what grants, so that a clock that is no number counts as behind. */
function instantOf({ now, skew }: BatchContext, head: HeadRow): { readonly at: number; readonly behind: Refusal | undefined } {
  const clock = now()
  if (Number.isSafeInteger(clock) && clock + skew >= head.at) return { at: Math.max(clock, head.at), behind: undefined }
  const message = `the clock says ${clock} and the last head was signed at ${head.at}, in milliseconds since 1970`
  return { at: head.at, behind: refuse('CLOCK_BEHIND', message, 'set the clock, then repeat') }
}
