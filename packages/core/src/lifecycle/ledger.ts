/** The fold: events in log order to the state of every opt-out, and the phase of each at an instant. */
import { quorumMet } from '../policy/quorum.ts'
import type { EvidenceStrength } from '../model/facts.ts'
import type { HexDigest } from '../model/digest.ts'
import type { Duration, Instant } from '../model/instant.ts'
import { sameIdentity } from './events.ts'
import type { AgreedTerms, Asked, Binding, Identity, LifecycleEvent } from './events.ts'

/** Design §2. The last seven never return. */
export type Phase =
  | 'proposed' | 'approved' | 'active'
  | 'lapsed' | 'revoked' | 'exhausted' | 'rejected' | 'withdrawn' | 'timed-out' | 'stale'

/** Second axis, of emergencies alone. */
export type ReviewState = 'none' | 'due' | 'overdue' | 'justified' | 'unjustified'

export interface Approved {
  readonly by: Identity
  readonly groups: readonly string[]
  readonly evidence: EvidenceStrength
  readonly at: Instant
}

/** What the log has said of one opt-out. Nothing here depends on the present. */
export interface OptOutRecord {
  readonly uid: HexDigest
  readonly asked: Asked
  readonly requester: Identity
  readonly requesterGroups: readonly string[]
  readonly involved: readonly Identity[]
  readonly binding: Binding
  readonly terms: AgreedTerms
  readonly proposedAt: Instant
  readonly renewal: number
  readonly total: Duration
  readonly predecessor?: HexDigest
  readonly approvals: readonly Approved[]
  /** When the quorum was first met; the proposal's instant where nobody needs to approve. */
  readonly approvedAt?: Instant
  readonly activatedAt?: Instant
  /** Who activated it, and on what evidence. */
  readonly activation?: Omit<Approved, 'at'>
  readonly ended?: { readonly phase: 'revoked' | 'exhausted' | 'rejected' | 'withdrawn' | 'stale'; readonly at: Instant }
  readonly emergency?: { readonly team: string; readonly reviewBy: Instant; readonly second?: Identity; readonly verdict?: 'justified' | 'unjustified'; readonly offline?: HexDigest }
}

/** A set that whoever keeps uses elsewhere can stand in for. */
export interface UseSet {
  readonly size: number
  has(key: string): boolean
  add(key: string): unknown
}

export interface Ledger {
  readonly records: Map<HexDigest, OptOutRecord>
  /** Every name ever used: names are never reused. */
  readonly names: Map<string, HexDigest>
  /** Counted uses of each opt-out, by `useKey`: a retry is the same use. */
  readonly uses: Map<HexDigest, UseSet>
  /** Instant of the newest event: time never runs backwards. */
  newest: Instant | undefined
}

export const emptyLedger = (): Ledger => ({ records: new Map(), names: new Map(), uses: new Map(), newest: undefined })

/** Folds events, in log order, into a new ledger. */
export function fold(events: Iterable<LifecycleEvent>): Ledger {
  const ledger = emptyLedger()
  for (const event of events) advance(ledger, event)
  return ledger
}

/** Adds one event to the ledger. The event was judged by `transition`; an event of an unknown opt-out changes nothing. */
export function advance(ledger: Ledger, event: LifecycleEvent): void {
  ledger.newest = event.at
  if (event.type === 'use.claimed') {
    const uses = ledger.uses.get(event.uid) ?? new Set<string>()
    uses.add(useKey(event.point, event.subject))
    ledger.uses.set(event.uid, uses)
    return
  }
  const next = applied(ledger.records.get(event.uid), event)
  if (next === undefined) return
  ledger.records.set(event.uid, next)
  ledger.names.set(next.asked.name, event.uid)
}

/** The record after an event of its opt-out; uses are counted apart. Undefined where the event speaks of an opt-out that was never asked for. */
export function applied(record: OptOutRecord | undefined, event: Exclude<LifecycleEvent, { type: 'use.claimed' }>): OptOutRecord | undefined {
  if (event.type === 'optout.proposed' || event.type === 'optout.renewed') return record ?? opened(event)
  if (event.type === 'emergency.activated') return record ?? openedInEmergency(event)
  if (record === undefined) return undefined
  // Terminal states never return, whatever a log says after them; only the review of an emergency is still to come.
  if (record.ended !== undefined && event.type !== 'emergency.reviewed') return record
  switch (event.type) {
    case 'optout.approved': return withApproval(record, event)
    case 'optout.activated': return { ...record, ...event.continues, activatedAt: event.at, activation: { by: event.by, groups: event.groups, evidence: event.evidence } }
    case 'emergency.reviewed':
      return record.emergency === undefined ? record : { ...record, emergency: { ...record.emergency, verdict: event.verdict } }
    default: return { ...record, ended: { phase: endOf[event.type], at: event.at } }
  }
}

