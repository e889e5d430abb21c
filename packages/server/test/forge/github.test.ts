/** The GitHub adapter beside a fake of its API that checks what it receives. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { actionsBot, type GitHubWorld, gitHubWorld, type HubActor, hubUser } from '../../../testkit/src/forge/index.ts'
import { askForge } from '../../src/forge/index.ts'
import { gitHub } from '../../src/forge/github/index.ts'
import type { Forge, ForgeVerdict } from '../../src/ports/forge.ts'

const head = 'a'.repeat(40)
const [alice, ben, cleo] = [hubUser(11, 'alice'), hubUser(12, 'ben'), hubUser(13, 'cleo')]
const by = (user: typeof alice): HubActor => ({ email: `${user.login}@acme.example`, user })
const place = { repository: 'acme/payments', number: 42 }
const teams = { 'acme/security': 'security' }
const marker = '<!-- exeat review -->'

let world: GitHubWorld
let waited: number[]
const forgeOf = (token = 'ghs_aTokenOfAJob', clock = () => 0): Forge => gitHub({ api: world.served.origin, issuer: 'https://github.com', token, wait: async (time) => { waited.push(time) }, clock })
const verdict = (more: Partial<ForgeVerdict> = {}): ForgeVerdict => ({ outcome: 'waiting', title: 'waits for people', markdown: `${marker}\n\nwaits`, annotations: [], ...more })

beforeEach(async () => {
  world = await gitHubWorld()
  waited = []
  world.pulls.set(42, { head, ref: 'hotfix', into: 'main', state: 'open', user: alice, from: world.repository, reviews: [] })
  world.commits.set(head, { committer: by(alice), authors: [by(alice)] })
  world.pushes.set('acme/payments', [{ after: head, ref: 'refs/heads/hotfix', actor: alice }])
  world.teams.set('acme/security', [ben, cleo])
})
afterEach(() => world.close())

async function ask(forge = forgeOf(), commits = [head]) {
  const change = await forge.change(place)
  return askForge(forge, { change, commits, teams })
}
const refusal = async (promise: Promise<unknown>): Promise<string> => promise.then(() => 'none', (error: { readonly problems?: readonly { readonly code: string }[] }) => error.problems?.[0]?.code ?? String(error))

describe('who approved', () => {
  test('the last word of each reviewer counts, at the commit that was looked at', async () => {
    const pull = world.pulls.get(42)
    pull?.reviews.push(
      { user: ben, state: 'CHANGES_REQUESTED', commit_id: head }, { user: ben, state: 'APPROVED', commit_id: head }, { user: ben, state: 'COMMENTED', commit_id: head },
      { user: cleo, state: 'APPROVED', commit_id: head }, { user: cleo, state: 'CHANGES_REQUESTED', commit_id: head }, { user: null, state: 'APPROVED', commit_id: head },
    )
    expect((await ask()).approvals).toEqual([{ by: { iss: 'https://github.com', sub: '12' }, commit: head, groups: ['security'] }])
  })
  test('a dismissed approval is none, and one of another commit says which', async () => {
    world.pulls.get(42)?.reviews.push({ user: ben, state: 'APPROVED', commit_id: head }, { user: ben, state: 'DISMISSED', commit_id: head }, { user: cleo, state: 'APPROVED', commit_id: 'b'.repeat(40) })
    expect((await ask()).approvals).toEqual([expect.objectContaining({ by: { iss: 'https://github.com', sub: '13' }, commit: 'b'.repeat(40) })])
  })
  test('attack-14: an app that approves is told as one', async () => {
    world.pulls.get(42)?.reviews.push({ user: hubUser(77, 'approver[bot]', 'Bot'), state: 'APPROVED', commit_id: head })
    expect((await ask()).approvals).toMatchObject([{ bot: true }])
  })
  test('lists are read page by page, to their end', async () => {
    world.served.pageSize = 7
    world.teams.set('acme/security', Array.from({ length: 40 }, (_, index) => hubUser(1000 + index, `m${index}`)))
    for (let index = 0; index < 40; index += 1) world.pulls.get(42)?.reviews.push({ user: hubUser(1000 + index, `m${index}`), state: 'APPROVED', commit_id: head })
    const told = await ask()
    expect(told.approvals).toHaveLength(40)
    expect(told.approvals.every(({ groups }) => groups.includes('security'))).toBe(true)
  })
  test('a team that may not be seen gives nobody, and says so', async () => {
    world.teams.clear()
    world.pulls.get(42)?.reviews.push({ user: ben, state: 'APPROVED', commit_id: head })
    expect(await ask()).toMatchObject({ approvals: [{ groups: [] }], warnings: [{ code: 'FORGE_TEAM' }] })
  })
  test('a head that moves while it is read is refused, and an approval that is taken back meanwhile counts no more', async () => {
    world.pulls.get(42)?.reviews.push({ user: ben, state: 'APPROVED', commit_id: head })
    const forge = forgeOf()
    const change = await forge.change(place)
    world.pulls.get(42)?.reviews.push({ user: ben, state: 'DISMISSED', commit_id: head })
    expect((await askForge(forge, { change, commits: [head], teams })).approvals).toEqual([])
    Object.assign(world.pulls.get(42) ?? {}, { head: 'c'.repeat(40) })
    expect(await refusal(askForge(forge, { change, commits: [head], teams }))).toBe('FORGE_CHANGED')
  })
})

describe('who had a hand in it', () => {
  const involved = async (commits = [head]): Promise<readonly string[]> => (await ask(forgeOf(), commits)).involved.map(({ sub }) => sub).toSorted()

  test('author, committer, co-authors, opener and everybody who pushed', async () => {
    const earlier = 'd'.repeat(40)
    world.commits.set(head, { committer: { email: 'noreply@github.com' }, authors: [by(alice), { email: '12+ben@users.noreply.github.com' }] })
    world.commits.set(earlier, { committer: by(cleo), authors: [by(cleo)] })
    world.pushes.set('acme/payments', [
      { after: 'e'.repeat(40), ref: 'refs/heads/hotfix', actor: hubUser(90, 'before') }, { after: earlier, ref: 'refs/heads/hotfix', actor: hubUser(91, 'first') },
      { after: 'f'.repeat(40), ref: 'refs/heads/hotfix', actor: hubUser(92, 'forced-away'), activity_type: 'force_push' }, { after: head, ref: 'refs/heads/hotfix', actor: hubUser(93, 'last') },
      { after: head, ref: 'refs/heads/other', actor: hubUser(94, 'elsewhere') },
    ])
    expect(await involved([head, earlier])).toEqual(['11', '12', '13', '91', '92', '93'])
    expect((await ask(forgeOf(), [head, earlier])).warnings).toEqual([])
  })
  test('the owner of an app that wrote it; an organisation\'s app, and an address of no account, are warned of', async () => {
    world.commits.set(head, { committer: { email: 'x@unknown.example' }, authors: [{ email: '77+own[bot]@users.noreply.github.com' }, { email: '78+org[bot]@users.noreply.github.com' }] })
    world.apps.set('own', hubUser(50, 'mallory'))
    expect(await involved()).toEqual(['11', '50', '77', '78'])
    expect((await ask()).warnings.map(({ code }) => code)).toEqual(['FORGE_WRITER', 'FORGE_BOT'])
  })
  test('who pushed the head of a fork that may not be read is unknown: no approval counts', async () => {
    Object.assign(world.pulls.get(42) ?? {}, { from: { id: 2002, full_name: 'mallory/payments' } })
    world.pulls.get(42)?.reviews.push({ user: ben, state: 'APPROVED', commit_id: head })
    expect(await ask()).toMatchObject({ approvals: [], warnings: [{ code: 'FORGE_PUSHER' }] })
    world.pushes.set('mallory/payments', [{ after: head, ref: 'refs/heads/hotfix', actor: ben }])
    expect(await ask()).toMatchObject({ approvals: [{}], warnings: [] })
    expect(await involved()).toEqual(['11', '12'])
  })
  test('nor is it known where the branch is gone, or its last push is not listed', async () => {
    world.pulls.get(42)?.reviews.push({ user: ben, state: 'APPROVED', commit_id: head })
    world.pushes.set('acme/payments', [{ after: 'd'.repeat(40), ref: 'refs/heads/hotfix', actor: alice }])
    expect((await ask()).warnings).toMatchObject([{ code: 'FORGE_PUSHER' }])
    Object.assign(world.pulls.get(42) ?? {}, { from: null })
    expect((await ask()).approvals).toEqual([])
  })
  test('120 commits are asked about in three questions, and one that the repository lacks is refused', async () => {
    const commits = Array.from({ length: 120 }, (_, index) => index.toString(16).padStart(40, '0'))
    for (const commit of commits) world.commits.set(commit, { committer: by(alice), authors: [by(alice)] })
    expect(await involved([head, ...commits])).toEqual(['11'])
    expect(world.served.requests.filter(({ path }) => path === '/graphql')).toHaveLength(3)
    expect(await refusal(ask(forgeOf(), ['9'.repeat(40)]))).toBe('FORGE_ANSWER')
  })
})

describe('what goes wrong', () => {
  test('a revoked token, a change that is none, one that is closed, a name that is a path', async () => {
    world.tokens.clear()
    expect(await refusal(forgeOf().change(place))).toBe('FORGE_TOKEN')
    world.tokens.set('ghs_aTokenOfAJob', { viewer: actionsBot, mayWrite: false })
    expect(await refusal(forgeOf().change({ ...place, number: 43 }))).toBe('FORGE_UNKNOWN')
    Object.assign(world.pulls.get(42) ?? {}, { state: 'closed' })
    expect(await refusal(forgeOf().change(place))).toBe('FORGE_UNKNOWN')
    for (const repository of ['../../user', 'acme/..', 'acme', 'acme/payments/pulls/1?x=', 'a/b/c']) expect(await refusal(forgeOf().change({ ...place, repository })), repository).toBe('FORGE_SETTINGS')
    expect(() => forgeOf('')).toThrow('token')
    expect(() => forgeOf('with\nnewline')).toThrow('token')
  })
  test('5xx and a broken connection are tried again, four times in all', async () => {
    world.served.instead.push(() => ({ status: 502, body: '<html>' }), () => 'break', () => ({ status: 503 }))
    expect(await forgeOf().change(place)).toMatchObject({ head })
    expect(waited).toEqual([1_000, 4_000, 15_000])
    world.served.instead.push(...Array.from({ length: 4 }, () => () => ({ status: 500 }) as const))
    expect(await refusal(forgeOf().change(place))).toBe('FORGE_UNREACHABLE')
  })
  test('limits are waited for as the forge says, and not for ever', async () => {
    const limit = (headers: Record<string, string>, status = 403) => () => ({ status, headers, body: { message: 'API rate limit exceeded' } })
    world.served.instead.push(limit({ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1030' }), limit({ 'retry-after': '7' }, 429))
    expect(await forgeOf(undefined, () => 1_000_000).change(place)).toMatchObject({ head })
    expect(waited).toEqual([30_000, 7_000])
    world.served.instead.push(limit({ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '5000' }))
    expect(await refusal(forgeOf(undefined, () => 1_000_000).change(place))).toBe('FORGE_LIMITED')
    world.served.instead.push(...Array.from({ length: 4 }, () => limit({ 'retry-after': '1' }, 429)))
    expect(await refusal(forgeOf().change(place))).toBe('FORGE_LIMITED')
  })
  test('a redirect, a list that goes on elsewhere, and answers that are none of GitHub\'s', async () => {
    world.served.instead.push(() => ({ status: 301, headers: { location: 'http://169.254.169.254/' } }))
    expect(await refusal(forgeOf().change(place))).toBe('FORGE_MOVED')
    world.served.instead.push(() => undefined, () => ({ status: 200, body: [], headers: { link: '<http://evil.example/?page=2>; rel="next"' } }))
    expect(await refusal(forgeOf().change(place))).toBe('FORGE_MOVED')
    for (const body of ['<html>', '[]', 'null', '{"number":"42"}', { number: 42, state: 'open', user: null, head: { sha: 'main' } }]) {
      world.served.instead.push(() => ({ status: 200, body }))
      // oxlint-disable-next-line no-await-in-loop -- one answer after the other
      expect(await refusal(forgeOf().change(place)), JSON.stringify(body)).toBe('FORGE_ANSWER')
    }
    world.served.instead.push(() => undefined, () => ({ status: 200, body: { message: 'not a list' } }))
    expect(await refusal(forgeOf().change(place))).toBe('FORGE_ANSWER')
  })
  test('an answer without end is cut off, and a list that never ends too', async () => {
    world.served.instead.push(...Array.from({ length: 4 }, () => () => ({ status: 200, body: 'x'.repeat(17 * 1024 * 1024) }) as const))
    expect(await refusal(forgeOf().change(place))).toBe('FORGE_UNREACHABLE')
    const again = () => ({ status: 200, body: [], headers: { link: `<${world.served.origin}/again>; rel="next"` } }) as const
    world.served.instead.push(() => undefined, ...Array.from({ length: 200 }, () => again))
    expect(await refusal(forgeOf().change(place))).toBe('FORGE_ANSWER')
  })
  test('an address of an API that would send the token in the clear, or holds a password, is refused', () => {
    for (const api of ['http://github.example/api', 'ftp://api.github.com', 'https://user:secret@api.github.com', 'https://api.github.com/?a=b', 'nothing']) {
      expect(() => gitHub({ api, issuer: 'https://github.com', token: 'ghs_aTokenOfAJob' }), api).toThrow('no address of an API')
    }
  })
})

describe('a verdict', () => {
  const publish = async (given = verdict(), forge = forgeOf()) => forge.publish(await forge.change(place), marker, given)

  test('is a check on the head and a comment, which the next run writes over', async () => {
    expect(await publish()).toEqual({ check: expect.stringContaining('/checks/1') as string, comment: expect.stringContaining('#1') as string })
    await publish(verdict({ outcome: 'allowed', markdown: `${marker}\n\nmay merge` }))
    expect(world.checks.map(({ head_sha: of, conclusion }) => [of, conclusion])).toEqual([[head, 'action_required'], [head, 'success']])
    expect(world.comments.map(({ body }) => body)).toEqual([`${marker}\n\nmay merge`])
    expect(await forgeOf().earlierComment(place, marker)).toBe(`${marker}\n\nmay merge`)
  })
  test('leaves the same comment of somebody else alone, whatever he is called', async () => {
    for (const user of [hubUser(66, 'mallory'), hubUser(67, 'github-actions'), hubUser(68, 'other[bot]', 'Bot')]) world.comments.push({ id: world.comments.length + 1, user, body: `${marker}\nmine` })
    expect(await forgeOf().earlierComment(place, marker)).toBeUndefined()
    await publish()
    expect(world.comments.map(({ body }) => body)).toEqual([`${marker}\nmine`, `${marker}\nmine`, `${marker}\nmine`, `${marker}\n\nwaits`])
  })
  test('has its places fifty at a time, and not without end', async () => {
    await publish(verdict({ annotations: Array.from({ length: 620 }, (_, index) => ({ path: '.exeat/a.yaml', line: index + 1, level: 'failure' as const, title: 'REVIEW_TERMS', message: 'no' })) }))
    expect(world.checks[0]?.output.annotations).toHaveLength(500)
  })
  test('is cut where a forge would refuse it', async () => {
    await publish(verdict({ markdown: `${marker}\n${'x'.repeat(200_000)}`, title: 't'.repeat(900) }))
    expect(world.comments[0]?.body).toMatch(/cut here/)
  })
  test('is shown nowhere by a token that may only read, and that is no failure', async () => {
    world.tokens.set('ghs_aTokenOfAFork', { viewer: actionsBot, mayWrite: false })
    expect(await publish(verdict(), forgeOf('ghs_aTokenOfAFork'))).toEqual({})
  })
  test('that may have been written although no answer came is not written twice', async () => {
    world.served.instead.push(() => undefined, () => undefined, () => 'break')
    expect(await refusal(publish())).toBe('FORGE_UNREACHABLE')
    world.served.instead.push(() => undefined, () => undefined, () => ({ status: 502 }))
    expect(await refusal(publish())).toBe('FORGE_UNREACHABLE')
    expect(waited).toEqual([])
  })
})
