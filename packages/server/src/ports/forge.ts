/** A forge: where changes are proposed, who approved and pushed them there, and where a verdict on them is shown. */
import type { Identity } from '@exeat/core'

/** Somebody whom the forge knows; `sub` is its number of the account, which no renaming changes. */
export interface ForgeAccount {
  readonly identity: Identity
  /** As people read it; it can be renamed, and names nobody by itself. */
  readonly login: string
  /** An app or other program, whoever runs it. */
  readonly isBot: boolean
}

/** Where a change stands: `acme/payments`, 42. */
export interface ChangePlace {
  readonly repository: string
  readonly number: number
}

/** A pull or merge request as it is now. */
export interface ProposedChange extends ChangePlace {
  /** The forge's number of the repository that it wants to enter, as the workspace's `sources` state it. */
  readonly repositoryId: string
  /** Branch that it wants to enter, without remote. */
  readonly into: string
  /** The commit that would enter. */
  readonly head: string
  /** Whose code it is: another repository's, which this one's people do not govern. */
  readonly isFork: boolean
  readonly opener: ForgeAccount
  /** The last word of each reviewer, where it is an approval that nobody dismissed. */
  readonly approvals: readonly { readonly by: ForgeAccount; readonly commit: string }[]
}

/** A change that was merged, and the commits that it had. */
export interface MergedChange extends Omit<ProposedChange, 'approvals'> {
  readonly commits: readonly string[]
}

export interface ForgeWriters {
  readonly accounts: readonly ForgeAccount[]
  /** Commits that name an address which belongs to no account: who wrote them cannot be told. */
  readonly unknown: readonly string[]
}

/** What is shown of a review, at the head that was judged. */
export interface ForgeVerdict {
  readonly outcome: 'allowed' | 'waiting' | 'refused' | 'invalid'
  readonly title: string
  /** Markdown; what documents say in it is text already. */
  readonly markdown: string
  readonly annotations: readonly ForgeAnnotation[]
}

export interface ForgeAnnotation {
  readonly path: string
  readonly line: number
  readonly level: 'warning' | 'failure'
  readonly title: string
  readonly message: string
}

/** Where it can be seen. Absent: the token may not write there. */
export interface Published {
  readonly check?: string
  readonly comment?: string
}

/** Every call rejects with an `ExeatError` of `forgeCodes`; what a forge does not tell is absent, and never empty. */
export interface Forge {
  readonly kind: 'github' | 'gitlab'
  /** `iss` of its people. */
  readonly issuer: string
  change(place: ChangePlace): Promise<ProposedChange>
  /** Accounts of authors, committers and co-authors of these commits. */
  writers(place: ChangePlace, commits: readonly string[]): Promise<ForgeWriters>
  /** Everybody who pushed any of it. Absent: who pushed its head cannot be told. */
  pushers(change: Omit<ProposedChange, 'approvals'>, commits: readonly string[]): Promise<readonly ForgeAccount[] | undefined>
  /** The changes by which a commit came to a branch; none where it was pushed there. */
  broughtBy(repository: string, branch: string, commit: string): Promise<readonly MergedChange[]>
  /** Who pushed a commit to a branch: `since` are that commit and what the branch was afterwards, of which a push names only the last. Absent: that cannot be told. */
  pusherTo(repository: string, branch: string, since: readonly string[]): Promise<ForgeAccount | undefined>
  /** The person whose program it is. */
  ownerOf(bot: ForgeAccount): Promise<ForgeAccount | undefined>
  /** Absent: the token may not see the team, or there is none. */
  membersOf(team: string): Promise<readonly ForgeAccount[] | undefined>
  /** The comment that was written before, by this very account. */
  earlierComment(place: ChangePlace, marker: string): Promise<string | undefined>
  /** Writes the verdict at the change, over what was written there before and not beside it. */
  publish(change: ProposedChange, marker: string, verdict: ForgeVerdict): Promise<Published>
}
