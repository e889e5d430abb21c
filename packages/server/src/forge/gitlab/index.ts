/** GitLab: merge requests, approvals, groups, pushes and notes (REST API v4, and GraphQL for who wrote a commit). Its pipeline's own job is the check. */
import type { ChangePlace, Forge, ForgeAccount, ForgeVerdict, ForgeWriters, ProposedChange, Published } from '../../ports/forge.ts'
import { distinct } from '../accounts.ts'
import { forgeError } from '../codes.ts'
import { approvals, graphCommits, member, mergeRequest, note, user, version } from './answers.ts'
import { broughtBy, pushesTo, pusherTo } from './merged.ts'
import { type GitLab, type GitLabOptions, openHub, projectPath, read } from './hub.ts'

/** @throws {ExeatError} FORGE_SETTINGS */
export function gitLab(options: GitLabOptions): Forge {
  const hub = openHub(options)
  return {
    kind: 'gitlab', issuer: options.issuer,
    change: (place) => changeOf(hub, place),
    writers: (place, commits) => writersOf(hub, place, commits),
    pushers: (change, commits) => pushersOf(hub, change, commits),
    broughtBy: (repository, branch, commit) => broughtBy(hub, repository, branch, commit),
    pusherTo: (repository, branch, since) => pusherTo(hub, repository, branch, since),
    // Whose token a bot's account is for, GitLab tells its administrators alone.
    ownerOf: () => Promise.resolve(undefined),
    membersOf: (group) => membersOf(hub, group),
    earlierComment: async (place, marker) => (await ownNote(hub, place, marker))?.body,
    publish: (change, marker, verdict) => publish(hub, change, marker, verdict),
  }
}

const pathOf = ({ repository, number }: ChangePlace): string => `${projectPath(repository)}/merge_requests/${number}`

async function changeOf(hub: GitLab, place: ChangePlace): Promise<ProposedChange> {
  const path = pathOf(place)
  const { state, author, sha, target_branch: into, source_project_id: from, target_project_id: to } = read(mergeRequest, await hub.http.ask(path), path)
  if (state !== 'opened' && state !== 'locked') throw forgeError('FORGE_UNKNOWN', `merge request ${place.number} is ${state}`, 'review one that is open')
  if (author === null) throw forgeError('FORGE_ANSWER', `merge request ${place.number} has no author`, 'open it anew')
  return { ...place, repositoryId: String(to), into, head: sha, isFork: from !== to, opener: await hub.account(author), approvals: await approvalsOf(hub, path) }
}

/** GitLab does not say which commit was approved. When each approval was given stands in the notes, and since when each head stood in the versions. */
async function approvalsOf(hub: GitLab, path: string): Promise<ProposedChange['approvals']> {
  const [now, notes, versions] = await Promise.all([
    hub.http.ask(`${path}/approvals`), hub.http.list(`${path}/notes`, { activity_filter: 'only_activity', sort: 'asc', order_by: 'created_at' }), hub.http.list(`${path}/versions`),
  ])
  const said = notes.map((each) => read(note, { body: each }, `${path}/notes`)).filter(({ system, body }) => system && body === 'approved this merge request')
  const heads = versions.map((each) => read(version, { body: each }, `${path}/versions`)).sort((a, b) => b.created_at - a.created_at)
  const standing = read(approvals, now, `${path}/approvals`).approved_by
  return (await Promise.all(standing.map(async ({ user: by }) => {
    const at = said.findLast(({ author }) => author?.id === by.id)?.created_at
    const commit = at === undefined ? undefined : heads.find(({ created_at: since }) => since < at)?.head_commit_sha
    return commit === undefined ? [] : [{ by: await hub.account(by), commit }]
  }))).flat()
}

const query = `query($project: ID!, $iid: String!, $after: String) { project(fullPath: $project) { mergeRequest(iid: $iid) {
  commits(first: 100, after: $after) { nodes { sha author { id username } authorEmail committerEmail } pageInfo { hasNextPage endCursor } }
} } }`

type Commits = NonNullable<NonNullable<ReturnType<typeof graphCommits.parse>['data']['project']>['mergeRequest']>['commits']

