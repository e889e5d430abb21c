/** When an opt-out was used: its counted uses by hour, or by day where that would be too many. */
import { canonicalInstant, endedAt, type Instant } from '@exeat/core'
import type { UsesOverTime } from '@exeat/core/wire'
import type { LogReader } from '../ports/log.ts'
import { entryAt } from './entry-at.ts'
import { optOutOf, recordsOf } from './load.ts'
import { fromBytes, recordKinds, type StoredUse } from './stored.ts'

const hour = 3_600_000
const steps = { hour, day: 24 * hour } as const
/** Longest time that is told by the hour, in milliseconds. */
const longestByHour = 72 * hour

/** @throws {ExeatError} UNKNOWN_OPTOUT */
export async function usesOverTime(reader: LogReader, id: string, now: Instant): Promise<UsesOverTime> {
  const { value: { record, uses } } = await optOutOf(reader, id)
  const { asked: { window, limits }, uid } = record
  const until = Math.min(now, endedAt(record, now) ?? window.until)
  const from = Math.min(record.activatedAt ?? window.from, until)
  const step = until - from <= longestByHour ? 'hour' : 'day'
  const found = new Map<number, number>()
  for await (const { value } of recordsOf(reader, recordKinds.use, `${uid}/`)) {
    const at = await usedAt(reader, fromBytes<StoredUse>(value))
    if (at === undefined) continue
    const start = at - (at % steps[step])
    found.set(start, (found.get(start) ?? 0) + 1)
  }
  return {
    uid, counted: uses, limit: limits.uses ?? null, step, from: canonicalInstant(from as Instant), until: canonicalInstant(until as Instant),
    steps: [...found].sort(([a], [b]) => a - b).map(([at, count]) => ({ at: canonicalInstant(at as Instant), count })),
  }
}

/** Of an earlier release's record, as the entry says. */
async function usedAt(reader: LogReader, { at, index }: StoredUse): Promise<number | undefined> {
  return at ?? (await entryAt(reader, index))?.leaf.time
}
