/**
 * Delivers to one sink. The log is the queue, a place in it is all that is kept while the sink takes what it gets; at least once, under the same id each time.
 *
 * A sink that is **down** stays where it is and is asked again, ever less often: nothing is lost to it or reordered, and nothing is held for it. What it failed to
 * take in three days is given up as a range of the log, which stays listed until somebody has it sent again. A message that a sink **refuses** is put aside and
 * tried again by itself, those of its subject wait behind it, and all others pass.
 */
import { ExeatError, type Problem } from '@exeat/core/error'
import { serverProblem } from '../../config/codes.ts'
import type { Manner, SinkStatus, Telling } from '../../ports/sinks.ts'
import type { Feed, FeedItem } from '../feed.ts'
import type { Wants } from '../select.ts'
import { backoff, delayOf } from './backoff.ts'
import { sendAll, type Sent, type Transmit } from './send.ts'
import { countOf, type HeldMessage, type Range, type SinkRows, type SinkState, withoutRange, withRange } from './state.ts'

/** Milliseconds for which a process that died keeps others from delivering. Whoever is slower than that loses the lease, and what it sent comes again under the same id. */
const lease = 60_000
/** Messages that wait one by one; where there are more, the sink is as good as down. */
const mostHeld = 1_000

export interface WorkerOptions {
  readonly name: string
  readonly kind: string
  readonly manner: Manner
  readonly wants: Wants
  readonly transmit: Transmit
  readonly rows: SinkRows
  readonly feed: Feed
  /** Of the log. */
  readonly size: () => Promise<number>
  /** Of this process. */
  readonly id: string
  readonly now: () => number
  /** In [0, 1). */
  readonly jitter: () => number
  /** Enters in the log that messages were lost to the sink, or that it takes them again. */
  readonly enterHealth: (state: 'degraded' | 'restored', message: string) => Promise<void>
  readonly report: (problem: Problem) => void
}

export interface Worker {
  readonly name: string
  /** Delivers what is due. False where nothing is left to do before its time or the log's growth. */
  readonly round: () => Promise<boolean>
  /** Puts what follows from entries in line. Once under one key, unless it was delivered meanwhile. */
  readonly tell: (telling: Telling) => Promise<void>
  /** Sends entries again, in order and before all else. */
  readonly replay: (range: Range) => Promise<void>
  /** Asks a sink that is gone or down again, at once, also for what it refused until it was given up. */
  readonly resume: () => Promise<void>
  readonly status: () => Promise<SinkStatus>
}

export const tellingOf = (item: FeedItem): Telling => ({ ...item, key: String(item.index).padStart(16, '0') })

export function sinkWorker(options: WorkerOptions): Worker {
  const { name, kind, rows, size, now, wants } = options

  /** Its place, which begins at the end of the log where it has none yet. */
  async function place(): Promise<{ readonly version: number; readonly value: SinkState }> {
    const found = await rows.state(name)
    if (found !== undefined) return found
    const begun: SinkState = { next: await size(), failures: 0, dead: [] }
    if (await rows.write(name, begun, 0)) return { version: 1, value: begun }
    return place()
  }

  /** By whoever has it at the moment that it is written. */
  async function change(of: (state: SinkState) => SinkState): Promise<void> {
    for (;;) {
      const { version, value } = await place()
      // oxlint-disable-next-line no-await-in-loop -- somebody else was faster
      if (await rows.write(name, of(value), version)) return
    }
  }

  return {
    name,
    round: () => round(options, place),
    tell: async (telling) => {
      if (!wants(telling.type)) return
      await rows.hold(name, held(telling, { at: now(), attempts: 0, since: now() }), 0)
    },
    replay: async (range) => {
      for (const { key, value } of await rows.held(name)) if (value.state === 'dead' && isWithin(value.telling.index, range)) await rows.release(name, key)
      await change((state) => {
        const { retryAt: _retryAt, ...rest } = state
        return { ...rest, dead: withoutRange(state.dead, range), replay: state.replay === undefined ? range : { from: Math.min(state.replay.from, range.from), to: Math.max(state.replay.to, range.to) } }
      })
    },
    resume: async () => {
      // What was given up one by one is tried anew: what stands in no entry could not be asked for otherwise.
      for (const { version, value } of await rows.held(name)) if (value.state === 'dead') await rows.hold(name, { ...value, state: 'waiting', at: now(), since: now() }, version)
      await change(({ disabled: _disabled, retryAt: _retryAt, ...state }) => ({ ...state, failures: 0 }))
    },
    status: async () => {
      const [{ value: state }, messages, length] = [await place(), await rows.held(name), await size()]
      const oldest = await oldestOf(options, state, messages.map(({ value }) => value))
      const waiting = messages.filter(({ value }) => value.state === 'waiting')
      const because = state.because ?? messages.find(({ value }) => value.because !== undefined)?.value.because
      return {
        name, kind, state: state.disabled === true ? 'disabled' : state.failures > 0 || waiting.some(({ value }) => value.attempts > 0) ? 'failing' : 'delivering',
        next: state.next, lag: Math.max(0, length - state.next), waiting: waiting.length, dead: countOf(state.dead) + messages.length - waiting.length,
        ...(oldest === undefined ? {} : { oldest }), ...(because === undefined ? {} : { because }),
      }
    },
  }
}

