/** The envelope of every act against what the entry records of it: whoever signed it signed this, and nothing else (design §7). */
import { type HexDigest, type Identity, type LifecycleEvent, type OptOutRecord, sameIdentity, type Sha256 } from '@exeat/core'
import { type EventType, type Evidence, lifecycleOf, operatorIssuer } from '@exeat/core/entry'
import { type Envelope, envelopeDigest, type Purpose } from '@exeat/core/envelope'
import { type Answer, ok, refuse, type Refusal } from '../codes.ts'
import type { ProvenEntry } from '../entry/proven.ts'
import { same } from './same.ts'

const purposes: Readonly<Partial<Record<EventType, Purpose>>> = {
  'dev.exeat.optout.proposed.v1': 'request',
  'dev.exeat.optout.renewed.v1': 'renew',
  'dev.exeat.optout.approved.v1': 'approve',
  'dev.exeat.optout.activated.v1': 'activate',
  'dev.exeat.emergency.activated.v1': 'emergency',
  'dev.exeat.emergency.reviewed.v1': 'review',
}

/** Those of an act, of whatever type. */
interface Signed {
  readonly envelope: Envelope
  readonly evidence: Evidence
}

/** What the opt-out's envelopes must all state. */
export interface ActsOf {
  readonly workspace: string
  readonly repositoryIds: readonly string[]
  readonly record: OptOutRecord
}

/** `OPTOUT_ACTOR` where an envelope states another act, opt-out, person, time or set of approvals than its entry records, or stands twice. */
export function checkActs(entries: readonly ProvenEntry[], given: ActsOf, sha256: Sha256): Answer<null> {
  const approvals = new Map<HexDigest, Identity>()
  const seen = new Set<HexDigest>()
  for (const { index, event } of entries) {
    const lifecycle = lifecycleOf(event)
    const { envelope, evidence } = event.data as Partial<Signed>
    if (lifecycle === undefined || envelope === undefined || evidence === undefined) return wrong(index, 'nobody signed it')
    const by = actorOf(lifecycle)
    const differs = difference(envelope, event.type, lifecycle, by, given)
    if (differs !== undefined) return wrong(index, `its envelope states another ${differs} than the entry records`)
    if (by === undefined || !evidenced(evidence, by)) return wrong(index, 'its evidence is of somebody else')
    const digest = envelopeDigest(envelope, sha256)
    if (seen.has(digest)) return wrong(index, 'its envelope stands twice')
    seen.add(digest)
    if (lifecycle.type === 'optout.approved') approvals.set(digest, by)
    const counted = lifecycle.type === 'optout.activated' ? countedOf(approvals, lifecycle.counted) : []
    if (!same(envelope.approvals, counted)) return wrong(index, 'its envelope names other approvals than were counted')
  }
  return ok(null)
}

function difference(envelope: Envelope, type: EventType, lifecycle: LifecycleEvent, by: Identity | undefined, given: ActsOf): string | undefined {
  const { workspace, repositoryIds, record: { uid, binding, asked: { window } } } = given
  const stated: readonly (readonly [string, boolean])[] = [
    ['purpose', purposes[type] === envelope.purpose],
    ['workspace', envelope.workspace === workspace],
    ['repository', same(envelope.repositoryIds, repositoryIds)],
    ['opt-out', envelope.uid === uid && envelope.optOut === binding.optOut],
    ['set of terms', envelope.terms === binding.terms],
    ['impact', envelope.impact === binding.impact],
    ['actor', by !== undefined && sameIdentity(envelope.actor, by)],
    ['window', same(envelope.window, window)],
    ['time', envelope.at === lifecycle.at],
  ]
  return stated.find(([, holds]) => !holds)?.[0]
}

const actorOf = (event: LifecycleEvent): Identity | undefined => ('requester' in event ? event.requester : 'by' in event ? event.by : undefined)

/** A name typed at the administrative socket speaks for the identity of that name there, and for no other. */
const evidenced = (evidence: Evidence, by: Identity): boolean => evidence.strength === 'operator-asserted' && sameIdentity(by, { iss: operatorIssuer, sub: evidence.name })

const countedOf = (approvals: ReadonlyMap<HexDigest, Identity>, counted: readonly Identity[]): readonly HexDigest[] =>
  [...approvals].filter(([, by]) => counted.some((each) => sameIdentity(each, by))).map(([digest]) => digest).sort()

const wrong = (index: number, because: string): Refusal => refuse('OPTOUT_ACTOR', `entry ${index} was not recorded under what was signed: ${because}`)
