/** Which accounts wrote a commit. The REST API knows its author and committer; co-authors only GraphQL names, as accounts. */
import type { ChangePlace, ForgeAccount, ForgeWriters } from '../../ports/forge.ts'
import { distinct } from '../accounts.ts'
import { forgeError } from '../codes.ts'
import { type GraphCommit as Commit, graphCommits } from './answers.ts'
import { type GitHub, read, repositoryPath } from './hub.ts'

const batch = 50
const most = 10_000

type Actor = Commit['authors']['nodes'][number]

/** @throws {ExeatError} FORGE_ANSWER where the repository does not have one of them, or it has more than 100 authors */
export async function writersOf(hub: GitHub, { repository }: ChangePlace, commits: readonly string[]): Promise<ForgeWriters> {
  if (commits.length > most) throw forgeError('FORGE_ANSWER', `the change has ${commits.length} commits, and at most ${most} are asked about`, 'split it')
  const found: Commit[] = []
  for (let at = 0; at < commits.length; at += batch) {
    // oxlint-disable-next-line no-await-in-loop -- a batch at a time: GitHub limits what is asked at once
    found.push(...await commitsOf(hub, repository, commits.slice(at, at + batch)))
  }
  const actors = found.flatMap(({ oid, committer, authors }) => [...authors.nodes, ...(committer === null ? [] : [committer])].map((actor) => ({ oid, actor })))
  return {
    accounts: distinct(actors.flatMap(({ actor }) => accountOf(hub, actor) ?? [])),
    unknown: [...new Set(actors.flatMap(({ oid, actor }) => (accountOf(hub, actor) === undefined && !isForge(actor) ? [oid] : [])))],
  }
}

async function commitsOf(hub: GitHub, repository: string, oids: readonly string[]): Promise<readonly Commit[]> {
  const [owner = '', name = ''] = repositoryPath(repository).split('/').slice(2)
  const fields = oids.map((oid, index) => `c${index}: object(oid: "${oid}") { ... on Commit { oid committer { email user { databaseId login } } authors(first: 100) { totalCount nodes { email user { databaseId login } } } } }`)
  const body = await hub.graph(`query($owner: String!, $name: String!) { repository(owner: $owner, name: $name) { ${fields.join(' ')} } }`, { owner, name })
  const commits = read(graphCommits, { body }, '/graphql').data.repository ?? {}
  return oids.map((oid, index) => {
    const commit = commits[`c${index}`]
    if (commit?.oid !== oid) throw forgeError('FORGE_ANSWER', `GitHub has no commit \`${oid.slice(0, 12)}\` of the change in \`${repository}\``, 'push it, or review what was pushed')
    if (commit.authors.totalCount > commit.authors.nodes.length) throw forgeError('FORGE_ANSWER', `commit \`${oid.slice(0, 12)}\` has ${commit.authors.totalCount} authors, and at most 100 are read`, 'split it')
    return commit
  })
}

/** An address `ID+LOGIN@users.noreply…` names its account by itself, whether GitHub still shows it or not. */
function accountOf({ account }: GitHub, { email, user }: Actor): ForgeAccount | undefined {
  if (user !== null) return account({ id: user.databaseId, login: user.login, type: 'User' })
  const [, id, login] = /^(\d{1,15})\+([\w.-]{1,100}(?:\[bot\])?)@users\.noreply\.[\w.-]+$/.exec(email ?? '') ?? []
  return id === undefined || login === undefined ? undefined : account({ id: Number(id), login, type: login.endsWith('[bot]') ? 'Bot' : 'User' })
}

/** What GitHub itself commits when somebody merges or edits there; who that was is the author. */
const isForge = ({ email }: Actor): boolean => email === 'noreply@github.com'
