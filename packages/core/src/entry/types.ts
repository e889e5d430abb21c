/** `dev.exeat.<noun>.<verb>.v1` (design §8). Lapse is derived from the clock, and never an entry. */
export const eventTypes = [
  'dev.exeat.workspace.changed.v1',
  'dev.exeat.policy.changed.v1',
  'dev.exeat.enrolment.added.v1',
  'dev.exeat.enrolment.vouched.v1',
  'dev.exeat.enrolment.removed.v1',
  'dev.exeat.optout.proposed.v1',
  'dev.exeat.optout.renewed.v1',
  'dev.exeat.optout.approved.v1',
  'dev.exeat.optout.rejected.v1',
  'dev.exeat.optout.withdrawn.v1',
  'dev.exeat.optout.activated.v1',
  'dev.exeat.optout.revoked.v1',
  'dev.exeat.optout.exhausted.v1',
  'dev.exeat.optout.stale.v1',
  'dev.exeat.emergency.activated.v1',
  'dev.exeat.emergency.acknowledged.v1',
  'dev.exeat.emergency.reviewed.v1',
  'dev.exeat.use.claimed.v1',
  'dev.exeat.bundle.published.v1',
  'dev.exeat.body.erased.v1',
  'dev.exeat.audit.degraded.v1',
  'dev.exeat.audit.restored.v1',
  'dev.exeat.drill.started.v1',
  'dev.exeat.drill.acknowledged.v1',
  'dev.exeat.drill.ended.v1',
  'dev.exeat.shadow.detected.v1',
  'dev.exeat.shadow.covered.v1',
  'dev.exeat.shadow.resolved.v1',
] as const

export type EventType = (typeof eventTypes)[number]

/** Without what all types share: `dev.exeat.optout.approved.v1` → `optout.approved`. */
export const shortType = (type: string): string => type.replace(/^dev\.exeat\.(.+)\.v1$/, '$1')

/** What no entry says: it follows from entries and the clock, or from what points ask for. */
export const noticeTypes = [
  'dev.exeat.optout.expiring.v1', 'dev.exeat.optout.lapsed.v1', 'dev.exeat.optout.first-used.v1', 'dev.exeat.optout.unused.v1', 'dev.exeat.optout.drifted.v1', 'dev.exeat.optout.asked-after-end.v1',
  'dev.exeat.optout.rising.v1', 'dev.exeat.optout.unexpected.v1',
  'dev.exeat.emergency.overdue.v1', 'dev.exeat.point.silent.v1',
] as const
export type NoticeType = (typeof noticeTypes)[number]

/** The type of an entry that carries a lifecycle event: `optout.approved` ⇄ `dev.exeat.optout.approved.v1`. */
export const typeOfLifecycle = <T extends string>(type: T): `dev.exeat.${T}.v1` => `dev.exeat.${type}.v1`
