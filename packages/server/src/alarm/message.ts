/** What an alarm says: the event of its log entry as a CloudEvent, signed as Standard Webhooks (https://www.standardwebhooks.com) has it for Ed25519, `v1a`. */
import { canonicalInstant } from '@exeat/core'
import type { LogEvent } from '@exeat/core/entry'
import { type Message, messageIdOf } from '../events/standard-webhooks.ts'
import { saidBy } from '../events/told.ts'
import type { Sink } from '../ports/alarm.ts'

export interface Telling {
  readonly event: LogEvent
  /** Of the entry. */
  readonly index: number
  readonly sink: Sink
  /** 0: at once; then counted each time that nobody had acknowledged it. */
  readonly round: number
  /** How many of the same kind it stands for as well. */
  readonly others?: number
}

/** How it is acknowledged, by what the event is about. */
function acknowledging({ type, data }: LogEvent, index: number): string | undefined {
  if (type === 'dev.exeat.emergency.activated.v1') return `exeat emergency ack ${data.asked.name}`
  return type === 'dev.exeat.drill.started.v1' ? `exeat drill ack ${index}` : undefined
}

export function messageOf({ event, index, sink, round, others }: Telling): Message {
  const { type, id, source, subject, time } = event
  const acknowledge = acknowledging(event, index)
  const body = JSON.stringify({
    specversion: '1.0', id: round === 0 ? id : `${id}/${round}`, source, type, ...(subject === null ? {} : { subject }), time: canonicalInstant(time), datacontenttype: 'application/json',
    data: { ...saidBy(event), entry: index, repeat: round, ...(others === undefined ? {} : { others }), ...(acknowledge === undefined ? {} : { acknowledge }) },
  })
  return { id: messageId(source, index, sink, round), body: new Uint8Array(Buffer.from(body, 'utf8')) }
}

export const messageId = (origin: string, index: number, { name, url }: Sink, round: number): string =>
  messageIdOf(['exeat/webhook/v1', origin, index, round, name, url])
