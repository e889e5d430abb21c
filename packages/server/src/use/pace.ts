/** How often an opt-out is used, by the hour: kept with its record in the transaction of each use, so that every replica sees the same and nothing is read again. */
import type { Instant } from '@exeat/core'

export interface Pace {
  /** Whole hours since the epoch: the first of `counts`. */
  readonly since: number
  /** Uses of each hour from then on; the last is the newest in which there was any. */
  readonly counts: readonly number[]
}

const hour = 3_600_000
export const hourOf = (at: number): number => Math.floor(at / hour)

/** Hours that are kept: the one that runs, and a day before it. */
const kept = 25

/** A clock that went back counts for the newest hour. */
export function paced(pace: Pace | undefined, at: Instant): Pace {
  const now = hourOf(at)
  if (pace === undefined || now - pace.since >= 2 * kept) return { since: now, counts: [1] }
  const counts = [...pace.counts]
  const place = Math.max(now - pace.since, counts.length - 1)
  while (counts.length <= place) counts.push(0)
  counts[place] = (counts[place] ?? 0) + 1
  const over = Math.max(0, counts.length - kept)
  return { since: pace.since + over, counts: counts.slice(over) }
}

/** Uses of the hours from `from` until before `until`, whole hours since the epoch. */
export const usesWithin = ({ since, counts }: Pace, from: number, until: number): number =>
  counts.slice(Math.max(0, from - since), Math.max(0, until - since)).reduce((sum, each) => sum + each, 0)
