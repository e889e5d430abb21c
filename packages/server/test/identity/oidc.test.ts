/** Signing in and stepping up at a real OpenID provider, and every way in which its answer may be another than was asked for. */
import { createHash } from 'node:crypto'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { newKey, signed, type TestProvider, type TokenTwist } from '../../../testkit/src/oidc-provider.ts'
import { expectProblem, type Reply } from '../main/support.ts'
import { fileOf } from '../use/support.ts'
import { type OidcSite, oidcSite, type Visitor } from './oidc-site.ts'
import { site as webSite } from './people.ts'

let at: OidcSite
let provider: TestProvider
beforeAll(async () => {
  at = await oidcSite()
  ;({ provider } = at)
})
afterAll(async () => at.close())
afterEach(() => {
  provider.twist = undefined
  provider.instead.clear()
  at.ahead = 0
  at.forgive()
})

const changing = (change: Readonly<Record<string, unknown>>): TokenTwist => (claims, sign) => sign({ ...claims, ...change })
const seconds = (after = 0): number => Math.floor(Date.now() / 1000) + after
const strong = (account: string, more: object = {}) => ({ account, acr: 'urn:acme:phr', amr: ['hwk', 'user'], ...more })
const signedIn = async (account: string): Promise<Visitor> => {
  const visitor = at.visitor()
  expect((await visitor.signIn(account)).status).toBe(302)
  return visitor
}
const nobodyIn = async (visitor: Visitor): Promise<void> => { expect((await visitor.ask('GET', '/v1/sign-in')).json()['session']).toBeNull() }

describe('signing in', () => {
  test('gives a session of the provider\'s person, with the groups that the workspace maps, and leads back', async () => {
    const visitor = at.visitor()
    const reply = await visitor.signIn('ann', `?return=${encodeURIComponent('/opt-outs/log4j?tab=1')}`)
    expect([reply.status, reply.headers['location']]).toEqual([302, '/opt-outs/log4j?tab=1'])
    const session = (await visitor.ask('GET', '/v1/session')).json()
    expect(session).toMatchObject({ person: { iss: provider.issuer, sub: 'ann' }, label: 'Ann Smith', groups: ['engineering'], method: 'oidc', bound: false })
    const cookies = [reply.headers['set-cookie'] ?? []].flat()
    expect(cookies.find((each) => each.startsWith('__Host-exeat='))).toMatch(/; Max-Age=\d+; Path=\/; HttpOnly; Secure; SameSite=Strict$/)
    expect([...visitor.jar.keys()]).toEqual(['__Host-exeat'])
    expect((await visitor.ask('GET', '/v1/sign-in')).json()['providers']).toEqual([{ name: 'acme', start: '/auth/acme/start' }])
  })
  test('asks with PKCE, a state, a nonce and an age, and binds the answer to this browser for ten minutes', async () => {
    const visitor = at.visitor()
    const reply = await visitor.ask('GET', '/auth/acme/start')
    const asked = Object.fromEntries(new URL(String(reply.headers['location'])).searchParams)
    expect(asked).toMatchObject({ client_id: 'exeat', response_type: 'code', code_challenge_method: 'S256', redirect_uri: `${webSite}/auth/acme/callback`, max_age: '43200' })
    for (const random of [asked['state'], asked['nonce'], asked['code_challenge']]) expect(random).toMatch(/^[\w-]{43}$/)
    expect([reply.headers['set-cookie'] ?? []].flat()[0]).toMatch(/^__Host-exeat-auth-[0-9a-f]{16}=[\w-]{43}; Max-Age=600; Path=\/; HttpOnly; Secure; SameSite=Lax$/)
    expect(reply.headers['referrer-policy']).toBe('no-referrer')
  })
  test.each(['https://evil.example/', '//evil.example', '/\\evil.example', '/%2f/evil.example', '/v1/session', '/auth/acme/start', 'javascript:alert(1)', '/opt-outs/../../evil'])('never leads to %s', async (wanted) => {
    const reply = await at.visitor().signIn('ann', `?return=${encodeURIComponent(wanted)}`)
    expect(reply.headers['location']).toBe('/')
  })
  test('another sign-in ends the session that this browser had', async () => {
    const visitor = await signedIn('ann')
    const before = visitor.jar.get('__Host-exeat') ?? ''
    await visitor.signIn('ann')
    const old = at.visitor()
    old.jar.set('__Host-exeat', before)
    await nobodyIn(old)
  })
  test.each([['eve', 'text'], ['mallory', 'an object'], ['oscar', 'a list with a number']])('%s, whose groups are %s, is in none, and a label that is no line is none', async (account) => {
    const visitor = await signedIn(account)
    expect((await visitor.ask('GET', '/v1/session')).json()).toMatchObject({ groups: [], label: account })
  })
  test('a provider that nobody names is unknown', async () => {
    expectProblem(await at.visitor().ask('GET', '/auth/other/start'), 404, 'PROVIDER_UNKNOWN')
    expectProblem(await at.visitor().ask('GET', '/auth/other/callback?state=x'), 409, 'AUTHORISATION_UNKNOWN')
  })
  test('a person who says no is told so in a page that loads nothing, and nothing of the provider\'s words stands in it', async () => {
    const visitor = at.visitor()
    provider.login = { account: 'nobody' }
    const back = await visitor.leave('/auth/acme/start')
    const reply = await at.ask(back, { over: 'network', token: null, headers: { accept: 'text/html,*/*', cookie: [...visitor.jar].map(([name, value]) => `${name}=${value}`).join('; ') }, conforms: false })
    expect([reply.status, reply.headers['content-type']]).toEqual([403, 'text/html; charset=utf-8'])
    expect(reply.headers['content-security-policy']).toContain("default-src 'none'")
    // Its own style, and nothing else that anybody could put in.
    const [, style = ''] = /<style>([^]*)<\/style>/.exec(reply.text) ?? []
    expect(reply.headers['content-security-policy']).toContain(`style-src 'sha256-${createHash('sha256').update(style).digest('base64')}';`)
    expect(reply.text).toContain('access_denied')
    expect(reply.text).not.toContain('<b>')
    await nobodyIn(visitor)
  })
})

