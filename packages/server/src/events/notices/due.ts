/** What follows from entries and the clock, and nobody enters: that an opt-out soon ends or has ended, is not needed, is used for the first time, or that its review is late. Pure. */
import { canonicalInstant, inForce, type Instant, phaseAt, reviewAt } from '@exeat/core'
import type { NoticeType } from '@exeat/core/entry'
import { hourOf, usesWithin } from '../../use/pace.ts'
import type { StoredOptOut } from '../../use/stored.ts'

export interface Notice {
  /** The same whoever comes to it, and whenever: nobody is told twice. */
  readonly id: string
  readonly type: NoticeType
  readonly subject: string | null
  readonly data: Readonly<Record<string, unknown>>
}

export interface Noted {
  /** As the log says, and what was revoked but waits for it. */
  readonly stored: StoredOptOut
  /** Whether the document that was approved stands at the protected ref; undefined where that could not be read. */
  readonly merged: boolean | undefined
}

const [hour, day] = [3_600_000, 86_400_000]

/** How long before the end, the nearest first. What was never meant to last so long is not told of so early. */
const warnings = [['1h', hour], ['1d', day], ['7d', 7 * day]] as const

/** Half of its time, a week at most: whoever asked in advance is not told at once. */
const unusedAfter = (span: number): number => Math.max(hour, Math.min(span / 2, 7 * day))

/** An end, or a late review, that is longer ago than this was told of while it was new, or before there was anybody to tell. */
const news = day

export function noticesOf({ stored, merged }: Noted, now: Instant): readonly Notice[] {
  const { record, owner, category, uses } = stored
  const { uid, asked, activatedAt, emergency } = record
  const { from, until } = asked.window
  const about = { name: asked.name, owner, category, controls: asked.scope.controls.slice(0, 20), environments: (asked.scope.targets.environments ?? []).slice(0, 20), until: canonicalInstant(until), uses, ...(asked.emergency ? { emergency: true } : {}) }
  const notice = (type: NoticeType, id: string, more: Readonly<Record<string, unknown>> = {}): Notice => ({ id: `${id}-${uid}`, type, subject: uid, data: { ...about, ...more } })
  const found: Notice[] = []
  if (activatedAt !== undefined && inForce(record, now)) {
    const warning = warnings.find(([, before]) => until - now <= before)
    const [stage = '', before = 0] = warning ?? []
    if (warning !== undefined && until - Math.max(from, activatedAt) > before) found.push(notice('dev.exeat.optout.expiring.v1', `expiring-${stage}`, { within: stage }))
    if (uses > 0) found.push(notice('dev.exeat.optout.first-used.v1', 'first-used'))
    else if (now - Math.max(from, activatedAt) >= unusedAfter(until - from)) found.push(notice('dev.exeat.optout.unused.v1', 'unused', { since: canonicalInstant(activatedAt) }))
    found.push(...paceNotices(stored, now).map(({ type, id, data }) => notice(type, id, data)))
    if (merged === false && emergency === undefined) found.push(notice('dev.exeat.optout.drifted.v1', `drifted-${record.binding.optOut.slice(0, 16)}`))
  }
  if (phaseAt(record, now) === 'lapsed' && now - until < news) found.push(notice('dev.exeat.optout.lapsed.v1', 'lapsed'))
  if (emergency !== undefined && reviewAt(record, now) === 'overdue' && now - emergency.reviewBy < news) {
    found.push(notice('dev.exeat.emergency.overdue.v1', 'overdue', { team: emergency.team, reviewBy: canonicalInstant(emergency.reviewBy) }))
  }
  return found
}

/** A rise is told of from so many uses in the hour that runs, if they are so many times those of an hour before: a mean of at most a day, and of at least some hours. */
const rise = { least: 20, times: 5, hours: 3 } as const

/** Once a day: what goes on is known. */
function paceNotices({ record: { activatedAt, asked }, pace, expected }: StoredOptOut, now: Instant): readonly Pick<Notice, 'type' | 'id' | 'data'>[] {
  if (pace === undefined || activatedAt === undefined) return []
  const [running, today] = [hourOf(now), Math.floor(now / day)]
  const found: Pick<Notice, 'type' | 'id' | 'data'>[] = []
  const known = Math.min(24, running - hourOf(Math.max(activatedAt, asked.window.from)))
  const [latest, usual] = [usesWithin(pace, running, running + 1), usesWithin(pace, running - known, running) / known]
  if (known >= rise.hours && latest >= Math.max(rise.least, rise.times * usual)) {
    found.push({ type: 'dev.exeat.optout.rising.v1', id: `rising-${today}`, data: { hour: latest, before: Math.round(usual * 100) / 100 } })
  }
  const inADay = usesWithin(pace, running - 23, running + 1)
  const most = expected?.usesPerDay
  if (most !== undefined && inADay > most) found.push({ type: 'dev.exeat.optout.unexpected.v1', id: `unexpected-uses-${today}`, data: { message: `${inADay} uses within 24 hours, and ${most} are expected` } })
  return found
}
