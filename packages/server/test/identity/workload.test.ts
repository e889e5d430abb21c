/** Jobs by the tokens of their forge or cluster: what those must say, what a job may then ask for, and that it never stands in for a person. */
import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Claims, newKey, signed } from '../../../testkit/src/oidc-provider.ts'
import { permissions } from '../../src/http/permissions.ts'
import { expectProblem, type Reply } from '../main/support.ts'
import { fileOf } from '../use/support.ts'
import { audience, sha, tokens, workloads } from './jobs.ts'
import { type OidcSite, oidcSite } from './oidc-site.ts'

let at: OidcSite
let uid: string
beforeAll(async () => {
  at = await oidcSite({}, (workspace, issuer) => workspace
    .replace('repositoryId: "1001" }', 'repositoryId: "1001" }\n    - { name: acme/ledger, forge: gitlab, repositoryId: "2002", ref: release }').concat(workloads(issuer)))
  uid = await activated('used')
})
afterAll(async () => at.close())
afterEach(() => { at.ahead = 0 })

/** In the environment `test`, by the people of the provider. */
async function activated(name: string): Promise<string> {
  const [ann, ben] = [at.visitor(), at.visitor()]
  await ann.signIn('ann')
  await ben.signIn('ben')
  const asked = (await ann.ask('POST', '/v1/opt-outs', { document: at.lasting(name) })).json()['optOut'] as { uid: string; binding: unknown }
  at.repository.commit({ [fileOf(name)]: JSON.stringify(at.lasting(name)) })
  for (const [visitor, account, purpose, path] of [[ben, 'ben', 'approve', 'approvals'], [ann, 'ann', 'activate', 'activation']] as const) {
    at.provider.login = { account, acr: 'urn:acme:phr', amr: ['hwk'] }
    const { challenge } = await visitor.stepUp({ purpose, id: name, signed: asked.binding })
    expect((await visitor.ask('POST', `/v1/opt-outs/${name}/${path}`, { signed: asked.binding, tap: { challenge, proof: { kind: 'oidc' } } })).status).toBe(200)
  }
  return asked.uid
}

const { seconds, github, gitlab, account } = tokens(() => at.provider.issuer)

const ask = (token: string, path: string, body?: unknown): Promise<Reply> =>
  at.ask(path, { method: body === undefined ? 'GET' : 'POST', body, over: 'network', token, headers: { 'idempotency-key': randomUUID() } })
const bundle = async (claims: Claims, asked = '1001'): Promise<Reply> => ask(await at.provider.sign(claims), `/v1/bundle?audience=${asked}`)
const use = (point = 'gate/1001/test', subject = `commit:${sha}`) => ({ uses: [{ uid, point, subject }] })
const claimed = async (claims: Claims, body: unknown = use()): Promise<Reply> => ask(await at.provider.sign(claims), '/v1/uses', body)

const refusedUse = async (asked: Promise<Reply>, code: string): Promise<void> => { expect((await asked).json()).toMatchObject({ results: [{ uid, outcome: 'refused', code }] }) }

