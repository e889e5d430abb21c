/** One signed act of `.exeat/signatures`, judged alone: what it states, who signed it with what, and when it came to the protected branch (design §6, git trust). */
import { formatInstant, type HexDigest, type Identity, type Instant, type PolicySet, sameIdentity, type StandingOptOut, type Workspace } from '@exeat/core'
import { type Envelope, envelopeBytes, envelopeDigest, envelopeSchema } from '@exeat/core/envelope'
import { type Answer, ok, refuse, type Refusal } from '../codes.ts'
import { decodeText } from '../delegation/text.ts'
import { same } from '../history/same.ts'
import { type AllowedSigner, gitIdentity, signerOf } from './allowed-signers.ts'
import { equal } from './bytes.ts'
import { actNamespace, type SshDeps, type SshSignature, verifySshSignature, weakness } from './verify.ts'

/** What governs at one commit of the protected branch, as far as acts are judged by it. */
export interface GovernedAt {
  readonly workspace: Workspace
  readonly policySet: PolicySet
  readonly signers: readonly AllowedSigner[]
  readonly optOuts: readonly StandingOptOut[]
}

export interface MergedAct {
  /** Of the envelope: `.exeat/signatures/<uid>/<digest of the envelope>.json`. */
  readonly path: string
  readonly envelope: Uint8Array
  readonly signature: Uint8Array
  /** Its commit's place on the protected branch, which says when, and what governed before it; undefined: nothing that could be read. */
  readonly place: number
  readonly at: Instant
  readonly before: GovernedAt | undefined
}

/** What every act on an opt-out must state, and be judged by. */
export interface ActsOn {
  readonly optOut: StandingOptOut
  readonly repositoryIds: readonly string[]
  readonly impact: HexDigest | null
  /** The commit since which the opt-out stands without a break. */
  readonly since: { readonly place: number; readonly at: Instant }
  readonly tip: GovernedAt
  readonly now: Instant
}

/** An act that holds. Whether it counts is for the terms to say. */
export interface SoundAct {
  readonly path: string
  readonly place: number
  readonly digest: HexDigest
  readonly envelope: Envelope
  readonly by: Identity
  readonly signature: SshSignature
  /** Of the merge. */
  readonly at: Instant
  readonly before: GovernedAt
  /** That the person was in when it was merged, and still is: removal bites at once, addition does not reach back. */
  readonly groups: readonly string[]
}

/** A signer's clock may differ from the one that dates merges by this, in milliseconds. */
export const tolerance = 60_000

/** `ACT_UNREADABLE`, `ACT_WEAK`, `ACT_SIGNER`, `ACT_NOT_AFTER`, `ACT_OTHER`, and as `verifySshSignature` */
export function readAct(act: MergedAct, given: ActsOn, deps: SshDeps): Answer<SoundAct> {
  const envelope = readEnvelope(act.envelope, deps)
  if (!envelope.ok) return envelope
  const { value, digest } = envelope.value
  const misnamed = misnaming(act.path, given.optOut.uid, digest)
  if (misnamed !== undefined) return misnamed
  if (!['request', 'approve', 'activate'].includes(value.purpose)) return refuse('ACT_UNREADABLE', `it is an act to ${value.purpose}, and git shows requests, approvals and activations`)
  const signature = verifySshSignature(act.signature, act.envelope, { namespace: actNamespace }, deps)
  if (!signature.ok) return signature
  // Whoever asks only says so.
  const weak = value.purpose === 'request' ? undefined : weakness(signature.value)
  if (weak !== undefined) return weak
  const differs = difference(value, given)
  if (differs !== undefined) return refuse('ACT_OTHER', `it states another ${differs} than stands now`, 'what it was signed for has changed: have it signed anew')
  const placed = checkPlace(act, value, given)
  if (!placed.ok) return placed
  const { before } = placed.value
  const by = checkSigner(act, value, signature.value, before, given)
  if (!by.ok) return by
  const groups = groupsOf(before.workspace, by.value).filter((group) => groupsOf(given.tip.workspace, by.value).includes(group))
  return ok({ path: act.path, place: act.place, digest, envelope: value, by: by.value, signature: signature.value, at: act.at, before, groups })
}

export interface ReadEnvelope {
  readonly value: Envelope
  readonly digest: HexDigest
}

/** Exactly the bytes that were signed: a file can be nothing else than it seems. `ACT_UNREADABLE` */
export function readEnvelope(bytes: Uint8Array, { sha256 }: Pick<SshDeps, 'sha256'>): Answer<ReadEnvelope> {
  const parsed = envelopeSchema.safeParse(jsonOf(bytes))
  if (!parsed.success) return refuse('ACT_UNREADABLE', 'it is no envelope of an act')
  const value = parsed.data
  if (!equal(envelopeBytes(value), bytes)) return refuse('ACT_UNREADABLE', 'it is not written as RFC 8785 says, byte for byte')
  return ok({ value, digest: envelopeDigest(value, sha256) })
}

