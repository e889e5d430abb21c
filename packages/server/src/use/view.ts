/** Opt-outs as callers see them. */
import { canonicalInstant, type HexDigest, inForce, type Instant, type OptOutRecord, phaseAt, quorumMet, reviewAt } from '@exeat/core'
import type { OptOutView } from '@exeat/core/wire'
import type { Governed } from '../ports/governance.ts'
import { alarmOf } from './alarm-view.ts'
import type { DeliveriesOf } from '../ports/alarm.ts'
import type { StateReader } from '../ports/log.ts'
import { weightOf } from './critical.ts'
import { standingNamed } from './judge.ts'
import { bodyKinds, fromBytes, type StoredOptOut } from './stored.ts'

/** What a view is made beside. */
export interface Seen {
  readonly reader: StateReader
  readonly governed: Governed | undefined
  /** Revoked, and not yet in the log. */
  readonly revoked: ReadonlyMap<HexDigest, Instant>
  readonly now: Instant
  readonly deliveries: DeliveriesOf
}

/** The record as it is in force here: a revocation that waits for the log counts. */
export function recordNow({ record }: StoredOptOut, revoked: ReadonlyMap<HexDigest, Instant>): OptOutRecord {
  const at = revoked.get(record.uid)
  return at === undefined || record.ended !== undefined ? record : { ...record, ended: { phase: 'revoked', at } }
}

export async function viewOf(stored: StoredOptOut, { reader, governed, revoked, now, deliveries }: Seen): Promise<OptOutView> {
  const record = recordNow(stored, revoked)
  const { uid, asked, binding, requester, approvals, activation, activatedAt, ended, renewal, predecessor } = record
  const bytes = await reader.body(bodyKinds.optOut, binding.optOut)
  const merged = governed !== undefined && standingNamed(governed, asked.name)?.digest === binding.optOut
  const phase = phaseAt(record, now)
  const alarm = record.emergency === undefined ? undefined : await alarmOf(reader, deliveries, stored.entries[0])
  return {
    uid, name: asked.name, phase, review: reviewAt(record, now), inForce: inForce(record, now), merged,
    window: { from: canonicalInstant(asked.window.from), until: canonicalInstant(asked.window.until) },
    controls: [...asked.scope.controls], repositories: [...asked.repositories], environments: [...asked.scope.targets.environments ?? []],
    reason: asked.reason, category: stored.category, owner: stored.owner, requester,
    approvals: approvals.map(({ by, groups, evidence, at }) => ({ by, groups: [...groups], evidence, at: canonicalInstant(at) })),
    ...(activation === undefined || activatedAt === undefined ? {} : { activation: { by: activation.by, evidence: activation.evidence, at: canonicalInstant(activatedAt) } }),
    ...endOf(ended?.at, phase, record),
    ...(alarm === undefined ? {} : { alarm }),
    missing: phase === 'proposed' || phase === 'approved' ? missing(record, merged) : [],
    renewal, ...(predecessor === undefined ? {} : { predecessor }),
    uses: { counted: stored.uses, limit: asked.limits.uses ?? null },
    ...weightOf(governed, bytes), binding,
    ...(bytes === undefined ? {} : { document: fromBytes<Record<string, unknown>>(bytes) }),
    entries: [...stored.entries],
  }
}

function endOf(at: Instant | undefined, phase: string, { asked: { window: { until } } }: OptOutRecord): { readonly ended?: string } {
  const ended = at ?? (phase === 'lapsed' ? until : undefined)
  return ended === undefined ? {} : { ended: canonicalInstant(ended) }
}

/** What is left of the quorum when those who approved fill as many places as they can, and the merge. */
export function missing({ terms: { approve }, approvals }: OptOutRecord, merged: boolean): string[] {
  const people = approvals.map(({ groups }) => groups)
  const filled: { readonly groups: readonly string[]; readonly count: number }[] = []
  const open = approve.flatMap(({ groups, count }) => {
    let had = count
    while (had > 0 && !quorumMet([...filled, { groups, count: had }], people)) had -= 1
    if (had > 0) filled.push({ groups, count: had })
    return had === count ? [] : [`${count - had} of ${groups.join(' or ')}`]
  })
  return [...open, ...(merged ? [] : ['the document at the protected ref'])]
}
