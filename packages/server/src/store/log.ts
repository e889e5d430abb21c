/** The log over any database's tables: what is the same for all of them. */
import type { SignerKey, TileReader } from '@exeat/log'
import { accepted, ok, refuse, type Answer, type Refusal, type Verdict } from '../codes.ts'
import type { Appended, HeadKeeper, LogStatus, LogStore, Operation } from '../ports/log.ts'
import type { LogTables, TableReader } from '../ports/tables.ts'
import type { Outcome } from './apply-all.ts'
import { runBatch, type KnownHead } from './batch.ts'
import { addCosignatures } from './cosign.ts'
import { sha256 } from './ed25519.ts'
import { exclusive } from './exclusive.ts'
import { checkOutside, checkStored } from './head-check.ts'
import { logIdentity, type LogIdentity } from './identity.ts'
import { isLabel } from './labels.ts'
import { advance } from './outside.ts'
import { groupQueue } from './queue.ts'
import { logReader, readOnce } from './reading.ts'
import { tileReader } from './tiles.ts'

export interface LogOptions {
  /** The log's origin, by custom a URL without scheme; also the name of its key. */
  readonly origin: string
  /** The log's key, of type ed25519. */
  readonly signer: SignerKey
  /** Milliseconds since the epoch, a whole number. */
  readonly now: () => number
  /** By how many milliseconds the clock may be behind the last head: 0 for one host, what clocks differ by for replicas on several. */
  readonly skew?: number
  /** Where the last head is held outside the database. Without one, a restored older database cannot be told from the newest. */
  readonly outside?: HeadKeeper
}

const limits = { batch: 256, waiting: 10_000 }
const digestSize = 32

/** Founds the empty log: its identity and its first signed head. `STORE_EXISTS` where there is one. */
export async function foundLog(tables: LogTables, options: LogOptions): Promise<Verdict> {
  const identity = logIdentity(options.origin, options.signer)
  const root = sha256(new Uint8Array(0))
  const note = identity.sign(0, root)
  const head = { size: 0, root, frontier: new Uint8Array(0), at: options.now() }
  try {
    if (!(await tables.found(identity.row, head, { size: 0, root, note }))) return refuse('STORE_EXISTS', 'the database already holds a log')
    if (options.outside === undefined || (await options.outside.swap(undefined, note))) return accepted
    return refuse('STORE_EXISTS', 'a head is already held outside the database')
  } catch (error) {
    return unreadable(error)
  }
}

/** Opens a log that was founded, and verifies it: what does not verify is opened read-only, and its status says what differs. */
export async function openLog(tables: LogTables, options: LogOptions): Promise<Answer<LogStore>> {
  const identity = logIdentity(options.origin, options.signer)
  try {
    const founded = await tables.reader.identity()
    if (founded === undefined) return refuse('STORE_MISSING', 'no log was founded in the database', 'run: exeat init --server')
    const { origin, key } = identity.row
    if (founded.origin !== origin || founded.key !== key) {
      return refuse('STORE_IDENTITY', `the database holds the log \`${founded.origin}\` with the key \`${founded.key}\`, not \`${origin}\` with \`${key}\``)
    }
    return ok(await openStore(tables, options, identity))
  } catch (error) {
    return unreadable(error)
  }
}

function unreadable(error: unknown): Answer<never> {
  return refuse('STORE_UNREADABLE', `the database cannot be used: \`${error instanceof Error ? error.message : String(error)}\``)
}

interface Live {
  closed: boolean
  status: LogStatus
  known: KnownHead
}

interface Queued {
  readonly operation: Operation
  readonly resolve: (answer: Answer<Appended, string>) => void
  readonly reject: (thrown: unknown) => void
}