const endOf = {
  'optout.rejected': 'rejected', 'optout.withdrawn': 'withdrawn', 'optout.revoked': 'revoked', 'optout.exhausted': 'exhausted', 'optout.stale': 'stale',
} as const

function opened(event: LifecycleEvent & { type: 'optout.proposed' | 'optout.renewed' }): OptOutRecord {
  const { uid, at, asked, requester, groups, involved, binding, terms, renewal, total, predecessor } = event
  return {
    uid, asked, requester, requesterGroups: groups, involved, binding, terms, proposedAt: at, renewal, total, approvals: [],
    ...(predecessor === undefined ? {} : { predecessor }),
    ...(terms.approve.length === 0 ? { approvedAt: at } : {}),
  }
}

function openedInEmergency(event: LifecycleEvent & { type: 'emergency.activated' }): OptOutRecord {
  const { uid, at, asked, by, groups, evidence, binding, terms, team, reviewBy, second, offline } = event
  return {
    uid, asked, requester: by, requesterGroups: groups, involved: [], binding, terms, proposedAt: at, approvedAt: at, activatedAt: at,
    activation: { by, groups, evidence }, renewal: 0,
    total: (asked.window.until - asked.window.from) as Duration, approvals: [],
    emergency: { team, reviewBy, ...(second === undefined ? {} : { second }), ...(offline === undefined ? {} : { offline }) },
    // An offline grant holds while there is no log: to be entered is to end.
    ...(offline !== undefined && at < asked.window.until ? { ended: { phase: 'revoked' as const, at } } : {}),
  }
}

function withApproval(record: OptOutRecord, event: LifecycleEvent & { type: 'optout.approved' }): OptOutRecord {
  if (record.approvals.some(({ by }) => sameIdentity(by, event.by))) return record
  const approvals = [...record.approvals, { by: event.by, groups: event.groups, evidence: event.evidence, at: event.at }]
  const met = quorumMet(record.terms.approve, approvals.map(({ groups }) => groups))
  return { ...record, approvals, ...(met && record.approvedAt === undefined ? { approvedAt: event.at } : {}) }
}

/** The phase at an instant. Half-open like every interval: at `until` and at a timer's end the opt-out is over. */
export function phaseAt(record: OptOutRecord, now: Instant): Phase {
  const { window, terms, activatedAt, approvedAt, ended } = { ...record, window: record.asked.window }
  if (ended !== undefined && ended.at <= now) return ended.phase
  if (activatedAt !== undefined) return now < window.until ? 'active' : 'lapsed'
  const deadline = approvedAt === undefined ? record.proposedAt + terms.timers.approval : approvedAt + terms.timers.activation
  if (!(now < deadline && now < window.until)) return 'timed-out'
  return approvedAt === undefined ? 'proposed' : 'approved'
}

/** True while the opt-out may excuse: active, and its window has begun. */
export const inForce = (record: OptOutRecord, now: Instant): boolean =>
  phaseAt(record, now) === 'active' && record.asked.window.from <= now

export function reviewAt(record: OptOutRecord, now: Instant): ReviewState {
  if (record.emergency === undefined) return 'none'
  return record.emergency.verdict ?? (now < record.emergency.reviewBy ? 'due' : 'overdue')
}

/** When the record stopped being able to excuse, or undefined while it still can or never could. */
export function endedAt(record: OptOutRecord, now: Instant): Instant | undefined {
  if (record.activatedAt === undefined || phaseAt(record, now) === 'active') return undefined
  const { until } = record.asked.window
  return record.ended !== undefined && record.ended.at < until ? record.ended.at : until
}

/** Unambiguous whatever the parts hold. */
export const useKey = (point: string, subject: string): string => JSON.stringify([point, subject])
