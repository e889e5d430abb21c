/** Every route of the API against the table of permissions: none without a line, and no act without its second factor (attacks 15 and 23). */
import { newSessionKey, type PrivateJwk, proofFor, publicPart } from '@exeat/client/session'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openApiDocument } from '../../src/http/openapi.ts'
import { permissionOf, permissions } from '../../src/http/permissions.ts'
import type { Reply } from '../main/support.ts'
import { optOut, start } from '../use/support.ts'
import { type Browser, type PeopleSite, peopleSite } from './browser.ts'

const operations = Object.entries(openApiDocument().paths ?? {}).flatMap(([path, methods]) => Object.keys(methods as object).map((method) => `${method.toUpperCase()} ${path}`)).filter((route) => !route.includes(' /log'))

describe('the table', () => {
  test('has a line for every route that is described, and for nothing else', () => { expect(Object.keys(permissions).sort()).toEqual(operations.sort()) })
  test('finds a route by its path, and none for a path that is none', () => {
    expect(permissionOf('GET', '/v1/opt-outs/x')).toBe(permissions['GET /v1/opt-outs/{id}'])
    expect(permissionOf('HEAD', '/v1/status')).toBe(permissions['GET /v1/status'])
    expect(permissionOf('POST', '/v1/device/token')).toBe(permissions['POST /v1/device/token'])
    for (const path of ['/v1/opt-outs/x/y', '/v1/opt-outs/x/approvals/', '/v1', '/v1/opt-outs/x/approvals/z']) expect(permissionOf('POST', path)).toBeUndefined()
  })
  test('attack-15: lets nobody but people and the socket act, and asks people for a second factor wherever something is granted', () => {
    const granting = ['POST /v1/emergencies', 'POST /v1/opt-outs/{id}/approvals', 'POST /v1/opt-outs/{id}/activation', 'POST /v1/opt-outs/{id}/review', 'POST /v1/enrolments/{credential}/vouch']
    for (const route of granting) expect(permissions[route], route).toEqual({ callers: ['operator', 'person'], tap: 'always' })
  })
})

