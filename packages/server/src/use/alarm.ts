/** Whom an emergency is told to, and that somebody heard it. */
import type { Instant } from '@exeat/core'
import type { Sink } from '../ports/alarm.ts'
import type { Governed } from '../ports/governance.ts'
import type { StateReader, Transaction } from '../ports/log.ts'
import { isSinkUrl } from '../alarm/url.ts'
import { readRecord, type Versioned } from './load.ts'
import { demand } from './problem.ts'
import { alarmKey, recordKinds, type StoredAlarm, type StoredOptOut, toBytes } from './stored.ts'

/** By the protected ref as it governs. */
export interface Alarm {
  readonly first: readonly Sink[]
  readonly all: readonly Sink[]
}

/** Those of the workspace that something can be sent to. */
export const sinksOf = ({ governance }: Governed): readonly Sink[] =>
  (governance.workspace.document.spec.alerts ?? []).filter(({ url }) => isSinkUrl(url)).map(({ name, url }) => ({ name, url }))

export function alarmFor(governed: Governed, alerts: readonly string[]): Alarm {
  const all = sinksOf(governed)
  return { first: all.filter(({ name }) => alerts.includes(name)), all }
}

/** Within the transaction of the emergency's entry: there is no way for the one to stand without the other (attack 27). */
export async function raiseAlarm(tx: Transaction, { record }: StoredOptOut, index: number, alarm: Alarm | undefined): Promise<void> {
  if (alarm === undefined) throw new Error('an emergency would be entered without an alarm')
  // What was granted while the server was away is told to everybody where its terms name nobody: it cannot be refused any more.
  const first = alarm.first.length === 0 ? alarm.all : alarm.first
  const stored: StoredAlarm = { index, at: tx.at as Instant, uid: record.uid, first, all: alarm.all, until: record.asked.window.until }
  demand(await tx.put(recordKinds.alarm, alarmKey(index), toBytes(stored), 0))
}

export interface FoundAlarm extends Versioned<StoredAlarm> {
  readonly key: string
}

/** The alarm of the entry at this index; undefined where there is none. */
export async function alarmAt(reader: Pick<StateReader, 'record'>, index: number | undefined): Promise<FoundAlarm | undefined> {
  if (index === undefined) return undefined
  const key = alarmKey(index)
  const found = await readRecord<StoredAlarm>(reader, recordKinds.alarm, key)
  return found === undefined ? undefined : { ...found, key }
}
