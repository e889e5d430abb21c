/** Who pushed what governs: fakes of both forges, a real repository and log, and what that does to an approval. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type GitHubWorld, gitHubWorld, gitLabWorld, hubUser, labBot } from '../../../testkit/src/forge/index.ts'
import { temporaryFolder } from '../../../testkit/src/git.ts'
import type { ServerConfig } from '../../src/config/schema.ts'
import { dataPaths } from '../../src/config/folder.ts'
import { handsIn } from '../../src/forge/index.ts'
import { gitHub } from '../../src/forge/github/index.ts'
import { gitLab } from '../../src/forge/gitlab/index.ts'
import { composeHands } from '../../src/main/forge.ts'
import type { Brought } from '../../src/ports/hands.ts'
import { createUseCases, type UseCases } from '../../src/use/index.ts'
import { sqlite } from '../sqlite-kind.ts'
import { actor, fileOf, newKey, optOut, refused, requested, workspace, world as useWorld } from '../use/support.ts'

const [commit, merged, head] = ['a'.repeat(40), 'b'.repeat(40), 'c'.repeat(40)]
const [alice, ben, cleo, bot] = [hubUser(11, 'alice'), hubUser(12, 'ben'), hubUser(13, 'cleo'), hubUser(90, 'renamer[bot]', 'Bot')]
const of = (user: { readonly email?: string; readonly id: number; readonly login: string }) => ({ email: `${user.login}@acme.example`, user: hubUser(user.id, user.login) })
const came = (id: string, ...after: readonly string[]): Brought => ({ commit: id, since: async () => [id, ...after] })
const codeOf = async (asked: Promise<unknown>): Promise<string> => asked.then(() => 'none', (error: { readonly problems?: readonly { readonly code: string }[] }) => error.problems?.[0]?.code ?? String(error))

let hub: GitHubWorld
beforeEach(async () => {
  hub = await gitHubWorld()
  hub.pulls.set(42, { head, ref: 'hotfix', into: 'main', state: 'closed', user: alice, from: hub.repository, reviews: [], commits: [head], merged })
  hub.commits.set(head, { committer: of(cleo), authors: [of(alice)] })
  hub.pushes.set('acme/payments', [{ after: head, ref: 'refs/heads/hotfix', actor: ben }])
})
afterEach(() => hub.close())

describe('GitHub', () => {
  const ask = (...brought: readonly Brought[]) => handsIn(gitHub({ api: hub.served.origin, issuer: 'https://github.com', token: 'ghs_aTokenOfAJob' }), { repository: 'acme/payments', branch: 'main', brought })
  const subs = async (...brought: readonly Brought[]): Promise<readonly string[]> => (await ask(...brought)).map(({ sub }) => sub).sort()

  test('of a merged change: who opened, wrote, committed and pushed it', async () => { expect(await subs(came(merged))).toEqual(['11', '12', '13']) })
  test('attack-14: a bot that opened it brings whose program it is', async () => {
    hub.apps.set('renamer', cleo)
    Object.assign(hub.pulls.get(42) ?? {}, { user: bot })
    hub.commits.set(head, { committer: of(alice), authors: [of(alice)] })
    expect(await subs(came(merged))).toEqual(['11', '12', '13', '90'])
  })
  test('a change that was not merged, or into another branch, brought nothing', async () => {
    hub.pushes.get('acme/payments')?.push({ after: merged, ref: 'refs/heads/main', actor: cleo })
    for (const over of [{ merged: undefined }, { into: 'develop' }]) {
      Object.assign(hub.pulls.get(42) ?? {}, { merged, into: 'main', commits: [merged], ...over })
      expect(await subs(came(merged))).toEqual(['13'])
    }
  })
  test('of what was pushed to the branch itself: the first push that had it, whatever came on top', async () => {
    hub.pushes.set('acme/payments', [{ after: 'f'.repeat(40), ref: 'refs/heads/main', actor: ben }, { after: 'd'.repeat(40), ref: 'refs/heads/main', actor: cleo }, { after: 'e'.repeat(40), ref: 'refs/heads/main', actor: ben }])
    expect(await subs(came(commit, 'd'.repeat(40), 'e'.repeat(40)))).toEqual(['13'])
  })
  test('where nobody is told to have pushed it, nothing is: nobody is let through because a log is gone', async () => {
    expect(await codeOf(ask(came(commit)))).toBe('FORGE_PUSHER')
    hub.pushes.set('acme/payments', [{ after: head, ref: 'refs/heads/hotfix', actor: null }])
    expect(await codeOf(ask(came(merged)))).toBe('FORGE_PUSHER')
    Object.assign(hub.pulls.get(42) ?? {}, { from: null })
    expect(await codeOf(ask(came(merged)))).toBe('FORGE_PUSHER')
  })
  test('more commits than GitHub lists are too many', async () => {
    Object.assign(hub.pulls.get(42) ?? {}, { commits: Array.from({ length: 250 }, (_, index) => index.toString(16).padStart(40, '0')) })
    expect(await codeOf(ask(came(merged)))).toBe('FORGE_ANSWER')
  })
})

test('GitLab: a merged request, and a push', async () => {
  const lab = await gitLabWorld()
  try {
    const [ann, dora] = [{ id: 21, username: 'ann', bot: false }, { id: 22, username: 'dora', bot: false }]
    for (const user of [ann, dora, labBot]) lab.users.set(user.id, user)
    lab.mergeRequests.set(7, { sha: head, branch: 'hotfix', into: 'main', state: 'merged', author: labBot, from: 2001, approvedBy: [], merged })
    lab.commits = [{ sha: head, author: ann, authorEmail: 'ann@acme.example', committerEmail: 'ann@acme.example' }]
    lab.pushes.set(2001, [{ author: dora, ref: 'hotfix', commit_to: head }, { author: ann, ref: 'main', commit_to: commit }])
    const ask = (...brought: readonly Brought[]) => handsIn(gitLab({ api: `${lab.served.origin}/api/v4`, issuer: 'https://gitlab.com', token: 'glpat-aTokenOfAProject' }), { repository: 'acme/payments', branch: 'main', brought })
    expect((await ask(came(merged))).map(({ sub }) => sub).sort()).toEqual(['21', '22', String(labBot.id)])
    expect((await ask(came(commit))).map(({ sub }) => sub)).toEqual(['21'])
    expect(await codeOf(ask(came('d'.repeat(40))))).toBe('FORGE_PUSHER')
  } finally {
    await lab.close()
  }
})

describe('an approval', () => {
  const folder = temporaryFolder()
  afterEach(() => { rmSync(folder, { recursive: true, force: true }) })
  const handsOf = (token = 'ghs_aTokenOfAJob') => {
    const paths = dataPaths(folder)
    mkdirSync(join(folder, 'keys'), { recursive: true, mode: 0o700 })
    writeFileSync(paths.forge, token, { mode: 0o600 })
    return composeHands({ config: { forge: { kind: 'github', repository: 'acme/payments', api: hub.served.origin } } as ServerConfig, paths, now: () => 0 })
  }
  /** `bob` is account 12 at the forge, as the workspace says. */
  const known = (): string => workspace().concat('  identity: { people: [{ label: Bob, identities: [{ iss: "exeat:operator", sub: bob }, { iss: "https://github.com", sub: "12" }] }] }\n')

  async function scene(): Promise<{ readonly at: Awaited<ReturnType<typeof useWorld>>; readonly useCases: UseCases; readonly pushed: (by: typeof ben) => void }> {
    const at = await useWorld(sqlite, { '.exeat/workspace.yaml': known() })
    const hands = handsOf()
    return {
      at, useCases: createUseCases({ ...at.dependencies, ...(hands === undefined ? {} : { hands }) }),
      pushed: (by) => { hub.pushes.set('acme/payments', [{ after: at.repository.git('rev-parse', 'main'), ref: 'refs/heads/main', actor: by }]) },
    }
  }

  test('of who pushed it to the branch is refused, though another wrote and committed it', async () => {
    const { at, useCases, pushed } = await scene()
    at.merge({ [fileOf('a')]: optOut('a') })
    pushed(ben)
    const { optOut: { binding } } = await requested({ ...at, useCases }, 'a')
    await refused(useCases.approve(actor('bob'), 'a', binding, newKey()), 'SELF_APPROVAL')
    expect((await useCases.approve(actor('carol'), 'a', binding, newKey())).optOut.phase).toBe('approved')
    await at.close()
  })
  test('counts no more once its giver has pushed the document', async () => {
    const { at, useCases, pushed } = await scene()
    const { optOut: { binding } } = await requested({ ...at, useCases }, 'a')
    await useCases.approve(actor('bob'), 'a', binding, newKey())
    at.merge({ [fileOf('a')]: optOut('a') })
    pushed(ben)
    await refused(useCases.activate(actor('dave'), 'a', binding, newKey()), 'QUORUM_LOST')
    await at.close()
  })
  test('waits for the forge: where it does not say, nothing is approved or activated, and what is active can be ended', async () => {
    const { at, useCases, pushed } = await scene()
    const { optOut: { binding } } = await requested({ ...at, useCases }, 'a')
    await useCases.approve(actor('carol'), 'a', binding, newKey())
    at.merge({ [fileOf('a')]: optOut('a') })
    await refused(useCases.activate(actor('dave'), 'a', binding, newKey()), 'FORGE_PUSHER')
    pushed(cleo)
    expect((await useCases.activate(actor('dave'), 'a', binding, newKey())).optOut.phase).toBe('active')
    hub.served.instead.push(() => ({ status: 401 }), () => ({ status: 401 }))
    expect((await useCases.revoke(actor('bob'), 'a', 'it is mended', newKey())).optOut.phase).toBe('revoked')
    await at.close()
  })
  test('asks once for the same commits, and again after a failure', async () => {
    const hands = handsOf()
    hub.served.instead.push(() => ({ status: 401 }))
    expect(await codeOf(hands?.('refs/heads/main', [came(merged)]) ?? Promise.resolve())).toBe('FORGE_TOKEN')
    const before = hub.served.requests.length
    for (let time = 0; time < 3; time += 1) expect(await hands?.('refs/remotes/origin/main', [came(merged)])).toHaveLength(3)
    const asked = hub.served.requests.length - before
    expect(await hands?.('refs/remotes/origin/main', [came(merged)])).toHaveLength(3)
    expect(hub.served.requests.length - before).toBe(asked)
  })
  test('a server whose forge has no token does not start', () => {
    expect(() => composeHands({ config: { forge: { kind: 'github', repository: 'acme/payments' } } as ServerConfig, paths: dataPaths('/nonexistent'), now: () => 0 })).toThrow(/there is no token/)
  })
})
