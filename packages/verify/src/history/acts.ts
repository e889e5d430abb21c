/** The envelope of every act against what the entry records of it: whoever signed it signed this, and nothing else (design §7). */
import { type EvidenceStrength, evidenceStrengths, type HexDigest, type Identity, type LifecycleEvent, type Met, type OptOutRecord, sameIdentity } from '@exeat/core'
import { type EventType, type Evidence, lifecycleOf } from '@exeat/core/entry'
import { type Envelope, envelopeDigest, type Purpose, statementOf } from '@exeat/core/envelope'
import { type Answer, ok, refuse, type Refusal } from '../codes.ts'
import type { ProvenEntry } from '../entry/proven.ts'
import type { EvidenceContext, VerifiedEvidence } from '../evidence/types.ts'
import { verifyEvidence } from '../evidence/verify.ts'
import { same } from './same.ts'

const purposes: Readonly<Partial<Record<EventType, Purpose>>> = {
  'dev.exeat.optout.proposed.v1': 'request',
  'dev.exeat.optout.renewed.v1': 'renew',
  'dev.exeat.optout.approved.v1': 'approve',
  'dev.exeat.optout.activated.v1': 'activate',
  'dev.exeat.optout.rejected.v1': 'reject',
  'dev.exeat.optout.withdrawn.v1': 'withdraw',
  'dev.exeat.optout.revoked.v1': 'revoke',
  'dev.exeat.emergency.activated.v1': 'emergency',
  'dev.exeat.emergency.reviewed.v1': 'review',
}

/** Those of an act, of whatever type. */
interface Signed {
  readonly envelope: Envelope
  readonly evidence: Evidence
  readonly seconded?: Pick<Signed, 'envelope' | 'evidence'>
}

/** What the opt-out's envelopes must all state. */
export interface ActsOf {
  readonly workspace: string
  readonly repositoryIds: readonly string[]
  readonly record: OptOutRecord
}

/** What people showed for an opt-out that is active: the weakest of its approvals and its activation, for the terms ask the same of all of them. */
export interface SignedActs {
  readonly strength: EvidenceStrength
  /** Absent where one of them was made without a second factor. */
  readonly factor?: NonNullable<Met['factor']>
  /** Whose approvals the activation counted. */
  readonly counted: readonly Identity[]
}

/** `OPTOUT_ACTOR` and `EVIDENCE_*` of `checkAct`, for the first entry that is wrong. */
export function checkActs(entries: readonly ProvenEntry[], given: ActsOf, context: EvidenceContext): Answer<SignedActs> {
  const before = noActs()
  const granting: VerifiedEvidence[] = []
  const counted = entries.flatMap(({ event }) => lifecycleOf(event) ?? []).find((event) => event.type === 'optout.activated')?.counted ?? []
  for (const entry of entries) {
    const lifecycle = lifecycleOf(entry.event)
    // Void by the time of the activation, which counted without it: nothing rests on it, and its key may not count any more.
    if (lifecycle?.type === 'optout.approved' && !isAmong(counted, lifecycle.by)) continue
    const act = checkAct(entry, before, given, context)
    if (!act.ok) return act
    if (act.value.second !== undefined) granting.push(act.value.second)
    if (grants.has(act.value.type)) granting.push(act.value.shown)
  }
  return ok({ ...weakest(granting), counted })
}

/** The acts of one opt-out that were checked so far. */
export interface ActsBefore {
  /** Who approved, by the digest of the envelope. */
  readonly approvals: Map<HexDigest, Identity>
  readonly seen: Set<HexDigest>
}

export const noActs = (): ActsBefore => ({ approvals: new Map(), seen: new Set() })

/** An act that is what was signed for it. */
export interface CheckedAct {
  readonly type: LifecycleEvent['type']
  readonly shown: VerifiedEvidence
  /** Of whoever confirmed an emergency. */
  readonly second?: VerifiedEvidence
}

/**
 * The next act of an opt-out, which joins those before. `OPTOUT_ACTOR` where its envelope states another act, opt-out, person or set of approvals than its entry records,
 * or stands twice; `EVIDENCE_*` where nothing shows that it was them.
 */
