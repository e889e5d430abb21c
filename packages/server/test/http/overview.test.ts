/** What people look many opt-outs and policies over by: for whoever signed in and what reads for them, and for no enforcement point. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Inventory, PoliciesAnswer } from '@exeat/core/wire'
import { tappedPolicy } from '../identity/people.ts'
import { optOut } from '../use/support.ts'
import { type Browser, type PeopleSite, peopleSite } from './browser.ts'

let at: PeopleSite
let ann: Browser
beforeAll(async () => {
  at = await peopleSite()
  ann = at.browser('ann')
  await at.rootVouch('ann', await at.enrol(ann))
  await ann.signIn()
  await ann.ask('POST', '/v1/opt-outs', { document: optOut('log4j') })
})
afterAll(async () => at.close())

const paths = ['/v1/inventory', '/v1/opt-outs/log4j/uses', '/v1/policies']

describe.each(paths)('%s', (path) => {
  test('answers whoever signed in, the operator, and a key that reads for them', async () => {
    const { secret } = (await ann.ask('POST', '/v1/api-keys', { name: `reader-${paths.indexOf(path)}`, scopes: ['read'], days: 1 })).json() as { secret: string }
    const replies = [await ann.ask('GET', path), await at.ask(path), await at.ask(path, { over: 'network', token: secret })]
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200])
    for (const { headers } of replies) expect(headers['cache-control']).toBe('no-store')
  })
  test('attack-15: refuses an enforcement point, a key for something else, and whoever is nobody', async () => {
    const { secret } = (await ann.ask('POST', '/v1/api-keys', { name: `asker-${paths.indexOf(path)}`, scopes: ['request'], days: 1 })).json() as { secret: string }
    for (const token of [at.founded.pointToken, secret]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect((await at.ask(path, { over: 'network', token })).json()).toMatchObject({ status: 403, code: 'CALLER_REFUSED' })
    }
    expect((await at.ask(path, { over: 'network', token: null })).status).toBe(401)
  })
})

test('the inventory takes what it knows, and nothing else', async () => {
  expect((await ann.ask('GET', '/v1/inventory?phases=proposed&control=LOG4J&limit=1')).json() as unknown as Inventory).toMatchObject({ total: 1, items: [{ name: 'log4j', phase: 'proposed' }] })
  for (const query of ['phases=asleep', 'limit=0', 'limit=1e9', 'order=x', 'more=1', 'endedSince=1', 'environment=A']) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    expect((await ann.ask('GET', `/v1/inventory?${query}`)).status, query).toBe(400)
  }
  expect((await ann.ask('GET', '/v1/inventory?after=%00')).json()).toMatchObject({ status: 422, code: 'INPUT_INVALID' })
  expect((await ann.ask('GET', '/v1/opt-outs/nobody/uses')).json()).toMatchObject({ status: 404, code: 'UNKNOWN_OPTOUT' })
})

test('the matrix has a row for every way in which policies overlap, and a cell for every environment', async () => {
  at.repository.commit({
    '.exeat/policies/narrow.yaml': tappedPolicy().replace('name: trivy', 'name: narrow').replace('trivy/*', 'trivy/CVE-2026-*').replace('duration: 14d', 'duration: 2d'),
    '.exeat/policies/never.yaml': 'apiVersion: exeat.dev/v1\nkind: OptOutPolicy\nmetadata: { name: never }\nspec: { controls: ["trivy/CVE-2026-1"], effect: forbid, severities: [critical], message: fix it }\n',
  })
  const { rows, environments, policies, complete, log } = (await ann.ask('GET', '/v1/policies')).json() as unknown as PoliciesAnswer
  expect(complete).toBe(true)
  expect(policies.map(({ name }) => name)).toEqual(['narrow', 'never', 'production', 'trivy'])
  expect(log).toMatchObject({ witnesses: [], quorum: 0 })
  expect(rows.map((row) => row.policies)).toEqual(expect.arrayContaining([['trivy'], ['narrow', 'trivy'], ['narrow', 'never', 'trivy'], ['production']]))
  expect(rows).toHaveLength(4)
  const cell = (names: string, environment: string) => rows.find((row) => row.policies.join() === names)?.cells[environments.findIndex(({ name }) => name === environment)]
  expect(cell('narrow,trivy', 'test')?.answers).toMatchObject([{ severities: ['info', 'low', 'medium', 'high', 'critical'], answer: { kind: 'permitted', policies: ['narrow', 'trivy'], terms: { limits: { duration: 2 * 86_400_000 } } } }])
  expect(cell('narrow,never,trivy', 'test')?.answers).toMatchObject([{ severities: ['info', 'low', 'medium', 'high'], answer: { kind: 'permitted' } }, { severities: ['critical'], answer: { kind: 'refused', code: 'FORBIDDEN', policies: ['never'] } }])
})
