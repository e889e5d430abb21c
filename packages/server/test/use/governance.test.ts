/** The protected ref and the log: what governs is recorded, in order, by whoever sees it first. */
import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { governanceSource, longestSilence } from '../../src/governance/index.ts'
import type { GovernanceSource } from '../../src/ports/governance.ts'
import { createUseCases, type UseCases } from '../../src/use/index.ts'
import { sqlite } from '../sqlite-kind.ts'
import { activated, actor, agree, codesOf, eventsOf, fileOf, groups, newKey, optOut, policy, refused, requested, temporaryFolder, workspace, world, type World } from './support.ts'

let at: World
let folder: string
beforeEach(async () => {
  at = await world(sqlite)
  folder = temporaryFolder()
})
afterEach(async () => {
  await at.close()
  rmSync(folder, { recursive: true, force: true })
})

const changes = async (): Promise<readonly unknown[]> => (await eventsOf(at.log)).filter(({ type }) => /workspace|policy|audit/.test(type)).map(({ type, data }) => ({ type, data }))

test('the first reading records everything; a later one what changed; one that changes nothing, nothing', async () => {
  expect(await at.useCases.synchronise()).toMatchObject({ changed: true })
  const first = await changes()
  expect(first).toMatchObject([
    { type: 'dev.exeat.policy.changed.v1', data: { changes: [{ kind: 'OptOutPolicy', name: 'production', previous: null }, { kind: 'OptOutPolicy', name: 'trivy', previous: null }] } },
    { type: 'dev.exeat.workspace.changed.v1', data: { ref: 'refs/heads/main', previous: null } },
  ])
  expect(await at.useCases.synchronise()).toMatchObject({ changed: false })
  at.merge({ '.exeat/policies/trivy.yaml': policy('', 'duration: 3d, findings: 1'), '.exeat/policies/production.yaml': '' })
  const { commit } = await at.useCases.synchronise()
  const later = (await changes()).slice(first.length)
  expect(later).toMatchObject([
    { data: { commit, changes: [{ name: 'production', digest: null }, { name: 'trivy', digest: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown, previous: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown }] } },
    { data: { commit } },
  ])
  at.merge({ 'README.md': 'unrelated' })
  await at.useCases.synchronise()
  expect((await changes()).slice(first.length + later.length)).toMatchObject([{ type: 'dev.exeat.workspace.changed.v1' }])
})

test('policies and workspaces can be read by digest for ever', async () => {
  await at.useCases.synchronise()
  const [, changed] = await changes() as readonly [unknown, { readonly data: { readonly workspace: string } }]
  at.merge({ '.exeat/workspace.yaml': workspace({ groups: { ...groups, sre: ['erin'] } }) })
  await at.useCases.synchronise()
  expect(await at.useCases.document('Workspace', changed.data.workspace)).toMatchObject({ spec: { groups: { sre: [{ sub: 'dave' }, { sub: 'erin' }] } } })
})

test('an act reads the protected ref itself: nobody has to synchronise first', async () => {
  await requested(at, 'a')
  at.merge({ '.exeat/policies/trivy.yaml': policy('', 'duration: 1d, findings: 10') })
  await refused(requested(at, 'b'), 'DURATION_EXCEEDED')
})

test('a ref that was moved to another history is recorded, told of, and followed', async () => {
  await requested(at, 'a')
  const first = at.repository.git('rev-parse', 'HEAD')
  at.repository.git('checkout', '--quiet', '--orphan', 'aside')
  at.repository.commit({}, 'another history')
  at.repository.git('branch', '--force', 'main', 'aside')
  await requested(at, 'b')
  const to = at.repository.git('rev-parse', 'main')
  expect((await changes()).filter((each) => JSON.stringify(each).includes('audit'))).toEqual([
    { type: 'dev.exeat.audit.degraded.v1', data: { code: 'GOVERNANCE_REWRITTEN', message: `the protected ref moved from ${first} to ${to}, which does not contain it` } },
  ])
  expect(await at.useCases.status()).toMatchObject({ state: 'open', code: 'GOVERNANCE_REWRITTEN', commit: to })
  at.clock.now += 31 * 86_400_000
  expect(await at.useCases.status()).not.toHaveProperty('code')
})

test('to and fro between two commits is recorded each time', async () => {
  await at.useCases.synchronise()
  const first = at.repository.git('rev-parse', 'main')
  const second = at.merge({ 'x.txt': 'x' })
  for (const commit of [second, first, second, first]) {
    at.repository.git('reset', '--quiet', '--hard', commit)
    expect(await at.useCases.synchronise()).toEqual({ commit, changed: true })
  }
  expect((await changes()).filter((each) => JSON.stringify(each).includes('audit'))).toHaveLength(2)
})

test('more changes than one operation holds', async () => {
  const aliases = Array.from({ length: 1500 }, (_, i) => `apiVersion: exeat.dev/v1\nkind: Aliases\nmetadata: { name: a-${i} }\nspec: { controls: [[trivy/CVE-${i}, trivy/GHSA-${i}]] }\n`).join('---\n')
  at.merge({ '.exeat/aliases.yaml': aliases })
  await at.useCases.synchronise()
  const changed = (await eventsOf(at.log)).flatMap(({ type, data }) => (type === 'dev.exeat.policy.changed.v1' ? data.changes : []))
  expect(new Set(changed.map(({ kind, name }) => `${kind}/${name}`)).size).toBe(1502)
  expect((await changes()).filter((each) => JSON.stringify(each).includes('audit'))).toEqual([])
  await requested(at, 'a')
}, 60_000)

