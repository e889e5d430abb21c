/** GitLab as far as a review asks it, on loopback: REST API v4 and GraphQL (run by `graphql`, over the part of its schema that is used). It checks what it receives. */
import { buildSchema, graphql } from 'graphql'
import { type ForgeReply, type ForgeRequest, type ServedForge, serveForge } from './serve.ts'

export interface LabUser {
  readonly id: number
  readonly username: string
  readonly bot: boolean
}

export interface LabMergeRequest {
  sha: string
  branch: string
  into: string
  state: string
  author: LabUser
  /** Number of the project that it comes from; null: it was deleted. */
  from: number | null
  approvedBy: LabUser[]
  /** Once merged: the commit of the branch that it became. */
  merged?: string
}

export interface LabCommit {
  readonly sha: string
  readonly author: LabUser | null
  readonly authorEmail: string
  readonly committerEmail: string
}

export interface LabNote {
  readonly id: number
  readonly author: LabUser
  readonly system: boolean
  readonly created_at: string
  body: string
}

export interface GitLabWorld {
  readonly served: ServedForge
  readonly project: { readonly id: number; readonly path: string }
  readonly mergeRequests: Map<number, LabMergeRequest>
  readonly users: Map<number, LabUser>
  /** Of the merge request, newest first. */
  commits: readonly LabCommit[]
  /** What its head was, and since when. */
  readonly versions: { readonly head_commit_sha: string; readonly created_at: string }[]
  readonly notes: LabNote[]
  /** Oldest first, by project. */
  readonly pushes: Map<number, { readonly author: LabUser; readonly ref: string; readonly commit_to: string | null }[]>
  readonly groups: Map<string, readonly (LabUser & { readonly state?: string })[]>
  readonly tokens: Map<string, { readonly viewer: LabUser; readonly mayWrite: boolean }>
  readonly env: (token?: string) => Readonly<Record<string, string>>
  /** Somebody says yes, and it stands in the notes at this time. */
  approve(number: number, user: LabUser, at: string): void
  close(): Promise<void>
}

const schema = buildSchema(`
  type Query { project(fullPath: ID!): Project }
  type Project { mergeRequest(iid: String!): MergeRequest }
  type MergeRequest { commits(first: Int, after: String): CommitConnection }
  type CommitConnection { nodes: [Commit]  pageInfo: PageInfo! }
  type PageInfo { hasNextPage: Boolean!  endCursor: String }
  type Commit { sha: String!  author: UserCore  authorEmail: String  committerEmail: String }
  type UserCore { id: ID!  username: String! }
`)

export const labBot: LabUser = { id: 900, username: 'project_2001_bot', bot: true }

export async function gitLabWorld(project = { id: 2001, path: 'acme/payments' }): Promise<GitLabWorld> {
  const served = await serveForge((request) => answer(world, request))
  const world: GitLabWorld = {
    served, project, mergeRequests: new Map(), users: new Map([[labBot.id, labBot]]), commits: [], versions: [], notes: [], pushes: new Map(), groups: new Map(),
    tokens: new Map([['glpat-aTokenOfAProject', { viewer: labBot, mayWrite: true }]]),
    env: (token = 'glpat-aTokenOfAProject') => ({ CI_API_V4_URL: `${served.origin}/api/v4`, CI_SERVER_URL: 'https://gitlab.com', CI_PROJECT_PATH: project.path, EXEAT_FORGE_TOKEN: token }),
    approve: (number, user, at) => {
      world.mergeRequests.get(number)?.approvedBy.push(user)
      world.notes.push({ id: world.notes.length + 1, author: user, system: true, created_at: at, body: 'approved this merge request' })
    },
    close: () => served.close(),
  }
  return world
}

const no = (status: number, message: string): ForgeReply => ({ status, body: { message } })
const notFound = no(404, '404 Not Found')

function answer(world: GitLabWorld, request: ForgeRequest): Promise<ForgeReply> | ForgeReply {
  const known = world.tokens.get(String(request.headers['private-token']))
  if (known === undefined) return no(401, '401 Unauthorized')
  if (request.path === '/api/graphql') return inGraphQL(world, request)
  if (!request.path.startsWith('/api/v4/')) return notFound
  // Names of projects and groups are one part of the path, with their slashes encoded.
  const parts = request.path.slice('/api/v4/'.length).split('/').map((part) => decodeURIComponent(part))
  return parts[0] === 'projects' ? ofProject(world, request, parts.slice(1), known) : ofPeople(world, parts, known.viewer)
}

