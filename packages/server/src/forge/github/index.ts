/** GitHub, and GitHub Enterprise Server: pull requests, reviews, teams, pushes, check runs and comments (REST API 2022-11-28, and GraphQL for who wrote a commit). */
import type { z } from 'zod'
import type { ChangePlace, Forge, ForgeAccount, ProposedChange } from '../../ports/forge.ts'
import { distinct } from '../accounts.ts'
import { forgeError } from '../codes.ts'
import { app, pull, review, user } from './answers.ts'
import { broughtBy, pushesTo, pusherTo } from './merged.ts'
import { type GitHub, type GitHubOptions, openerOf, openHub, read, repositoryPath } from './hub.ts'
import { earlierComment, publish } from './publish.ts'
import { writersOf } from './writers.ts'

/** @throws {ExeatError} FORGE_SETTINGS */
export function gitHub(options: GitHubOptions): Forge {
  const hub = openHub(options)
  return {
    kind: 'github', issuer: options.issuer,
    change: (place) => changeOf(hub, place),
    writers: (place, commits) => writersOf(hub, place, commits),
    pushers: (change, commits) => pushersOf(hub, change, commits),
    broughtBy: (repository, branch, commit) => broughtBy(hub, repository, branch, commit),
    pusherTo: (repository, branch, since) => pusherTo(hub, repository, branch, since),
    ownerOf: (bot) => ownerOf(hub, bot),
    membersOf: (team) => membersOf(hub, team),
    earlierComment: (place, marker) => earlierComment(hub, place, marker),
    publish: (change, marker, verdict) => publish(hub, change, marker, verdict),
  }
}

async function changeOf(hub: GitHub, place: ChangePlace): Promise<ProposedChange> {
  const path = `${repositoryPath(place.repository)}/pulls/${place.number}`
  const { state, user: opener, head, base } = read(pull, await hub.http.ask(path), path)
  if (state !== 'open') throw forgeError('FORGE_UNKNOWN', `pull request ${place.number} is ${state}`, 'review one that is open')
  const reviews = await hub.http.list(`${path}/reviews`)
  return {
    ...place, repositoryId: String(base.repo.id), into: base.ref, head: head.sha, isFork: head.repo?.id !== base.repo.id,
    opener: openerOf(hub, opener),
    approvals: approvalsIn(hub, reviews, `${path}/reviews`),
  }
}

const deciding = new Set(['APPROVED', 'CHANGES_REQUESTED', 'DISMISSED'])

/** The last review of each person that says yes or no; a comment takes nothing back. */
function approvalsIn({ account }: GitHub, reviews: readonly unknown[], what: string): ProposedChange['approvals'] {
  const last = new Map<number, z.output<typeof review>>()
  for (const each of reviews) {
    const found = read(review, { body: each }, what)
    if (found.user !== null && deciding.has(found.state)) last.set(found.user.id, found)
  }
  return [...last.values()].flatMap(({ user: by, state, commit_id: commit }) => (state !== 'APPROVED' || by === null || commit === null ? [] : [{ by: account(by), commit }]))
}

/** Every push to the branch since the first that brought any of these commits, whatever became of what it brought. */
async function pushersOf(hub: GitHub, { repository, number, head }: Omit<ProposedChange, 'approvals'>, commits: readonly string[]): Promise<readonly ForgeAccount[] | undefined> {
  const path = `${repositoryPath(repository)}/pulls/${number}`
  const { head: { ref, repo } } = read(pull, await hub.http.ask(path), path)
  if (repo === null) return undefined
  const pushes = await pushesTo(hub, repo.full_name, ref)
  const own = new Set(commits)
  const first = pushes.findLastIndex(({ after }) => own.has(after))
  if (!pushes.some(({ after, actor }) => after === head && actor !== null)) return undefined
  return distinct(pushes.slice(0, first + 1).flatMap(({ actor }) => (actor === null ? [] : [hub.account(actor)])))
}

/** An app's owner, where that is a person: `dependabot[bot]` is the app `dependabot`. */
async function ownerOf(hub: GitHub, { login }: ForgeAccount): Promise<ForgeAccount | undefined> {
  const [, slug] = /^([\w.-]{1,100})\[bot\]$/.exec(login) ?? []
  const answer = slug === undefined ? undefined : await hub.http.find(`/apps/${slug}`)
  const owner = answer === undefined ? null : read(app, answer, '/apps').owner
  return owner?.type === 'User' ? hub.account(owner) : undefined
}

/** `acme/security`: with everybody of the teams within it. */
async function membersOf(hub: GitHub, team: string): Promise<readonly ForgeAccount[] | undefined> {
  const [, organisation, slug] = /^([\w.-]{1,100})\/([\w.-]{1,100})$/.exec(team) ?? []
  if (organisation === undefined || slug === undefined) return undefined
  const path = `/orgs/${organisation}/teams/${slug}/members`
  const listed = await hub.http.findList(path)
  return listed?.map((each) => hub.account(read(user, { body: each }, path)))
}

