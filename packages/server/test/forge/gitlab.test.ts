/** The GitLab adapter beside a fake of its API that checks what it receives. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type GitLabWorld, gitLabWorld, labBot, type LabUser } from '../../../testkit/src/forge/index.ts'
import { askForge } from '../../src/forge/index.ts'
import { gitLab } from '../../src/forge/gitlab/index.ts'
import type { Forge } from '../../src/ports/forge.ts'

const head = 'a'.repeat(40)
const earlier = 'b'.repeat(40)
const user = (id: number, username: string, bot = false): LabUser => ({ id, username, bot })
const [alice, ben, cleo] = [user(11, 'alice'), user(12, 'ben'), user(13, 'cleo')]
const place = { repository: 'acme/payments', number: 7 }
const marker = '<!-- exeat review -->'
const at = (minute: number): string => `2026-11-22T10:${String(minute).padStart(2, '0')}:00.000Z`

let world: GitLabWorld
let waited: number[]
const forgeOf = (token = 'glpat-aTokenOfAProject', clock = () => 0): Forge => gitLab({ api: `${world.served.origin}/api/v4`, issuer: 'https://gitlab.com', token, wait: async (time) => { waited.push(time) }, clock })

beforeEach(async () => {
  world = await gitLabWorld()
  waited = []
  for (const each of [alice, ben, cleo]) world.users.set(each.id, each)
  world.mergeRequests.set(7, { sha: head, branch: 'hotfix', into: 'main', state: 'opened', author: alice, from: 2001, approvedBy: [] })
  world.commits = [{ sha: head, author: alice, authorEmail: 'alice@acme.example', committerEmail: 'alice@acme.example' }]
  world.versions.push({ head_commit_sha: earlier, created_at: at(0) }, { head_commit_sha: head, created_at: at(10) })
  world.pushes.set(2001, [{ author: alice, ref: 'hotfix', commit_to: head }])
  world.groups.set('acme/security', [ben, cleo])
})
afterEach(() => world.close())

async function ask(forge = forgeOf(), commits = [head]) {
  const change = await forge.change(place)
  return askForge(forge, { change, commits, teams: { 'acme/security': 'security' } })
}
const refusal = async (promise: Promise<unknown>): Promise<string> => promise.then(() => 'none', (error: { readonly problems?: readonly { readonly code: string }[] }) => error.problems?.[0]?.code ?? String(error))

describe('who approved', () => {
  test('counts for the head that stood when the approval was given', async () => {
    world.approve(7, ben, at(11))
    world.approve(7, cleo, at(5))
    expect((await ask()).approvals).toEqual([{ by: { iss: 'https://gitlab.com', sub: '12' }, commit: head, groups: ['security'] }, { by: { iss: 'https://gitlab.com', sub: '13' }, commit: earlier, groups: ['security'] }])
  })
  test('attack-09: an approval of what stood before a push is one of that commit, in the same instant too', async () => {
    world.approve(7, ben, at(10))
    expect((await ask()).approvals).toMatchObject([{ commit: earlier }])
  })
  test('what was taken back, or stands in no note, or was written by hand, is none', async () => {
    world.approve(7, ben, at(11))
    Object.assign(world.mergeRequests.get(7) ?? {}, { approvedBy: [cleo] })
    world.notes.push({ id: 50, author: cleo, system: false, created_at: at(12), body: 'approved this merge request' })
    expect((await ask()).approvals).toEqual([])
  })
  test('attack-14: a bot\'s approval is told as one; blocked members of a group are none', async () => {
    world.users.set(labBot.id, labBot)
    world.approve(7, labBot, at(11))
    world.approve(7, ben, at(11))
    world.groups.set('acme/security', [{ ...ben, state: 'blocked' }])
    expect((await ask()).approvals).toMatchObject([{ bot: true }, { groups: [] }])
  })
})

describe('who had a hand in it', () => {
  const involved = async (commits = [head]): Promise<readonly string[]> => (await ask(forgeOf(), commits)).involved.map(({ sub }) => sub).toSorted()

  test('author, writers of each commit, and everybody who pushed', async () => {
    world.served.pageSize = 1
    world.commits = [
      { sha: head, author: ben, authorEmail: 'ben@acme.example', committerEmail: 'ben@acme.example' },
      { sha: earlier, author: null, authorEmail: '13-cleo@users.noreply.gitlab.com', committerEmail: '13-cleo@users.noreply.gitlab.com' },
    ]
    const [dora, before] = [user(14, 'dora'), user(15, 'before')]
    for (const each of [dora, before]) world.users.set(each.id, each)
    world.pushes.set(2001, [{ author: before, ref: 'hotfix', commit_to: 'c'.repeat(40) }, { author: alice, ref: 'hotfix', commit_to: earlier }, { author: dora, ref: 'hotfix', commit_to: 'd'.repeat(40) }, { author: alice, ref: 'hotfix', commit_to: head }])
    expect(await involved([head, earlier])).toEqual(['11', '12', '13', '14'])
    expect((await ask(forgeOf(), [head, earlier])).warnings).toEqual([])
  })
  test('addresses of nobody, bots without an owner, and pushes that nobody can see are warned of', async () => {
    world.commits = [{ sha: head, author: labBot, authorEmail: 'bot@acme.example', committerEmail: 'x@unknown.example' }]
    world.pushes.clear()
    world.approve(7, ben, at(11))
    expect(await ask()).toMatchObject({ approvals: [], warnings: [{ code: 'FORGE_WRITER' }, { code: 'FORGE_BOT' }, { code: 'FORGE_PUSHER' }] })
    world.pushes.set(2001, [{ author: alice, ref: 'hotfix', commit_to: null }])
    expect((await ask()).approvals).toEqual([])
  })
  test('a commit that the merge request does not have is refused', async () => {
    expect(await refusal(ask(forgeOf(), [earlier]))).toBe('FORGE_ANSWER')
  })
})

describe('what goes wrong', () => {
  test('a revoked token, a merge request that is closed or none, a name that is a path', async () => {
    expect(await refusal(forgeOf('glpat-revokedRevoked').change(place))).toBe('FORGE_TOKEN')
    expect(await refusal(forgeOf().change({ ...place, number: 8 }))).toBe('FORGE_UNKNOWN')
    Object.assign(world.mergeRequests.get(7) ?? {}, { state: 'merged' })
    expect(await refusal(forgeOf().change(place))).toBe('FORGE_UNKNOWN')
    for (const repository of ['../..', 'acme', 'acme/payments?x=1', 'acme/..']) expect(await refusal(forgeOf().change({ ...place, repository })), repository).toBe('FORGE_SETTINGS')
  })
  test('5xx and limits are waited for', async () => {
    world.served.instead.push(() => ({ status: 502 }), () => ({ status: 429, headers: { 'retry-after': '3' } }), () => ({ status: 429, headers: { 'ratelimit-reset': '1010' } }))
    expect(await forgeOf(undefined, () => 1_000_000).change(place)).toMatchObject({ head, repositoryId: '2001' })
    expect(waited).toEqual([1_000, 3_000, 10_000])
  })
  test('an answer that is none of GitLab\'s', async () => {
    for (const body of ['<html>', { iid: 7 }, []]) {
      world.served.instead.push(() => ({ status: 200, body }))
      // oxlint-disable-next-line no-await-in-loop -- one answer after the other
      expect(await refusal(forgeOf().change(place))).toBe('FORGE_ANSWER')
    }
  })
})

test('a verdict is a note that the next run writes over; those of others are left alone', async () => {
  const verdict = { outcome: 'waiting', title: 'waits', markdown: `${marker}\n\nwaits`, annotations: [] } as const
  world.notes.push({ id: 40, author: ben, system: false, created_at: at(1), body: `${marker}\nmine` })
  const forge = forgeOf()
  const change = await forge.change(place)
  expect(await forge.publish(change, marker, verdict)).toMatchObject({ comment: expect.any(String) as string })
  expect(await forge.earlierComment(place, marker)).toBe(`${marker}\n\nwaits`)
  await forge.publish(change, marker, { ...verdict, markdown: `${marker}\n\nmay merge` })
  expect(world.notes.map(({ body }) => body)).toEqual([`${marker}\nmine`, `${marker}\n\nmay merge`])
  world.tokens.set('glpat-onlyReads', { viewer: labBot, mayWrite: false })
  expect(await forgeOf('glpat-onlyReads').publish(change, marker, verdict)).toEqual({})
})
