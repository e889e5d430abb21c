/**
 * GitHub as far as a review asks it, on loopback: REST API 2022-11-28 and GraphQL (run by `graphql`, over the part of its schema that is used). It checks what it
 * receives as GitHub does: token, version, and what a check run or comment may hold.
 */
import { buildSchema, graphql } from 'graphql'
import { type ForgeReply, type ForgeRequest, type ServedForge, serveForge } from './serve.ts'

export interface HubUser {
  readonly id: number
  readonly login: string
  readonly type: 'User' | 'Bot'
}

export interface HubActor {
  readonly email: string
  readonly user?: HubUser
}

export interface HubPull {
  head: string
  ref: string
  into: string
  state: string
  user: HubUser | null
  /** Of the head; null: it was deleted. */
  from: { readonly id: number; readonly full_name: string } | null
  /** Its commits; once merged, the commit of the branch that it became. */
  commits?: readonly string[]
  merged?: string
  reviews: { readonly user: HubUser | null; readonly state: string; readonly commit_id: string | null }[]
}

export interface HubComment {
  readonly id: number
  readonly user: HubUser
  body: string
}

export interface HubCheck {
  readonly id: number
  readonly name: string
  readonly head_sha: string
  readonly conclusion: string
  output: { readonly title: string; readonly summary: string; readonly annotations: unknown[] }
}

export interface GitHubWorld {
  readonly served: ServedForge
  readonly repository: { readonly id: number; readonly full_name: string }
  readonly pulls: Map<number, HubPull>
  /** Who wrote a commit, by its id. */
  readonly commits: Map<string, { readonly committer: HubActor; readonly authors: readonly HubActor[] }>
  /** Pushes, oldest first, by repository. */
  readonly pushes: Map<string, { readonly after: string; readonly ref: string; readonly actor: HubUser | null; readonly activity_type?: string }[]>
  /** Absent: there is none, or it may not be seen. */
  readonly teams: Map<string, readonly HubUser[]>
  readonly apps: Map<string, HubUser | null>
  readonly comments: HubComment[]
  readonly checks: HubCheck[]
  /** Tokens that it takes, and whose they are. */
  readonly tokens: Map<string, { readonly viewer: HubUser; readonly mayWrite: boolean }>
  readonly env: (token?: string) => Readonly<Record<string, string>>
  close(): Promise<void>
}

const schema = buildSchema(`
  scalar GitObjectID
  type Query { repository(owner: String!, name: String!): Repository  viewer: Actor! }
  type Repository { object(oid: GitObjectID): GitObject }
  interface GitObject { oid: GitObjectID! }
  type Commit implements GitObject { oid: GitObjectID!  committer: GitActor  authors(first: Int): GitActorConnection! }
  type Blob implements GitObject { oid: GitObjectID! }
  type GitActorConnection { totalCount: Int!  nodes: [GitActor] }
  type GitActor { email: String  user: Account }
  type Account { databaseId: Int  login: String! }
  type Actor { login: String! }
`)

export const hubUser = (id: number, login: string, type: HubUser['type'] = 'User'): HubUser => ({ id, login, type })
export const actionsBot = hubUser(41898282, 'github-actions[bot]', 'Bot')

export async function gitHubWorld(repository = { id: 1001, full_name: 'acme/payments' }): Promise<GitHubWorld> {
  const served = await serveForge((request) => answer(world, request))
  const world: GitHubWorld = {
    served, repository, pulls: new Map(), commits: new Map(), pushes: new Map(), teams: new Map(), apps: new Map(), comments: [], checks: [],
    tokens: new Map([['ghs_aTokenOfAJob', { viewer: actionsBot, mayWrite: true }]]),
    env: (token = 'ghs_aTokenOfAJob') => ({ GITHUB_API_URL: served.origin, GITHUB_GRAPHQL_URL: `${served.origin}/graphql`, GITHUB_SERVER_URL: 'https://github.com', GITHUB_REPOSITORY: repository.full_name, EXEAT_FORGE_TOKEN: token }),
    close: () => served.close(),
  }
  return world
}