const isWithin = (index: number | undefined, { from, to }: Range): boolean => index !== undefined && index >= from && index <= to

function held({ key, index, subject, time, type, json }: Telling, about: Pick<HeldMessage, 'at' | 'attempts' | 'since' | 'because'>): HeldMessage {
  return { telling: { key, index, subject, time, type }, ...(index === undefined ? { json } : {}), state: 'waiting', ...about }
}

async function oldestOf({ feed, wants }: WorkerOptions, { next }: SinkState, messages: readonly HeldMessage[]): Promise<number | undefined> {
  const behind = (await feed.read(next, 64)).find(({ type }) => wants(type))?.time
  const times = [...messages.filter(({ state }) => state === 'waiting').map(({ telling }) => telling.time), ...(behind === undefined ? [] : [behind])]
  return times.length === 0 ? undefined : Math.min(...times)
}

/** One round under the lease: every write of its place is one that nobody else has written since. */
async function round(options: WorkerOptions, place: () => Promise<{ readonly version: number; readonly value: SinkState }>): Promise<boolean> {
  const { name, id, rows, now } = options
  let { version, value: state } = await place()
  const leased = state.lease !== undefined && state.lease.by !== id && now() < state.lease.until
  if (state.disabled === true || leased || (state.retryAt !== undefined && now() < state.retryAt)) return false

  /** False where the lease was lost: whoever has it now delivers. */
  const keep = async (next: SinkState): Promise<boolean> => {
    const written = await rows.write(name, { ...next, lease: { by: id, until: now() + lease } }, version)
    if (written) [version, state] = [version + 1, next]
    return written
  }
  if (state.lease?.by !== id || now() > state.lease.until - lease / 2) if (!await keep(state)) return true

  const waiting = await rows.held(name)
  const freed = await retryHeld(options, waiting)
  if (freed.stopped !== undefined) {
    await keep(await stoppedAt(options, state, freed))
    return false
  }
  // What waited behind them is due now.
  if (freed.delivered.size > 0) return keep(await well(options, state))
  if (state.replay !== undefined) return forward(options, { state, waiting, keep, from: state.replay.from, to: state.replay.to + 1 })
  return forward(options, { state, waiting, keep, from: state.next, to: Number.MAX_SAFE_INTEGER })
}

type HeldRow = Awaited<ReturnType<SinkRows['held']>>[number]

/** The first message of each subject whose time has come. */
async function retryHeld(options: WorkerOptions, waiting: readonly HeldRow[]): Promise<Sent> {
  const { name, manner, transmit, rows, now, jitter } = options
  const first = new Map<string, HeldRow>()
  for (const row of waiting) {
    const lane = row.value.telling.subject ?? row.key
    if (row.value.state === 'waiting' && !first.has(lane)) first.set(lane, row)
  }
  const due = [...first.values()].filter(({ value }) => value.at <= now())
  const tellings = (await Promise.all(due.map(({ value }) => restored(options, value)))).filter((each) => each !== undefined)
  if (tellings.length === 0) return { delivered: new Set(), refused: new Map() }
  const alone: Manner = { ...manner, parcels: (items) => items.flatMap((item) => manner.parcels([item]).map((parcel) => ({ ...parcel, lane: item.key }))) }
  const sent = await sendAll(tellings, alone, transmit, now)
  for (const { key, version, value } of due) {
    const because = sent.refused.get(key)
    if (sent.delivered.has(key)) await rows.release(name, key)
    else if (because !== undefined) {
      const attempts = value.attempts + 1
      const isOver = now() - value.since >= backoff.giveUp
      await rows.hold(name, { ...value, attempts, because, ...(isOver ? { state: 'dead', at: now() } : { at: now() + delayOf(attempts, jitter()) }) }, version)
      if (isOver) await lost(options, `a message of \`${value.telling.type}\` was refused for three days: ${because}`)
    }
  }
  return sent
}

async function restored({ feed }: WorkerOptions, { telling, json }: HeldMessage): Promise<Telling | undefined> {
  if (telling.index === undefined) return json === undefined ? undefined : { ...telling, json, told: JSON.parse(json) as Telling['told'] }
  const [item] = await feed.read(telling.index, 1)
  return item === undefined ? undefined : tellingOf(item)
}

interface Going {
  readonly state: SinkState
  readonly waiting: readonly HeldRow[]
  readonly keep: (state: SinkState) => Promise<boolean>
  readonly from: number
  /** Exclusive. */
  readonly to: number
}