async function openStore(tables: LogTables, options: LogOptions, identity: LogIdentity): Promise<LogStore> {
  const { reader } = tables
  const tiles = tileReader(reader)
  const verifyHead = () => verified(reader, tiles, identity, options.outside)
  const before = await reader.head()
  const stored = await verifyHead()
  const verdict = stored.ok && options.outside !== undefined ? await advance(options.outside, reader, identity) : stored
  const live: Live = {
    closed: false,
    status: verdict.ok ? { state: 'open' } : { state: 'read-only', problem: verdict.problem },
    known: before ?? { size: 0, root: sha256(new Uint8Array(0)) },
  }
  const writing = exclusive()
  const queue = groupQueue<Queued>(limits, (items) => writing(() => appendBatch(tables, options, identity, live, items)))

  return {
    ...logReader(() => reader),
    status: () => live.status,
    verifyHead,
    append: (operation) => new Promise((resolve, reject) => {
      if (live.status.state !== 'open') return resolve(stopped(live.status))
      const checked = checkOperation(operation)
      if (!checked.ok) return resolve(checked)
      if (!queue.push({ operation: checked.value, resolve, reject })) resolve(busy)
    }),
    snapshot: (read) => tables.snapshot((within) => readOnce(within, read)),
    addCosignatures: (size, lines) => writing(async () => {
      if (live.status.state !== 'open') return stopped(live.status)
      const { verdict: added, halt } = await addCosignatures(tables, size, lines)
      if (halt !== undefined) live.status = halt
      return added
    }),
    close: async () => {
      if (live.closed) return
      live.closed = true
      live.status = { state: 'closed', problem: refuse('STORE_CLOSED', 'the log was closed').problem }
      await queue.idle()
      await writing(() => tables.close())
    },
  }
}

async function verified(reader: TableReader, tiles: TileReader, identity: LogIdentity, outside: HeadKeeper | undefined): Promise<Verdict> {
  const stored = await checkStored(reader, tiles, identity)
  return stored.ok && outside !== undefined ? checkOutside(reader, tiles, identity, outside) : stored
}

/** The digest is copied: what the caller does to its own afterwards changes nothing. */
function checkOperation(operation: Operation): Answer<Operation> {
  const { key, digest } = operation
  if (!isLabel(key)) return refuse('APPEND_KEY', 'an idempotency key is 1 to 200 printable characters')
  if (digest.length !== digestSize) return refuse('APPEND_DIGEST', `the digest of the operation \`${key}\` has ${digest.length} bytes, not ${digestSize}`)
  return ok({ ...operation, digest: new Uint8Array(digest) })
}

const busy = refuse('STORE_BUSY', `${limits.waiting} operations wait already`, 'repeat later with the same key')

/** A batch, its head outside, and only then the answers. */
async function appendBatch(tables: LogTables, options: LogOptions, identity: LogIdentity, live: Live, items: readonly Queued[]): Promise<void> {
  const { status } = live
  if (status.state === 'dead' || status.state === 'read-only') {
    const refusal = stopped(status)
    for (const { resolve } of items) resolve(refusal)
    return
  }
  const { now, skew = 0, outside } = options
  const { outcomes, committed, halt } = await runBatch({ tables, identity, now, skew, known: live.known }, items.map(({ operation }) => operation))
  if (halt !== undefined) live.status = halt
  if (committed !== undefined) live.known = committed.head
  const held = outside !== undefined && outcomes.some(isRecorded) ? await advance(outside, tables.reader, identity, committed) : accepted
  if (!held.ok) live.status = { state: held.problem.code === 'HEAD_OUTSIDE_FAILED' ? 'dead' : 'read-only', problem: held.problem }
  for (const [i, { resolve, reject }] of items.entries()) {
    const outcome = outcomes[i] ?? { thrown: new Error('the operation was neither accepted nor refused') }
    if ('thrown' in outcome) reject(outcome.thrown)
    else resolve(held.ok || !outcome.recorded ? outcome.answer : held)
  }
}

const isRecorded = (outcome: Outcome): boolean => 'recorded' in outcome && outcome.recorded

/** A log that failed earlier says so; a log that does not fit itself says what differs. */
function stopped(status: Exclude<LogStatus, { state: 'open' }>): Refusal {
  if (status.state !== 'dead') return { ok: false, problem: status.problem }
  return refuse('STORE_DEAD', `the log is dead: ${status.problem.message}`, 'open it again, which verifies it')
}
