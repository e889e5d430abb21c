/**
 * Erasure: what an opt-out said about people is taken out of the bodies, the document and the impact. The entries stand, and the log still verifies; what is left
 * of the record is its uid, name, phase and digests, for ever, so that its name is never given again.
 */
import { endedAt, type HexDigest, type Identity, type Instant, type OptOutRecord, phaseAt, reviewAt } from '@exeat/core'
import { ExeatError } from '@exeat/core/error'
import { erasureSchema, type Wire } from '@exeat/core/wire'
import type { Appended, Transaction } from '../ports/log.ts'
import { type Asking, operationFor } from './act.ts'
import { alarmAt } from './alarm.ts'
import type { UseDependencies } from './context.ts'
import { eventAt } from './entry-at.ts'
import { shaped } from './input.ts'
import { isOpen, optOutOf, recordsOf, saveOptOut, type Versioned } from './load.ts'
import { demand, useError } from './problem.ts'
import { checkActor } from './shown.ts'
import { bodyKinds, fromBytes, recordKinds, type StoredOptOut, type StoredUse, toBytes } from './stored.ts'
import { type Actor, type IdempotencyKey, operatorIssuer } from './types.ts'
import { pseudonymOf, type Said, writeEvents } from './write.ts'

type Erased = Wire['erasureAnswerSchema']['erased']

/** Most bodies an operation erases, and an entry tells of: an entry's body holds the reason as well. */
const anOperation = 400
const anEntry = 50
const mostOperations = 10_000

export async function erase(deps: UseDependencies, actor: Actor, sent: Wire['erasureSchema'], key: IdempotencyKey): Promise<Wire['erasureAnswerSchema']> {
  const { uid, reason } = shaped(erasureSchema, sent)
  const asking: Asking = { act: 'erase', actor, key, content: { uid, reason } }
  checkActor(actor)
  if (actor.identity.iss !== operatorIssuer) throw new ExeatError([{ code: 'NOT_ENTITLED', message: 'only whoever keeps the log may erase what it said' }])
  await optOutOf(deps.log, uid)
  const first = await append(deps, asking, { uid, reason, part: 0 })
  const erased: Erased = [...await told(deps, first)]
  for (let part = 1; part < mostOperations && await usesLeft(deps, uid); part++) erased.push(...await told(deps, await append(deps, asking, { uid, reason, part })))
  return { index: first.index, erased }
}

interface Part {
  readonly uid: HexDigest
  readonly reason: string
  /** 0: all but the uses. The others: uses, as many as fit. */
  readonly part: number
}

async function usesLeft({ log }: UseDependencies, uid: HexDigest): Promise<boolean> {
  const [next] = await log.records(recordKinds.use, { after: `${uid}/`, limit: 1 })
  return next?.key.startsWith(`${uid}/`) === true
}

async function append(deps: UseDependencies, asking: Asking, part: Part): Promise<Appended> {
  const operation = operationFor(asking)
  const answer = await deps.log.append({
    ...operation, key: part.part === 0 ? operation.key : `erasure/${part.part}/${operation.key}`, restricts: true,
    apply: async (tx) => {
      const before = await optOutOf(tx, part.uid)
      const erased = await eraseSome(tx, deps, before, part)
      return { ok: true, entries: (await writeEvents(tx, deps, asking.actor.identity, saidOf(asking.actor.identity, part, erased))).entries }
    },
  })
  if (answer.ok) return answer.value
  throw new ExeatError([answer.problem])
}

/** An erasure that stopped half way is carried on by the next, under whatever key. */
async function eraseSome(tx: Transaction, deps: UseDependencies, before: Versioned<StoredOptOut>, { uid, part }: Part): Promise<Erased> {
  if (part === 0 && before.value.erased !== true) return eraseOptOut(tx, deps, before)
  const uses = await eraseUses(tx, uid)
  if (part === 0 && uses.length === 0) refuseEarly(before.value, tx.at as Instant)
  return uses
}

function saidOf(by: Identity, { uid, reason }: Part, erased: Erased): readonly Said[] {
  const said: Said[] = []
  for (let i = 0; i < erased.length; i += anEntry) said.push({ type: 'dev.exeat.body.erased.v1', subject: uid, data: { by, reason, erased: erased.slice(i, i + anEntry) } })
  return said
}

