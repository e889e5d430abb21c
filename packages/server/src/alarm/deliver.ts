/**
 * Delivers what is due: each alarm at once to those whom the terms name, and every 15 minutes to all of the workspace until somebody acknowledged it or it is over.
 *
 * What is due stands in records that were written with the entries (`StoredAlarm`), so that a crash loses none. At least once: a message is claimed in its row,
 * sent, and its row says what came of it; whoever dies between sends it again, under the same id. A sink that does not answer keeps neither an act nor another
 * sink waiting.
 */
import type { Problem } from '@exeat/core'
import { serverProblem } from '../config/codes.ts'
import type { Delivery, Post, Sink } from '../ports/alarm.ts'
import type { LogReader, StateReader } from '../ports/log.ts'
import { eventAt } from '../use/entry-at.ts'
import { readRecord } from '../use/load.ts'
import { fromBytes, recordKinds, type StoredAlarm, type StoredOptOut } from '../use/stored.ts'
import { backoff, delayOf } from '../events/outbox/backoff.ts'
import { signed, type SignMessage } from '../events/standard-webhooks.ts'
import { messageOf } from './message.ts'
import type { Held, Progress } from './progress.ts'

/** In milliseconds. */
export const times = { repeat: 15 * 60_000, giveUp: backoff.giveUp, claim: 60_000 } as const

export interface DelivererOptions {
  readonly log: Pick<LogReader, 'record' | 'records' | 'body' | 'entry'>
  readonly progress: Progress
  readonly post: Post
  readonly sign: SignMessage
  /** Of the workspace as it is now, beside those that an alarm was recorded with. */
  readonly sinks: () => readonly Sink[]
  readonly now: () => number
  /** In [0, 1). */
  readonly jitter: () => number
  readonly report: (problem: Problem) => void
}

export interface Deliverer {
  /** Begins every delivery whose time has come, and waits for none of them. */
  readonly round: () => Promise<void>
  /** Waits for those that have begun. */
  readonly settled: () => Promise<void>
}

/** One message that is due, or was. */
interface Due {
  readonly key: string
  readonly alarm: StoredAlarm
  readonly sink: Sink
  readonly round: number
}

export function deliverer(options: DelivererOptions): Deliverer {
  const running = new Map<string, Promise<void>>()
  /** All alarms up to this one are over and done with, as long as this process has lived. */
  let done = ''

  async function round(): Promise<void> {
    let unbroken = true
    for await (const { key, value } of alarmsBehind(options.log, done)) {
      const alarm = fromBytes<StoredAlarm>(value)
      if (alarm.after !== undefined && !(options.now() >= alarm.after)) {
        unbroken = false
        continue
      }
      const isOpen = await isCalling(options.log, alarm, options.now())
      const messages = dueNow(key, alarm, isOpen, options)
      const finished = await Promise.all(messages.map((due) => begin(due)))
      unbroken &&= !isOpen && finished.every((each) => each)
      if (unbroken) done = key
    }
  }

  /** True where nothing is left to do for it. */
  async function begin(due: Due): Promise<boolean> {
    const name = JSON.stringify([due.key, due.round, due.sink.name, due.sink.url])
    if (running.has(name)) return false
    const held = await options.progress.read(due.key, due.sink, due.round)
    if (held.delivery === undefined ? isTooLate(due, options.now()) : held.delivery.state !== 'waiting') return true
    if (held.delivery !== undefined && options.now() < held.delivery.at) return false
    running.set(name, attempt(due, held, options).catch((error: unknown) => {
      options.report(serverProblem('ALARM_UNDELIVERED', `what came of the alarm to \`${due.sink.name}\` could not be kept: ${error instanceof Error ? error.message : String(error)}`, 'it is sent again'))
    }).finally(() => { running.delete(name) }))
    return false
  }

  return {
    round,
    settled: async () => { await Promise.all(running.values()) },
  }
}

