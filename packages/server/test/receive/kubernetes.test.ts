/** The audit webhook of a cluster, over a real socket: who may send to it, batches, and what an opt-out of this cluster's environment declares. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ReceivedAnswer } from '@exeat/core/wire'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { by, expectProblem, type Reply } from '../main/support.ts'
import { fileOf, optOut, policy } from '../use/support.ts'
import { receivingSite, type ReceivingSite } from './support.ts'

const token = 'a-token-of-the-cluster'
let at: ReceivingSite
beforeEach(async () => {
  at = await receivingSite()
  at.configure((config) => ({ ...config, receivers: [{ name: 'cluster', kind: 'kubernetes-audit', environment: 'test', repository: '1001' }] }))
  writeFileSync(join(at.data, 'keys', 'receiver-cluster.secret'), `${token}\n`, { mode: 0o600 })
  at.repository.commit({ '.exeat/policies/trivy.yaml': policy().replace('["trivy/*"]', '["trivy/*", "kyverno/*"]') })
  await at.start()
  await at.ask('/v1/synchronise', { method: 'POST', body: {} })
})
afterEach(async () => at.close())

const send = (body: unknown, authorization: string | undefined = `Bearer ${token}`): Promise<Reply> =>
  at.ask('/v1/receivers/cluster', { method: 'POST', over: 'network', token: null, body, headers: authorization === undefined ? {} : { authorization } })
const taken = async (...items: readonly unknown[]): Promise<readonly (readonly [string, string])[]> => {
  const reply = await send({ kind: 'EventList', apiVersion: 'audit.k8s.io/v1', metadata: {}, items })
  expect(reply.status, reply.text).toBe(200)
  return (reply.json() as ReceivedAnswer).items.map(({ what, state }) => [what, state])
}

let counted = 0
const exception = (verb: string, { name = 'x', rule = 'check-team', object = 'shop', after = 0 } = {}): unknown => ({
  level: 'RequestResponse', auditID: `a-${counted += 1}`, stage: 'ResponseComplete', requestURI: '/apis/kyverno.io/v2/x', verb, user: { username: 'eve' }, responseStatus: { code: 200 }, stageTimestamp: new Date(at.clock.now + after).toISOString().replace('Z', '000Z'),
  objectRef: { resource: 'policyexceptions', apiGroup: 'kyverno.io', namespace: 'web', name },
  ...(verb === 'delete' ? {} : { requestObject: { metadata: { name }, spec: { exceptions: [{ policyName: 'require-labels', ruleNames: [rule] }], match: { any: [{ resources: { kinds: ['Pod'], namespaces: ['web'], names: [object] } }] } } } }),
})

test('a cluster shows its token, and nobody else is heard', async () => {
  expect((await send({ kind: 'EventList', apiVersion: 'audit.k8s.io/v1', items: [] })).json()).toMatchObject({ outcome: 'ignored' })
  for (const authorization of [undefined, 'Bearer another-token-of-it', `Basic ${token}`, token, `Bearer ${token}x`, `Bearer ${at.founded.pointToken}`]) {
    // oxlint-disable-next-line no-await-in-loop
    if (authorization !== undefined) expectProblem(await send({}, authorization), 401, 'RECEIVED_UNPROVEN')
  }
  expectProblem(await at.ask('/v1/receivers/cluster', { method: 'POST', over: 'network', token: null, body: {} }), 401, 'RECEIVED_UNPROVEN')
  expectProblem(await send({ kind: 'Event' }), 422, 'RECEIVED_UNREADABLE')
})

test('an exception that nobody declared is entered once, anew when it says something else, and ends with its deletion', async () => {
  expect(await taken(exception('create'))).toEqual([['policy-exception.created', 'detected']])
  expect(await taken(exception('update'))).toEqual([['policy-exception.changed', 'known']])
  expect(await taken(exception('update', { object: 'till' }))).toEqual([['policy-exception.changed', 'detected']])
  expect(await at.shadows()).toMatchObject([{ state: 'resolved', environment: 'test', repository: { id: '1001' }, resource: 'Pod/web/shop' }, { state: 'open', resource: 'Pod/web/till' }])
  expect(await taken(exception('delete', { after: 1 }))).toContainEqual(['policy-exception.deleted', 'resolved'])
  expect(await at.shadows('?state=open')).toEqual([])
})

test('an exception for what an opt-out excuses in this very environment is declared; for more than that it is not', async () => {
  const document = optOut('labels', { controls: ['kyverno/require-labels/check-team'], more: { targets: { repositories: ['acme/payments'], environments: ['test'], resources: ['Pod/web/shop'] } } })
  at.repository.commit({ [fileOf('labels')]: JSON.stringify(document) })
  const act = async (path: string, body: unknown, actor: string) => (await at.ask(path, { method: 'POST', body, headers: by(actor) })).json()
  const { optOut: { binding } } = await act('/v1/opt-outs', { document }, 'alice') as { optOut: { binding: unknown } }
  await act('/v1/opt-outs/labels/approvals', { signed: binding }, 'bob')
  await act('/v1/opt-outs/labels/activation', { signed: binding }, 'dave')
  expect(await taken(exception('create', { name: 'a' }), exception('create', { name: 'b', object: 'till' }), exception('create', { name: 'c', rule: '*' }))).toEqual([
    ['policy-exception.created', 'covered'], ['policy-exception.created', 'detected'], ['policy-exception.created', 'detected'],
  ])
})

test('four hundred events in one batch are all entered, and the same batch again changes nothing', { timeout: 60_000 }, async () => {
  const batch = Array.from({ length: 400 }, (_, index) => exception('create', { name: `e-${index}` }))
  expect((await taken(...batch)).filter(([, state]) => state === 'detected')).toHaveLength(400)
  expect((await taken(...batch)).filter(([, state]) => state === 'known')).toHaveLength(400)
  expect(await at.shadows('?state=open&limit=200')).toHaveLength(200)
})

test('only a cluster has an environment to be told of', async () => {
  await at.stop()
  at.configure((config) => ({ ...config, receivers: [{ name: 'hub', kind: 'github', environment: 'test' }] }))
  await expect(at.start()).rejects.toThrow('a forge states the repository itself')
  at.configure((config) => ({ ...config, receivers: [{ name: 'hub', kind: 'github' }, { name: 'hub', kind: 'kubernetes-audit' }] }))
  await expect(at.start()).rejects.toThrow('two receivers have one name')
})