/** The next page of the log. */
async function forward(options: WorkerOptions, { state, waiting, keep, from, to }: Going): Promise<boolean> {
  const { name, manner, wants, transmit, feed, rows, now } = options
  const read = await feed.read(from, Math.min(manner.page, to - from))
  if (read.length === 0) return state.replay === undefined ? false : keep(withoutReplay(state))
  const wanted = read.filter(({ type }) => wants(type)).map(tellingOf)
  const blocked = new Set(waiting.filter(({ value }) => value.state === 'waiting').map(({ value }) => value.telling.subject).filter((subject) => subject !== null))
  const [free, behind] = [wanted.filter(({ subject }) => subject === null || !blocked.has(subject)), wanted.filter(({ subject }) => subject !== null && blocked.has(subject))]
  const sent = await sendAll(free, manner, transmit, now)
  const unsent = free.filter(({ key }) => !sent.delivered.has(key) && !sent.refused.has(key))
  const aside = [...behind, ...free.filter(({ key }) => sent.refused.has(key)), ...(sent.stopped === undefined ? unsent : [])]
  const full = waiting.length + aside.length > mostHeld
  if (!full) for (const item of aside) await rows.hold(name, setAside(item, sent, options), 0)
  const stopped = sent.stopped ?? (full ? { state: 'down' as const, because: `${waiting.length} messages were refused and wait already` } : undefined)
  const left = full ? [...aside, ...unsent] : sent.stopped === undefined ? [] : unsent
  const reached = left.length === 0 ? from + read.length : Math.min(...left.map(({ index }) => index ?? from))
  const moved: SinkState = state.replay === undefined ? { ...state, next: reached } : reached >= to ? withoutReplay(state) : { ...state, replay: { from: reached, to: to - 1 } }
  if (stopped !== undefined) {
    await keep(await stoppedAt(options, moved, { ...sent, stopped }))
    return false
  }
  return keep(sent.delivered.size > 0 ? await well(options, moved) : moved)
}

function setAside(item: Telling, { refused }: Sent, { now, jitter }: WorkerOptions): HeldMessage {
  const because = refused.get(item.key)
  return held(item, because === undefined ? { at: now(), attempts: 0, since: now() } : { at: now() + delayOf(1, jitter()), attempts: 1, since: now(), because })
}

const withoutReplay = ({ replay: _replay, ...state }: SinkState): SinkState => state

/** The place of a sink that took something: what was wrong with it is over. */
async function well({ name, enterHealth }: WorkerOptions, { failures: _failures, since: _since, retryAt: _retryAt, because: _because, degraded, ...state }: SinkState): Promise<SinkState> {
  if (degraded === true) await enterHealth('restored', `the sink \`${name}\` takes events again`)
  return { ...state, failures: 0 }
}

async function stoppedAt(options: WorkerOptions, state: SinkState, { stopped }: Sent): Promise<SinkState> {
  if (stopped === undefined) return state
  const { name, now, jitter, report } = options
  const failures = state.failures + 1
  const since = state.since ?? now()
  const wait = Math.max(stopped.retryAfter ?? 0, delayOf(failures, jitter()))
  if (failures === 1) report(serverProblem('SINK_FAILING', `the sink \`${name}\` takes no events: ${stopped.because}`, 'it is tried again for three days, and nothing is lost to it until then'))
  const failing: SinkState = { ...state, failures, since, because: stopped.because, retryAt: now() + wait }
  if (stopped.state === 'gone') {
    await lost(options, `it said that it is gone (410), and nothing more is sent to it`)
    return { ...failing, disabled: true, degraded: true }
  }
  return givenUp(options, failing)
}

/** Of a sink that was down for three days, what is as old: its place moves behind that, and the range stays listed. */
async function givenUp(options: WorkerOptions, state: SinkState): Promise<SinkState> {
  const { feed, now, manner } = options
  const isOld = ({ time }: { readonly time: number }): boolean => now() - time >= backoff.giveUp
  if (state.since === undefined || now() - state.since < backoff.giveUp || state.replay !== undefined) return state
  let reached = state.next
  for (let read = await feed.read(reached, manner.page); read.length > 0; read = await feed.read(reached, manner.page)) {
    const fresh = read.findIndex((item) => !isOld(item))
    reached += fresh < 0 ? read.length : fresh
    if (fresh >= 0) break
  }
  if (reached === state.next) return state
  if (state.degraded !== true) await lost(options, `it was down for three days (${state.because ?? ''}): what is older is not sent any more`)
  return { ...state, next: reached, dead: withRange(state.dead, { from: state.next, to: reached - 1 }), degraded: true }
}

/** The operator hears of it, and the log says so: whoever reads it later knows who may not have heard. */
async function lost({ name, enterHealth, report }: WorkerOptions, message: string): Promise<void> {
  report(serverProblem('SINK_LOST', `the sink \`${name}\` did not get all events: ${message}`, `mend it, then: exeat sinks replay ${name}`))
  try {
    await enterHealth('degraded', `the sink \`${name}\`: ${message}`)
  } catch (error) {
    // Sinks never keep the log from anything, nor the other way round.
    if (!(error instanceof ExeatError)) throw error
    report(error.problems[0])
  }
}
