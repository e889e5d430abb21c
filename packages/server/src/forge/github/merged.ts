/** How a commit came to a branch: by pull requests that were merged, or by a push. */
import type { z } from 'zod'
import type { ForgeAccount, MergedChange } from '../../ports/forge.ts'
import { forgeError } from '../codes.ts'
import { activity, listedCommit, listedPull } from './answers.ts'
import { type GitHub, openerOf, read, repositoryPath } from './hub.ts'

/** GitHub lists no more commits of a pull request than these (REST API, "List commits on a pull request"). */
const mostListed = 250

/** @throws {ExeatError} FORGE_ANSWER for a change of more commits than GitHub lists */
export async function broughtBy({ http, ...hub }: GitHub, repository: string, branch: string, commit: string): Promise<readonly MergedChange[]> {
  const path = `${repositoryPath(repository)}/commits/${commit}/pulls`
  const pulls = (await http.list(path)).map((each) => read(listedPull, { body: each }, path)).filter(({ merged_at: at, base }) => at !== null && base.ref === branch)
  return Promise.all(pulls.map(async ({ number, user, head, base }) => {
    const what = `${repositoryPath(repository)}/pulls/${number}/commits`
    const commits = (await http.list(what)).map((each) => read(listedCommit, { body: each }, what).sha)
    if (commits.length >= mostListed) throw forgeError('FORGE_ANSWER', `pull request ${number} has ${commits.length} commits or more, and GitHub lists no others`, 'merge the document in a smaller change')
    return { repository, number, repositoryId: String(base.repo.id), into: base.ref, head: head.sha, isFork: head.repo?.id !== base.repo.id, opener: openerOf({ http, ...hub }, user), commits }
  }))
}

/** The first push whose end has the commit. */
export async function pusherTo(hub: GitHub, repository: string, branch: string, since: readonly string[]): Promise<ForgeAccount | undefined> {
  const own = new Set(since)
  const push = (await pushesTo(hub, repository, branch)).findLast(({ after }) => own.has(after))
  return push === undefined || push.actor === null ? undefined : hub.account(push.actor)
}

/** The newest first; none where they may not be seen. */
export async function pushesTo({ http }: GitHub, repository: string, branch: string): Promise<readonly z.output<typeof activity>[]> {
  const path = `${repositoryPath(repository)}/activity`
  return (await http.findList(path, { ref: `refs/heads/${branch}` }) ?? []).map((each) => read(activity, { body: each }, path))
}
