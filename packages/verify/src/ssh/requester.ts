/** Who asked for an opt-out: whoever signed the commit that brought it (design §6, git trust). A software key will do: authorship is no second factor. */
import type { Identity, Instant } from '@exeat/core'
import { type Answer, ok } from '../codes.ts'
import { type GovernedAt, groupsOf } from './act.ts'
import { gitIdentity, signerOf } from './allowed-signers.ts'
import { type SshDeps, verifySshSignature } from './verify.ts'

/** Namespace of git's own signatures (gitformat-signature). */
const commitNamespace = 'git'

export interface SignedCommit {
  readonly payload: Uint8Array
  readonly signature: Uint8Array
  /** When the branch took it. */
  readonly at: Instant
}

/** Listed before the commit came, and still. `SSH_*`, `ACT_SIGNER` */
export function requesterOf(
  { payload, signature, at }: SignedCommit, before: GovernedAt, tip: GovernedAt, now: Instant, deps: SshDeps,
): Answer<{ readonly identity: Identity; readonly groups: readonly string[] }> {
  const verified = verifySshSignature(signature, payload, { namespace: commitNamespace }, deps)
  if (!verified.ok) return verified
  const { key } = verified.value
  const then = signerOf(before.signers, key, commitNamespace, [at])
  if (!then.ok) return then
  const today = signerOf(tip.signers, key, commitNamespace, [at, now])
  if (!today.ok) return today
  const [identity, earlier] = [gitIdentity(today.value.principal), gitIdentity(then.value.principal)]
  const still = groupsOf(tip.workspace, identity)
  return ok({ identity, groups: groupsOf(before.workspace, earlier).filter((group) => still.includes(group)) })
}
