/**
 * OpenTelemetry logs by OTLP/HTTP in JSON (https://opentelemetry.io/docs/specs/otlp/#otlphttp; the JSON mapping of `opentelemetry/proto/logs/v1/logs.proto`:
 * 64-bit numbers as text, names in lowerCamelCase). What a collector drops of a batch (`partialSuccess`) it tells nobody but itself.
 */
import type { Manner, Telling } from '../../ports/sinks.ts'
import { shortType } from '@exeat/core/entry'
import { batches } from './webhook.ts'
import { severityOf } from './severity.ts'

export interface OtlpOptions {
  /** The value of `Authorization`; undefined: none is sent. Read anew each time. */
  readonly authorization: () => string | undefined
  readonly version: string
  readonly now: () => number
}

const text = (key: string, stringValue: string) => ({ key, value: { stringValue } })
const nanoseconds = (ms: number): string => `${BigInt(Math.trunc(ms)) * 1_000_000n}`

export function otlp({ authorization, version, now }: OtlpOptions): Manner {
  return {
    page: 256,
    parcels: (items) => batches(items).map((each) => ({ items: each, lane: 'all' })),
    post: ({ items }) => {
      const source = items[0]?.told.source ?? ''
      const body = JSON.stringify({
        resourceLogs: [{
          resource: { attributes: [text('service.name', 'exeat'), text('service.version', version), text('exeat.log.origin', source)] },
          scopeLogs: [{ scope: { name: 'exeat.events', version }, logRecords: items.map((item) => recordOf(item, now())) }],
        }],
      })
      const shown = authorization()
      return { headers: { 'content-type': 'application/json', 'user-agent': 'exeat', ...(shown === undefined ? {} : { authorization: shown }) }, body: new Uint8Array(Buffer.from(body, 'utf8')) }
    },
  }
}

/** The body is the CloudEvent; what is asked for most stands in attributes beside it. */
function recordOf({ type, subject, time, told, json, index }: Telling, now: number): unknown {
  const { number, text: severityText } = severityOf(type)
  const asked = told.data['asked']
  const named = typeof asked === 'object' && asked !== null && 'name' in asked ? asked.name : told.data['name']
  return {
    timeUnixNano: nanoseconds(time), observedTimeUnixNano: nanoseconds(now), severityNumber: number, severityText, eventName: type, body: { stringValue: json },
    attributes: [
      text('optout.event', shortType(type)), text('event.id', told.id), ...(subject === null ? [] : [text('optout.uid', subject)]), ...(typeof named === 'string' ? [text('optout.name', named)] : []),
      ...(index === undefined ? [] : [{ key: 'exeat.log.index', value: { intValue: String(index) } }]),
    ],
  }
}
