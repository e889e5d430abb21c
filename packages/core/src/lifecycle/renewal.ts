/** Renewals: counted, capped, with a changed reason, whether declared or not (attack 19). The predecessor stays in force until its own end. */
import { formatDuration } from '../document/time.ts'
import type { HexDigest } from '../model/digest.ts'
import type { Duration, Instant } from '../model/instant.ts'
import type { AgreedTerms, Asked } from './events.ts'
import { endedAt, phaseAt } from './ledger.ts'
import type { Ledger, OptOutRecord } from './ledger.ts'
import type { Refusal } from './refusal.ts'
import { scopesMeet } from './scope.ts'

/** A scope that meets one which ended this recently continues it, in milliseconds. */
const memory = 30 * 86_400_000

export interface Renewal {
  readonly predecessor?: HexDigest
  readonly count: number
  readonly total: Duration
}

/** What a request continues, or why it may not. */
export function renewalOf(ledger: Ledger, asked: Asked, terms: AgreedTerms, now: Instant): Renewal | Refusal {
  const own = (asked.window.until - asked.window.from) as Duration
  const declared = asked.renews === undefined ? undefined : recordNamed(ledger, asked.renews)
  if (asked.renews !== undefined && declared?.activatedAt === undefined) {
    return { code: 'RENEWAL_UNKNOWN', message: `\`${asked.renews}\`, which it says it renews, was never active` }
  }
  const met = [...ledger.records.values()].filter((record) => isRecent(record, now) && scopesMeet(record.asked.scope, asked.scope))
  const earlier = declared === undefined || met.includes(declared) ? met : [...met, declared]
  const longest = latest(earlier)
  if (longest === undefined) return { count: 0, total: own }

  const { count, total } = behind(earlier, own)
  const exceeded = excess(longest, count, total, terms)
  if (exceeded !== undefined) return exceeded
  const repeated = [...chainsOf(ledger, earlier)].find((record) => plain(record.asked.reason) === plain(asked.reason))
  if (repeated !== undefined) {
    return { code: 'REASON_UNCHANGED', message: `the reason is the one of \`${repeated.asked.name}\``, hint: 'say what has changed since, and why more time is needed' }
  }
  return { predecessor: longest.uid, count, total }
}

/**
 * What a request that was judged when nothing met it continues now that it begins, or why it may not: what was activated since may make it one renewal more than
 * its terms allow. Else whoever asks for several at once, one window behind the other, would be bound by no limit of renewals. Undefined where nothing was added.
 */
export function outgrown(ledger: Ledger, { uid, asked, terms, renewal, total }: OptOutRecord, now: Instant): Required<Renewal> | Refusal | undefined {
  const met = [...ledger.records.values()].filter((other) => other.uid !== uid && isRecent(other, now) && scopesMeet(other.asked.scope, asked.scope))
  const longest = latest(met)
  if (longest === undefined) return undefined
  const grown = behind(met, asked.window.until - asked.window.from)
  const exceeded = excess(longest, grown.count, grown.total, terms)
  if (exceeded !== undefined) return exceeded
  return grown.count > renewal || grown.total > total ? { predecessor: longest.uid, count: Math.max(grown.count, renewal), total: Math.max(grown.total, total) as Duration } : undefined
}

/** Position and sum of windows of one that comes behind these. */
const behind = (earlier: readonly OptOutRecord[], own: number): { readonly count: number; readonly total: Duration } => ({
  count: Math.max(...earlier.map(({ renewal }) => renewal)) + 1,
  total: (Math.max(...earlier.map(({ total }) => total)) + own) as Duration,
})

function excess({ asked: { name } }: OptOutRecord, count: number, total: Duration, { renewals, totalDuration }: AgreedTerms): Refusal | undefined {
  if (renewals !== undefined && !(count <= renewals)) {
    return { code: 'RENEWALS_EXCEEDED', message: `this would be renewal ${count} of \`${name}\`, the terms allow ${renewals}`, hint: 'fix the finding, or ask for a change of policy' }
  }
  if (totalDuration !== undefined && !(total <= totalDuration)) {
    return { code: 'TOTAL_EXCEEDED', message: `with \`${name}\` before it, it would last ${formatDuration(total)}, the terms allow ${formatDuration(totalDuration)}` }
  }
  return undefined
}

/** Was in force once, and either still is or ended within the memory. Emergencies count: a calm request after one continues it. */
function isRecent(record: OptOutRecord, now: Instant): boolean {
  if (record.activatedAt === undefined) return false
  const ended = endedAt(record, now)
  return ended === undefined ? phaseAt(record, now) === 'active' : now - ended <= memory
}

function recordNamed(ledger: Ledger, name: string): OptOutRecord | undefined {
  const uid = ledger.names.get(name)
  return uid === undefined ? undefined : ledger.records.get(uid)
}

/** The one that ends last; by uid between equals, so that order of insertion says nothing. */
function latest(records: readonly OptOutRecord[]): OptOutRecord | undefined {
  return records.reduce<OptOutRecord | undefined>((best, record) => {
    if (best === undefined) return record
    const later = record.asked.window.until - best.asked.window.until
    return later > 0 || (later === 0 && record.uid < best.uid) ? record : best
  }, undefined)
}

/** The records and all that they continue. */
function chainsOf(ledger: Ledger, records: readonly OptOutRecord[]): ReadonlySet<OptOutRecord> {
  const chain = new Set<OptOutRecord>()
  const waiting = [...records]
  for (let record = waiting.pop(); record !== undefined; record = waiting.pop()) {
    if (chain.has(record)) continue
    chain.add(record)
    const before = record.predecessor === undefined ? undefined : ledger.records.get(record.predecessor)
    if (before !== undefined) waiting.push(before)
  }
  return chain
}

/** Case, punctuation and spacing do not make a new reason. */
const plain = (reason: string): string => reason.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, ' ').trim()
