/** Somebody heard: an entry beside the emergency's life, after which nobody is called again. It grants nothing, and asks the protected ref for nothing. */
import { type Identity, type Instant, personsIn } from '@exeat/core'
import { ExeatError } from '@exeat/core/error'
import type { Applied, Transaction } from '../ports/log.ts'
import { type Asking, doneAt, type Done, operationFor } from './act.ts'
import { alarmAt, type FoundAlarm } from './alarm.ts'
import type { UseDependencies } from './context.ts'
import { isAmong } from './judge.ts'
import { optOutOf } from './load.ts'
import { demand, useError } from './problem.ts'
import { isReserved } from './shown.ts'
import { recordKinds, type StoredAlarm, type StoredOptOut, toBytes } from './stored.ts'
import { type Actor, type IdempotencyKey, operatorIssuer } from './types.ts'
import { type Said, writeEvents } from './write.ts'

export async function acknowledge(deps: UseDependencies, actor: Actor, id: string, key: IdempotencyKey): Promise<Done> {
  const { uid } = (await optOutOf(deps.log, id)).value.record
  const asking: Asking = { act: 'acknowledge', actor, key, content: { uid } }
  const answer = await deps.log.append({ ...operationFor(asking), restricts: true, apply: async (tx) => heard(tx, deps, (await optOutOf(tx, uid)).value, actor) })
  if (!answer.ok) throw new ExeatError([answer.problem])
  return doneAt(deps, answer.value)
}

async function heard(tx: Transaction, deps: UseDependencies, stored: StoredOptOut, actor: Actor): Promise<Applied> {
  const { record: { uid, asked: { name }, requester, emergency }, entries: [index] } = stored
  const alarm = emergency === undefined ? undefined : await alarmAt(tx, index)
  if (alarm === undefined) throw useError('ALARM_NONE', `\`${name}\` raised no alarm`)
  refuseHearing(deps, alarm.value, actor.identity, [requester, ...(emergency?.second === undefined ? [] : [emergency.second])], `\`${name}\``)
  return { ok: true, entries: await hear(tx, deps, alarm, actor, [{ type: 'dev.exeat.emergency.acknowledged.v1', subject: uid, data: { by: actor.identity, evidence: actor.evidence, entry: alarm.value.index } }]) }
}

/** @throws {ExeatError} ALARM_HEARD, ALARM_OWN, ALARM_TYPED */
export function refuseHearing({ governance }: Pick<UseDependencies, 'governance'>, { acknowledged }: StoredAlarm, by: Identity, raised: readonly Identity[], what: string): void {
  if (acknowledged !== undefined) throw useError('ALARM_HEARD', `the alarm of ${what} was acknowledged before, by entry ${acknowledged.index}`)
  // As it was read last: to hear an alarm asks nobody.
  const workspace = governance.latest()?.governance.workspace.document
  if (isAmong(raised, by) || (workspace !== undefined && raised.some((each) => personsIn(workspace).same(each, by)))) throw useError('ALARM_OWN', `the alarm of ${what} was raised by \`${by.sub}\``, 'somebody else is to hear it')
  // Who signed in to raise it could type any other name.
  if (by.iss === operatorIssuer && raised.some(({ iss }) => !isReserved(iss))) {
    throw useError('ALARM_TYPED', `the alarm of ${what} was raised by somebody who signed in, and \`${by.sub}\` is a typed name`, 'sign in to hear it: exeat login')
  }
}

/** Enters that the alarm was heard, keeps it with the alarm, and gives the entries. */
export async function hear(
  tx: Transaction, deps: UseDependencies, { key, version, value }: FoundAlarm, { identity, evidence }: Actor, said: readonly Said[], more: Partial<StoredAlarm> = {},
): Promise<readonly Uint8Array[]> {
  const { entries, bodies: [body = ''] } = await writeEvents(tx, deps, identity, said)
  const next: StoredAlarm = { ...value, ...more, acknowledged: { by: identity, strength: evidence.strength, at: tx.at as Instant, index: tx.index, body } }
  demand(await tx.put(recordKinds.alarm, key, toBytes(next), version))
  return entries
}
