/** Whom an alarm was told to, and who heard it, for a person at a terminal. */
import type { Instant } from '@exeat/core'
import type { Wire } from '@exeat/core/wire'
import { oneLine, shown } from '../text/safe.ts'
import { fromNow } from '../text/span.ts'
import { person, time, told } from './words.ts'

type Alarm = Wire['alarmSchema']
type Delivery = Alarm['deliveries'][number]

export function alarmRows(alarm: Alarm | undefined, now: Instant): readonly (readonly [string, string])[] {
  if (alarm === undefined) return []
  const { deliveries, acknowledged } = alarm
  return [
    ...deliveries.length === 0 ? [['alarm', 'nobody was told: the workspace names no sink'] as const] : deliveries.map((delivery) => ['alarm', deliveryText(delivery, now)] as const),
    ['heard', acknowledged === undefined ? 'by nobody yet' : `by ${person(acknowledged.by)}, ${told(acknowledged.at)}, ${acknowledged.evidence}`],
  ]
}

function deliveryText({ sink, state, attempts, at, message }: Delivery, now: Instant): string {
  const tried = attempts === 1 ? 'one attempt' : `${attempts} attempts`
  const why = message === undefined ? '' : `: ${oneLine(message)}`
  if (state === 'delivered') return `${shown(sink)}, delivered ${told(at)}`
  if (state === 'dead') return `${shown(sink)}, given up ${told(at)} after ${tried}${why}`
  return attempts === 0 ? `${shown(sink)}, not yet sent` : `${shown(sink)}, not delivered after ${tried}${why}; next ${now < time(at) ? fromNow(time(at), now) : 'at once'}`
}