describe('attack-15: what is stolen on the way opens nothing', () => {
  test('a state is good once, and for the browser that began', async () => {
    const visitor = at.visitor()
    provider.login = { account: 'ann' }
    const back = await visitor.leave('/auth/acme/start')
    const thief = at.visitor()
    expectProblem(await thief.ask('GET', back), 409, 'AUTHORISATION_UNKNOWN')
    // Taken by the thief's try: whoever was robbed begins again.
    expectProblem(await visitor.ask('GET', back), 409, 'AUTHORISATION_UNKNOWN')
    await nobodyIn(thief)
    const other = await visitor.leave('/auth/acme/start')
    const cookies = new Map(visitor.jar)
    expect((await visitor.ask('GET', other)).status).toBe(302)
    for (const [name, value] of cookies) visitor.jar.set(name, value)
    expectProblem(await visitor.ask('GET', other), 409, 'AUTHORISATION_UNKNOWN')
    const late = await visitor.leave('/auth/acme/start')
    at.ahead = 10 * 60_000
    expectProblem(await visitor.ask('GET', late), 409, 'AUTHORISATION_UNKNOWN')
  })
  test.each(['?code=x', '?state=&code=x', '?state=a&state=b', `?state=${'a'.repeat(43)}&code=x`, '?error=access_denied'])('a callback that nobody began: %s', async (query) => {
    expectProblem(await at.visitor().ask('GET', `/auth/acme/callback${query}`), 409, 'AUTHORISATION_UNKNOWN')
  })
  test('a code put into another browser\'s answer fails by the proof of PKCE, and one without a proof at the provider itself', async () => {
    const [victim, attacker] = [at.visitor(), at.visitor()]
    provider.login = { account: 'ann' }
    const stolen = new URL(await victim.leave('/auth/acme/start'), webSite).searchParams.get('code') ?? ''
    const own = new URL(await attacker.leave('/auth/acme/start'), webSite)
    own.searchParams.set('code', stolen)
    expectProblem(await attacker.ask('GET', `${own.pathname}${own.search}`), 403, 'PROVIDER_REFUSED')
    await nobodyIn(attacker)
    const again = new URL(await victim.leave('/auth/acme/start'), webSite).searchParams.get('code') ?? ''
    const body = new URLSearchParams({ grant_type: 'authorization_code', code: again, redirect_uri: `${webSite}/auth/acme/callback`, client_id: 'exeat' })
    const answer = await fetch(`${provider.issuer}/token`, { method: 'POST', body })
    expect([answer.status, (await answer.json() as { error: string }).error]).toEqual([400, 'invalid_grant'])
  })
  test('an answer of another issuer is not mixed up with this one\'s (RFC 9207)', async () => {
    for (const change of [(url: URL) => url.searchParams.set('iss', 'https://other.example'), (url: URL) => url.searchParams.delete('iss')]) {
      const visitor = at.visitor()
      provider.login = { account: 'ann' }
      const back = new URL(await visitor.leave('/auth/acme/start'), webSite)
      change(back)
      expectProblem(await visitor.ask('GET', `${back.pathname}${back.search}`), 403, 'PROVIDER_REFUSED')
      await nobodyIn(visitor)
    }
  })
})

