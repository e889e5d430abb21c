/** Drills: the alarm on its whole way, marked as what it is. A drill is no emergency: it excuses nothing, and counts as none. */
import { canonicalInstant, type Instant } from '@exeat/core'
import { ExeatError } from '@exeat/core/error'
import { drillWantedSchema, type Wire } from '@exeat/core/wire'
import type { Sink } from '../ports/alarm.ts'
import type { Operation, StateReader, Transaction } from '../ports/log.ts'
import { type Asking, operationFor } from './act.ts'
import { alarmAt, type FoundAlarm, sinksOf } from './alarm.ts'
import { bySink, heard as heardBy } from './alarm-view.ts'
import { hear, refuseHearing } from './acknowledge.ts'
import type { UseDependencies } from './context.ts'
import { serverOperation } from './enrolment/change.ts'
import { shaped } from './input.ts'
import { readRecord } from './load.ts'
import { demand, useError } from './problem.ts'
import { receipt } from './read.ts'
import { alarmKey, type DrillOutcome, recordKinds, type StoredAlarm, toBytes } from './stored.ts'
import { serverIdentity, synchronise } from './synchronise.ts'
import { type Actor, type IdempotencyKey, operatorIssuer } from './types.ts'
import { type Said, writeEvents } from './write.ts'

type Answer = Wire['drillAnswerSchema']
type View = Wire['drillSchema']

/** Milliseconds between two drills of those who sign in: an alarm that rings for nothing is soon heard by nobody (attack 24). */
const apart = 3_600_000

export async function startDrill(deps: UseDependencies, actor: Actor, wanted: Wire['drillWantedSchema'], key: IdempotencyKey): Promise<Answer> {
  const { within } = shaped(drillWantedSchema, wanted)
  await endDrill(deps)
  const sinks = sinksOf((await synchronise(deps)).governed)
  const asking: Asking = { act: 'drill', actor, key, content: { within } }
  const index = await append(deps, { ...operationFor(asking), apply: async (tx) => ({ ok: true, entries: await begin(tx, deps, actor, sinks, within) }) })
  return answer(deps, index, index, actor)
}

async function begin(tx: Transaction, deps: UseDependencies, { identity, evidence }: Actor, sinks: readonly Sink[], within: number): Promise<readonly Uint8Array[]> {
  const before = await readRecord<number>(tx, recordKinds.drill, 'latest')
  await refuseAnother(tx, before?.value, identity.iss === operatorIssuer)
  if (sinks.length === 0) throw useError('ALARM_UNHEARD', 'the workspace names no `alerts` that a drill could be told to', 'name one in the workspace, at the protected ref')
  const at = tx.at as Instant
  const until = (at + within * 1000) as Instant
  const { entries } = await writeEvents(tx, deps, identity, [{ type: 'dev.exeat.drill.started.v1', subject: null, data: { by: identity, evidence, sinks: sinks.map(({ name }) => name), until } }])
  const alarm: StoredAlarm = { index: tx.index, at, uid: null, first: sinks, all: sinks, until, drill: { by: identity, strength: evidence.strength } }
  demand(await tx.put(recordKinds.alarm, alarmKey(tx.index), toBytes(alarm), 0))
  demand(await tx.put(recordKinds.drill, 'latest', toBytes(tx.index), before?.version ?? 0))
  return entries
}

async function refuseAnother(tx: Transaction, latest: number | undefined, isOperator: boolean): Promise<void> {
  const last = (await alarmAt(tx, latest))?.value
  if (last === undefined) return
  if (last.drill?.over === undefined && tx.at < last.until) throw useError('DRILL_RUNNING', `the drill of entry ${last.index} runs until ${canonicalInstant(last.until)}`, 'wait for its end, or have somebody acknowledge it')
  if (!isOperator && tx.at - last.at < apart) throw useError('DRILL_RUNNING', `the last drill began at ${canonicalInstant(last.at)}, less than an hour ago`, 'wait, or start it at the administrative socket')
}

export async function acknowledgeDrill(deps: UseDependencies, actor: Actor, index: number, key: IdempotencyKey): Promise<Answer> {
  const asking: Asking = { act: 'acknowledge-drill', actor, key, content: { drill: index } }
  const at = await append(deps, { ...operationFor(asking), restricts: true, apply: async (tx) => ({ ok: true, entries: await heard(tx, deps, actor, index) }) })
  return answer(deps, index, at, actor)
}

