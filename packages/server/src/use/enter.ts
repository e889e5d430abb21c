/** What a verdict of the lifecycle's judge comes to: entries, and the records that follow from them. */
import { applied, type HexDigest, type Identity, type LifecycleEvent, type OptOutRecord, type Verdict } from '@exeat/core'
import { type Envelope, envelopeDigest, type Purpose, statementOf } from '@exeat/core/envelope'
import type { Evidence, Signed } from '@exeat/core/entry'
import type { Applied, Transaction } from '../ports/log.ts'
import { sha256 } from '../store/ed25519.ts'
import { type Alarm, raiseAlarm } from './alarm.ts'
import type { UseDependencies } from './context.ts'
import { isAmong } from './judge.ts'
import { saveOptOut, type Versioned } from './load.ts'
import { demand } from './problem.ts'
import { recordKinds, type StoredOptOut, type StoredTap } from './stored.ts'
import { checkTapped, type Shown } from './shown.ts'
import { saidOf, writeEvents } from './write.ts'

/** What an opt-out's record says besides the fold of its events. */
export type Particulars = Pick<StoredOptOut, 'repositoryId' | 'repositoryIds' | 'category' | 'owner' | 'origin' | 'expected'>

export const particularsOf = ({ repositoryId, repositoryIds, category, owner, origin, expected }: StoredOptOut): Particulars =>
  ({ repositoryId, repositoryIds, category, owner, ...(origin === undefined ? {} : { origin }), ...(expected === undefined ? {} : { expected }) })

export interface Entering {
  readonly verdict: Verdict
  readonly by: Identity
  readonly shown: Shown
  /** `spec.id` of the workspace. */
  readonly workspace: string
  /** Undefined for one that is asked for. */
  readonly before: Versioned<StoredOptOut> | undefined
  readonly particulars: Particulars
  /** Of an emergency: who is told of it. None is entered without. */
  readonly alarm?: Alarm | undefined
  /** Of an emergency, what was answered about its ticket. */
  readonly incident?: Signed['incident'] | undefined
  /** Of an offline grant, who signed it first, and what shows it; else undefined. */
  readonly offline?: { readonly by: Identity; readonly evidence: Evidence } | undefined
}

const purposes = {
  'optout.proposed': 'request', 'optout.renewed': 'renew', 'optout.approved': 'approve', 'optout.rejected': 'reject', 'optout.withdrawn': 'withdraw',
  'optout.activated': 'activate', 'optout.revoked': 'revoke', 'emergency.activated': 'emergency', 'emergency.reviewed': 'review',
} as const satisfies Partial<Record<LifecycleEvent['type'], Purpose>>

type Kept = Exclude<LifecycleEvent, { readonly type: 'use.claimed' }>

/** Enters the events, beside a refusal too: that a request is stale is recorded by whoever finds it so. */
export async function enter(tx: Transaction, deps: UseDependencies, entering: Entering): Promise<Applied> {
  const { verdict, by, before } = entering
  if (verdict.events.length === 0) return verdict.ok ? { ok: true, entries: [] } : { ok: false, problem: verdict.refusal }
  let stored = before?.value
  const said = verdict.events.map((event) => {
    if (event.type === 'use.claimed') throw new Error('a use is no act of a person')
    const record = applied(stored?.record, event)
    if (record === undefined) throw new Error(`an event of an opt-out that was never asked for: ${event.type}`)
    const signed = signedOf(event, record, stored?.envelopes ?? [], entering, deps)
    stored = next(stored, record, entering.particulars, event.type === 'optout.approved' && signed !== null ? { envelope: envelopeDigest(signed.envelope, sha256), tap: tapOf(entering.shown) } : undefined)
    return saidOf(event, signed)
  })
  const { entries, bodies } = await writeEvents(tx, deps, by, said)
  if (stored === undefined) throw new Error('an act left no record')
  await saveOptOut(tx, before, withEntries(stored, entries.map((_, i) => tx.index + i), bodies))
  if (before === undefined) await spendName(tx, stored)
  for (const [i, { type }] of verdict.events.entries()) if (type === 'emergency.activated') await raiseAlarm(tx, stored, tx.index + i, entering.alarm)
  return verdict.ok ? { ok: true, entries } : { ok: false, problem: verdict.refusal, entries }
}