const no = (status: number, message: string): ForgeReply => ({ status, body: { message, documentation_url: 'https://docs.github.com/rest' } })
const notFound = no(404, 'Not Found')

async function answer(world: GitHubWorld, request: ForgeRequest): Promise<ForgeReply> {
  const { headers, method, path } = request
  const known = world.tokens.get(/^Bearer (\S+)$/.exec(headers.authorization ?? '')?.[1] ?? '')
  if (known === undefined) return no(401, 'Bad credentials')
  if (headers['user-agent'] === undefined) return no(403, 'Request forbidden by administrative rules.')
  if (headers['x-github-api-version'] !== '2022-11-28') return no(400, 'Unsupported API version')
  if (path === '/graphql') return inGraphQL(world, request, known.viewer)
  if (method === 'GET') return read(world, request)
  return known.mayWrite ? write(world, request, known.viewer) : no(403, 'Resource not accessible by integration')
}

function read(world: GitHubWorld, { path, query }: ForgeRequest): ForgeReply {
  const [kind, owner = '', name = '', what, number] = path.split('/').slice(1)
  if (kind === 'apps') return world.apps.has(owner) ? { status: 200, body: { slug: owner, owner: world.apps.get(owner) } } : notFound
  if (kind === 'orgs') {
    const members = world.teams.get(`${owner}/${what === 'members' ? '' : path.split('/')[4] ?? ''}`)
    return members === undefined ? notFound : { status: 200, list: members }
  }
  if (kind !== 'repos') return notFound
  if (what === 'activity') return activity(world, `${owner}/${name}`, query.get('ref'))
  if (`${owner}/${name}` !== world.repository.full_name) return notFound
  if (what === 'issues') return { status: 200, list: world.comments.map((each) => shown(world, each)) }
  const shownPull = (id: number, { head, ref, into, state, user, from, merged }: HubPull) => ({
    number: id, state, user, head: { sha: head, ref, repo: from }, base: { ref: into, sha: head, repo: world.repository }, merged_at: merged === undefined ? null : '2026-01-01T00:00:00Z',
  })
  if (what === 'commits' && path.endsWith('/pulls')) return { status: 200, list: [...world.pulls].filter(([, { merged, commits }]) => merged === number || commits?.includes(number ?? '') === true).map(([id, each]) => shownPull(id, each)) }
  const pull = world.pulls.get(Number(number))
  if (what !== 'pulls' || pull === undefined) return notFound
  if (path.endsWith('/reviews')) return { status: 200, list: pull.reviews.map((each, index) => ({ id: index + 1, ...each })) }
  if (path.endsWith('/commits')) return { status: 200, list: (pull.commits ?? [pull.head]).map((sha) => ({ sha })) }
  return { status: 200, body: shownPull(Number(number), pull) }
}

function activity(world: GitHubWorld, repository: string, ref: string | null): ForgeReply {
  const pushes = world.pushes.get(repository)
  if (pushes === undefined) return notFound
  return { status: 200, list: pushes.filter((each) => ref === null || each.ref === ref).map((each, index) => ({ id: index, activity_type: 'push', ...each })).toReversed() }
}

const shown = ({ repository, served }: GitHubWorld, { id, user, body }: HubComment) => ({ id, user, body, html_url: `${served.origin}/${repository.full_name}/issues#${id}` })

function write(world: GitHubWorld, { method, path, body }: ForgeRequest, viewer: HubUser): ForgeReply {
  const base = `/repos/${world.repository.full_name}`
  const given = body as Record<string, unknown>
  const [, comment] = new RegExp(`^${base}/issues/comments/(\\d+)$`).exec(path) ?? []
  const [, check] = new RegExp(`^${base}/check-runs/(\\d+)$`).exec(path) ?? []
  if (method === 'POST' && new RegExp(`^${base}/issues/\\d+/comments$`).test(path)) return addComment(world, given, viewer)
  if (method === 'PATCH' && comment !== undefined) return changeComment(world, Number(comment), given, viewer)
  if (method === 'POST' && path === `${base}/check-runs`) return addCheck(world, given)
  if (method === 'PATCH' && check !== undefined) return changeCheck(world, Number(check), given)
  return notFound
}

