/** An offline grant as the log has it, for auditors: what its entry says is what two people signed. */
import { askedOf, type HexDigest, identityKey } from '@exeat/core'
import type { EventData } from '@exeat/core/entry'
import { type Answer, ok, refuse } from '../codes.ts'
import { jsonOf } from '../delegation/text.ts'
import { offlineGrantDigest, offlineGrantSchema } from '@exeat/core/offline'
import { fromBase64url } from '../evidence/base64url.ts'
import { same } from '../history/same.ts'
import type { SshDeps } from '../ssh/verify.ts'
import { offlinePath } from './read.ts'
import { judgeOffline, type OfflineGoverned, type SignedOfflineGrant } from './signed.ts'

export type OfflineEntry = EventData['dev.exeat.emergency.activated.v1']

/**
 * Holds the data of an `emergency.activated` with `offline` against the grant and the signatures in it. `uid`: the entry's subject. `governed`: what stood at the
 * commit of the protected branch that the grant names. `OPTOUT_ACTOR` where the entry says something else than was signed, `EVIDENCE_*`, and as `judgeOffline`.
 */
export function verifyOfflineEntry(uid: HexDigest, data: OfflineEntry, governed: OfflineGoverned, deps: SshDeps): Answer<SignedOfflineGrant> {
  const { evidence, offline } = data
  if (offline === undefined || !('kind' in evidence) || evidence.kind !== 'offline') return refuse('EVIDENCE_OTHER', 'the entry is of no offline grant, or shows something else')
  const grant = fromBase64url(evidence.grant)
  const signatures = evidence.signatures.map((each) => fromBase64url(each))
  const parsed = offlineGrantSchema.safeParse(jsonOf(grant))
  if (grant === undefined || !parsed.success || !signatures.every((each) => each !== undefined)) return refuse('EVIDENCE_MALFORMED', 'the grant or a signature in the entry cannot be read')
  const files = { path: offlinePath(offline), grant, signatures: signatures.map((bytes, i) => ({ path: `signature ${i + 1}`, bytes })) }
  const signed = judgeOffline(files, governed, undefined, deps)
  if (!signed.ok) return signed
  const differs = difference(uid, data, signed.value, offlineGrantDigest(parsed.data, deps.sha256))
  return differs === undefined ? ok(signed.value) : refuse('OPTOUT_ACTOR', `the entry states another ${differs} than two people signed`)
}

function difference(uid: HexDigest, data: OfflineEntry, { optOut, binding, grant, people: [first, second] }: SignedOfflineGrant, digest: HexDigest): string | undefined {
  const stated: readonly (readonly [string, boolean])[] = [
    ['grant', data.offline === digest],
    ['opt-out', uid === optOut.uid && same(data.asked, askedOf(optOut.document)) && same(data.binding, binding)],
    ['team', data.team === grant.team],
    ['person', identityKey(data.by) === identityKey(first.identity) && same(data.groups, first.groups)],
    ['second person', data.second !== undefined && identityKey(data.second) === identityKey(second.identity)],
  ]
  return stated.find(([, holds]) => !holds)?.[0]
}
