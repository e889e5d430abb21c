/** The history of runs: what is kept, for how long, who may send and who may read. */
import { randomBytes, randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { temporaryFolder } from '../../../testkit/src/index.ts'
import { must } from '../../../testkit/src/log-store-kit.ts'
import type { Claims } from '../../../testkit/src/oidc-provider.ts'
import { type IdentityRows, rowKinds } from '../../src/ports/identity.ts'
import type { NewRun } from '../../src/ports/runs.ts'
import { runHistory } from '../../src/runs/index.ts'
import { openSqliteIdentity } from '../../src/store/sqlite/identity.ts'
import { commit, digestOf, request, sarif } from '../decisions/support.ts'
import { type OidcSite, oidcSite } from '../identity/oidc-site.ts'
import { expectProblem, type Reply, type Site, site } from '../main/support.ts'

const day = 86_400_000
const run = (text: string, more: Partial<NewRun> = {}): NewRun => ({
  repository: { name: 'acme/payments', id: '1001' }, environment: 'staging', commit, proven: true, by: 'github', findings: 1,
  reports: [{ name: 'a.sarif', bytes: Buffer.from(text), digest: digestOf(text) }], ...more,
})

describe('what is kept', () => {
  let folder: string
  let rows: IdentityRows
  let now: number
  const history = (most = { days: 30, runs: 3 }) => runHistory({ rows, history: most, now: () => now, random: (length) => new Uint8Array(randomBytes(length)) })
  beforeEach(() => {
    folder = temporaryFolder()
    rows = must(openSqliteIdentity(join(folder, 'rows.sqlite')))
    now = 1_700_000_000_000
  })
  afterEach(async () => {
    await rows.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const texts = async (id: string): Promise<readonly string[] | undefined> => (await history().reportsOf(id))?.reports.map(({ base64 }) => Buffer.from(base64, 'base64').toString('utf8'))

  test('is the very bytes, once however often they come', async () => {
    const kept = await history().keep(run('one', { root: '/build' }))
    expect(kept).toMatchObject({ at: '2023-11-14T22:13:20.000Z', root: '/build', reports: [{ name: 'a.sarif', bytes: 3, digest: digestOf('one') }] })
    now += 1
    expect(await history().keep(run('one'))).toEqual(kept)
    expect((await history().list({})).runs).toEqual([kept])
    expect(await texts(kept?.id ?? '')).toEqual(['one'])
    for (const other of [run('two'), run('one', { environment: 'production' }), run('one', { commit: '2'.repeat(40) }), run('one', { proven: false })]) await history({ days: 30, runs: 100 }).keep(other)
    expect((await history().list({})).runs).toHaveLength(5)
  })
  test('is asked for by place and time, page by page', async () => {
    const all = history({ days: 400, runs: 1000 })
    for (let index = 0; index < 510; index += 1) {
      now += 60_000
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await all.keep(run(`r${index}`, index % 2 === 0 ? {} : { environment: 'production', repository: { name: 'acme/ledger', id: '1002' } }))
    }
    const first = await all.list({ environment: 'staging' })
    const second = await all.list({ environment: 'staging', ...(first.next === undefined ? {} : { after: first.next }) })
    expect([first.runs.length, second.runs.length, second.next]).toEqual([250, 5, undefined])
    expect((await all.list({ repository: 'acme/nobody' })).runs).toEqual([])
    expect((await all.list({ since: new Date(now - 5 * 60_000).toISOString() })).runs).toHaveLength(6)
  })
  test('ends after its days, and the oldest of a place give way', async () => {
    const ids: (string | undefined)[] = []
    for (const text of ['a', 'b', 'c', 'd', 'e']) {
      now += 1
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      ids.push((await history().keep(run(text)))?.id)
    }
    await history().keep(run('elsewhere', { environment: 'production' }))
    expect((await history().list({ environment: 'staging' })).runs.map(({ id }) => id)).toEqual(ids.slice(2))
    expect(await texts(ids[0] ?? '')).toBeUndefined()
    expect(await rows.all(rowKinds.runReport, now)).toHaveLength(4)
    now += 30 * day
    expect((await history().list({})).runs).toEqual([])
    expect(await texts(ids[4] ?? '')).toBeUndefined()
    expect(await rows.sweep(now)).toBeGreaterThan(0)
    expect(await rows.all(rowKinds.run, 0)).toEqual([])
  })
  test('what somebody says never takes the place of what a token proves', async () => {
    const proven = await history().keep(run('proven'))
    for (let index = 0; index < 5; index += 1) {
      now += 1
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await history().keep(run(`said ${index}`, { proven: false, by: 'laptop' }))
    }
    const { runs } = await history().list({})
    expect(runs.filter((each) => each.proven)).toEqual([proven])
    expect(runs).toHaveLength(4)
  })
  test('nothing is left of a run that gave way, and it is kept again where it comes again', async () => {
    const first = await history().keep(run('a'))
    for (const text of ['b', 'c', 'd']) {
      now += 1
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await history().keep(run(text))
    }
    expect(await texts(first?.id ?? '')).toBeUndefined()
    expect(await rows.all(rowKinds.runContent, now)).toHaveLength(3)
    now += 1
    const again = await history().keep(run('a'))
    expect(await texts(again?.id ?? '')).toEqual(['a'])
  })
  test('a run that a crash cut off is no run, and is taken whole the next time', async () => {
    let left = 2
    const dying = { ...rows, put: (...row: Parameters<IdentityRows['put']>) => (left-- > 0 ? rows.put(...row) : Promise.reject(new Error('gone'))) }
    await expect(runHistory({ rows: dying, history: { days: 1, runs: 9 }, now: () => now, random: (length) => new Uint8Array(randomBytes(length)) }).keep(run('one'))).rejects.toThrow('gone')
    expect((await history().list({})).runs).toEqual([])
    now += 61_000
    const kept = await history().keep(run('one'))
    expect(await history().keep(run('one'))).toEqual(kept)
    expect((await history().list({})).runs).toEqual([kept])
    expect(await texts(kept?.id ?? '')).toEqual(['one'])
  })
  test('a hundred at once are all kept, and equal ones are one', async () => {
    const all = history({ days: 1, runs: 1000 })
    const kept = await Promise.all(Array.from({ length: 100 }, (_, index) => all.keep(run(`r${index % 50}`))))
    expect(kept.every((each) => each !== undefined)).toBe(true)
    const digests = (await all.list({})).runs.map(({ reports }) => reports[0]?.digest)
    expect([digests.length, new Set(digests).size]).toEqual([50, 50])
    expect(new Set(kept.map((each) => each?.id)).size).toBe(50)
  })
  test('nothing, unless the operator asks for it', async () => {
    expect(await runHistory({ rows, now: () => now, random: () => new Uint8Array(8) }).keep(run('one'))).toBeUndefined()
  })
})

describe('over HTTP', () => {
  let at: Site
  beforeAll(async () => {
    at = await site()
    at.configure((config) => ({ ...config, history: { days: 30, runs: 10 } }))
    await at.start()
  })
  afterAll(async () => at.close())
  const text = sarif(['CVE-1'])
  const send = (body: unknown = request(text, { environment: 'test' }), asked: Parameters<Site['ask']>[1] = {}): Promise<Reply> => at.ask('/v1/runs', { method: 'POST', body, over: 'network', ...asked })

  test('a point sends what it says, and reads nobody\'s; an operator reads', async () => {
    const sent = await send()
    expect(sent.status, sent.text).toBe(201)
    expect(sent.json()).toMatchObject({ proven: false, repository: { name: 'acme/payments', id: '1001' }, environment: 'test', commit, findings: 1 })
    expectProblem(await at.ask('/v1/runs', { over: 'network' }), 403, 'CALLER_REFUSED')
    expectProblem(await at.ask(`/v1/runs/${String(sent.json()['id'])}`, { over: 'network' }), 403, 'CALLER_REFUSED')
    const listed = (await at.ask('/v1/runs')).json() as { readonly runs: readonly { readonly id: string }[] }
    expect(listed.runs).toEqual([sent.json()])
    expect((await at.ask(`/v1/runs/${listed.runs[0]?.id ?? ''}`)).json()).toMatchObject({ reports: [{ name: 'trivy.sarif', base64: Buffer.from(text).toString('base64') }] })
  })
  test('what is no run is refused, and nothing of it is kept', async () => {
    expectProblem(await send(request('[]', { environment: 'test' })), 422, 'REPORT_AMBIGUOUS')
    expectProblem(await send(request(text, { environment: 'nowhere' })), 422, 'DECISION_FACTS')
    expectProblem(await send(request(text, { repository: 'acme/other' })), 422, 'DECISION_FACTS')
    expectProblem(await send({ ...request(text), nonce: 'a'.repeat(32) }), 400, 'REQUEST_INVALID')
    expectProblem(await send({ reports: [] }), 400, 'REQUEST_INVALID')
    expectProblem(await send(undefined, { token: null }), 401, 'TOKEN_MISSING')
    expectProblem(await send(undefined, { token: 'x'.repeat(43) }), 401, 'TOKEN_UNKNOWN')
    expectProblem(await at.ask('/v1/runs/000000000000000-0000000000000000'), 404, 'RESOURCE_UNKNOWN')
    expectProblem(await at.ask('/v1/runs/..%2Fopt-outs', { conforms: false }), 400, 'REQUEST_INVALID')
    expectProblem(await at.ask('/v1/runs?since=yesterday', { conforms: false }), 400, 'REQUEST_INVALID')
    expect(((await at.ask('/v1/runs')).json()['runs'] as readonly unknown[])).toHaveLength(1)
  })
  test('a server that keeps none says so', async () => {
    await at.stop()
    at.configure((config) => ({ ...config, history: undefined }))
    await at.start()
    expectProblem(await send(request(sarif(['CVE-2']), { environment: 'test' })), 409, 'HISTORY_OFF')
  })
})

describe('from jobs', () => {
  const audience = 'https://exeat.acme.example'
  let at: OidcSite
  beforeAll(async () => {
    at = await oidcSite({}, (workspace, issuer) => workspace.concat(`    workloads:\n      - { name: actions, kind: github, issuer: ${issuer}, audience: ${audience} }\n`))
    await at.stop()
    at.configure((config) => ({ ...config, history: { days: 30, runs: 10 } }))
    await at.start()
  }, 60_000)
  afterAll(async () => at.close())
  const seconds = (after = 0): number => Math.floor(Date.now() / 1000) + after
  const token = (more: Claims = {}): Promise<string> => at.provider.sign({
    iss: at.provider.issuer, aud: audience, iat: seconds(), exp: seconds(300), jti: randomUUID(), sub: 'repo:acme/payments:ref:refs/heads/main', repository_id: '1001', repository_owner_id: '77', ref: 'refs/heads/main',
    ref_protected: 'true', event_name: 'push', sha: 'a'.repeat(40), environment: 'production', runner_environment: 'github-hosted', actor: 'octocat', ...more,
  })
  const send = async (more: Claims = {}, body: unknown = { reports: [{ name: 'a.sarif', text: sarif(['CVE-1']) }] }, own?: string): Promise<Reply> => at.ask('/v1/runs', { method: 'POST', body, over: 'network', token: own ?? await token(more) })

  test('their tokens prove where a run was made, and nothing said overrides that', async () => {
    expect((await send()).json()).toMatchObject({ proven: true, by: 'actions', repository: { id: '1001' }, commit: 'a'.repeat(40), environment: 'production' })
    const report = { reports: [{ name: 'a.sarif', text: sarif(['CVE-1']) }] }
    expectProblem(await send({}, { ...report, repository: 'acme/ledger' }), 422, 'DECISION_FACTS')
    expectProblem(await send({}, { ...report, environment: 'test' }), 422, 'DECISION_FACTS')
    expectProblem(await send({}, { ...report, commit }), 422, 'DECISION_FACTS')
  })
  test('a replayed or ended token, and a change under judgement, record nothing', async () => {
    const once = await token()
    expect((await send({}, undefined, once)).status).toBe(201)
    expectProblem(await send({}, undefined, once), 401, 'WORKLOAD_REPLAYED')
    expect((await send({ exp: seconds(-600), iat: seconds(-900) })).status).toBe(401)
    const fork = await send({ event_name: 'pull_request', ref: 'refs/pull/1/merge' })
    expect([401, 403]).toContain(fork.status)
  })
})
