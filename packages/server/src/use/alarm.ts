/** Whom an emergency is told to, and that somebody heard it. */
import type { Instant, Workspace } from '@exeat/core'
import type { Sink } from '../ports/alarm.ts'
import type { Governed } from '../ports/governance.ts'
import type { StateReader, Transaction } from '../ports/log.ts'
import { isSinkUrl } from '../alarm/url.ts'
import { readRecord, type Versioned } from './load.ts'
import { demand, type UseProblem, useProblem } from './problem.ts'
import { alarmKey, recordKinds, type StoredAlarm, type StoredOptOut, toBytes } from './stored.ts'

/** By the protected ref as it governs. */
export interface Alarm {
  readonly first: readonly Sink[]
  readonly all: readonly Sink[]
}

/** Those of the workspace that something can be sent to. */
export const sinksOf = ({ governance }: Governed): readonly Sink[] => sinksIn(governance.workspace.document)

export const sinksIn = ({ spec }: Workspace): readonly Sink[] =>
  (spec.alerts ?? []).filter(({ url }) => isSinkUrl(url)).map(({ name, url }) => ({ name, url }))

export function alarmFor(governed: Governed, alerts: readonly string[]): Alarm {
  const all = sinksOf(governed)
  return { first: all.filter(({ name }) => alerts.includes(name)), all }
}

/** An emergency is never silent: by the policies and the workspace of the protected ref, somebody is told (attack 27). */
export function unheard(governed: Governed, alerts: readonly string[]): readonly UseProblem[] {
  if (alarmFor(governed, alerts).first.length > 0) return []
  const message = alerts.length === 0 ? 'the policies that cover the emergency name no `alerts`, so that nobody would be told'
    : `none of the \`alerts\` that the policies name (${alerts.map((name) => `\`${name}\``).join(', ')}) is a sink of the workspace that anything can be sent to`
  return [useProblem('ALARM_UNHEARD', message, 'name a sink under `alerts` of the policy, and its https address under `alerts` of the workspace, at the protected ref')]
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
