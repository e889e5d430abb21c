/** Uses: counted once for each enforcement point and subject, however often and to whichever replica they are sent. */
import { createHash } from 'node:crypto'
import { type ActFacts, applied, type Instant, taggedDigest, transition, useKey, type UseSet } from '@exeat/core'
import { ExeatError } from '@exeat/core/error'
import { usesSchema, type Wire } from '@exeat/core/wire'
import { storeCodes } from '../codes.ts'
import type { Applied, Transaction } from '../ports/log.ts'
import { sha256 } from '../store/ed25519.ts'
import type { UseDependencies } from './context.ts'
import { withEntries } from './enter.ts'
import { shaped } from './input.ts'
import { ledgerOf, readOptOut, saveOptOut } from './load.ts'
import { paced } from './pace.ts'
import type { PendingRevocations } from './pending.ts'
import { demand } from './problem.ts'
import { recordKinds, type StoredUse, toBytes } from './stored.ts'
import { saidOf, writeEvents } from './write.ts'

type Use = Wire['useSchema']
type Result = Wire['usesAnswerSchema']['results'][number]

/**
 * What was counted stays counted for its retries until the opt-out is ended, by a use too many among others.
 * @throws {ExeatError} where the log cannot be written: all may be sent again, and none counts twice
 */
export async function claimUses(deps: UseDependencies, pending: PendingRevocations, sent: readonly Use[]): Promise<Wire['usesAnswerSchema']> {
  const { uses } = shaped(usesSchema, { uses: sent })
  const claims = new Map<string, Promise<Result>>()
  for (const use of uses) {
    const key = keyOf(use)
    if (!claims.has(key)) claims.set(key, claim(deps, pending, use, key))
  }
  // All of them end before any failure is told.
  await Promise.allSettled(claims.values())
  return { results: await Promise.all(uses.map((use) => claims.get(keyOf(use)) ?? Promise.reject(new Error('a use was not claimed')))) }
}

const keyOf = ({ uid, point, subject }: Use): string => `${uid}/${createHash('sha256').update(useKey(point, subject), 'utf8').digest('hex')}`

async function claim(deps: UseDependencies, pending: PendingRevocations, use: Use, key: string): Promise<Result> {
  const { uid, point, subject } = use
  const refused = (code: string, message: string): Result => ({ uid, outcome: 'refused', code, message })
  // Before the store is asked, which would answer a repetition as it did when the opt-out was in force.
  const known = (await readOptOut(deps.log, uid))?.value.record
  const over = pending.revoked().has(uid) ? 'revoked' : known?.emergency?.offline === undefined ? known?.ended?.phase : undefined
  if (over !== undefined) return refused('WRONG_PHASE', `it was ${over}`)
  const answer = await deps.log.append({
    key: `use/${key}`,
    digest: new Uint8Array(Buffer.from(taggedDigest('exeat/operation/v1', { act: 'use', uid, point, subject }, sha256), 'hex')),
    records: [{ kind: recordKinds.optOut, key: uid }, { kind: recordKinds.use, key }],
    apply: (tx) => count(tx, deps, use, key),
  })
  if (answer.ok) return { uid, outcome: 'counted' }
  const { code, message } = answer.problem
  if (Object.hasOwn(storeCodes, code)) throw new ExeatError([answer.problem])
  return refused(code, message)
}

async function count(tx: Transaction, deps: UseDependencies, { uid, point, subject }: Use, key: string): Promise<Applied> {
  const before = await readOptOut(tx, uid)
  const counted = await tx.record(recordKinds.use, key) !== undefined
  const set: UseSet = { size: before?.value.uses ?? 0, has: () => counted, add: () => undefined }
  const ledger = ledgerOf(before === undefined ? [] : [before.value.record], { uid, set })
  const verdict = transition(ledger, { kind: 'use', uid, point, subject }, nobody, tx.at as Instant)
  const [event] = verdict.events
  if (!verdict.ok && event === undefined) return { ok: false, problem: verdict.refusal }
  if (before === undefined || event === undefined) throw new Error('a use was counted before under another key')
  const { entries, bodies: [body = ''] } = await writeEvents(tx, deps, { iss: 'exeat:point', sub: point }, [saidOf(event, null)])
  const { index } = tx
  if (event.type === 'use.claimed') {
    demand(await tx.put(recordKinds.use, key, toBytes({ index, body, at: tx.at as Instant } satisfies StoredUse), 0))
    await saveOptOut(tx, before, { ...before.value, uses: before.value.uses + 1, pace: paced(before.value.pace, tx.at as Instant) })
  } else {
    await saveOptOut(tx, before, withEntries({ ...before.value, record: applied(before.value.record, event) ?? before.value.record }, [index], [body]))
  }
  return verdict.ok ? { ok: true, entries } : { ok: false, problem: verdict.refusal, entries }
}

/** A use is judged by the opt-out alone. */
const nobody: ActFacts = {
  actor: { iss: 'exeat:point', sub: '-' }, groups: [], evidence: 'none', binding: { optOut: '', terms: '', impact: null },
  terms: { approve: [], activate: [], revoke: [], approverMayActivate: false, duration: 0 as never, timers: { approval: 0 as never, activation: 0 as never } },
  groupsOf: () => [],
}