function ofPeople(world: GitLabWorld, [kind, name = '', what]: readonly string[], viewer: LabUser): ForgeReply {
  if (kind === 'user') return { status: 200, body: shown(viewer) }
  if (kind === 'users') return world.users.has(Number(name)) ? { status: 200, body: world.users.get(Number(name)) } : notFound
  const group = kind === 'groups' && what === 'members' ? world.groups.get(name) : undefined
  return group === undefined ? notFound : { status: 200, list: group.map((each) => ({ ...shown(each), state: each.state ?? 'active', access_level: 30 })) }
}

const shown = ({ id, username }: LabUser) => ({ id, username, name: username, state: 'active', web_url: `https://gitlab.com/${username}` })

function ofProject(world: GitLabWorld, request: ForgeRequest, [project = '', kind, number, what, note]: readonly string[], known: { readonly viewer: LabUser; readonly mayWrite: boolean }): ForgeReply {
  if (kind === 'events') {
    const pushes = world.pushes.get(project === world.project.path ? world.project.id : Number(project))
    return pushes === undefined ? notFound : { status: 200, list: pushes.map(({ author, ref, commit_to: to }) => ({ action_name: 'pushed to', author: shown(author), push_data: { ref, ref_type: 'branch', commit_to: to, commit_count: 1 } })).toReversed() }
  }
  // projects/:id/repository/commits/:sha/merge_requests
  if (project === world.project.path && kind === 'repository' && note === 'merge_requests') {
    return { status: 200, list: [...world.mergeRequests].filter(([, { merged }]) => merged === what || (merged !== undefined && world.commits.some(({ sha }) => sha === what))).map(([iid, each]) => shownRequest(world, iid, each)) }
  }
  const found = project === world.project.path && kind === 'merge_requests' ? world.mergeRequests.get(Number(number)) : undefined
  if (found === undefined) return notFound
  if (request.method !== 'GET') return known.mayWrite ? writeNote(world, request, known.viewer, note) : no(403, '403 Forbidden')
  if (what === 'approvals') return { status: 200, body: { approved: true, approved_by: found.approvedBy.map((user) => ({ user: shown(user) })) } }
  if (what === 'versions') return { status: 200, list: world.versions.toReversed() }
  if (what === 'notes') return { status: 200, list: world.notes.filter(({ system }) => (request.query.get('activity_filter') === 'only_comments' ? !system : request.query.get('activity_filter') === 'only_activity' ? system : true)).map((each) => ({ ...each, author: shown(each.author) })) }
  if (what === 'commits') return { status: 200, list: world.commits.map(({ sha }) => ({ id: sha })) }
  return { status: 200, body: shownRequest(world, Number(number), found) }
}

const shownRequest = ({ project }: GitLabWorld, iid: number, { sha, branch, into, state, author, from }: LabMergeRequest) =>
  ({ iid, state, author: shown(author), sha, source_branch: branch, target_branch: into, source_project_id: from, target_project_id: project.id })

function writeNote(world: GitLabWorld, { method, body }: ForgeRequest, viewer: LabUser, id: string | undefined): ForgeReply {
  const { body: text } = body as { readonly body?: unknown }
  if (typeof text !== 'string' || text.trim() === '' || text.length > 1_000_000) return no(400, 'body is invalid')
  if (method === 'POST') {
    const made = { id: world.notes.length + 1, author: viewer, system: false, created_at: '2026-01-01T00:00:00Z', body: text }
    world.notes.push(made)
    return { status: 201, body: { ...made, author: shown(viewer) } }
  }
  const note = world.notes.find((each) => each.id === Number(id))
  if (method !== 'PUT' || note === undefined) return notFound
  if (note.author.id !== viewer.id) return no(403, 'somebody else\'s note was written over')
  note.body = text
  return { status: 200, body: { ...note, author: shown(viewer) } }
}

async function inGraphQL(world: GitLabWorld, { body }: ForgeRequest): Promise<ForgeReply> {
  const { query, variables } = body as { readonly query: string; readonly variables: Record<string, unknown> }
  const commits = ({ first = 100, after }: { readonly first?: number; readonly after?: string | null }) => {
    const start = Number(after ?? 0)
    const end = start + Math.min(first, world.served.pageSize)
    return {
      nodes: world.commits.slice(start, end).map(({ author, ...rest }) => ({ ...rest, author: author === null ? null : { id: `gid://gitlab/User/${author.id}`, username: author.username } })),
      pageInfo: { hasNextPage: end < world.commits.length, endCursor: String(end) },
    }
  }
  const rootValue = { project: ({ fullPath }: Record<string, unknown>) => (fullPath === world.project.path ? { mergeRequest: ({ iid }: Record<string, unknown>) => (world.mergeRequests.has(Number(iid)) ? { commits } : null) } : null) }
  return { status: 200, body: await graphql({ schema, source: query, rootValue, variableValues: variables }) }
}
