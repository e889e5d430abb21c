/** Every opt-out there ever was, in small rows: filtered, in the order that is asked for, a page at a time, and counted. */
import { canonicalInstant, endedAt, type Instant, inForce, type OptOutRecord, phaseAt, reviewAt } from '@exeat/core'
import { excerptLength, type Inventory, type InventoryItem, type InventoryQuery, inventoryQuerySchema } from '@exeat/core/wire'
import { alarmAt } from './alarm.ts'
import { shaped } from './input.ts'
import { standingNamed } from './judge.ts'
import { recordsOf } from './load.ts'
import { useError } from './problem.ts'
import { fromBytes, recordKinds, type StoredOptOut } from './stored.ts'
import { missing, recordNow, type Seen } from './view.ts'

const ordinaryLimit = 50
/** Most values that one of the counts tells. */
const mostCounted = 50

interface Row {
  readonly stored: StoredOptOut
  readonly record: OptOutRecord
  readonly phase: InventoryItem['phase']
  /** Where it stands in the order. */
  readonly key: string
}

/** @throws {ExeatError} INPUT_INVALID, for an `after` that no page of this order gave too */
export async function inventory(seen: Seen, sent: InventoryQuery): Promise<Inventory> {
  const query = shaped(inventoryQuerySchema, sent)
  const { order = 'newest', limit = ordinaryLimit, after } = query
  const behind = after === undefined ? undefined : keyOf(after, order)
  const wanted = query.phases?.split(',')
  const phases: Partial<Record<InventoryItem['phase'], number>> = {}
  const rows: Row[] = []
  for await (const { value } of recordsOf(seen.reader, recordKinds.optOut)) {
    const row = rowOf(fromBytes<StoredOptOut>(value), seen, order)
    if (!matches(row, query, seen.now)) continue
    phases[row.phase] = (phases[row.phase] ?? 0) + 1
    if (wanted === undefined || wanted.includes(row.phase)) rows.push(row)
  }
  rows.sort((a, b) => (a.key < b.key ? -1 : 1))
  const left = behind === undefined ? rows : rows.filter(({ key }) => key > behind)
  const page = left.slice(0, limit)
  const last = page.at(-1)
  return {
    at: canonicalInstant(seen.now), total: rows.length, phases,
    environments: counts(rows, ({ record }) => record.asked.scope.targets.environments ?? ['']), controls: counts(rows, ({ record }) => record.asked.scope.controls), owners: counts(rows, ({ stored }) => [stored.owner]),
    items: await Promise.all(page.map((row) => itemOf(row, seen))),
    ...(left.length > limit && last !== undefined ? { next: Buffer.from(last.key, 'utf8').toString('base64url') } : {}),
  }
}

function rowOf(stored: StoredOptOut, { revoked, now }: Seen, order: NonNullable<InventoryQuery['order']>): Row {
  const record = recordNow(stored, revoked)
  return { stored, record, phase: phaseAt(record, now), key: `${order} ${placeOf(record, order, now)} ${record.uid}` }
}

const furthest = 10 ** 16
const digits = (time: number): string => String(time).padStart(17, '0')

/** Text whose code units stand in the order. Instants are never negative here. */
function placeOf(record: OptOutRecord, order: NonNullable<InventoryQuery['order']>, now: Instant): string {
  switch (order) {
    case 'newest': return digits(furthest - record.proposedAt)
    case 'ending': return digits(record.asked.window.until)
    case 'ended': return digits(furthest - (endedAt(record, now) ?? 0))
    case 'name': return record.asked.name
  }
}

/** Opaque to callers. It is compared and never looked up, so that any place in this order will do. */
function keyOf(after: string, order: string): string {
  const key = Buffer.from(after, 'base64url').toString('utf8')
  if (key.startsWith(`${order} `) && /^[a-z]+ [a-z0-9-]+ [0-9a-f]{64}$/.test(key)) return key
  throw useError('INPUT_INVALID', '`after` is none that a page in this order ended with', 'leave it out to begin at the first')
}

function matches({ stored: { category, owner }, record }: Row, query: InventoryQuery, now: Instant): boolean {
  const { scope: { controls, targets: { environments } } } = record.asked
  return (query.category === undefined || category === query.category)
    && (query.environment === undefined || environments === undefined || environments.includes(query.environment))
    && (query.control === undefined || controls.some((each) => holds(each, query.control)))
    && (query.owner === undefined || holds(owner, query.owner))
    && (query.review === undefined || ['due', 'overdue'].includes(reviewAt(record, now)))
    && (query.endedSince === undefined || endedSince(record, Date.parse(query.endedSince), now))
}

const holds = (text: string, part = ''): boolean => text.toLowerCase().includes(part.toLowerCase())

function endedSince(record: OptOutRecord, since: number, now: Instant): boolean {
  const ended = endedAt(record, now)
  return ended !== undefined && record.activatedAt !== undefined && ended >= since
}

function counts(rows: readonly Row[], valuesOf: (row: Row) => readonly string[]): Inventory['controls'] {
  const found = new Map<string, number>()
  for (const row of rows) for (const value of valuesOf(row)) found.set(value, (found.get(value) ?? 0) + 1)
  return [...found].map(([value, count]) => ({ value, count })).sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1)).slice(0, mostCounted)
}

async function itemOf({ stored, record, phase }: Row, { reader, governed, now }: Seen): Promise<InventoryItem> {
  const { uid, asked, requester, proposedAt, activatedAt, emergency, binding } = record
  const merged = governed !== undefined && standingNamed(governed, asked.name)?.digest === binding.optOut
  const ended = endedAt(record, now)
  return {
    uid, name: asked.name, phase, review: reviewAt(record, now), inForce: inForce(record, now), emergency: asked.emergency,
    ...(emergency === undefined ? {} : { team: emergency.team, reviewBy: canonicalInstant(emergency.reviewBy) }),
    window: { from: canonicalInstant(asked.window.from), until: canonicalInstant(asked.window.until) },
    controls: [...asked.scope.controls], repositories: [...asked.repositories], environments: [...asked.scope.targets.environments ?? []],
    category: stored.category, owner: stored.owner, requester, reason: excerpt(asked.reason), askedAt: canonicalInstant(proposedAt),
    ...(activatedAt === undefined ? {} : { activatedAt: canonicalInstant(activatedAt) }), ...(ended === undefined ? {} : { endedAt: canonicalInstant(ended) }),
    missing: phase === 'proposed' || phase === 'approved' ? missing(record, merged) : [],
    uses: { counted: stored.uses, limit: asked.limits.uses ?? null },
    unheard: phase === 'active' && await isUnheard(reader, stored),
  }
}

/** A half of a pair at the cut is left out: it is no character. */
const excerpt = (reason: string): string => (reason.length <= excerptLength ? reason : `${reason.slice(0, excerptLength - 1).replace(/[\uD800-\uDBFF]$/, '')}…`)

async function isUnheard(reader: Seen['reader'], { record, entries }: StoredOptOut): Promise<boolean> {
  if (record.emergency === undefined) return false
  const alarm = await alarmAt(reader, entries[0])
  return alarm !== undefined && alarm.value.acknowledged === undefined
}
