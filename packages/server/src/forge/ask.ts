/** Everything that a review wants to know of people, asked of a forge: who approved this head, in which groups they are, and who had a hand in it. */
import type { Identity, Problem } from '@exeat/core'
import type { Forge, ForgeAccount, ProposedChange } from '../ports/forge.ts'
import { distinct } from './accounts.ts'
import { type ForgeCode, forgeError, forgeProblem } from './codes.ts'

export interface ForgeQuestion {
  readonly change: ProposedChange
  /** Every commit of it, as git knows them. */
  readonly commits: readonly string[]
  /** Group of the workspace by team of the forge, as the base maps them. */
  readonly teams: Readonly<Record<string, string>>
}

export interface ForgePerson extends Identity {
  readonly name: string
  readonly groups: readonly string[]
}

export interface ForgeTold {
  readonly approvals: readonly { readonly by: Identity; readonly commit: string; readonly groups: readonly string[]; readonly bot?: true }[]
  /** Authors, committers, co-authors, pushers, who opened it, and whose programs did. */
  readonly involved: readonly Identity[]
  /** Everybody who is named, and every member of the teams: what they are called, and their groups. */
  readonly people: readonly ForgePerson[]
  readonly warnings: readonly Problem<ForgeCode>[]
}

/** @throws {ExeatError} of `forgeCodes`; FORGE_CHANGED if another head came meanwhile */
export async function askForge(forge: Forge, { change, commits, teams }: ForgeQuestion): Promise<ForgeTold> {
  const [writers, pushers, members] = await Promise.all([forge.writers(change, commits), forge.pushers(change, commits), membersOf(forge, teams)])
  const hands = [change.opener, ...writers.accounts, ...(pushers ?? [])]
  const owners = await Promise.all(distinct(hands.filter(({ isBot }) => isBot)).map(async (bot) => ({ bot, owner: await forge.ownerOf(bot) })))
  const involved = distinct([...hands, ...owners.flatMap(({ owner }) => owner ?? [])])
  // Read last: an approval that was taken back meanwhile must not count.
  const now = await forge.change(change)
  if (now.head !== change.head) throw forgeError('FORGE_CHANGED', `the head was \`${change.head.slice(0, 12)}\` and is \`${now.head.slice(0, 12)}\``, 'run the review again')
  const groupsOf = ({ identity: { sub } }: ForgeAccount): readonly string[] => [...members.groups.get(sub) ?? []].sort()
  return {
    approvals: pushers === undefined ? [] : now.approvals.map(({ by, commit }) => ({ by: by.identity, commit, groups: groupsOf(by), ...(by.isBot ? { bot: true } : {}) })),
    involved: involved.map(({ identity }) => identity),
    people: distinct([...involved, ...now.approvals.map(({ by }) => by), ...members.accounts]).map((account) => ({ ...account.identity, name: account.login, groups: groupsOf(account) })),
    warnings: [...members.warnings, ...handWarnings(writers.unknown, owners), ...(pushers === undefined ? [unpushed(change)] : [])],
  }
}

async function membersOf(forge: Forge, teams: ForgeQuestion['teams']) {
  const asked = await Promise.all(Object.entries(teams).map(async ([team, group]) => ({ team, group, accounts: await forge.membersOf(team) })))
  const groups = new Map<string, Set<string>>()
  for (const { group, accounts = [] } of asked) {
    for (const { identity: { sub } } of accounts) groups.set(sub, (groups.get(sub) ?? new Set()).add(group))
  }
  return {
    groups, accounts: asked.flatMap(({ accounts = [] }) => accounts.filter(({ isBot }) => !isBot)),
    warnings: asked.flatMap(({ team, group, accounts }) => (accounts === undefined
      ? [forgeProblem('FORGE_TEAM', `the token may not see the team \`${team}\`, or there is none, so that nobody was counted as \`${group}\` by it`, 'give the token the right to read members, or mend the name in the workspace')] : [])),
  }
}

function handWarnings(unknown: readonly string[], owners: readonly { readonly bot: ForgeAccount; readonly owner: ForgeAccount | undefined }[]): readonly Problem<ForgeCode>[] {
  const [first] = unknown
  return [
    ...(first === undefined ? [] : [forgeProblem('FORGE_WRITER', `${unknown.length === 1 ? 'a commit names' : `${unknown.length} commits name`} an address that belongs to no account (\`${first.slice(0, 12)}\`)`, 'whoever wrote it might approve it: see whether the writers are told apart from the approvers')]),
    ...owners.flatMap(({ bot, owner }) => (owner === undefined ? [forgeProblem('FORGE_BOT', `\`${bot.login}\` had a hand in it, and it is not told whose program that is`, 'whoever can steer it must not approve it')] : [])),
  ]
}

const unpushed = ({ isFork }: ProposedChange): Problem<ForgeCode> => forgeProblem(
  'FORGE_PUSHER', 'the forge does not tell who pushed the head, so that no approval of it counts',
  isFork ? 'let the token read the fork\'s activity, or push the branch to the repository itself' : 'give the token the right to read the repository\'s contents and activity',
)