/** What no ID token may be, for a sign-in or for a step-up. */
const wrongTokens: readonly (readonly [string, TokenTwist])[] = [
  ['of another audience', changing({ aud: 'other' })],
  ['for another client beside this one', changing({ aud: ['exeat', 'other'], azp: 'other' })],
  ['for two clients, and it says not which', changing({ aud: ['exeat', 'other'] })],
  ['by another authorised party', changing({ azp: 'other' })],
  ['of another issuer', changing({ iss: 'https://other.example' })],
  ['with another nonce', changing({ nonce: 'a'.repeat(43) })],
  ['without a nonce', changing({ nonce: undefined })],
  ['that is over', changing({ exp: seconds(-120) })],
  ['that never ends', changing({ exp: undefined })],
  ['that was issued in the future', changing({ iat: seconds(120), exp: seconds(600) })],
  ['of nobody', changing({ sub: undefined })],
  ['of somebody whose name has a space', changing({ sub: 'ann smith' })],
  ['that says not when they signed in', changing({ auth_time: undefined })],
  ['that says in text when they signed in', changing({ auth_time: String(seconds()) })],
  ['of a sign-in in the future', changing({ auth_time: seconds(120) })],
  ['by a key of nobody', async (claims) => signed(claims, await newKey('RS256', 'key-1'))],
  ['by a key that the set does not name', async (claims) => signed(claims, await newKey('RS256', 'key-99'))],
  ['by a key that it brings along', async (claims) => {
    const { d: _d, p: _p, q: _q, dp: _dp, dq: _dq, qi: _qi, ...jwk } = await newKey('RS256', 'key-1')
    return signed(claims, await newKey('RS256', 'key-1'), { jwk, jku: 'https://evil.example/jwks' })
  }],
  ['that nobody signed', async (claims) => `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.`],
  ['signed with what is public as a secret', async (claims) => {
    const { keys: [key] } = await (await fetch(`${provider.issuer}/jwks`)).json() as { keys: [{ n: string; kid: string }] }
    return signed(claims, { kty: 'oct', k: key.n, kid: key.kid, alg: 'HS256' })
  }],
  ['that is no token', async () => 'not.a.token'],
  ['with more than it may have', async (claims, sign) => sign({ ...claims, filler: 'x'.repeat(9000) })],
]

describe('attack-07: a sign-in is taken from a token that verifies, and from no other', () => {
  test.each([...wrongTokens, ['of a sign-in of yesterday', changing({ auth_time: seconds(-86_400) })]] as typeof wrongTokens)('%s', async (_, twist) => {
    const visitor = at.visitor()
    provider.twist = twist
    expectProblem(await visitor.signIn('ann'), 403, 'PROVIDER_REFUSED')
    await nobodyIn(visitor)
  })
})