interface Approval {
  readonly envelope: HexDigest
  readonly tap: StoredTap | null
}

function next(stored: StoredOptOut | undefined, record: OptOutRecord, particulars: Particulars, approval: Approval | undefined): StoredOptOut {
  const { entries = [], bodies = [], envelopes = [], taps = envelopes.map(() => null), uses = 0 } = stored ?? {}
  const approved = approval === undefined ? { envelopes, taps } : { envelopes: [...envelopes, approval.envelope], taps: [...taps, approval.tap] }
  return { ...stored, ...particulars, record, entries, bodies, ...approved, uses }
}

const tapOf = ({ key, factor }: Shown): StoredTap | null => (key === undefined || factor === undefined ? null : { enrolment: key.index, factor })

export const withEntries = (stored: StoredOptOut, entries: readonly number[], bodies: readonly HexDigest[]): StoredOptOut =>
  ({ ...stored, entries: [...stored.entries, ...entries], bodies: [...stored.bodies, ...bodies] })

/** For ever. */
async function spendName(tx: Transaction, { record: { uid, asked: { name } } }: StoredOptOut): Promise<void> {
  demand(await tx.put(recordKinds.name, name, new Uint8Array(Buffer.from(uid, 'utf8')), 0))
}

/** What an envelope is made of, besides what makes each one unlike every other. */
export type Subject = Pick<Entering, 'by' | 'workspace' | 'particulars'>

/** The envelope that an act of a person rests on (design §7); undefined where nobody acts. */
export function envelopeOf(
  event: LifecycleEvent, record: OptOutRecord, approvals: readonly HexDigest[], { by, workspace, particulars }: Subject, { nonce, at }: Pick<Envelope, 'nonce' | 'at'>,
): Envelope | undefined {
  const purpose = event.type === 'optout.stale' || event.type === 'optout.exhausted' || event.type === 'use.claimed' ? undefined : purposes[event.type]
  if (purpose === undefined) return undefined
  const { uid, binding, asked: { window } } = record
  const statement = statementOf(event, sha256)
  return {
    schema: 'exeat/act/v1', purpose, workspace, repositoryIds: [...particulars.repositoryIds], uid, optOut: binding.optOut, terms: binding.terms, impact: binding.impact,
    approvals: event.type === 'optout.activated' ? countedOf(event, record, approvals) : [],
    actor: by, ...(statement === undefined ? {} : { statement }), window, nonce, at,
  }
}

/** What an activation rests on: an approval that is void by then is none of it. */
const countedOf = ({ counted }: LifecycleEvent & { type: 'optout.activated' }, record: OptOutRecord, approvals: readonly HexDigest[]): HexDigest[] =>
  record.approvals.flatMap(({ by }, i) => (isAmong(counted, by) ? approvals[i] ?? [] : [])).sort()

export const newNonce = ({ random }: Pick<UseDependencies, 'random'>): string => Buffer.from(random(16)).toString('hex')

/** What was tapped, where it is what would be recorded now; else an envelope of this moment, that the act's evidence does not sign. */
function signedOf(event: Kept, record: OptOutRecord, approvals: readonly HexDigest[], entering: Entering, deps: UseDependencies) {
  const { shown: { evidence, tap }, offline } = entering
  const incident = entering.incident === undefined ? {} : { incident: entering.incident }
  if (offline !== undefined) {
    const envelope = envelopeOf(event, record, approvals, { ...entering, by: offline.by }, { nonce: newNonce(deps), at: event.at })
    return envelope === undefined ? null : { envelope, evidence: offline.evidence }
  }
  const made = envelopeOf(event, record, approvals, entering, { nonce: tap?.envelope.nonce ?? newNonce(deps), at: event.at })
  if (made === undefined) return null
  if (tap === undefined) return { envelope: made, evidence, ...incident }
  checkTapped(tap.envelope, made, event.at)
  const envelope = { ...made, at: tap.envelope.at }
  if (tap.second === undefined || event.type !== 'emergency.activated' || event.second === undefined) return { envelope, evidence, ...incident }
  checkTapped(tap.second.envelope, { ...envelope, actor: event.second }, event.at)
  return { envelope, evidence, seconded: tap.second, ...incident }
}