/** Under exactly the name that it has. */
export function misnaming(path: string, folder: string, digest: HexDigest): Refusal | undefined {
  const wanted = `.exeat/signatures/${folder}/${digest}.json`
  return path === wanted ? undefined : refuse('ACT_UNREADABLE', `it has the digest of \`${wanted}\``, 'keep each act under the name that it was written to')
}

/** Undefined where it is no JSON in UTF-8. What a parser would forgive, the comparison of bytes does not. */
export function jsonOf(bytes: Uint8Array): unknown {
  const text = decodeText(bytes)
  if (text === undefined) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Only what came to the branch after the opt-out was signed for what people could see there; a request may come with it. */
function checkPlace({ place, at, before }: MergedAct, envelope: Envelope, { optOut: { uid }, since }: ActsOn): Answer<{ readonly before: GovernedAt }> {
  if (before === undefined) return refuse('ACT_NOT_AFTER', 'what governed the branch before it was merged cannot be read')
  const asks = envelope.purpose === 'request'
  if (envelope.purpose === 'approve' && place === since.place) {
    return refuse('ACT_NOT_AFTER', 'it came to the protected branch with the opt-out, and approved no more than that merge', 'have approved what stands now: `exeat approve` without `--head`')
  }
  if (!asks && (!(place > since.place) || !before.optOuts.some((each) => each.uid === uid))) {
    return refuse('ACT_NOT_AFTER', 'it did not come to the protected branch after the opt-out that it is about', 'merge the opt-out first, then have it signed')
  }
  // An opt-out that was taken away and came back is another question: no signature from before is the answer to it.
  if (!asks && !(envelope.at >= since.at - tolerance)) return refuse('ACT_NOT_AFTER', `it was signed before the opt-out came to the protected branch at ${formatInstant(since.at)}`, 'have it signed anew')
  if (!(envelope.at <= at + tolerance)) return refuse('ACT_OTHER', 'it is dated after it was merged')
  return ok({ before })
}

/** Listed when it was merged, by what stood before, and still listed: nobody brings the key that vouches for a change along with it. */
function checkSigner({ at }: MergedAct, envelope: Envelope, { key }: SshSignature, before: GovernedAt, { tip, now }: ActsOn): Answer<Identity> {
  const then = signerOf(before.signers, key, actNamespace, [envelope.at, at])
  if (!then.ok) return refuse('ACT_SIGNER', `when it was merged, ${then.problem.message}`, 'merge the change of the signers first')
  const today = signerOf(tip.signers, key, actNamespace, [envelope.at, at, now])
  if (!today.ok) return today
  const identity = gitIdentity(today.value.principal)
  if (then.value.principal !== today.value.principal) return refuse('ACT_SIGNER', `the key was \`${then.value.principal}\`'s when it was merged, and is \`${today.value.principal}\`'s`)
  if (!sameIdentity(envelope.actor, identity)) return refuse('ACT_SIGNER', `it states another person than \`${identity.sub}\`, whose key signed it`)
  return ok(identity)
}

/** The first of what an envelope must state, and states otherwise. */
export function difference(envelope: Envelope, { optOut: { uid, digest, document }, repositoryIds, impact, tip }: Pick<ActsOn, 'optOut' | 'repositoryIds' | 'impact' | 'tip'>): string | undefined {
  const { from, until } = document.spec.window
  const stated: readonly (readonly [string, boolean])[] = [
    ['opt-out', envelope.uid === uid && envelope.optOut === digest],
    ['workspace', envelope.workspace === tip.workspace.spec.id],
    ['repository', same(envelope.repositoryIds, repositoryIds)],
    ['impact', envelope.impact === impact],
    ['window', envelope.window.from === from && envelope.window.until === until],
    ['matter', envelope.statement === undefined],
  ]
  return stated.find(([, holds]) => !holds)?.[0]
}

/** Groups that the workspace gives an identity of git's: addresses are the same whatever their case. */
export function groupsOf(workspace: Workspace, { iss, sub }: Identity): readonly string[] {
  return Object.entries(workspace.spec.groups ?? {}).flatMap(([group, members]) => (members.some((each) => each.iss === iss && each.sub.toLowerCase() === sub) ? [group] : [])).sort()
}

export const refusalOf = ({ problem }: Refusal, path: string): Refusal['problem'] => ({ ...problem, at: { file: path, line: 1, column: 1 } })
