/** What a forge knows of commits that are on the branch already: by which change they came, or who pushed them there, and whose programs that were. */
import type { Identity } from '@exeat/core'
import type { Forge, ForgeAccount } from '../ports/forge.ts'
import type { Brought } from '../ports/hands.ts'
import { distinct } from './accounts.ts'
import { forgeError } from './codes.ts'

export interface Hands {
  /** As the forge names it: `acme/payments`. */
  readonly repository: string
  /** Without remote: `main`. */
  readonly branch: string
  readonly brought: readonly Brought[]
}

/** @throws {ExeatError} of `forgeCodes`; FORGE_PUSHER where it is not told who pushed one of them */
export async function handsIn(forge: Forge, { repository, branch, brought }: Hands): Promise<readonly Identity[]> {
  const hands = (await Promise.all(brought.map((each) => handsOf(forge, repository, branch, each)))).flat()
  const owners = await Promise.all(distinct(hands.filter(({ isBot }) => isBot)).map((bot) => forge.ownerOf(bot)))
  return distinct([...hands, ...owners.flatMap((owner) => owner ?? [])]).map(({ identity }) => identity)
}

async function handsOf(forge: Forge, repository: string, branch: string, { commit, since }: Brought): Promise<readonly ForgeAccount[]> {
  const changes = await forge.broughtBy(repository, branch, commit)
  if (changes.length === 0) return [await forge.pusherTo(repository, branch, await since()) ?? refuse(commit)]
  return (await Promise.all(changes.map(async (change) => {
    const [writers, pushers] = await Promise.all([forge.writers(change, change.commits), forge.pushers(change, change.commits)])
    return [change.opener, ...writers.accounts, ...pushers ?? refuse(commit)]
  }))).flat()
}

function refuse(commit: string): never {
  throw forgeError('FORGE_PUSHER', `the forge does not tell who pushed what commit \`${commit.slice(0, 12)}\` brought`, 'give the token the right to read the repository\'s contents and activity; where a fork or its branch is gone, merge the document anew')
}
