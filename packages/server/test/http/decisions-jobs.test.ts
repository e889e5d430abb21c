/** Decisions for jobs: bound to what their own tokens prove, and good for whoever demands that. */
import { randomUUID } from 'node:crypto'
import type { Instant } from '@exeat/core'
import { bundlePins, type DecisionContext, decisionSchema, type Dsse, verifyDecision } from '@exeat/verify'
import { readGovernance } from '@exeat/git'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Claims } from '../../../testkit/src/oidc-provider.ts'
import { sha256, verifySignature } from '../../src/store/ed25519.ts'
import { digestOf, sarif } from '../decisions/support.ts'
import { type OidcSite, oidcSite } from '../identity/oidc-site.ts'
import { expectProblem, type Reply } from '../main/support.ts'
import { day, fileOf, hour, optOut, start } from '../use/support.ts'

const audience = 'https://exeat.acme.example'
const workflow = 'acme/gates/.github/workflows/gate.yml@refs/heads/main'
const pinned = 'c'.repeat(40)
const sha = 'a'.repeat(40)

const workloads = (issuer: string): string => `    workloads:
      - { name: actions, kind: github, issuer: ${issuer}, audience: ${audience}, workflows: [{ ref: "${workflow}", sha: [${pinned}] }] }
      - { name: cluster, kind: kubernetes, issuer: ${issuer}, audience: kubernetes-audience, serviceAccounts: ["exeat:admission"], environments: { exeat: production } }
`

let at: OidcSite
beforeAll(async () => {
  at = await oidcSite({}, (workspace, issuer) => workspace.concat(workloads(issuer)))
  const from = Date.now() - start - hour
  const document = optOut('log4j', { environments: ['production'], from, until: from + 2 * day })
  const [ann, ben] = [at.visitor(), at.visitor()]
  await ann.signIn('ann')
  await ben.signIn('ben')
  const asked = (await ann.ask('POST', '/v1/opt-outs', { document })).json()['optOut'] as { binding: unknown }
  at.repository.commit({ [fileOf('log4j')]: JSON.stringify(document) })
  for (const [visitor, account, purpose, path] of [[ben, 'ben', 'approve', 'approvals'], [ann, 'ann', 'activate', 'activation']] as const) {
    at.provider.login = { account, acr: 'urn:acme:phr', amr: ['hwk'] }
    const { challenge } = await visitor.stepUp({ purpose, id: 'log4j', signed: asked.binding })
    const { status, text } = await visitor.ask('POST', `/v1/opt-outs/log4j/${path}`, { signed: asked.binding, tap: { challenge, proof: { kind: 'oidc' } } })
    if (status !== 200) throw new Error(text)
  }
}, 60_000)
afterAll(async () => at.close())

const seconds = (after = 0): number => Math.floor(Date.now() / 1000) + after
const claims = (more: Claims = {}): Claims => ({
  iss: at.provider.issuer, aud: audience, iat: seconds(), exp: seconds(300), jti: randomUUID(), sub: 'repo:acme/payments:ref:refs/heads/main', repository_id: '1001', repository_owner_id: '77', ref: 'refs/heads/main',
  ref_protected: 'true', event_name: 'push', sha, job_workflow_ref: workflow, job_workflow_sha: pinned, environment: 'production', runner_environment: 'github-hosted', actor: 'octocat', ...more,
})

const text = sarif(['LOG4J'])
const reports = [{ name: 'trivy.sarif', text }]
const ask = (token: string, body: unknown = { reports }): Promise<Reply> => at.ask('/v1/decisions', { method: 'POST', body, over: 'network', token })
const decide = async (more: Claims = {}, body?: unknown): Promise<Reply> => ask(await at.provider.sign(claims(more)), body)
const uses = async (): Promise<unknown> => ((await at.ask('/v1/opt-outs/log4j')).json()['uses'] as { readonly counted: number }).counted

async function verified(reply: Reply, over: Partial<DecisionContext> = {}) {
  const { workspace } = await readGovernance({ dir: at.repository.dir, sha256, ref: 'main' })
  const pins = bundlePins(workspace.document, sha256)
  if (!pins.ok) throw new Error(pins.problem.message)
  const run = { now: Date.now() as Instant, repository: '1001', commit: sha, environment: 'production', reports: [digestOf(text)], proven: true, workflows: [pinned], ...over }
  return verifyDecision(Buffer.from(JSON.stringify(reply.json()['decision'])), pins.value, run, { sha256, verify: verifySignature })
}
const payload = (reply: Reply) => decisionSchema.parse(JSON.parse(Buffer.from((reply.json()['decision'] as Dsse).payload, 'base64').toString('utf8')))