export function checkAct({ index, event }: ProvenEntry, before: ActsBefore, given: ActsOf, context: EvidenceContext): Answer<CheckedAct> {
  const lifecycle = lifecycleOf(event)
  const { envelope, evidence, seconded } = event.data as Partial<Signed>
  if (lifecycle === undefined || envelope === undefined || evidence === undefined) return wrong(index, 'nobody signed it')
  const by = actorOf(lifecycle)
  const differs = difference(envelope, event.type, lifecycle, by, { ...given, typed: evidence.strength === 'operator-asserted' }, context)
  if (differs !== undefined) return wrong(index, `its envelope states another ${differs} than the entry records`)
  if (by === undefined) return wrong(index, 'it names nobody')
  const shown = verifyEvidence(evidence, envelope, by, lifecycle.at, context)
  if (!shown.ok) return { ok: false, problem: { ...shown.problem, message: `entry ${index} does not show who acted: ${shown.problem.message}` } }
  const confirmed = secondOf(index, lifecycle, { envelope, evidence, ...(seconded === undefined ? {} : { seconded }) }, context)
  if (!confirmed.ok) return confirmed
  const digest = envelopeDigest(envelope, context.deps.sha256)
  if (before.seen.has(digest)) return wrong(index, 'its envelope stands twice')
  before.seen.add(digest)
  if (lifecycle.type === 'optout.approved') before.approvals.set(digest, by)
  const counted = lifecycle.type === 'optout.activated' ? countedOf(before.approvals, lifecycle.counted) : []
  if (!same(envelope.approvals, counted)) return wrong(index, 'its envelope names other approvals than were counted')
  return ok({ type: lifecycle.type, shown: shown.value, ...(confirmed.value === null ? {} : { second: confirmed.value }) })
}

/** Who confirmed an emergency signed the same as who declared it, in their own name; a name that was typed for them signs nothing. */
function secondOf(index: number, event: LifecycleEvent, { envelope, evidence, seconded }: Signed, context: EvidenceContext): Answer<VerifiedEvidence | null> {
  const second = event.type === 'emergency.activated' ? event.second : undefined
  if (second === undefined || evidence.strength === 'operator-asserted') return seconded === undefined ? ok(null) : wrong(index, 'somebody signed as second person who is none')
  if (seconded === undefined) return wrong(index, 'its second person signed nothing')
  const { sha256 } = context.deps
  const wanted = { ...envelope, actor: second, nonce: seconded.envelope.nonce, at: seconded.envelope.at }
  if (envelopeDigest(wanted, sha256) !== envelopeDigest(seconded.envelope, sha256)) return wrong(index, 'its second person signed something else')
  const shown = verifyEvidence(seconded.evidence, seconded.envelope, second, event.at, context)
  return shown.ok ? shown : { ok: false, problem: { ...shown.problem, message: `entry ${index} does not show who confirmed it: ${shown.problem.message}` } }
}

const grants: ReadonlySet<string> = new Set<LifecycleEvent['type']>(['optout.approved', 'optout.activated', 'emergency.activated'])

function weakest(shown: readonly VerifiedEvidence[]): Omit<SignedActs, 'counted'> {
  const strength = [...evidenceStrengths].reverse().find((each) => shown.some((one) => one.strength === each)) ?? 'none'
  const factors = shown.flatMap(({ factor }) => (factor === undefined ? [] : [factor]))
  const [first, ...others] = factors
  if (first === undefined || factors.length < shown.length) return { strength }
  return {
    strength,
    factor: others.reduce((a, b) => ({ attested: a.attested && b.attested, backupEligible: a.backupEligible || b.backupEligible, age: a.age > b.age ? a.age : b.age }), first),
  }
}

function difference(envelope: Envelope, type: EventType, lifecycle: LifecycleEvent, by: Identity | undefined, given: ActsOf & { readonly typed: boolean }, { deps }: EvidenceContext): string | undefined {
  const { workspace, repositoryIds, record: { uid, binding, asked: { window } }, typed } = given
  const stated: readonly (readonly [string, boolean])[] = [
    ['purpose', purposes[type] === envelope.purpose],
    ['workspace', envelope.workspace === workspace],
    ['repository', same(envelope.repositoryIds, repositoryIds)],
    ['opt-out', envelope.uid === uid && envelope.optOut === binding.optOut],
    ['set of terms', envelope.terms === binding.terms],
    ['impact', envelope.impact === binding.impact],
    ['actor', by !== undefined && sameIdentity(envelope.actor, by)],
    ['window', same(envelope.window, window)],
    // Beside a typed name, which signs nothing, it need not stand.
    ['statement', envelope.statement === statementOf(lifecycle, deps.sha256) || (envelope.statement === undefined && typed)],
  ]
  return stated.find(([, holds]) => !holds)?.[0]
}

const actorOf = (event: LifecycleEvent): Identity | undefined => ('requester' in event ? event.requester : 'by' in event ? event.by : undefined)

const countedOf = (approvals: ReadonlyMap<HexDigest, Identity>, counted: readonly Identity[]): readonly HexDigest[] =>
  [...approvals].flatMap(([digest, by]) => (isAmong(counted, by) ? [digest] : [])).sort()

const isAmong = (people: readonly Identity[], person: Identity): boolean => people.some((each) => sameIdentity(each, person))

const wrong = (index: number, because: string): Refusal => refuse('OPTOUT_ACTOR', `entry ${index} was not recorded under what was signed: ${because}`)
