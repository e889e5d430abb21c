/** Sends what there is to one sink, lane beside lane and within a lane in order, and says of each item what came of it. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Manner, Outcome, Parcel, Stopped, Telling } from '../../ports/sinks.ts'
import type { Posted } from '../../ports/alarm.ts'

/** Lanes at once. */
const abreast = 4

/** The status, and what `Retry-After` said (RFC 9110, section 10.2.3). Rejects where there is no answer, with a reason that names no address. */
export type Transmit = (posted: Posted) => Promise<{ readonly status: number; readonly retryAfter?: string }>

export interface Sent {
  readonly delivered: ReadonlySet<string>
  /** By key. */
  readonly refused: ReadonlyMap<string, string>
  /** Why nothing more was sent. */
  readonly stopped?: Stopped
}

export async function sendAll(items: readonly Telling[], manner: Manner, transmit: Transmit, now: () => number): Promise<Sent> {
  const { pause: between = 0 } = manner
  const lanes = new Map<string, Parcel[]>()
  for (const parcel of manner.parcels(items)) lanes.set(parcel.lane, [...lanes.get(parcel.lane) ?? [], parcel])
  const waiting = [...lanes.values()]
  const delivered = new Set<string>()
  const refused = new Map<string, string>()
  let stopped: Stopped | undefined

  async function work(): Promise<void> {
    for (let lane = waiting.shift(); lane !== undefined && stopped === undefined; lane = waiting.shift()) {
      for (const [i, parcel] of lane.entries()) {
        if (i > 0 && between > 0) await pause(between)
        if (stopped !== undefined) return
        // oxlint-disable-next-line no-await-in-loop -- within a lane the order is the point
        const outcome = await outcomeOf(manner.post(parcel), transmit, now)
        if (outcome.state === 'down' || outcome.state === 'gone') {
          stopped = outcome
          return
        }
        for (const { key } of parcel.items) {
          if (outcome.state === 'delivered') delivered.add(key)
          else refused.set(key, outcome.because)
        }
        // What comes behind a refused message of the same subject waits for it.
        if (outcome.state === 'refused') break
      }
    }
  }
  await Promise.all(Array.from({ length: abreast }, work))
  return { delivered, refused, ...(stopped === undefined ? {} : { stopped }) }
}

async function outcomeOf(posted: Posted, transmit: Transmit, now: () => number): Promise<Outcome> {
  try {
    const { status, retryAfter } = await transmit(posted)
    if (status >= 200 && status < 300) return { state: 'delivered' }
    const because = `it answered ${status}`
    if (status === 410) return { state: 'gone', because }
    // What a client got wrong stays wrong for this message; all else is about the sink. Redirections are not followed.
    if (status >= 400 && status < 500 && ![401, 403, 404, 408, 425, 429].includes(status)) return { state: 'refused', because }
    const wait = retryIn(retryAfter, now())
    return { state: 'down', because, ...(wait === undefined ? {} : { retryAfter: wait }) }
  } catch (error) {
    return { state: 'down', because: (error instanceof Error ? error.message : String(error)).slice(0, 300) }
  }
}

const hour = 3_600_000

/** Seconds, or a date; an hour at most. */
function retryIn(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined
  const wait = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now
  return wait > 0 ? Math.min(wait, hour) : undefined
}