test('a broken workspace refuses every act that grants, and the last good one stays recorded', async () => {
  await activated(at, 'a')
  at.merge({ '.exeat/workspace.yaml': 'kind: Workspace\n' })
  expect((await codesOf(requested(at, 'b')))[0]).toMatch(/^DOCUMENT_/)
  const { uid } = await at.useCases.optOut('a')
  expect((await at.useCases.claimUses([{ uid, point: 'gate', subject: 'commit:1' }])).results[0]?.outcome).toBe('counted')
  await at.restart()
  expect((await at.useCases.revoke(actor('bob'), 'a', 'x', newKey())).optOut.phase).toBe('revoked')
})

describe('a remote', () => {
  const mirrored = (name: string): GovernanceSource =>
    governanceSource({ repository: `file://${at.repository.dir}`, ref: 'main', mirrorDir: join(folder, name), now: () => at.clock.now })
  const useCasesOver = (governance: GovernanceSource): UseCases => createUseCases({ ...at.dependencies, log: at.log, governance, random: (count) => new Uint8Array(randomBytes(count)) })
  const ask = (useCases: UseCases, name: string) => useCases.request(actor('alice'), { document: optOut(name) }, newKey())

  test('is asked again after a while, and at once where what is fresh is wanted', async () => {
    const source = mirrored('m')
    const useCases = useCasesOver(source)
    await ask(useCases, 'a')
    const next = at.merge({ 'x.txt': 'x' })
    expect((await source.current()).commit).not.toBe(next)
    expect((await useCases.synchronise()).commit).toBe(next)
    const third = at.merge({ 'y.txt': 'y' })
    at.clock.now += 11_000
    expect((await source.current()).commit).toBe(third)
  })

  test('that does not answer is known as of its last answer, for a quarter of an hour and no longer', async () => {
    const source = mirrored('m')
    const useCases = useCasesOver(source)
    await ask(useCases, 'a')
    at.repository.git('config', 'uploadpack.hideRefs', 'refs/heads')
    at.clock.now += longestSilence
    await ask(useCases, 'b')
    expect(source.trouble()?.message).toMatch(/did not answer, and is known as of 2026-11-22T10:00:00/)
    expect(await useCases.status()).toMatchObject({ code: 'GIT_FAILED' })
    at.clock.now += 1
    await refused(ask(useCases, 'c'), 'GOVERNANCE_STALE')
    await refused(useCases.synchronise(), 'GOVERNANCE_STALE')
    expect((await useCases.withdraw(actor('alice'), 'a', 'x', newKey())).optOut.phase).toBe('withdrawn')
    at.repository.git('config', '--unset', 'uploadpack.hideRefs')
    await useCases.synchronise()
    expect(source.trouble()).toBeUndefined()
    await ask(useCases, 'c')
  })

  test('that never answered governs nothing', async () => {
    const source = governanceSource({ repository: `file://${folder}/nothing`, mirrorDir: join(folder, 'm'), now: () => at.clock.now })
    await refused(ask(useCasesOver(source), 'a'), 'GOVERNANCE_STALE')
  })

  test('a replica that is behind asks again, and never records the past over the present', async () => {
    const [ahead, behind] = [useCasesOver(mirrored('ahead')), useCasesOver(mirrored('behind'))]
    await ask(ahead, 'a')
    await ask(behind, 'b')
    const next = at.merge({ '.exeat/policies/trivy.yaml': policy('', 'duration: 1d, findings: 10') })
    await ahead.synchronise()
    await refused(ask(behind, 'c'), 'DURATION_EXCEEDED')
    expect((await at.useCases.status()).commit).toBe(next)
    expect((await changes()).filter((each) => JSON.stringify(each).includes('audit'))).toEqual([])
    await agree(at.log)
  })

  test('a ref that moves every time that somebody is about to record it', async () => {
    const source = governanceSource({ repository: at.repository.dir, ref: 'main', mirrorDir: folder, now: () => at.clock.now })
    const other = useCasesOver(source)
    let busy = false
    const moving: GovernanceSource = {
      ...source,
      current: async (options) => {
        const governed = await source.current(options)
        if (busy) return governed
        busy = true
        at.merge({ 'x.txt': `${Math.random()}` })
        await other.synchronise()
        busy = false
        return governed
      },
    }
    await refused(ask(useCasesOver(moving), 'a'), 'GOVERNANCE_MOVED')
  })
})

test('what two ask for at once, and a document merged meanwhile', async () => {
  const answers = await Promise.all(['a', 'b', 'c', 'd'].map((name) => requested(at, name)))
  expect(new Set(answers.map(({ index }) => index)).size).toBe(4)
  at.merge({ [fileOf('a')]: optOut('a') })
  expect(await at.useCases.optOut('a')).toMatchObject({ merged: false })
  await at.useCases.synchronise()
  expect(await at.useCases.optOut('a')).toMatchObject({ merged: true, missing: ['1 of security'] })
})

test('what was read so lately that it will do is not read again, and never where it must be new, or the clock went back', async () => {
  const first = await at.source.current()
  at.merge({ 'README.md': 'changed' })
  at.clock.now += 999
  expect((await at.source.current({ within: 1000 })).commit).toBe(first.commit)
  expect((await at.source.current({ within: 1000, fresh: true })).commit).not.toBe(first.commit)
  const second = await at.source.current()
  expect(second.commit).not.toBe(first.commit)
  at.merge({ 'README.md': 'changed again' })
  at.clock.now += 1000
  const third = await at.source.current({ within: 1000 })
  expect(third.commit).not.toBe(second.commit)
  at.merge({ 'README.md': 'and once more' })
  at.clock.now -= 1
  expect((await at.source.current({ within: 1000 })).commit).not.toBe(third.commit)
})
