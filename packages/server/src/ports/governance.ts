/**
 * What governs, as the use cases see it: the documents at the protected ref, read by commit, and who wrote them. Where they come from (a local repository, a
 * mirror of a remote one) is the adapter's business.
 */
import type { PolicySet, Problem, StandingOptOut } from '@exeat/core'
import type { Governance } from '@exeat/git'
import type { Brought } from './hands.ts'

/** All that stood at one commit of the protected ref. Never changes. */
export interface Governed {
  readonly governance: Governance
  readonly policySet: PolicySet
  /** Full name of the ref. */
  readonly ref: string
  readonly commit: string
}

/** What stood once. */
export interface GovernedBefore extends Pick<Governed, 'governance' | 'policySet'> {
  /** Text of `.exeat/allowed_signers`; undefined where there was none. */
  readonly signers: string | undefined
}

export interface GovernanceSource {
  /**
   * What the protected ref says now; where `fresh`, after asking the remote again, whenever it was asked last; as it was read at most `within` milliseconds ago, where that will do.
   * @throws {ExeatError} where it cannot be read or is wrong, and `GOVERNANCE_STALE` where the remote has not answered for too long
   */
  readonly current: (options?: { readonly fresh?: boolean; readonly within?: number }) => Promise<Governed>
  /** What was read last, without asking anybody. */
  readonly latest: () => Governed | undefined
  /** Why what was read last may be old; undefined where it is not. */
  readonly trouble: () => Problem | undefined
  /**
   * Addresses of everybody who wrote, committed, merged or moved what stands at the commit, in whatever files it stood before; sorted, each once. Somebody else's
   * moving a document to another file hides nobody.
   */
  readonly writers: (commit: string, standing: StandingOptOut) => Promise<readonly string[]>
  /** The commits of the protected ref by which what stands came to it, was moved or changed there. */
  readonly brought: (commit: string, standing: StandingOptOut) => Promise<readonly Brought[]>
  /** What stood when the protected ref was at a commit, by its first-parent history as it was read last; undefined where it never was. @throws {ExeatError} where it is wrong */
  readonly at: (commit: string) => Promise<GovernedBefore | undefined>
  /** Whether `commit` has `ancestor` in its history; false where the ancestor is unknown here. */
  readonly descends: (commit: string, ancestor: string) => Promise<boolean>
}
