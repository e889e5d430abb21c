/** An identity provider that ends sessions (OpenID Connect Back-Channel Logout 1.0), and what is no such word of it. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Claims, newKey } from '../../../testkit/src/oidc-provider.ts'
import { expectProblem, type Reply } from '../main/support.ts'
import { fileOf } from '../use/support.ts'
import { type OidcSite, oidcSite, type Visitor } from './oidc-site.ts'

let at: OidcSite
beforeAll(async () => { at = await oidcSite() })
afterAll(async () => at.close())

const send = (token: string, headers: Readonly<Record<string, string>> = {}, body = new URLSearchParams({ logout_token: token }).toString()): Promise<Reply> =>
  at.ask('/auth/acme/logout', { method: 'POST', over: 'network', token: null, body, headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers } })
const isIn = async (visitor: Visitor): Promise<boolean> => (await visitor.ask('GET', '/v1/sign-in')).json()['session'] !== null

const seconds = (after = 0): number => Math.floor(Date.now() / 1000) + after
const event = 'http://schemas.openid.net/event/backchannel-logout'
const claims = (more: Claims = {}): Claims =>
  ({ iss: at.provider.issuer, aud: 'exeat', sub: 'ann', iat: seconds(), exp: seconds(120), jti: randomUUID(), events: { [event]: {} }, ...more })

/** `sid` of the provider's session that the next sign-in is of. */
async function signedIn(account: string): Promise<{ readonly visitor: Visitor; readonly sid: string }> {
  let sid = ''
  at.provider.twist = async (said, sign) => {
    sid = String(said['sid'])
    return sign(said)
  }
  const visitor = at.visitor()
  expect((await visitor.signIn(account)).status).toBe(302)
  at.provider.twist = undefined
  return { visitor, sid }
}

test('by its own token for one of its sessions, that one ends, and no other of the person', async () => {
  const [one, other] = [await signedIn('ann'), await signedIn('ann')]
  const reply = await send(await at.provider.endSession('ann', one.sid))
  expect([reply.status, reply.headers['cache-control']]).toEqual([200, 'no-store'])
  expect([await isIn(one.visitor), await isIn(other.visitor)]).toEqual([false, true])
})

test('by its session alone, without the person', async () => {
  const { visitor, sid } = await signedIn('ann')
  expect((await send(await at.provider.sign(claims({ sub: undefined, sid: 'unknown' })))).status).toBe(200)
  expect(await isIn(visitor)).toBe(true)
  expect((await send(await at.provider.sign(claims({ sub: undefined, sid })))).status).toBe(200)
  expect(await isIn(visitor)).toBe(false)
})

test('attack-07: a person whom the provider ends altogether is signed out everywhere, and their approvals that took no effect are void', async () => {
  const { visitor: ann } = await signedIn('ann')
  const { visitor: ben } = await signedIn('ben')
  const asked = (await ann.ask('POST', '/v1/opt-outs', { document: at.lasting('void') })).json()['optOut'] as { binding: unknown }
  at.provider.login = { account: 'ben', acr: 'urn:acme:phr', amr: ['hwk'] }
  const { challenge } = await ben.stepUp({ purpose: 'approve', id: 'void', signed: asked.binding })
  const approved = await ben.ask('POST', '/v1/opt-outs/void/approvals', { signed: asked.binding, tap: { challenge, proof: { kind: 'oidc' } } })
  expect(approved.json()).toMatchObject({ optOut: { phase: 'approved' } })
  expect((await send(await at.provider.sign(claims({ sub: 'ben' })))).status).toBe(200)
  expect(await isIn(ben)).toBe(false)
  // Groups come back with a sign-in; what was void stays so.
  expect((await ben.signIn('ben')).status).toBe(302)
  expect((await ben.ask('GET', '/v1/session')).json()).toMatchObject({ groups: ['security', 'sre'] })
  at.repository.commit({ [fileOf('void')]: JSON.stringify(at.lasting('void')) })
  expectProblem(await ann.ask('POST', '/v1/challenges', { purpose: 'activate', id: 'void', signed: asked.binding }), 409, 'QUORUM_LOST')
})

describe('what is no logout token ends nothing', () => {
  let visitor: Visitor
  beforeAll(async () => { ({ visitor } = await signedIn('ann')) })

  test.each<readonly [string, () => Claims]>([
    ['of another issuer', () => claims({ iss: 'https://other.example' })],
    ['for another client', () => claims({ aud: 'other' })],
    ['that is over', () => claims({ exp: seconds(-120) })],
    ['that never ends', () => claims({ exp: undefined })],
    ['that was issued in the future', () => claims({ iat: seconds(120), exp: seconds(600) })],
    ['that was issued long ago', () => claims({ iat: seconds(-600), exp: seconds(600) })],
    ['without a time', () => claims({ iat: undefined })],
    ['without an id', () => claims({ jti: undefined })],
    ['with an id that is no text', () => claims({ jti: 7 })],
    ['without events', () => claims({ events: undefined })],
    ['of another event', () => claims({ events: { 'https://other.example/event': {} } })],
    ['whose events are a list', () => claims({ events: [event] })],
    ['that is an ID token', () => claims({ nonce: 'n' })],
    ['of nobody', () => claims({ sub: undefined })],
    ['of somebody whose name has a space', () => claims({ sub: 'a b' })],
    ['of a session that is no text', () => claims({ sid: 7 })],
  ])('%s', async (_, wrong) => {
    expectProblem(await send(await at.provider.sign(wrong())), 400, 'LOGOUT_WRONG')
    expect(await isIn(visitor)).toBe(true)
  })
  test('by another key, by none, or sent as something else', async () => {
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(JSON.stringify(claims())).toString('base64url')}.`
    for (const token of [await at.provider.sign(claims(), {}, await newKey('RS256', 'key-1')), none, 'x', '', 'x'.repeat(9000)]) expectProblem(await send(token), 400, 'LOGOUT_WRONG')
    const token = await at.provider.sign(claims())
    expectProblem(await send(token, {}, `logout_token=${token}&logout_token=${token}`), 400, 'LOGOUT_WRONG')
    expectProblem(await send(token, {}, ''), 400, 'LOGOUT_WRONG')
    expectProblem(await send(token, { 'content-type': 'application/json' }), 415, 'REQUEST_MEDIA_TYPE')
    expectProblem(await at.ask('/auth/other/logout', { method: 'POST', over: 'network', token: null, body: `logout_token=${token}`, headers: { 'content-type': 'application/x-www-form-urlencoded' } }), 404, 'PROVIDER_UNKNOWN')
    expect(await isIn(visitor)).toBe(true)
  })
  test('attack-01: twice, though it says that it is another time', async () => {
    const said = claims({ sub: 'cleo' })
    const cleo = (await signedIn('cleo')).visitor
    expect((await send(await at.provider.sign(said))).status).toBe(200)
    expect(await isIn(cleo)).toBe(false)
    const again = (await signedIn('cleo')).visitor
    expectProblem(await send(await at.provider.sign(said)), 400, 'LOGOUT_WRONG')
    expectProblem(await send(await at.provider.sign({ ...said, iat: seconds(1) })), 400, 'LOGOUT_WRONG')
    expect(await isIn(again)).toBe(true)
  })
})