async function eraseOptOut(tx: Transaction, deps: UseDependencies, before: Versioned<StoredOptOut>): Promise<Erased> {
  const { record, bodies } = before.value
  refuseEarly(before.value, tx.at as Instant)
  // INVARIANT: no other opt-out has this document or impact: its name is in the document, the document's digest in the impact, and names are spent (erase.test.ts).
  const wanted = [
    ...bodies.map((digest) => ({ kind: bodyKinds.event, digest })),
    ...await forgetHearer(tx, before.value, deps.pseudonymKey),
    { kind: bodyKinds.optOut, digest: record.binding.optOut },
    ...(record.binding.impact === null ? [] : [{ kind: bodyKinds.impact, digest: record.binding.impact }]),
  ]
  const erased: { kind: string; digest: HexDigest }[] = []
  for (const each of wanted) if (await tx.erase(each.kind, each.digest)) erased.push(each)
  await saveOptOut(tx, before, anonymous(before.value, deps.pseudonymKey))
  const open = await tx.record(recordKinds.open, record.uid)
  if (open !== undefined) demand(await tx.remove(recordKinds.open, record.uid, open.version))
  return erased
}

/** Who acknowledged its alarm, and the body that says so. */
async function forgetHearer(tx: Transaction, { entries }: StoredOptOut, key: Uint8Array): Promise<Erased> {
  const alarm = await alarmAt(tx, entries[0])
  const heard = alarm?.value.acknowledged
  if (alarm === undefined || heard === undefined) return []
  demand(await tx.put(recordKinds.alarm, alarm.key, toBytes({ ...alarm.value, acknowledged: { ...heard, by: pseudonymFor(key, heard.by) } }), alarm.version))
  return [{ kind: bodyKinds.event, digest: heard.body }]
}

const pseudonymFor = (key: Uint8Array, identity: Identity): Identity => ({ iss: 'exeat:erased', sub: pseudonymOf(key, identity) })

/** It must be over, its review done, and no longer what a new request could continue. */
function refuseEarly({ record, erased }: StoredOptOut, at: Instant): void {
  const { name } = record.asked
  if (erased === true) throw useError('ERASED', `\`${name}\` was erased before`)
  if (!isOpen(record, at)) return
  const review = reviewAt(record, at)
  const because = review === 'due' || review === 'overdue' ? `waits for its review (${review})`
    : endedAt(record, at) === undefined ? `is ${phaseAt(record, at)}` : 'ended less than 30 days ago, so that a new request may still continue it'
  throw useError('ERASE_TOO_EARLY', `\`${name}\` ${because}`, 'end it, have it reviewed, or wait')
}

/** What it said is gone, and people stand as the log's own pseudonyms for them. */
function anonymous(stored: StoredOptOut, key: Uint8Array): StoredOptOut {
  const { record, origin: _origin, ...rest } = stored
  const person = (identity: Identity): Identity => pseudonymFor(key, identity)
  const { asked, emergency, activation } = record
  const next: OptOutRecord = {
    ...record,
    asked: { name: asked.name, scope: { controls: [], targets: {} }, repositories: [], window: asked.window, reason: '', emergency: asked.emergency, limits: asked.limits },
    requester: person(record.requester), involved: [],
    approvals: record.approvals.map((each) => ({ ...each, by: person(each.by) })),
    ...(activation === undefined ? {} : { activation: { ...activation, by: person(activation.by) } }),
    ...(emergency === undefined ? {} : { emergency: { ...emergency, ...(emergency.second === undefined ? {} : { second: person(emergency.second) }) } }),
  }
  return { ...rest, record: next, owner: '', erased: true }
}

/** The bodies of counted uses, and their records: what is left is how many there were. */
async function eraseUses(tx: Transaction, uid: HexDigest): Promise<Erased> {
  const erased: { kind: string; digest: HexDigest }[] = []
  for await (const { key, version, value } of recordsOf(tx, recordKinds.use, `${uid}/`)) {
    if (erased.length === anOperation) break
    const { body } = fromBytes<StoredUse>(value)
    await tx.erase(bodyKinds.event, body)
    demand(await tx.remove(recordKinds.use, key, version))
    erased.push({ kind: bodyKinds.event, digest: body })
  }
  return erased
}

/** What the entries of an erasure say was erased: the same for its first answer and for every repetition. */
async function told({ log }: UseDependencies, { index, count }: Appended): Promise<Erased> {
  const erased: { kind: string; digest: HexDigest }[] = []
  for (let i = index; i < index + count; i++) {
    const event = await eventAt(log, i)
    if (event?.type === 'dev.exeat.body.erased.v1') erased.push(...event.data.erased)
  }
  return erased
}
