/** An offline grant as the log has it, for auditors: what its entry says is what two people signed. */
import { type Asked, askedOf, type Binding, type HexDigest, sameIdentity, type Sha256 } from '@exeat/core'
import type { EventData } from '@exeat/core/entry'
import { type OfflineGrant, offlineGrantDigest, offlineGrantSchema, readOfflineGrant } from '@exeat/core/offline'
import { type Answer, ok, refuse, type Refusal } from '../codes.ts'
import { jsonOf } from '../delegation/text.ts'
import { fromBase64url } from '../evidence/base64url.ts'
import { same } from '../history/same.ts'
import { equal } from '../ssh/bytes.ts'
import { type SshDeps, type SshSignature, verifySshSignature, weakness } from '../ssh/verify.ts'
import { isCanonical, offlinePath } from './read.ts'
import { judgeOffline, type OfflineGoverned, offlineNamespace, type SignedOfflineGrant } from './signed.ts'

export type OfflineEntry = EventData['dev.exeat.emergency.activated.v1']

/** The grant in an entry, and the two SSHSIGs over it. */
interface Entered {
  readonly grant: OfflineGrant
  readonly bytes: Uint8Array
  readonly digest: HexDigest
  readonly signatures: readonly Uint8Array[]
}

/**
 * Holds the data of an `emergency.activated` with `offline` against the grant and the signatures in it. `uid`: the entry's subject. `governed`: what stood at the
 * commit of the protected branch that the grant names. `OPTOUT_ACTOR` where the entry says something else than was signed, `EVIDENCE_*`, and as `judgeOffline`.
 */
export function verifyOfflineEntry(uid: HexDigest, data: OfflineEntry, governed: OfflineGoverned, deps: SshDeps): Answer<SignedOfflineGrant> {
  const entered = readEntry(data, deps.sha256)
  if (!entered.ok) return entered
  const { grant, bytes, digest, signatures } = entered.value
  const files = { path: offlinePath(digest), grant: bytes, signatures: signatures.map((each, i) => ({ path: `signature ${i + 1}`, bytes: each })) }
  const signed = judgeOffline(files, governed, undefined, deps)
  if (!signed.ok) return signed
  const { optOut, binding, people: [first, second] } = signed.value
  const differs = difference(uid, data, { uid: optOut.uid, asked: askedOf(optOut.document), binding, team: grant.team })
    ?? (sameIdentity(data.by, first.identity) && same(data.groups, first.groups) ? undefined : 'person')
    ?? (data.second !== undefined && sameIdentity(data.second, second.identity) ? undefined : 'second person')
  return differs === undefined ? ok(signed.value) : other(differs)
}

/**
 * What the entry itself can show, without the branch: that it states what the grant in it states, and that two security keys, whose owners were there, signed that.
 * Whose keys they are, and whether those could grant it, `verifyOfflineEntry` tells. `EVIDENCE_*`, `OPTOUT_ACTOR`, `SSH_*`, `ACT_WEAK`, `OFFLINE_SCOPE`, `OFFLINE_SIGNERS`
 */
export function verifyOfflineSignatures(uid: HexDigest, data: OfflineEntry, deps: SshDeps): Answer<readonly SshSignature[]> {
  const entered = readEntry(data, deps.sha256)
  if (!entered.ok) return entered
  const { grant, bytes, digest, signatures } = entered.value
  const read = readOfflineGrant(grant, data.asked.repositories[0], offlinePath(digest), deps.sha256)
  if (!read.ok) return refuse('OFFLINE_SCOPE', read.because)
  const { optOut, binding } = read.value
  const differs = difference(uid, data, { uid: optOut.uid, asked: askedOf(optOut.document), binding, team: grant.team })
  if (differs !== undefined) return other(differs)
  const verified: SshSignature[] = []
  for (const each of signatures) {
    const signed = verifySshSignature(each, bytes, { namespace: offlineNamespace }, deps)
    const refused = signed.ok ? weakness(signed.value) : signed
    if (refused !== undefined) return refused
    if (signed.ok) verified.push(signed.value)
  }
  const [first, second] = verified
  return first !== undefined && second !== undefined && !equal(first.key.blob, second.key.blob) ? ok(verified) : refuse('OFFLINE_SIGNERS', 'one key signed twice, and two keys are needed')
}

/** `EVIDENCE_OTHER`, `EVIDENCE_MALFORMED`, `OPTOUT_ACTOR` */
function readEntry({ evidence, offline }: OfflineEntry, sha256: Sha256): Answer<Entered> {
  if (offline === undefined || !('kind' in evidence) || evidence.kind !== 'offline') return refuse('EVIDENCE_OTHER', 'the entry is of no offline grant, or shows something else')
  const bytes = fromBase64url(evidence.grant)
  const signatures = evidence.signatures.flatMap((each) => fromBase64url(each) ?? [])
  const parsed = offlineGrantSchema.safeParse(jsonOf(bytes))
  if (bytes === undefined || !parsed.success || !isCanonical(parsed.data, bytes) || signatures.length < 2) return refuse('EVIDENCE_MALFORMED', 'the grant or a signature in the entry cannot be read')
  const digest = offlineGrantDigest(parsed.data, sha256)
  return digest === offline ? ok({ grant: parsed.data, bytes, digest, signatures }) : other('grant')
}

const other = (differs: string): Refusal => refuse('OPTOUT_ACTOR', `the entry states another ${differs} than two people signed`)

interface Stated {
  readonly uid: HexDigest
  readonly asked: Asked
  readonly binding: Binding
  readonly team: string
}

function difference(uid: HexDigest, data: OfflineEntry, signed: Stated): string | undefined {
  const stated: readonly (readonly [string, boolean])[] = [
    ['opt-out', uid === signed.uid && same(data.asked, signed.asked) && same(data.binding, signed.binding)],
    ['team', data.team === signed.team],
    ['person', sameIdentity(data.envelope.actor, data.by) && data.second !== undefined && !sameIdentity(data.by, data.second)],
  ]
  return stated.find(([, holds]) => !holds)?.[0]
}