describe('over the network', () => {
  let at: PeopleSite
  let ann: Browser
  beforeAll(async () => {
    at = await peopleSite()
    ann = at.browser('ann')
    await at.rootVouch('ann', await at.enrol(ann))
    const { status } = await ann.signIn()
    if (status !== 200) throw new Error(`a sign-in was answered with ${status}`)
  })
  afterAll(async () => at.close())

  const digest = 'a'.repeat(64)
  const bodies: Readonly<Record<string, unknown>> = {
    'POST /v1/emergencies': { document: JSON.parse(JSON.stringify(optOut('fire'))) as unknown, team: 'sre' },
    'POST /v1/opt-outs/{id}/approvals': { signed: { optOut: digest, terms: digest, impact: null } }, 'POST /v1/opt-outs/{id}/activation': { signed: { optOut: digest, terms: digest, impact: null } },
    'POST /v1/opt-outs/{id}/review': { verdict: 'justified', reason: 'x' },
  }

  test.each(Object.keys(bodies))('attack-23: %s does nothing for whoever merely signed in', async (route) => {
    const path = (route.split(' ')[1] ?? '').replace('{id}', 'log4j')
    if (path.includes('log4j')) await ann.ask('POST', '/v1/opt-outs', { document: optOut('log4j') })
    const reply = await ann.ask('POST', path, bodies[route])
    expect([reply.status, reply.json()['code']]).toEqual([401, 'TAP_NEEDED'])
    expect(reply.headers['www-authenticate']).toContain('error="insufficient_user_authentication"')
  })

  test('attack-15: without the token of its page, or from another site, a browser\'s session changes nothing', async () => {
    for (const headers of [{ 'exeat-csrf': '' }, { 'exeat-csrf': 'f'.repeat(64) }, { origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'same-site' }]) {
      expect((await ann.ask('POST', '/v1/opt-outs', { document: optOut('forged') }, headers)).json(), JSON.stringify(headers)).toMatchObject({ status: 403, code: 'CSRF' })
    }
  })

  test('attack-15: a token that was copied from a command line opens nothing without its key, and no proof opens anything twice', async () => {
    const key = await newSessionKey()
    const url = (path: string): string => `https://exeat.acme.example${path}`
    const proof = (method: string, path: string, more: { readonly token?: string; readonly now?: number; readonly by?: PrivateJwk } = {}): Promise<string> =>
      proofFor(more.by ?? key, { method, url: url(path), now: more.now ?? at.clock.now, ...(more.token === undefined ? {} : { token: more.token }) })
    const post = async (path: string, body: unknown): Promise<Reply> => at.ask(path, { method: 'POST', over: 'network', token: null, body, headers: { dpop: await proof('POST', path) } })
    const begun = (await post('/v1/device', { key: publicPart(key), client: { host: 'h', user: 'u', command: 'exeat login' } })).json() as { deviceCode: string; userCode: string }
    const code = begun.userCode.replace('-', '')
    expect((await post('/v1/device/token', { deviceCode: begun.deviceCode })).json()).toMatchObject({ state: 'pending' })
    expect((await at.ask('/v1/device/token', { method: 'POST', over: 'network', token: null, body: { deviceCode: begun.deviceCode }, headers: { dpop: await proof('POST', '/v1/device/token', { by: await newSessionKey() }) } })).status).toBe(404)
    expect((await ann.ask('GET', `/v1/device/${code}`)).json()).toMatchObject({ client: { command: 'exeat login' } })
    expect((await ann.ask('POST', `/v1/device/${code}`, { code, allow: true })).status).toBe(204)
    at.clock.now += 10_000
    const { token } = (await post('/v1/device/token', { deviceCode: begun.deviceCode })).json() as { token: string }
    const session = async (dpop: string | undefined, scheme = 'DPoP'): Promise<number> =>
      (await at.ask('/v1/session', { over: 'network', token: null, headers: { authorization: `${scheme} ${token}`, ...(dpop === undefined ? {} : { dpop }) } })).status
    const good = await proof('GET', '/v1/session', { token })
    expect(await session(good)).toBe(200)
    expect(await session(good)).toBe(401)
    expect(await session(undefined)).toBe(401)
    expect(await session(await proof('GET', '/v1/session', { token }), 'Bearer')).toBe(401)
    const wrong = [
      proof('POST', '/v1/session', { token }), proof('GET', '/v1/sessions', { token }), proof('GET', '/v1/session', { token: 'other' }), proof('GET', '/v1/session'),
      proof('GET', '/v1/session', { token, now: at.clock.now + 61_000 }), proof('GET', '/v1/session', { token, now: at.clock.now - 61_000 }), proof('GET', '/v1/session', { token, by: await newSessionKey() }), Promise.resolve('x.y.z'),
    ]
    for (const each of wrong) expect(await session(await each)).toBe(401)
    expect(await session(await proof('GET', '/v1/session', { token }))).toBe(200)
  })

  /** By these nothing is changed. */
  const asking = ['POST /access/v1/evaluation', 'POST /access/v1/evaluations']
  /** What programs may change: they ask, have uses counted, have runs decided and recorded, and begin a sign-in that a person ends. */
  const programs: Readonly<Record<'point' | 'api-key' | 'workload', readonly string[]>> = {
    point: [...asking, 'POST /v1/runs', 'POST /v1/uses'], 'api-key': [...asking, 'POST /v1/opt-outs', 'POST /v1/runs', 'POST /v1/uses'], workload: [...asking, 'POST /v1/decisions', 'POST /v1/runs', 'POST /v1/uses'],
  }
  const changing = operations.filter((route) => !/^(?:GET|HEAD) /.test(route))
  const open = changing.filter((route) => permissions[route]?.callers.includes('anonymous') === true)

  test('attack-29: no program approves, activates, declares, reviews, vouches, taps or enrols: agents too have people to ask', async () => {
    for (const [kind, allowed] of Object.entries(programs)) {
      expect(changing.filter((route) => permissions[route]?.callers.includes(kind as 'point') === true && !open.includes(route)).sort(), kind).toEqual(allowed)
    }
    const { secret } = (await ann.ask('POST', '/v1/api-keys', { name: 'agent', scopes: ['read', 'request', 'bundle', 'uses'], days: 1 })).json() as { secret: string }
    for (const [kind, token] of [['point', at.founded.pointToken], ['api-key', secret]] as const) {
      for (const route of changing.filter((each) => !open.includes(each) && !programs[kind].includes(each))) {
        const [method = '', path = ''] = route.split(' ')
        // oxlint-disable-next-line no-await-in-loop -- the limits of rates are not what is tested
        const reply = await at.ask(path.replaceAll(/\{[^}]*\}/g, 'a'.repeat(64)), { method, over: 'network', token, body: bodies[route] ?? {}, headers: { 'idempotency-key': `agent-${kind}-${route.length}-${path.length}` } })
        expect([route, kind, reply.status, reply.json()['code']]).toEqual([route, kind, 403, 'CALLER_REFUSED'])
      }
    }
  })

  test('attack-15: an act is handed over by whoever signed in alone, to themselves alone, and nothing but this very act answers it', async () => {
    const ben = at.browser('ben')
    await at.rootVouch('ben', await at.enrol(ben))
    await ben.signIn()
    const review = (reason: string, verdict: 'justified' | 'unjustified' = 'unjustified') => ({ purpose: 'review', id: 'fire', review: { verdict, reason } }) as const
    const key = await newSessionKey()
    const proof = async (path: string): Promise<Record<string, string>> => ({ dpop: await proofFor(key, { method: 'POST', url: `https://exeat.acme.example${path}`, now: at.clock.now }) })
    const wanted = { key: publicPart(key), client: { host: 'h', user: 'u', command: 'exeat review fire' }, act: review('the site was up') }
    const nobody = await at.ask('/v1/device', { method: 'POST', over: 'network', token: null, body: wanted, headers: await proof('/v1/device') })
    expect(nobody.json()).toMatchObject({ status: 401, code: 'NOT_SIGNED_IN_HERE' })
    for (const act of [{ purpose: 'second', challenge: 'a'.repeat(43) }, { purpose: 'request', asked: {} }, { ...wanted.act, more: 1 }, { purpose: '__proto__' }]) {
      expect((await ann.ask('POST', '/v1/device', { ...wanted, act }, await proof('/v1/device'))).status, act.purpose).toBe(400)
    }
    const document = JSON.parse(JSON.stringify(optOut('fire', { category: 'emergency', from: at.clock.now - start, until: at.clock.now - start + 3_600_000, environments: ['production'] }))) as Record<string, unknown>
    const asked = { document, team: 'sre' }
    const declared = await ann.ask('POST', '/v1/emergencies', { ...asked, tap: await ann.tap({ purpose: 'emergency', asked }) })
    expect(declared.status).toBe(201)
    const uid = (declared.json() as { optOut: { uid: string } }).optOut.uid
    const begun = (await ben.ask('POST', '/v1/device', { ...wanted, act: { ...review('the site was up'), id: uid } }, await proof('/v1/device'))).json() as { deviceCode: string; userCode: string }
    const code = begun.userCode.replace('-', '')
    const poll = async (): Promise<unknown> => {
      at.clock.now += 10_000
      return (await at.ask('/v1/device/token', { method: 'POST', over: 'network', token: null, body: { deviceCode: begun.deviceCode }, headers: await proof('/v1/device/token') })).json()
    }
    expect((await ann.ask('GET', `/v1/device/${code}`)).json()).toMatchObject({ status: 404, code: 'DEVICE_UNKNOWN' })
    expect((await ann.ask('POST', `/v1/device/${code}`, { code, allow: true })).json()).toMatchObject({ status: 404, code: 'DEVICE_UNKNOWN' })
    expect((await ben.ask('POST', `/v1/device/${code}`, { code, allow: true })).status).toBe(204)
    // Another judgement of the same emergency, by the session that allowed it, is not what was handed over.
    const other = review('the site was down', 'justified')
    const reviewed = await ben.ask('POST', `/v1/opt-outs/${uid}/review`, { ...other.review, tap: await ben.tap({ ...other, id: uid }) })
    expect(reviewed.status).toBe(200)
    expect(await poll()).toMatchObject({ state: 'pending' })
    at.clock.now += 5 * 60_000
    expect(await poll()).toMatchObject({ status: 404, code: 'DEVICE_UNKNOWN' })
  })

  test('attack-15: an API key reads and asks as far as its scopes go, and never acts', async () => {
    const made = (await ann.ask('POST', '/v1/api-keys', { name: 'ci', scopes: ['read'], days: 1 })).json() as { secret: string }
    const as = (method: string, path: string, body?: unknown): Promise<Reply> => at.ask(path, { method, over: 'network', token: made.secret, body, headers: { 'idempotency-key': `k-${path.length}-${method}` } })
    expect((await as('GET', '/v1/opt-outs')).status).toBe(200)
    for (const [method, path] of [['POST', '/v1/opt-outs'], ['GET', '/v1/bundle'], ['POST', '/v1/opt-outs/log4j/approvals'], ['POST', '/v1/challenges'], ['POST', '/v1/api-keys'], ['POST', '/v1/links']] as const) {
      expect((await as(method, path, method === 'POST' ? {} : undefined)).json(), path).toMatchObject({ status: 403, code: 'CALLER_REFUSED' })
    }
    at.clock.now += 86_400_000
    expect((await as('GET', '/v1/opt-outs')).json()).toMatchObject({ status: 401, code: 'TOKEN_UNKNOWN' })
  })
})
