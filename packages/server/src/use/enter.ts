/** What a verdict of the lifecycle's judge comes to: entries, and the records that follow from them. */
import { applied, type HexDigest, type Instant, type LifecycleEvent, type OptOutRecord, type Verdict } from '@exeat/core'
import { type Envelope, envelopeDigest, type Purpose } from '@exeat/core/envelope'
import type { Applied, Transaction } from '../ports/log.ts'
import { sha256 } from '../store/ed25519.ts'
import type { UseDependencies } from './context.ts'
import { saveOptOut, type Versioned } from './load.ts'
import { demand } from './problem.ts'
import { recordKinds, type StoredOptOut } from './stored.ts'
import type { Actor } from './types.ts'
import { saidOf, writeEvents } from './write.ts'

/** What an opt-out's record says besides the fold of its events. */
export type Particulars = Pick<StoredOptOut, 'repositoryId' | 'repositoryIds' | 'category' | 'owner' | 'origin'>

export const particularsOf = ({ repositoryId, repositoryIds, category, owner, origin }: StoredOptOut): Particulars =>
  ({ repositoryId, repositoryIds, category, owner, ...(origin === undefined ? {} : { origin }) })

export interface Entering {
  readonly verdict: Verdict
  readonly actor: Actor
  /** `spec.id` of the workspace. */
  readonly workspace: string
  /** Undefined for one that is asked for. */
  readonly before: Versioned<StoredOptOut> | undefined
  readonly particulars: Particulars
}

const purposes = {
  'optout.proposed': 'request', 'optout.renewed': 'renew', 'optout.approved': 'approve', 'optout.rejected': 'reject', 'optout.withdrawn': 'withdraw',
  'optout.activated': 'activate', 'optout.revoked': 'revoke', 'emergency.activated': 'emergency', 'emergency.reviewed': 'review',
} as const satisfies Partial<Record<LifecycleEvent['type'], Purpose>>

type Kept = Exclude<LifecycleEvent, { readonly type: 'use.claimed' }>

/** Enters the events, beside a refusal too: that a request is stale is recorded by whoever finds it so. */
export async function enter(tx: Transaction, deps: UseDependencies, entering: Entering): Promise<Applied> {
  const { verdict, actor, before } = entering
  if (verdict.events.length === 0) return verdict.ok ? { ok: true, entries: [] } : { ok: false, problem: verdict.refusal }
  let stored = before?.value
  const said = verdict.events.map((event) => {
    if (event.type === 'use.claimed') throw new Error('a use is no act of a person')
    const record = applied(stored?.record, event)
    if (record === undefined) throw new Error(`an event of an opt-out that was never asked for: ${event.type}`)
    const signed = signedOf(event, record, stored?.envelopes ?? [], entering, deps)
    stored = next(stored, record, entering.particulars, event.type === 'optout.approved' && signed !== null ? envelopeDigest(signed.envelope, sha256) : undefined)
    return saidOf(event, signed)
  })
  const { entries, bodies } = await writeEvents(tx, deps, actor.identity, said)
  if (stored === undefined) throw new Error('an act left no record')
  await saveOptOut(tx, before, withEntries(stored, entries.map((_, i) => tx.index + i), bodies))
  if (before === undefined) await spendName(tx, stored)
  return verdict.ok ? { ok: true, entries } : { ok: false, problem: verdict.refusal, entries }
}

function next(stored: StoredOptOut | undefined, record: OptOutRecord, particulars: Particulars, envelope: HexDigest | undefined): StoredOptOut {
  const { entries = [], bodies = [], envelopes = [], uses = 0 } = stored ?? {}
  return { ...stored, ...particulars, record, entries, bodies, envelopes: envelope === undefined ? envelopes : [...envelopes, envelope], uses }
}

export const withEntries = (stored: StoredOptOut, entries: readonly number[], bodies: readonly HexDigest[]): StoredOptOut =>
  ({ ...stored, entries: [...stored.entries, ...entries], bodies: [...stored.bodies, ...bodies] })

/** For ever. */
async function spendName(tx: Transaction, { record: { uid, asked: { name } } }: StoredOptOut): Promise<void> {
  demand(await tx.put(recordKinds.name, name, new Uint8Array(Buffer.from(uid, 'utf8')), 0))
}

/** The envelope that the act rests on (design §7), and what shows who did it; null where nobody acted. */
function signedOf(event: Kept, record: OptOutRecord, approvals: readonly HexDigest[], { actor, workspace, particulars }: Entering, { random }: UseDependencies) {
  const purpose = event.type === 'optout.stale' || event.type === 'optout.exhausted' ? undefined : purposes[event.type]
  if (purpose === undefined) return null
  const { uid, binding, asked: { window } } = record
  const envelope: Envelope = {
    schema: 'exeat/act/v1', purpose, workspace, repositoryIds: [...particulars.repositoryIds], uid, optOut: binding.optOut, terms: binding.terms, impact: binding.impact,
    approvals: event.type === 'optout.activated' ? [...approvals].sort() : [],
    actor: actor.identity, window, nonce: Buffer.from(random(16)).toString('hex'), at: event.at satisfies Instant,
  }
  return { envelope, evidence: actor.evidence }
}