describe('a job of GitHub Actions', () => {
  test('reads the bundle of its repository, and has its own uses counted', async () => {
    expect((await bundle(github())).json()).toMatchObject({ payloadType: expect.any(String) as unknown })
    expect((await claimed(github())).json()).toEqual({ results: [{ uid, outcome: 'counted' }] })
  })
  test('of a merge queue, of a listed event, and without an environment', async () => {
    expect((await claimed(github({ event_name: 'merge_group', ref: 'refs/heads/gh-readonly-queue/main/pr-7-abc' }))).json()).toMatchObject({ results: [{ outcome: 'counted' }] })
    expect((await claimed(github({ event_name: 'workflow_dispatch', environment: undefined }))).json()).toMatchObject({ results: [{ outcome: 'counted' }] })
  })

  test.each<readonly [string, string, number, Claims]>([
    ['another repository', 'WORKLOAD_REPOSITORY', 403, { repository_id: '1002' }],
    ['a repository that took the name of one', 'WORKLOAD_REPOSITORY', 403, { repository_id: '9999', repository: 'acme/payments' }],
    ['a repository of another forge with the same number', 'WORKLOAD_REPOSITORY', 403, { repository_id: '2002' }],
    ['another owner', 'WORKLOAD_REPOSITORY', 403, { repository_owner_id: '78' }],
    ['an id that is a number', 'WORKLOAD_TOKEN', 401, { repository_id: 1001 }],
    ['no id', 'WORKLOAD_TOKEN', 401, { repository_id: undefined }],
    ['another branch', 'WORKLOAD_REF', 403, { ref: 'refs/heads/feature' }],
    ['a tag of that name', 'WORKLOAD_REF', 403, { ref: 'refs/tags/main' }],
    ['a branch that looks like the queue\'s', 'WORKLOAD_REF', 403, { ref: 'refs/heads/gh-readonly-queue/main/pr-7-abc' }],
    ['the queue of another branch', 'WORKLOAD_REF', 403, { event_name: 'merge_group', ref: 'refs/heads/gh-readonly-queue/other/pr-7-abc' }],
    ['a ref that nothing protects', 'WORKLOAD_REF', 403, { ref_protected: 'false' }],
    ['a protection that is no text', 'WORKLOAD_TOKEN', 401, { ref_protected: true }],
    ['another workflow', 'WORKLOAD_WORKFLOW', 403, { job_workflow_ref: 'acme/payments/.github/workflows/own.yml@refs/heads/main' }],
    ['another commit of the workflow', 'WORKLOAD_WORKFLOW', 403, { job_workflow_sha: 'd'.repeat(40) }],
    ['no reusable workflow', 'WORKLOAD_WORKFLOW', 403, { job_workflow_ref: undefined }],
    ['a runner of its own', 'WORKLOAD_WORKFLOW', 403, { runner_environment: 'self-hosted' }],
    ['no runner', 'WORKLOAD_WORKFLOW', 403, { runner_environment: undefined }],
    ['an environment that is not mapped', 'WORKLOAD_ENVIRONMENT', 403, { environment: 'staging' }],
    ['an environment that is mapped to none', 'WORKLOAD_ENVIRONMENT', 403, { environment: 'stale' }],
    ['an environment called `constructor`', 'WORKLOAD_ENVIRONMENT', 403, { environment: 'constructor' }],
    ['a commit that is none', 'WORKLOAD_TOKEN', 401, { sha: 'main' }],
    ['another audience', 'WORKLOAD_TOKEN', 401, { aud: 'https://github.com/acme' }],
    ['another issuer', 'WORKLOAD_TOKEN', 401, { iss: 'https://token.actions.githubusercontent.com' }],
    ['an end that has passed', 'WORKLOAD_TOKEN', 401, { exp: seconds(-120) }],
    ['no end', 'WORKLOAD_TOKEN', 401, { exp: undefined }],
    ['a beginning that is to come', 'WORKLOAD_TOKEN', 401, { nbf: seconds(120) }],
    ['a time in the future', 'WORKLOAD_TOKEN', 401, { iat: seconds(120) }],
    ['no time', 'WORKLOAD_TOKEN', 401, { iat: undefined }],
    ['no id of its own', 'WORKLOAD_TOKEN', 401, { jti: undefined }],
  ])('attack-15: with %s gets nothing', async (_, code, status, wrong) => {
    expectProblem(await bundle(github(wrong)), status, code)
    expectProblem(await claimed(github(wrong)), status, code)
  })
  test('attack-15: with the claims of another forge gets nothing', async () => {
    expectProblem(await bundle(gitlab({ aud: audience })), 401, 'WORKLOAD_TOKEN')
  })
  test('attack-15: with a token that its issuer did not sign gets nothing', async () => {
    const claims = github()
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.x`
    const jwk = at.provider.key()
    const tokens = [await signed(claims, await newKey('RS256', jwk.kid)), await signed(claims, { kty: 'oct', k: String(jwk.n), kid: String(jwk.kid), alg: 'HS256' }), none, 'e30.e30.x', 'a.b.c']
    for (const token of tokens) {
      expectProblem(await ask(token, '/v1/bundle?audience=1001'), 401, 'WORKLOAD_TOKEN')
      expect((await ask(token, '/v1/bundle?audience=1001')).headers['www-authenticate']).toContain('invalid_token')
    }
  })
  test('attack-01: with a token that was used for the same before', async () => {
    const token = await at.provider.sign(github())
    expect((await ask(token, '/v1/uses', use())).status).toBe(200)
    expectProblem(await ask(token, '/v1/uses', use()), 401, 'WORKLOAD_REPLAYED')
    expect((await ask(token, '/v1/bundle?audience=1001')).status).toBe(200)
    expectProblem(await ask(token, '/v1/uses', use()), 401, 'WORKLOAD_REPLAYED')
    const raced = await at.provider.sign(github())
    const replies = await Promise.all(Array.from({ length: 10 }, () => ask(raced, '/v1/uses', use())))
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(1)
  })
  test('attack-08: with a clock that is off by less than a minute, and not by more', async () => {
    const token = await at.provider.sign(github({ exp: seconds(0) }))
    at.ahead = 30_000
    expect((await ask(token, '/v1/bundle?audience=1001')).status).toBe(200)
    at.ahead = 90_000
    expectProblem(await ask(token, '/v1/bundle?audience=1001'), 401, 'WORKLOAD_TOKEN')
  })
  test('asks for nothing of another repository, environment or commit', async () => {
    for (const asked of ['1002', '*', '2002']) expectProblem(await bundle(github(), asked), 403, 'WORKLOAD_OTHER')
    expectProblem(await ask(await at.provider.sign(github()), '/v1/bundle'), 403, 'WORKLOAD_OTHER')
    for (const body of [use('gate/2002/test'), use('gate/1001/production'), use('gate/1001/test/x'), use('admission/x'), use('gate/1001/test', `commit:${'b'.repeat(40)}`), use('gate/1001/test', 'sha256:x')]) {
      await refusedUse(claimed(github(), body), 'WORKLOAD_OTHER')
    }
    await refusedUse(claimed(github({ environment: undefined }), use('gate/1001/production')), 'WORKLOAD_OTHER')
  })
  test('has its own uses counted beside others that it may not claim', async () => {
    const uses = [...use('gate/2002/test').uses, ...use().uses, ...use('gate/1001/production').uses, { ...use().uses[0], uid: 'f'.repeat(64) }]
    expect((await claimed(github(), { uses })).json()).toMatchObject({ results: [
      { uid, outcome: 'refused', code: 'WORKLOAD_OTHER' }, { uid, outcome: 'counted' }, { uid, outcome: 'refused', code: 'WORKLOAD_OTHER' }, { uid: 'f'.repeat(64), outcome: 'refused' },
    ] })
  })
  test.each(['pull_request', 'pull_request_target', 'schedule', 'issue_comment'])('attack-11: that `%s` started may look, on whatever ref, and has nothing counted', async (event) => {
    const claims = { event_name: event, ref: 'refs/pull/7/merge', ref_protected: 'false' }
    expect((await bundle(github(claims))).status).toBe(200)
    await refusedUse(claimed(github(claims)), 'WORKLOAD_PREVIEW')
  })
})

describe('attack-14: a job stands in for nobody', () => {
  const people = Object.entries(permissions).filter(([route, { callers }]) => route.includes(' /v1/') && !callers.includes('workload')).map(([route]) => route)
  test('which the table says of every route but eight', () => {
    expect(Object.entries(permissions).filter(([route, { callers }]) => / \/(?:v1|access)\//.test(route) && callers.includes('workload') && !callers.includes('anonymous')).map(([route]) => route))
      .toEqual(['GET /v1/bundle', 'GET /v1/opa/bundle.tar.gz', 'GET /v1/opa/key.pem', 'POST /v1/uses', 'POST /v1/decisions', 'POST /access/v1/evaluation', 'POST /access/v1/evaluations', 'POST /v1/runs'])
  })
  test.each(people)('%s', async (route) => {
    const [method = '', path = ''] = route.split(' ')
    const reply = await at.ask(path.replaceAll(/\{\w+\}/g, 'used'), {
      method, ...(method === 'POST' ? { body: {} } : {}), over: 'network', token: await at.provider.sign(github()), headers: { 'idempotency-key': randomUUID() }, conforms: false,
    })
    expect(reply.json()).toMatchObject({ status: 403, code: 'CALLER_REFUSED' })
  })
})

describe('a job of GitLab CI/CD', () => {
  test('reads the bundle of its project, and has its own uses counted', async () => {
    expect((await bundle(gitlab(), '2002')).status).toBe(200)
    expect((await claimed(gitlab(), use('gate/2002/test'))).json()).toMatchObject({ results: [{ outcome: 'counted' }] })
    expect((await claimed(gitlab({ environment: 'production' }), use('gate/2002/production'))).json()).toMatchObject({ results: [{ outcome: 'counted' }] })
  })
  test.each<readonly [string, string, Claims]>([
    ['another project', 'WORKLOAD_REPOSITORY', { project_id: '1001' }],
    ['another branch', 'WORKLOAD_REF', { ref: 'main' }],
    ['a tag of that name', 'WORKLOAD_REF', { ref_type: 'tag' }],
    ['a branch that nothing protects', 'WORKLOAD_REF', { ref_protected: 'false' }],
    ['an environment that the workspace does not know', 'WORKLOAD_ENVIRONMENT', { environment: 'review/7' }],
    ['the audience of another kind', 'WORKLOAD_TOKEN', { aud: audience }],
  ])('attack-15: with %s gets nothing', async (_, code, wrong) => {
    expect((await bundle(gitlab(wrong), '2002')).json()).toMatchObject({ code })
  })
  test('attack-11: of a merge request it may look', async () => {
    const claims = { pipeline_source: 'merge_request_event', ref: 'feature', ref_protected: 'false' }
    expect((await bundle(gitlab(claims), '2002')).status).toBe(200)
    await refusedUse(claimed(gitlab(claims), use('gate/2002/test')), 'WORKLOAD_PREVIEW')
  })
})

describe('a service account of a cluster', () => {
  test('reads the workspace\'s bundle as often as it likes, and claims uses of points of its own', async () => {
    const token = await at.provider.sign(account('admission', 'uid-7'))
    for (const path of ['/v1/bundle', '/v1/bundle?audience=*', '/v1/bundle']) expect((await ask(token, path)).status).toBe(200)
    for (let i = 0; i < 2; i++) expect((await ask(token, '/v1/uses', use('admission/exeat', 'sha256:x'))).json()).toMatchObject({ results: [{ outcome: 'counted' }] })
    await refusedUse(ask(token, '/v1/uses', use()), 'WORKLOAD_OTHER')
    expectProblem(await ask(token, '/v1/bundle?audience=1001'), 403, 'WORKLOAD_OTHER')
    expect((await ask(await at.provider.sign(account('bound', 'uid-1')), '/v1/bundle')).status).toBe(200)
  })
  test.each<readonly [string, string, () => Claims]>([
    ['that nobody names', 'WORKLOAD_WORKFLOW', () => account('default', 'uid-7')],
    ['that was made anew under a name that is bound', 'WORKLOAD_WORKFLOW', () => account('bound', 'uid-2')],
    ['of another namespace', 'WORKLOAD_WORKFLOW', () => ({ ...account('admission', 'u'), sub: 'system:serviceaccount:other:admission', 'kubernetes.io': { namespace: 'other', serviceaccount: { name: 'admission', uid: 'u' } } })],
    ['whose subject is another', 'WORKLOAD_TOKEN', () => ({ ...account('admission', 'u'), sub: 'system:serviceaccount:kube-system:admin' })],
    ['whose token is bound to nothing', 'WORKLOAD_TOKEN', () => ({ ...account('admission', 'u'), 'kubernetes.io': undefined })],
  ])('attack-15: %s gets nothing', async (_, code, claims) => {
    const reply = await ask(await at.provider.sign(claims()), '/v1/bundle')
    expect(reply.json()).toMatchObject({ code })
  })
})

test('the keys of an issuer that cannot be asked stand in `server.json`, and nobody is asked', async () => {
  const { kty, n, e, kid, alg } = at.provider.key()
  await at.stop()
  at.configure((config) => ({ ...config, issuers: [{ issuer: at.provider.issuer, keys: [{ kty, n, e, kid, alg }] }] }))
  await at.start({ now: () => Date.now() + at.ahead })
  await at.provider.stop()
  expect((await bundle(github())).status).toBe(200)
  expectProblem(await ask(await signed(github(), await newKey('RS256', String(kid))), '/v1/bundle?audience=1001'), 401, 'WORKLOAD_TOKEN')
  await at.stop()
  at.configure(({ issuers: _issuers, ...config }) => config)
  await at.start({ now: () => Date.now() + at.ahead })
  expectProblem(await bundle(github()), 503, 'ISSUER_AWAY')
  await at.provider.resume()
  // It is not asked again with every token that comes.
  const token = await at.provider.sign(github())
  expectProblem(await ask(token, '/v1/bundle?audience=1001'), 503, 'ISSUER_AWAY')
  at.ahead = 6_000
  expect((await ask(token, '/v1/bundle?audience=1001')).status).toBe(200)
})
