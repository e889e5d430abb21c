/** The bodies of entries: CloudEvents 1.0 in JSON, stored and hashed as first serialised. */
import * as z from 'zod'
import { utf8 } from '../digest/utf8.ts'
import { fingerprint } from '../document/scalars.ts'
import type { LifecycleEvent } from '../lifecycle/events.ts'
import type { HexDigest } from '../model/digest.ts'
import type { Instant } from '../model/instant.ts'
import { dataSchemas, type EventData } from './data.ts'
import type { Evidence } from './evidence.ts'
import { eventId } from './leaf.ts'
import { instantText } from './scalars.ts'
import { type EventType, eventTypes, shortType, typeOfLifecycle } from './types.ts'

/** `data` belongs to `type`. */
export type LogEvent = {
  readonly [T in EventType]: {
    readonly type: T
    /** UUIDv7. */
    readonly id: string
    /** The log's origin. */
    readonly source: string
    /** The opt-out's uid; null for events about the workspace or the log. */
    readonly subject: HexDigest | null
    readonly time: Instant
    readonly data: EventData[T]
  }
}[EventType]

const frame = z.strictObject({
  specversion: z.literal('1.0'),
  id: eventId,
  source: z.string().min(1).max(512),
  type: z.enum(eventTypes),
  subject: z.exactOptional(fingerprint),
  time: instantText,
  datacontenttype: z.literal('application/json'),
  data: z.unknown(),
})

/** The body's bytes. They are stored as they come out of here, and never made again. */
export function encodeEvent(event: LogEvent): Uint8Array {
  const { type, id, source, subject, time, data } = event
  const schema: z.ZodType = dataSchemas[type]
  return utf8(JSON.stringify({
    specversion: '1.0', id, source, type, ...(subject === null ? {} : { subject }), time: instantText.encode(time),
    datacontenttype: 'application/json', data: z.encode(schema, data),
  }))
}

export type DecodedEvent = { readonly ok: true; readonly event: LogEvent } | { readonly ok: false; readonly because: string }

/** Reads a body's text. Total: what is not an event of this release says why. */
export function decodeEvent(text: string): DecodedEvent {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { ok: false, because: 'it is not JSON' }
  }
  const framed = frame.safeParse(value)
  if (!framed.success) return { ok: false, because: firstIssue(framed.error) }
  const { type, id, source, subject, time, data } = framed.data
  const schema: z.ZodType = dataSchemas[type]
  const parsed = schema.safeParse(data)
  if (!parsed.success) return { ok: false, because: `data: ${firstIssue(parsed.error)}` }
  return { ok: true, event: { type, id, source, subject: subject ?? null, time, data: parsed.data } as LogEvent }
}

function firstIssue({ issues: [issue] }: z.ZodError): string {
  const where = issue === undefined || issue.path.length === 0 ? 'it' : `\`${issue.path.join('.')}\``
  return `${where}: ${issue?.message ?? 'invalid'}`
}

/** What an act adds to its lifecycle event before it is recorded; `null` for events that nobody signs (stale, exhausted, a use). */
export interface Signed {
  readonly envelope: EventData['dev.exeat.optout.approved.v1']['envelope']
  readonly evidence: Evidence
  /** Of an emergency that a second person confirmed. */
  readonly seconded?: Pick<Signed, 'envelope' | 'evidence'>
  /** Of an emergency, where the workspace names a system that is asked. */
  readonly incident?: EventData['dev.exeat.emergency.activated.v1']['incident']
}

/**
 * The type and data under which a lifecycle event is recorded. `signed` must be there for every act of a person.
 * @throws {TypeError} where it is not, and where its evidence is of another strength than the act was judged by
 */
export function recorded(event: LifecycleEvent, signed: Signed | null): Pick<LogEvent, 'type' | 'data'> {
  const { type, uid: _uid, at: _at, ...said } = event
  const unsigned = type === 'optout.stale' || type === 'optout.exhausted' || type === 'use.claimed'
  if (!unsigned && signed === null) throw new TypeError(`an event of type ${type} is recorded with its envelope`)
  if (signed !== null && 'evidence' in event && event.evidence !== signed.evidence.strength) {
    throw new TypeError(`an act judged by \`${event.evidence}\` evidence is not recorded with \`${signed.evidence.strength}\``)
  }
  const data = unsigned ? said : { ...said, ...signed }
  return { type: typeOfLifecycle(type), data } as Pick<LogEvent, 'type' | 'data'>
}

/** The lifecycle event that a body records, or undefined for events about the workspace, the log, or who was told. */
export function lifecycleOf(event: LogEvent): LifecycleEvent | undefined {
  const { subject, time, type, data } = event
  if (subject === null || !/^dev\.exeat\.(?:optout|emergency|use)\./.test(type) || besideLife.has(type)) return undefined
  const { envelope: _envelope, seconded: _seconded, incident: _incident, evidence, ...said } = data as { readonly envelope?: unknown; readonly seconded?: unknown; readonly incident?: unknown; readonly evidence?: Evidence }
  const short = shortType(type)
  const strength = evidence !== undefined && strengthened.has(short) ? { evidence: evidence.strength } : {}
  return { ...said, ...strength, type: short, uid: subject, at: time } as unknown as LifecycleEvent
}

/** About an opt-out, and nothing of what it is: neither bundles nor the fold of a log have them among its entries. */
export const besideLife: ReadonlySet<string> = new Set<EventType>(['dev.exeat.emergency.acknowledged.v1'])

/** The acts whose evidence counts towards what an opt-out may excuse. */
const strengthened: ReadonlySet<string> = new Set(['optout.approved', 'optout.activated', 'emergency.activated'])