const isText = (text: unknown, most: number): text is string => typeof text === 'string' && text.trim() !== '' && text.length <= most

function addComment(world: GitHubWorld, { body }: Record<string, unknown>, viewer: HubUser): ForgeReply {
  if (!isText(body, 65_536)) return no(422, 'Body is too long or blank')
  const comment = { id: world.comments.length + 1, user: viewer, body }
  world.comments.push(comment)
  return { status: 201, body: shown(world, comment) }
}

function changeComment(world: GitHubWorld, id: number, { body }: Record<string, unknown>, viewer: HubUser): ForgeReply {
  const comment = world.comments.find((each) => each.id === id)
  if (comment === undefined) return notFound
  if (!isText(body, 65_536)) return no(422, 'Body is too long or blank')
  if (comment.user.id !== viewer.id) return no(403, 'somebody else\'s comment was written over')
  comment.body = body
  return { status: 200, body: shown(world, comment) }
}

const conclusions = new Set(['action_required', 'cancelled', 'failure', 'neutral', 'success', 'skipped', 'stale', 'timed_out'])

function addCheck(world: GitHubWorld, given: Record<string, unknown>): ForgeReply {
  const { name, head_sha: head, conclusion, status } = given
  const output = outputIn(given)
  if (output === undefined || !isText(name, 255) || typeof head !== 'string' || !/^[0-9a-f]{40}$/.test(head) || status !== 'completed' || !conclusions.has(String(conclusion))) return no(422, 'Invalid request')
  const check = { id: world.checks.length + 1, name, head_sha: head, conclusion: String(conclusion), output }
  world.checks.push(check)
  return { status: 201, body: { id: check.id, html_url: `${world.served.origin}/checks/${check.id}` } }
}

function changeCheck(world: GitHubWorld, id: number, given: Record<string, unknown>): ForgeReply {
  const [check, output] = [world.checks.find((each) => each.id === id), outputIn(given)]
  if (check === undefined) return notFound
  if (output === undefined) return no(422, 'Invalid request')
  // Annotations are added to those that are there.
  check.output = { ...output, annotations: [...check.output.annotations, ...output.annotations] }
  return { status: 200, body: { id, html_url: `${world.served.origin}/checks/${id}` } }
}

function outputIn({ output }: Record<string, unknown>): HubCheck['output'] | undefined {
  const { title, summary, annotations } = output as { readonly title?: unknown; readonly summary?: unknown; readonly annotations?: unknown }
  if (!isText(title, 255) || !isText(summary, 65_535) || !Array.isArray(annotations) || annotations.length > 50) return undefined
  return annotations.every(isAnnotation) ? { title, summary, annotations } : undefined
}

function isAnnotation(each: unknown): boolean {
  const { path, start_line: start, end_line: end, annotation_level: level, message, title } = each as Record<string, unknown>
  return isText(path, 4096) && Number.isInteger(start) && Number(start) >= 1 && Number(end) >= Number(start) && ['notice', 'warning', 'failure'].includes(String(level)) && isText(message, 65_536) && isText(title, 255)
}

async function inGraphQL(world: GitHubWorld, { body }: ForgeRequest, viewer: HubUser): Promise<ForgeReply> {
  const { query, variables } = body as { readonly query: string; readonly variables: Record<string, unknown> }
  const actor = ({ email, user }: HubActor) => ({ email, user: user === undefined ? null : { databaseId: user.id, login: user.login } })
  const commit = ({ oid }: { readonly oid: string }) => {
    const found = world.commits.get(oid)
    return found === undefined ? null : {
      __typename: 'Commit', oid, committer: actor(found.committer), authors: ({ first = 10 }: { readonly first?: number }) => ({ totalCount: found.authors.length, nodes: found.authors.slice(0, first).map(actor) }),
    }
  }
  const rootValue = { viewer, repository: ({ owner, name }: Record<string, unknown>) => (`${String(owner)}/${String(name)}` === world.repository.full_name ? { object: commit } : null) }
  // GitHub answers 200 whatever is wrong with a question.
  return { status: 200, body: await graphql({ schema, source: query, rootValue, variableValues: variables }) }
}