async function* alarmsBehind(reader: Pick<StateReader, 'records'>, from: string) {
  const limit = 200
  for (let after = from; ;) {
    const page = await reader.records(recordKinds.alarm, after === '' ? { limit } : { after, limit })
    yield* page
    const last = page.at(-1)
    if (last === undefined || page.length < limit) return
    after = last.key
  }
}

/** Whether it goes on until somebody has heard it. */
async function isCalling(reader: Pick<StateReader, 'record'>, { acknowledged, uid, until, drill }: StoredAlarm, now: number): Promise<boolean> {
  if (acknowledged !== undefined || drill?.over !== undefined || !(now < until)) return false
  if (uid === null) return true
  const record = (await readRecord<StoredOptOut>(reader, recordKinds.optOut, uid))?.value.record
  return record !== undefined && record.ended === undefined && record.emergency?.verdict === undefined
}

function dueNow(key: string, alarm: StoredAlarm, isOpen: boolean, { sinks, now }: DelivererOptions): readonly Due[] {
  const first = alarm.first.map((sink): Due => ({ key, alarm, sink, round: 0 }))
  const round = Math.floor((now() - alarm.at) / times.repeat)
  if (!isOpen || !(round >= 1)) return first
  const everybody = new Map([...alarm.all, ...sinks()].map((sink) => [JSON.stringify([sink.name, sink.url]), sink]))
  return [...first, ...[...everybody.values()].map((sink): Due => ({ key, alarm, sink, round }))]
}

/** Of alarms of long ago nothing is known where the rows were lost: nobody is called a second time for them. */
const isTooLate = ({ alarm, round }: Due, now: number): boolean => round === 0 && now - alarm.at >= times.giveUp

async function attempt({ key, alarm, sink, round }: Due, { version, delivery }: Held, options: DelivererOptions): Promise<void> {
  const { progress, now, report } = options
  const attempts = (delivery?.attempts ?? 0) + 1
  const claimed: Delivery = { sink: sink.name, round, state: 'waiting', attempts, at: now() + times.claim, ...(delivery?.because === undefined ? {} : { because: delivery.because }) }
  if (!await progress.write(key, sink, claimed, version)) return
  const because = await sentBy(alarm, sink, round, options)
  const after = because === undefined ? { state: 'delivered' as const, at: now() } : next(alarm.at, round, attempts, options)
  await progress.write(key, sink, { sink: sink.name, round, attempts, ...after, ...(because === undefined ? {} : { because }) }, version + 1)
  if (because !== undefined && (attempts === 1 || (after.state === 'dead' && round === 0))) {
    const isOver = after.state === 'dead' && round === 0
    report(serverProblem('ALARM_UNDELIVERED', `the alarm of entry ${alarm.index} did not reach \`${sink.name}\`${isOver ? ' in three days' : ''}: ${because}`, isOver ? 'it is not tried again' : 'it is tried again'))
  }
}

/** Why it was not delivered; undefined: it was. */
async function sentBy({ index, others }: StoredAlarm, sink: Sink, round: number, { log, post, sign, now }: DelivererOptions): Promise<string | undefined> {
  try {
    const event = await eventAt(log, index)
    if (event === undefined) return 'what it would say was erased'
    const status = await post(sink.url, signed(messageOf({ event, index, sink, round, ...(others === undefined ? {} : { others }) }), { sign }, now()))
    return status >= 200 && status < 300 ? undefined : `it answered ${status}`
  } catch (error) {
    return (error instanceof Error ? error.message : String(error)).slice(0, 300)
  }
}

/** A repetition ends where the next one begins. */
function next(from: number, round: number, attempts: number, { now, jitter }: DelivererOptions): Pick<Delivery, 'state' | 'at'> {
  const at = now() + delayOf(attempts, jitter())
  return at - from < (round === 0 ? times.giveUp : (round + 1) * times.repeat) ? { state: 'waiting', at } : { state: 'dead', at: now() }
}