async function heard(tx: Transaction, deps: UseDependencies, actor: Actor, index: number): Promise<readonly Uint8Array[]> {
  const found = await drillAt(tx, index)
  const { drill, until } = found.value
  refuseHearing(deps, found.value, actor.identity, [drill.by], `the drill of entry ${index}`)
  if (drill.over !== undefined || !(tx.at < until)) throw useError('DRILL_OVER', `the drill of entry ${index} ended at ${canonicalInstant(drill.over?.at ?? until)}`)
  const { identity, evidence } = actor
  const said: Said = { type: 'dev.exeat.drill.acknowledged.v1', subject: null, data: { by: identity, evidence, drill: index } }
  return hear(tx, deps, found, actor, [said, endedAs(index, 'acknowledged')], { drill: { ...drill, over: { at: tx.at as Instant, outcome: 'acknowledged' } } })
}

const endedAs = (drill: number, outcome: DrillOutcome): Said => ({ type: 'dev.exeat.drill.ended.v1', subject: null, data: { drill, outcome } })

/** By whoever finds it so first, of any number of servers. */
export async function endDrill(deps: UseDependencies): Promise<void> {
  const latest = (await readRecord<number>(deps.log, recordKinds.drill, 'latest'))?.value
  const alarm = (await alarmAt(deps.log, latest))?.value
  if (alarm?.drill === undefined || alarm.drill.over !== undefined || deps.now() < alarm.until) return
  const { index } = alarm
  const reached = (await deps.deliveries(alarmKey(index))).some(({ state }) => state === 'delivered')
  await append(deps, {
    ...serverOperation('drill-end', { drill: index }), restricts: true,
    apply: async (tx) => {
      const { key, version, value } = await drillAt(tx, index)
      if (value.drill.over !== undefined) throw useError('DRILL_OVER', `the drill of entry ${index} has ended`)
      const outcome = reached ? 'unacknowledged' : 'undelivered'
      const { entries } = await writeEvents(tx, deps, serverIdentity(deps.origin), [endedAs(index, outcome)])
      demand(await tx.put(recordKinds.alarm, key, toBytes({ ...value, drill: { ...value.drill, over: { at: tx.at as Instant, outcome } } } satisfies StoredAlarm), version))
      return { ok: true, entries }
    },
  }).catch((error: unknown) => {
    if (!(error instanceof ExeatError) || error.problems[0].code !== 'DRILL_OVER') throw error
  })
}

type Drill = StoredAlarm & { readonly drill: NonNullable<StoredAlarm['drill']> }

/** @throws {ExeatError} DRILL_UNKNOWN */
async function drillAt(reader: Pick<StateReader, 'record'>, index: number | undefined): Promise<FoundAlarm & { readonly value: Drill }> {
  const found = await alarmAt(reader, index)
  const drill = found?.value.drill
  if (found === undefined || drill === undefined) throw useError('DRILL_UNKNOWN', index === undefined ? 'there was no drill yet' : `entry ${index} started no drill`, 'start one: exeat drill start')
  return { ...found, value: { ...found.value, drill } }
}

export async function drill(deps: UseDependencies, index: number | undefined): Promise<View> {
  const wanted = index ?? (await readRecord<number>(deps.log, recordKinds.drill, 'latest'))?.value
  const { value } = await drillAt(deps.log, wanted)
  const { by, strength, over } = value.drill
  return {
    index: value.index, by, evidence: strength, at: canonicalInstant(value.at), until: canonicalInstant(value.until),
    state: over?.outcome ?? 'running', deliveries: [...bySink(value, await deps.deliveries(alarmKey(value.index)))], ...heardBy(value),
  }
}

async function append({ log }: UseDependencies, operation: Operation): Promise<number> {
  const answered = await log.append(operation)
  if (answered.ok) return answered.value.index
  throw new ExeatError([answered.problem])
}

const answer = async (deps: UseDependencies, drilled: number, index: number, { evidence }: Actor): Promise<Answer> =>
  ({ drill: await drill(deps, drilled), ...await receipt(deps.log, index), evidence: evidence.strength })
