/** An alarm as callers see it: by sink, without its addresses. */
import { canonicalInstant, type Instant } from '@exeat/core'
import type { Wire } from '@exeat/core/wire'
import type { DeliveriesOf, Delivery } from '../ports/alarm.ts'
import type { StateReader } from '../ports/log.ts'
import { alarmAt } from './alarm.ts'
import { alarmKey, type StoredAlarm } from './stored.ts'

type View = Wire['alarmSchema']
type Delivered = View['deliveries'][number]

export async function alarmOf(reader: Pick<StateReader, 'record'>, deliveries: DeliveriesOf, index: number | undefined): Promise<View | undefined> {
  const found = await alarmAt(reader, index)
  return found === undefined ? undefined : { deliveries: [...bySink(found.value, await deliveries(alarmKey(found.value.index)))], ...heard(found.value) }
}

export const heard = ({ acknowledged }: StoredAlarm): Pick<View, 'acknowledged'> =>
  (acknowledged === undefined ? {} : { acknowledged: { by: acknowledged.by, evidence: acknowledged.strength, at: canonicalInstant(acknowledged.at) } })

/** Of each sink its first delivery; else how the message stands that it was to have at once, which is tried longest, or the newest. */
export function bySink({ first, at }: StoredAlarm, deliveries: readonly Delivery[]): readonly Delivered[] {
  const names = [...new Set([...first.map(({ name }) => name), ...deliveries.map(({ sink }) => sink)])]
  return names.map((name) => {
    const own = deliveries.filter(({ sink }) => sink === name).sort((a, b) => a.round - b.round)
    const told = own.find(({ state }) => state === 'delivered') ?? own.find(({ round }) => round === 0) ?? own.at(-1)
    return told === undefined ? { sink: name, state: 'waiting', attempts: 0, at: canonicalInstant(at) } : viewOf(told)
  })
}

const viewOf = ({ sink, state, attempts, at, because }: Delivery): Delivered =>
  ({ sink, state, attempts, at: canonicalInstant(at as Instant), ...(because === undefined || state === 'delivered' ? {} : { message: because }) })