async function wantedBy(engineer: Visitor, name: string): Promise<{ readonly purpose: 'approve'; readonly id: string; readonly signed: unknown }> {
  const reply = await engineer.ask('POST', '/v1/opt-outs', { document: at.lasting(name) })
  expect([reply.status, reply.text.slice(0, 300)]).toEqual([201, expect.anything()])
  return { purpose: 'approve', id: name, signed: (reply.json()['optOut'] as { binding: unknown }).binding }
}

const approve = (visitor: Visitor, { id, signed: binding }: { id: string; signed: unknown }, challenge: string): Promise<Reply> =>
  visitor.ask('POST', `/v1/opt-outs/${id}/approvals`, { signed: binding, tap: { challenge, proof: { kind: 'oidc' } } })

describe('stepping up', () => {
  let ann: Visitor
  let ben: Visitor
  beforeAll(async () => {
    ann = await signedIn('ann')
    ben = await signedIn('ben')
  })
  let made = 0
  const wanted = () => wantedBy(ann, `step-${made += 1}`)

  test('approves and activates by the provider\'s word over exactly this, under its key in the log', async () => {
    const asked = await wanted()
    provider.login = strong('ben')
    const { challenge, reply } = await ben.stepUp(asked)
    expect([reply.status, reply.headers['location']]).toEqual([302, `/tap/${challenge}`])
    expect((await ben.ask('GET', `/v1/challenges/${challenge}`)).json()).toMatchObject({ proved: true, wanted: asked })
    const approved = await approve(ben, asked, challenge)
    expect(approved.json()).toMatchObject({ evidence: 'idp-signed', optOut: { phase: 'approved' } })
    at.repository.commit({ [fileOf(asked.id)]: JSON.stringify(at.lasting(asked.id)) })
    provider.login = strong('ann', { amr: ['fpt'] })
    const mine = { ...asked, purpose: 'activate', signed: (await ann.ask('GET', `/v1/opt-outs/${asked.id}`)).json()['binding'] }
    const second = await ann.stepUp(mine)
    const active = await ann.ask('POST', `/v1/opt-outs/${asked.id}/activation`, { signed: mine.signed, tap: { challenge: second.challenge, proof: { kind: 'oidc' } } })
    expect(active.json()).toMatchObject({ evidence: 'idp-signed', optOut: { phase: 'active' } })
    const keys = (await ann.ask('GET', '/v1/enrolments')).json()['items'] as { kind: string; person: unknown; label: string }[]
    expect(keys.filter(({ kind }) => kind === 'issuer-key')).toMatchObject([{ person: null, label: 'signing key of acme' }])
  })
  test('asks for a fresh sign-in, by the wanted ways, over this challenge', async () => {
    const asked = await wanted()
    const begun = (await ben.ask('POST', '/v1/challenges', asked)).json() as { id: string }
    const reply = await ben.ask('GET', `/auth/acme/step-up?challenge=${begun.id}`)
    expect(Object.fromEntries(new URL(String(reply.headers['location'])).searchParams)).toMatchObject({ prompt: 'login', max_age: '0', acr_values: 'urn:acme:phr' })
    for (const visitor of [ann, at.visitor()]) expect([401, 409]).toContain((await visitor.ask('GET', `/auth/acme/step-up?challenge=${begun.id}`)).status)
    expectProblem(await ben.ask('GET', `/auth/acme/step-up?challenge=${'a'.repeat(43)}`), 409, 'TAP_UNKNOWN')
  })
  test('attack-01: one answer proves one challenge, and completes one act', async () => {
    const asked = await wanted()
    provider.login = strong('ben')
    const { challenge } = await ben.stepUp(asked)
    const other = await wanted()
    expectProblem(await approve(ben, other, challenge), 403, 'TAP_OTHER')
    expectProblem(await approve(ben, asked, challenge), 409, 'TAP_UNKNOWN')
  })
  test('attack-02: a challenge that the provider never answered proves nothing', async () => {
    const asked = await wanted()
    const { id } = (await ben.ask('POST', '/v1/challenges', asked)).json() as { id: string }
    expectProblem(await approve(ben, asked, id), 403, 'TAP_WRONG')
  })

  const wrongStepUps: readonly (readonly [string, object, TokenTwist | undefined])[] = [
    ['a weaker way (`acr`)', strong('ben', { acr: 'urn:acme:pwd' }), undefined],
    ['no `acr`', strong('ben', { acr: undefined }), undefined],
    ['no `amr`', strong('ben', { amr: undefined }), undefined],
    ['an `amr` of other methods', strong('ben', { amr: ['pwd', 'mfa'] }), undefined],
    ['an `amr` that is no list', strong('ben'), changing({ amr: 'hwk' })],
    ['somebody else', strong('cleo'), undefined],
    ['a sign-in before the challenge', strong('ben'), changing({ auth_time: seconds(-3600) })],
    ['a sign-in a minute before the challenge', strong('ben'), (claims, sign) => sign({ ...claims, auth_time: seconds(-60) })],
  ]
  test.each(wrongStepUps)('attack-07: %s is not taken', async (_, login, twist) => {
    const asked = await wanted()
    provider.login = login as never
    provider.twist = twist
    // Whoever sits at the provider now is nobody whom it knows from before.
    ben.there.clear()
    const { challenge, reply } = await ben.stepUp(asked)
    expectProblem(reply, 403, 'TAP_WRONG')
    expectProblem(await approve(ben, asked, challenge), 403, 'TAP_WRONG')
  })
  test.each(wrongTokens)('attack-02: a token %s', async (_, twist) => {
    const asked = await wanted()
    provider.login = strong('ben')
    provider.twist = twist
    const { challenge, reply } = await ben.stepUp(asked)
    expect(reply.json()).toMatchObject({ status: 403, code: expect.stringMatching(/^(?:TAP_WRONG|PROVIDER_REFUSED)$/) as unknown })
    expectProblem(await approve(ben, asked, challenge), 403, 'TAP_WRONG')
  })
})

