/** An approval of a change that is not merged yet: by those whom the branch that it wants to enter lists, over what the change would bring there. It activates nothing. */
import { type HexDigest, type Identity, type Instant, sameIdentity } from '@exeat/core'
import { type AnyEnvelope, type EnrolEnvelope, enrolEnvelopeSchema, envelopeBytes, envelopeDigest } from '@exeat/core/envelope'
import { type Answer, ok, refuse } from '../codes.ts'
import { type ActsOn, difference, type GovernedAt, groupsOf, jsonOf, misnaming, readEnvelope, tolerance } from './act.ts'
import { gitIdentity, signerOf } from './allowed-signers.ts'
import { equal } from './bytes.ts'
import { actNamespace, type SshDeps, verifySshSignature, weakness } from './verify.ts'

export interface UnmergedAct {
  /** Where it stands in the change; undefined: it was given apart, under any name. */
  readonly path?: string
  readonly envelope: Uint8Array
  readonly signature: Uint8Array
}

export interface MergeOf extends Pick<ActsOn, 'optOut' | 'repositoryIds' | 'impact' | 'now'> {
  /** Digest of the terms by which the base judges it. */
  readonly terms: HexDigest
  /** The branch that it wants to enter, as it stands. */
  readonly base: GovernedAt
}

export interface MergeApproval {
  readonly by: Identity
  readonly groups: readonly string[]
  readonly at: Instant
}

/** `ACT_UNREADABLE`, `ACT_WEAK`, `ACT_SIGNER`, `ACT_OTHER`, and as `verifySshSignature` */
export function readMergeApproval(act: UnmergedAct, given: MergeOf, deps: SshDeps): Answer<MergeApproval> {
  const envelope = readEnvelope(act.envelope, deps)
  if (!envelope.ok) return envelope
  const { value, digest } = envelope.value
  const misnamed = act.path === undefined ? undefined : misnaming(act.path, given.optOut.uid, digest)
  if (misnamed !== undefined) return misnamed
  if (value.purpose !== 'approve') return refuse('ACT_UNREADABLE', `it is an act to ${value.purpose}, and before a merge approvals alone count`)
  const differs = difference(value, { ...given, tip: given.base }) ?? (value.terms === given.terms ? undefined : 'set of terms')
  if (differs !== undefined) return refuse('ACT_OTHER', `it states another ${differs} than the change is judged by`, 'what it was signed for has changed: have it signed anew')
  return signedBy(act, value, given, deps)
}

export interface GovernOf extends Pick<MergeOf, 'base' | 'now'> {
  /** Digests of the change, one for each commit of the branch that it could have been signed at. */
  readonly about: ReadonlySet<HexDigest>
}

/** Folder of `.exeat/signatures` for what is about no opt-out. */
export const changesFolder = 'changes'

/** An approval of a change of what governs. `ACT_UNREADABLE`, `ACT_WEAK`, `ACT_SIGNER`, `ACT_OTHER`, and as `verifySshSignature` */
export function readGovernApproval(act: UnmergedAct, given: GovernOf, deps: SshDeps): Answer<MergeApproval> {
  const envelope = readGovernEnvelope(act.envelope)
  if (envelope === undefined) return refuse('ACT_UNREADABLE', 'it is no envelope of an approval of what governs, written as RFC 8785 says')
  const misnamed = act.path === undefined ? undefined : misnaming(act.path, changesFolder, envelopeDigest(envelope, deps.sha256))
  if (misnamed !== undefined) return misnamed
  if (envelope.workspace !== given.base.workspace.spec.id || !given.about.has(envelope.about)) {
    return refuse('ACT_OTHER', 'it states another change of what governs', 'a file of it was changed since, here or on the branch: have it signed anew')
  }
  return signedBy(act, envelope, given, deps)
}

/** Undefined where it is none. */
export function readGovernEnvelope(bytes: Uint8Array): EnrolEnvelope | undefined {
  const parsed = enrolEnvelopeSchema.safeParse(jsonOf(bytes))
  return parsed.success && parsed.data.purpose === 'govern' && equal(envelopeBytes(parsed.data), bytes) ? parsed.data : undefined
}

/** Whoever is listed at the base signed it with a second factor, and is still to be listed now. */
function signedBy({ envelope: bytes, signature: given }: UnmergedAct, { actor, at }: Pick<AnyEnvelope, 'actor' | 'at'>, { base, now }: Pick<MergeOf, 'base' | 'now'>, deps: SshDeps): Answer<MergeApproval> {
  const signature = verifySshSignature(given, bytes, { namespace: actNamespace }, deps)
  if (!signature.ok) return signature
  const weak = weakness(signature.value)
  if (weak !== undefined) return weak
  if (!(at <= now + tolerance)) return refuse('ACT_OTHER', 'it is dated after now')
  const signer = signerOf(base.signers, signature.value.key, actNamespace, [at, now])
  if (!signer.ok) return signer
  const by = gitIdentity(signer.value.principal)
  if (!sameIdentity(actor, by)) return refuse('ACT_SIGNER', `it states another person than \`${by.sub}\`, whose key signed it`)
  return ok({ by, groups: groupsOf(base.workspace, by), at })
}