/** @throws {ExeatError} FORGE_ANSWER where the merge request does not have one of the commits */
async function writersOf(hub: GitLab, place: ChangePlace, commits: readonly string[]): Promise<ForgeWriters> {
  const nodes: Commits['nodes'][number][] = []
  for (let after: string | null = null, more = true; more;) {
    // oxlint-disable-next-line no-await-in-loop -- each page names the next
    const body = await hub.graph(query, { project: place.repository, iid: String(place.number), after })
    const page = read(graphCommits, { body }, '/graphql').data.project?.mergeRequest?.commits
    nodes.push(...page?.nodes ?? [])
    after = page?.pageInfo.endCursor ?? null
    more = page?.pageInfo.hasNextPage === true && after !== null && nodes.length <= commits.length + 100
  }
  const known = new Map(nodes.map((node) => [node.sha, node]))
  const missing = commits.find((commit) => !known.has(commit))
  if (missing !== undefined) throw forgeError('FORGE_ANSWER', `GitLab has no commit \`${missing.slice(0, 12)}\` in merge request ${place.number}`, 'push it, or review what was pushed')
  const own = commits.flatMap((commit) => known.get(commit) ?? [])
  const accounts = await Promise.all(own.map(({ author, authorEmail }) => writerOf(hub, author, authorEmail)))
  // An address is its author's wherever it stands; of committers nothing else is told.
  const addresses = new Set(own.flatMap(({ authorEmail }, index) => (accounts[index] === undefined || authorEmail === null ? [] : [authorEmail.toLowerCase()])))
  const isKnown = (email: string | null): boolean => email !== null && addresses.has(email.toLowerCase())
  return {
    accounts: distinct(accounts.flatMap((each) => each ?? [])),
    unknown: own.flatMap(({ sha, committerEmail }, index) => (accounts[index] !== undefined && isKnown(committerEmail) ? [] : [sha])),
  }
}

/** An address `ID-NAME@users.noreply…` names its account by itself. */
async function writerOf(hub: GitLab, author: Commits['nodes'][number]['author'], email: string | null): Promise<ForgeAccount | undefined> {
  const [, id] = /^gid:\/\/gitlab\/User\/(\d{1,15})$/.exec(author?.id ?? '') ?? /^(\d{1,15})-[\w.-]{1,255}@users\.noreply\.[\w.-]+$/.exec(email ?? '') ?? []
  return id === undefined ? undefined : hub.account({ id: Number(id), username: author?.username ?? id })
}

/** Every push to the branch since the first that brought any of these commits, whatever became of what it brought. */
async function pushersOf(hub: GitLab, { head, ...place }: Omit<ProposedChange, 'approvals'>, commits: readonly string[]): Promise<readonly ForgeAccount[] | undefined> {
  const path = pathOf(place)
  const { source_project_id: from, source_branch: branch } = read(mergeRequest, await hub.http.ask(path), path)
  if (from === null) return undefined
  const pushes = await pushesTo(hub, `/projects/${from}`, branch)
  const own = new Set(commits)
  const first = pushes.findLastIndex(({ push_data: data }) => own.has(data?.commit_to ?? ''))
  if (!pushes.some(({ push_data: data, author }) => data?.commit_to === head && author !== null && author !== undefined)) return undefined
  return distinct(await Promise.all(pushes.slice(0, first + 1).flatMap(({ author }) => (author === null || author === undefined ? [] : [hub.account(author)]))))
}

/** `acme/security`: with everybody of the groups above it, as GitLab counts its members. */
async function membersOf(hub: GitLab, group: string): Promise<readonly ForgeAccount[] | undefined> {
  if (!/^[\w.-]{1,255}(?:\/[\w.-]{1,255}){0,20}$/.test(group)) return undefined
  const path = `/groups/${encodeURIComponent(group)}/members`
  const listed = await hub.http.findList(path)
  const active = listed?.map((each) => read(member, { body: each }, path)).filter(({ state }) => state === 'active')
  return active === undefined ? undefined : Promise.all(active.map((each) => hub.account(each)))
}

/** Of this very account: anybody can write the marker. */
async function ownNote(hub: GitLab, place: ChangePlace, marker: string) {
  const path = `${pathOf(place)}/notes`
  const listed = await hub.http.findList(path, { activity_filter: 'only_comments', sort: 'asc', order_by: 'created_at' })
  const marked = (listed ?? []).map((each) => read(note, { body: each }, path)).filter(({ body, system }) => !system && body.startsWith(marker))
  if (marked.length === 0) return undefined
  const { id } = read(user, await hub.http.ask('/user'), '/user')
  return marked.find(({ author }) => author?.id === id)
}

/** Characters of a note. */
const mostText = 1_000_000

async function publish(hub: GitLab, change: ProposedChange, marker: string, { markdown }: ForgeVerdict): Promise<Published> {
  const path = `${pathOf(change)}/notes`
  const earlier = await ownNote(hub, change, marker)
  const body = { body: markdown.slice(0, mostText) }
  const answer = earlier === undefined ? await hub.http.find(path, { method: 'POST', body }) : await hub.http.find(`${path}/${earlier.id}`, { method: 'PUT', body })
  return answer === undefined ? {} : { comment: `note ${read(note, answer, path).id}` }
}