test('attack-15: whoever is merely signed in is told what a step-up takes (RFC 9470)', async () => {
  const ann = await signedIn('ann')
  const ben = await signedIn('ben')
  const asked = await wantedBy(ann, 'rfc9470')
  const reply = await ben.ask('POST', '/v1/opt-outs/rfc9470/approvals', { signed: asked.signed })
  expectProblem(reply, 401, 'TAP_NEEDED')
  expect(reply.headers['www-authenticate']).toMatch(/error="insufficient_user_authentication".*acr_values="urn:acme:phr", max_age="0"/)
})

test('attack-07: five wrong answers lock the person out of every factor', async () => {
  const ann = await signedIn('ann')
  const ben = await signedIn('ben')
  const asked = await wantedBy(ann, 'locked')
  provider.login = strong('ben', { acr: 'urn:acme:pwd' })
  for (let i = 0; i < 5; i++) expectProblem((await ben.stepUp(asked)).reply, 403, 'TAP_WRONG')
  provider.login = strong('ben')
  expectProblem((await ben.stepUp(asked)).reply, 429, 'TRIES_LOCKED')
})

describe('attack-08: a clock that is off', () => {
  test('by less than a minute is borne, by more signs nobody in', async () => {
    for (const ahead of [-50_000, 50_000]) {
      at.ahead = ahead
      const visitor = at.visitor()
      expect((await visitor.signIn('ann')).status).toBe(302)
    }
    at.ahead = -75_000
    const visitor = at.visitor()
    expectProblem(await visitor.signIn('ann'), 403, 'PROVIDER_REFUSED')
    await nobodyIn(visitor)
    at.ahead = 3600_000 + 75_000
    provider.twist = (claims, sign) => sign({ ...claims, exp: Number(claims.iat) + 3600 })
    expectProblem(await visitor.signIn('ann'), 403, 'PROVIDER_REFUSED')
    await nobodyIn(visitor)
  })
})

