/** How a commit came to a branch: by merge requests that were merged, or by a push. */
import type { z } from 'zod'
import type { ForgeAccount, MergedChange } from '../../ports/forge.ts'
import { forgeError } from '../codes.ts'
import { listedCommit, mergeRequest, push } from './answers.ts'
import { type GitLab, projectPath, read } from './hub.ts'

/** @throws {ExeatError} FORGE_ANSWER where nobody is told to have opened one */
export async function broughtBy(hub: GitLab, repository: string, branch: string, commit: string): Promise<readonly MergedChange[]> {
  const path = `${projectPath(repository)}/repository/commits/${commit}/merge_requests`
  const merged = (await hub.http.list(path)).map((each) => read(mergeRequest, { body: each }, path)).filter(({ state, target_branch: into }) => state === 'merged' && into === branch)
  return Promise.all(merged.map(async ({ iid: number, author, sha: head, target_branch: into, source_project_id: from, target_project_id: to }) => {
    if (author === null) throw forgeError('FORGE_ANSWER', `merge request ${number} has no author`, 'merge the document anew')
    const what = `${projectPath(repository)}/merge_requests/${number}/commits`
    const commits = (await hub.http.list(what)).map((each) => read(listedCommit, { body: each }, what).id)
    return { repository, number, repositoryId: String(to), into, head, isFork: from !== to, opener: await hub.account(author), commits }
  }))
}

/** The first push whose end has the commit. */
export async function pusherTo(hub: GitLab, repository: string, branch: string, since: readonly string[]): Promise<ForgeAccount | undefined> {
  const own = new Set(since)
  const found = (await pushesTo(hub, projectPath(repository), branch)).findLast(({ push_data: data }) => own.has(data?.commit_to ?? ''))
  return found?.author === null || found?.author === undefined ? undefined : hub.account(found.author)
}

/** `project`: its path in the API. The newest first; none where they may not be seen. */
export async function pushesTo({ http }: GitLab, project: string, branch: string): Promise<readonly z.output<typeof push>[]> {
  const path = `${project}/events`
  const listed = await http.findList(path, { action: 'pushed', sort: 'desc' })
  return (listed ?? []).map((each) => read(push, { body: each }, path)).filter(({ push_data: data }) => data?.ref === branch && data.ref_type === 'branch')
}
