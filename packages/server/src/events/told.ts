/** What the outside hears of an entry: its event as a CloudEvent, without what shows who did it. Signatures, tokens and terms are for the log alone. */
import * as z from 'zod'
import { canonicalInstant, type HexDigest, type Instant } from '@exeat/core'
import { dataSchemas, type EventType, type LogEvent } from '@exeat/core/entry'
import type { ToldEvent } from '../ports/sinks.ts'

/** What the event says of itself; of a drill, that it is one. */
export function saidBy({ type, data }: LogEvent): Record<string, unknown> {
  const schema: z.ZodType = dataSchemas[type]
  const { envelope: _envelope, evidence, seconded: _seconded, terms: _terms, own: _own, delegation: _delegation, ...said } = z.encode(schema, data) as Record<string, unknown>
  const strength = typeof evidence === 'object' && evidence !== null && 'strength' in evidence ? { strength: evidence.strength } : {}
  return { ...said, ...strength, ...(type.startsWith('dev.exeat.drill.') ? { drill: true } : {}) }
}

/** What the tree says of an entry, whether its body is still kept or not. */
export interface Heading {
  readonly index: number
  readonly id: string
  /** The log's origin. */
  readonly source: string
  readonly type: EventType
  readonly subject: HexDigest | null
  readonly time: Instant
}

/** `event`: undefined where its body was erased. `name`: of the opt-out, where the event itself does not say it. */
export function tell({ index, id, source, type, subject, time }: Heading, event: LogEvent | undefined, name: string | undefined): ToldEvent {
  return {
    specversion: '1.0', id, source, type, ...(subject === null ? {} : { subject }), time: canonicalInstant(time), datacontenttype: 'application/json',
    sequence: String(index).padStart(16, '0'), data: { ...(event === undefined ? { erased: true } : saidBy(event)), ...(name === undefined ? {} : { name }), entry: index },
  }
}