describe('an issuer that answers what it must not', () => {
  let other: OidcSite
  beforeAll(async () => { other = await oidcSite({ secret: 'correct horse' }) })
  afterAll(async () => other.close())
  afterEach(() => { other.provider.instead.clear() })

  const configuration = '/.well-known/openid-configuration'
  const json = (value: unknown, status = 200) => (_: unknown, res: { writeHead(status: number, headers: object): { end(text: string): void } }): void => { res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value)) }
  const stated = (): Record<string, unknown> => ({ issuer: other.provider.issuer, jwks_uri: `${other.provider.issuer}/jwks`, authorization_endpoint: `${other.provider.issuer}/auth`, token_endpoint: `${other.provider.issuer}/token` })

  test.each<readonly [string, string, () => Parameters<typeof json>]>([
    ['a configuration without end', configuration, () => [{ ...stated(), filler: 'x'.repeat(300_000) }]],
    ['a key set without end', '/jwks', () => [{ keys: [], filler: 'x'.repeat(300_000) }]],
    ['a thousand keys', '/jwks', () => [{ keys: Array.from({ length: 1000 }, (_, i) => ({ kty: 'RSA', kid: String(i), n: 'x', e: 'AQAB' })) }]],
    ['no keys', '/jwks', () => [{ keys: 'none' }]],
    ['a list', configuration, () => [[]]],
    ['another issuer', configuration, () => [{ ...stated(), issuer: 'https://other.example' }]],
    ['keys in the clear', configuration, () => [{ ...stated(), jwks_uri: 'http://other.example/jwks' }]],
    ['a page for people in the clear', configuration, () => [{ ...stated(), authorization_endpoint: 'http://other.example/auth' }]],
    ['no address for codes', configuration, () => [{ ...stated(), token_endpoint: undefined }]],
    ['an error', configuration, () => [{}, 500]],
    ['a way to elsewhere', configuration, () => [{}, 302]],
  ])('%s', async (_, path, answer) => {
    other.provider.instead.set(path, json(...answer()) as never)
    // What was read before is fresh for ten minutes, and good for an hour.
    other.ahead += 2 * 3600_000
    const visitor = other.visitor()
    expectProblem(await visitor.ask('GET', '/auth/acme/start'), 503, 'ISSUER_AWAY')
    expect(visitor.jar.size).toBe(0)
  })
  test('a client with a secret has to show it, from a file that nobody else reads', async () => {
    other.ahead = 0
    const visitor = other.visitor()
    other.provider.login = { account: 'ann' }
    expectProblem(await visitor.ask('GET', await visitor.leave('/auth/acme/start')), 403, 'PROVIDER_REFUSED')
    const file = join(other.data, 'keys', 'provider-acme.secret')
    writeFileSync(file, 'correct horse\n', { mode: 0o644 })
    expectProblem(await visitor.ask('GET', '/auth/acme/start'), 503, 'KEY_OPEN')
    chmodSync(file, 0o600)
    expect((await visitor.signIn('ann')).status).toBe(302)
    writeFileSync(file, '')
    expectProblem(await visitor.ask('GET', '/auth/acme/start'), 503, 'KEY_UNREADABLE')
    writeFileSync(file, 'correct horse\n')
  })
  test('attack-28: a provider that goes away between the page and the code signs nobody in, and one that comes back does', async () => {
    const visitor = other.visitor()
    other.provider.login = { account: 'ann' }
    const back = await visitor.leave('/auth/acme/start')
    await other.provider.stop()
    expectProblem(await visitor.ask('GET', back), 503, 'ISSUER_AWAY')
    expect((await visitor.ask('GET', '/v1/sign-in')).json()['session']).toBeNull()
    await other.provider.resume()
    expect((await visitor.signIn('ann')).status).toBe(302)
  })
  test('a new key is picked up, and a token by the one before is not taken any more', async () => {
    const visitor = other.visitor()
    expect((await visitor.signIn('ann')).status).toBe(302)
    const before = other.provider.key()
    await other.provider.rotate()
    const asked = other.provider.asked.get('/jwks')
    // Tokens that name an unknown key are free: the set is read again after a minute, and not before.
    expectProblem(await visitor.signIn('ann'), 403, 'PROVIDER_REFUSED')
    expect(other.provider.asked.get('/jwks')).toBe(asked)
    other.ahead = 61_000
    expect((await visitor.signIn('ann')).status).toBe(302)
    other.provider.twist = (claims, sign) => sign(claims, {}, before)
    expectProblem(await visitor.signIn('ann'), 403, 'PROVIDER_REFUSED')
    other.provider.twist = undefined
  })
})
