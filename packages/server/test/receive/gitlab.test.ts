/** GitLab over a real socket: signing tokens as another library signs, older tokens, streams of audit events, and none in the place of another. */
import { randomBytes, randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Webhook } from 'standardwebhooks'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { expectProblem, type Reply } from '../main/support.ts'
import { pinnedWorkspace } from '../main/support.ts'
import { receivingSite, type ReceivingSite } from './support.ts'

const signing = `whsec_${randomBytes(32).toString('base64')}`
const token = 'a-verification-token'
let at: ReceivingSite
beforeEach(async () => {
  at = await receivingSite()
  at.configure((config) => ({ ...config, receivers: [{ name: 'lab', kind: 'gitlab' }] }))
  at.repository.commit({ '.exeat/workspace.yaml': pinnedWorkspace(at.founded).replaceAll('forge: github', 'forge: gitlab') })
  writeFileSync(join(at.data, 'keys', 'receiver-lab.secret'), `${signing}\n${token}\n`, { mode: 0o600 })
  await at.start()
  await at.ask('/v1/synchronise', { method: 'POST', body: {} })
})
afterEach(async () => at.close())

let counted = 0
const removed = (): string => JSON.stringify({ id: counted += 1, author_id: 7, author_name: 'Ann', entity_id: 1001, entity_type: 'Project', entity_path: 'acme/payments', created_at: new Date(at.clock.now).toISOString(), event_type: 'protected_branch_removed', details: {} })
const post = (body: string, headers: Readonly<Record<string, string>>): Promise<Reply> => at.ask('/v1/receivers/lab', { method: 'POST', over: 'network', token: null, body: new Uint8Array(Buffer.from(body)), headers })

function signedHeaders(body: string, { secret = signing, id = randomUUID(), after = 0 } = {}): Readonly<Record<string, string>> {
  const moment = new Date(at.clock.now + after)
  return { 'webhook-id': id, 'webhook-timestamp': String(Math.floor(moment.getTime() / 1000)), 'webhook-signature': new Webhook(secret).sign(id, moment, body) }
}

test('a stream of audit events shows its verification token, under the content type that GitLab gives it', async () => {
  const reply = await post(removed(), { 'x-gitlab-event-streaming-token': token, 'content-type': 'application/x-www-form-urlencoded' })
  expect(reply.json()).toMatchObject({ outcome: 'taken', items: [{ what: 'protected-branch-removed', state: 'detected' }] })
  expect(await at.shadows()).toMatchObject([{ source: 'gitlab', control: 'gitlab/protected_branch_removed', repository: { id: '1001' }, actor: 'Ann (7)' }])
  const again = removed()
  for (const state of ['detected', 'known']) {
    // oxlint-disable-next-line no-await-in-loop
    expect((await post(again, { 'x-gitlab-token': token })).json()).toMatchObject({ items: [{ state }] })
  }
  expectProblem(await post(removed(), { 'x-gitlab-token': token, 'content-type': 'text/plain' }), 415, 'REQUEST_MEDIA_TYPE')
})

test('a signed webhook is taken once, within five minutes of its time', async () => {
  const body = removed()
  const id = randomUUID()
  expect((await post(body, signedHeaders(body, { id }))).json()).toMatchObject({ outcome: 'taken' })
  expect((await post(body, signedHeaders(body, { id }))).json()).toMatchObject({ outcome: 'repeated' })
  const other = removed()
  expectProblem(await post(other, signedHeaders(other, { id })), 409, 'RECEIVED_REPLAYED')
  for (const after of [-301_000, 301_000]) {
    // oxlint-disable-next-line no-await-in-loop
    expectProblem(await post(other, signedHeaders(other, { after })), 401, 'RECEIVED_UNPROVEN')
  }
  expect((await post(other, signedHeaders(other, { after: -299_000 }))).status).toBe(200)
})

test('attack: no signature of another body, id, time or secret, and no token in the place of a signature', async () => {
  const body = removed()
  const right = signedHeaders(body)
  const wrong: Readonly<Record<string, string>>[] = [
    signedHeaders(removed()), { ...right, 'webhook-id': randomUUID() }, { ...right, 'webhook-timestamp': String(Number(right['webhook-timestamp']) + 1) }, { ...right, 'webhook-timestamp': 'now' }, signedHeaders(body, { secret: `whsec_${randomBytes(32).toString('base64')}` }),
    { ...right, 'webhook-signature': `v1a,${(right['webhook-signature'] ?? '').slice(3)}` }, { ...right, 'webhook-signature': '' }, { ...right, 'webhook-signature': 'v1,AAAA', 'x-gitlab-token': token }, { 'x-gitlab-token': signing }, { 'x-gitlab-token': '' }, { 'x-gitlab-event-streaming-token': `${token}x` }, {},
  ]
  for (const headers of wrong) {
    // oxlint-disable-next-line no-await-in-loop
    expectProblem(await post(body, headers), 401, 'RECEIVED_UNPROVEN')
  }
  expect(await at.shadows()).toEqual([])
  expect((await post(body, { ...right, 'webhook-signature': `v1,${'A'.repeat(43)}= ${right['webhook-signature']}` })).status).toBe(200)
})
