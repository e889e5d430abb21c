/** Whom a shadow opt-out is told to: the workspace's sinks, on the way of an emergency's alarm, once. Of many at once they hear twice: of the first, and of all that followed within a minute. */
import type { Instant } from '@exeat/core'
import type { Sink } from '../ports/alarm.ts'
import type { Transaction } from '../ports/log.ts'
import { readRecord } from './load.ts'
import { demand } from './problem.ts'
import { alarmKey, recordKinds, type StoredAlarm, type StoredShadowAlarm, toBytes } from './stored.ts'

/** Milliseconds between two alarms. */
export const shadowAlarmsApart = 60_000

/** Within the transaction of the entry at `index`. */
export async function raiseShadowAlarm(tx: Transaction, index: number, sinks: readonly Sink[]): Promise<void> {
  if (sinks.length === 0) return
  const before = await readRecord<StoredShadowAlarm>(tx, recordKinds.shadowAlarm, 'latest')
  const waiting = before !== undefined && tx.at < before.value.after ? await readRecord<StoredAlarm>(tx, recordKinds.alarm, alarmKey(before.value.index)) : undefined
  if (before !== undefined && waiting !== undefined) {
    const { value, version } = waiting
    demand(await tx.put(recordKinds.alarm, alarmKey(value.index), toBytes({ ...value, others: (value.others ?? 0) + 1 } satisfies StoredAlarm), version))
    return
  }
  const after = Math.max(tx.at, (before?.value.after ?? -Infinity) + shadowAlarmsApart)
  const at = tx.at as Instant
  // It is over as it begins: nobody is called again about it.
  const alarm: StoredAlarm = { index, at, uid: null, first: sinks, all: [], until: at, ...(after > tx.at ? { after } : {}) }
  demand(await tx.put(recordKinds.alarm, alarmKey(index), toBytes(alarm), 0))
  demand(await tx.put(recordKinds.shadowAlarm, 'latest', toBytes({ index, after } satisfies StoredShadowAlarm), before?.version ?? 0))
}