describe('a job on the protected ref', () => {
  test('is given a decision that rests on proven facts alone, in a protected environment; a retry counts no second use', async () => {
    const reply = await decide()
    expect(reply.status, reply.text).toBe(200)
    const from = 'token of `actions`'
    expect(await verified(reply)).toMatchObject({ ok: true, value: { decision: {
      exit: 0, preview: false, decisions: [{ outcome: 'excused', optOut: { name: 'log4j', evidence: 'idp-signed' } }],
      caller: { kind: 'workload', provider: 'actions', subject: 'repo:acme/payments:ref:refs/heads/main', refProtected: true, event: 'push', workflow: { ref: workflow, sha: pinned } },
      facts: {
        repository: { value: { name: 'acme/payments', id: '1001' }, provenance: 'verified', from }, commit: { value: sha, provenance: 'verified', from }, environment: { value: 'production', provenance: 'verified', from },
        ref: { value: 'refs/heads/main', provenance: 'verified', from }, actor: { value: 'octocat', provenance: 'verified', from },
      },
    } } })
    expect((await decide()).status).toBe(200)
    expect(await uses()).toBe(1)
  })
  test('the decision is for nobody else', async () => {
    const reply = await decide()
    for (const over of [{ repository: '1002' }, { commit: 'b'.repeat(40) }, { environment: 'test' }]) expect(await verified(reply, over)).toMatchObject({ ok: false, problem: { code: 'DECISION_OTHER_RUN' } })
    expect(await verified(reply, { workflows: ['d'.repeat(40)] })).toMatchObject({ ok: false, problem: { code: 'DECISION_UNPROVEN' } })
  })
  test('what its token does not say of the environment proves nothing', async () => {
    const reply = await decide({ environment: undefined }, { reports, environment: 'production' })
    expect(payload(reply)).toMatchObject({ exit: 2, facts: { environment: { provenance: 'asserted' } }, decisions: [{ outcome: 'blocked', reasons: ['FACT_UNPROVEN'] }] })
    expect(await verified(reply)).toMatchObject({ ok: false, problem: { code: 'DECISION_UNPROVEN' } })
  })
  test('cannot say otherwise than its token', async () => {
    for (const said of [{ commit: 'b'.repeat(40) }, { environment: 'test' }, { repository: 'acme/other' }, { ref: 'refs/heads/x' }]) expectProblem(await decide({}, { reports, ...said }), 422, 'DECISION_FACTS')
  })
  test('attack-01: a token is good for one decision', async () => {
    const token = await at.provider.sign(claims())
    expect((await ask(token)).status).toBe(200)
    expectProblem(await ask(token), 401, 'WORKLOAD_REPLAYED')
  })
  test.each<readonly [string, string, number, Claims]>([
    ['another repository', 'WORKLOAD_REPOSITORY', 403, { repository_id: '9999' }], ['a branch that is not the protected one', 'WORKLOAD_REF', 403, { ref: 'refs/heads/feature' }],
    ['another commit of the workflow', 'WORKLOAD_WORKFLOW', 403, { job_workflow_sha: 'd'.repeat(40) }], ['an end that has passed', 'WORKLOAD_TOKEN', 401, { exp: seconds(-120) }],
  ])('attack-15: with %s is given none', async (_, code, status, more) => { expectProblem(await decide(more), status, code) })
})

describe('others', () => {
  test('attack-11: a job of a pull request is told what would be; nothing is counted, and nobody honours it', async () => {
    const before = await uses()
    const reply = await decide({ event_name: 'pull_request', ref: 'refs/pull/7/merge', ref_protected: 'false', sha: 'b'.repeat(40) })
    expect(payload(reply)).toMatchObject({ preview: true, exit: 0, caller: { refProtected: false, event: 'pull_request' } })
    expect(await verified(reply, { commit: 'b'.repeat(40) })).toMatchObject({ ok: false, problem: { code: 'DECISION_PREVIEW' } })
    expect(await uses()).toBe(before)
  })
  test('a cluster\'s account speaks for no repository', async () => {
    const account = { aud: 'kubernetes-audience', sub: 'system:serviceaccount:exeat:admission', 'kubernetes.io': { namespace: 'exeat', serviceaccount: { name: 'admission', uid: 'u' } } }
    expectProblem(await decide(account, { reports, repository: 'acme/payments', commit: sha, environment: 'production' }), 422, 'DECISION_FACTS')
  })
})

describe('AuthZEN for jobs', () => {
  const body = (over: object = {}): unknown => ({ subject: { type: 'workload', id: 'acme/payments' }, action: { name: 'bypass' }, resource: { type: 'finding', id: 'trivy/LOG4J', properties: { severity: 'high' } }, ...over })
  const asks = async (more: Claims = {}, asked: unknown = body(), path = '/access/v1/evaluation'): Promise<Reply> => at.ask(path, { method: 'POST', body: asked, over: 'network', token: await at.provider.sign(claims(more)) })
  test('in a protected environment every use is counted before it excuses, so that asking excuses nothing and says where to go', async () => {
    const before = await uses()
    const { status, json } = await asks()
    expect(status).toBe(200)
    expect(json()).toMatchObject({ decision: false, context: { code: 'OPTOUT_REFUSED', outcome: 'blocked', reason_user: { en: expect.stringContaining('POST /v1/uses') as string } } })
    expect(await uses()).toBe(before)
  })
  test('speaks for its own repository and commit alone, and is good once for each path', async () => {
    for (const wrong of [body({ subject: { type: 'workload', id: 'acme/ledger' } }), body({ context: { commit: 'f'.repeat(40) } }), body({ context: { environment: 'test' } })]) {
      expect((await asks({}, wrong)).json()).toMatchObject({ decision: false, context: { code: 'DECISION_FACTS', error: { status: 422 } } })
    }
    const token = await at.provider.sign(claims())
    const ask = (path: string): Promise<Reply> => at.ask(path, { method: 'POST', body: body(), over: 'network', token })
    expect((await ask('/access/v1/evaluation')).status).toBe(200)
    expectProblem(await ask('/access/v1/evaluation'), 401, 'WORKLOAD_REPLAYED')
    expect((await ask('/access/v1/evaluations')).status).toBe(200)
  })
  test('that a change started is granted nothing', async () => {
    expect((await asks({ event_name: 'pull_request', ref: 'refs/pull/7/merge', ref_protected: 'false' })).json()).toMatchObject({ decision: false, context: { code: 'WORKLOAD_PREVIEW' } })
  })
})
