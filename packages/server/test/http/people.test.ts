/** The whole way of people over the network: enrolled by a link, vouched for, signed in with a passkey, and every act with a tap. */
import type { Instant } from '@exeat/core'
import { evidenceDeps } from '@exeat/git/crypto'
import { parseVerifierKey } from '@exeat/log'
import { type BundlePins, verifyBundle } from '@exeat/verify'
import { generate } from 'otplib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { must } from '../../../testkit/src/log-store-kit.ts'
import { sha256, verifySignature } from '../../src/store/ed25519.ts'
import { by, expectProblem, site } from '../main/support.ts'
import { day, fileOf, hour, optOut, start } from '../use/support.ts'
import { type Browser, peopleSite, type PeopleSite, type Wanted } from './browser.ts'

let at: PeopleSite
let ann: Browser
let ben: Browser
beforeAll(async () => {
  at = await peopleSite()
  ann = at.browser('ann')
  ben = at.browser('ben')
  for (const browser of [ann, ben]) {
    await at.rootVouch(browser.name as 'ann' | 'ben', await at.enrol(browser))
    await browser.signIn()
  }
})
afterAll(async () => at.close())

const bindingOf = async (id: string) => ((await ann.ask('GET', `/v1/opt-outs/${id}`)).json() as { binding: { optOut: string; terms: string; impact: string | null } }).binding
const lasting = (name: string) => optOut(name, { until: 12 * day })
const asked = async (name: string): Promise<Wanted & { purpose: 'approve' }> => {
  expect((await ann.ask('POST', '/v1/opt-outs', { document: lasting(name) })).status).toBe(201)
  return { purpose: 'approve', id: name, signed: await bindingOf(name) }
}
const approvals = (name: string): string => `/v1/opt-outs/${name}/approvals`

test('asked for, approved by a tap, merged, activated by a tap of somebody else', async () => {
  const wanted = await asked('log4j')
  const { signed } = wanted
  const answer = await ben.ask('POST', approvals('log4j'), { signed, tap: await ben.tap(wanted) })
  expect(answer.json()).toMatchObject({ evidence: 'user-signed', optOut: { phase: 'approved' } })
  at.repository.commit({ [fileOf('log4j')]: JSON.stringify(lasting('log4j')) })
  const activated = await ann.ask('POST', '/v1/opt-outs/log4j/activation', { signed, tap: await ann.tap({ ...wanted, purpose: 'activate' }) })
  expect(activated.json()).toMatchObject({ evidence: 'user-signed', optOut: { phase: 'active', activation: { by: { iss: 'exeat:local', sub: 'ann' } } } })
})

test('attack-15: an act of somebody who merely signed in is answered with the way to a second factor (RFC 9470)', async () => {
  const { signed } = await asked('untapped')
  const reply = await ben.ask('POST', approvals('untapped'), { signed })
  expectProblem(reply, 401, 'TAP_NEEDED')
  expect(reply.headers['www-authenticate']).toMatch(/error="insufficient_user_authentication".*max_age="0"/)
})

describe('attack-01: a challenge is spent by whoever comes with it first', () => {
  test('the same tap twice, under one key and under another', async () => {
    const wanted = await asked('twice')
    const body = { signed: wanted.signed, tap: await ben.tap(wanted) }
    const key = { 'idempotency-key': 'the-same' }
    const first = await ben.ask('POST', approvals('twice'), body, key)
    const again = await ben.ask('POST', approvals('twice'), body, key)
    expect(again.json()['index']).toBe(first.json()['index'])
    expectProblem(await ben.ask('POST', approvals('twice'), body), 409, 'TAP_UNKNOWN')
  })
  test('twenty at once: one is believed', async () => {
    const wanted = await asked('raced')
    const body = { signed: wanted.signed, tap: await ben.tap(wanted) }
    const replies = await Promise.all(Array.from({ length: 20 }, () => ben.ask('POST', approvals('raced'), body)))
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(1)
    for (const reply of replies.filter(({ status }) => status !== 200)) expectProblem(reply, 409, 'TAP_UNKNOWN')
  })
  test('for another act, opt-out, person or session than it was made for it is refused, and spent', async () => {
    const [one, other] = [await asked('one'), await asked('other')]
    const misuses: readonly (readonly [string, () => Promise<unknown>, Browser, string, object])[] = [
      ['content', () => ben.tap(one), ben, approvals('other'), { signed: other.signed }],
      ['purpose', () => ben.tap(one), ben, '/v1/opt-outs/one/activation', { signed: one.signed }],
      ['person', () => ben.tap(one), ann, approvals('one'), { signed: one.signed }],
    ]
    for (const [what, tapping, who, path, body] of misuses) {
      const tap = await tapping()
      const reply = await who.ask('POST', path, { ...body, tap })
      expectProblem(reply, 403, 'TAP_OTHER')
      expect(reply.text, what).toContain(what)
      expectProblem(await ben.ask('POST', approvals('one'), { signed: one.signed, tap }), 409, 'TAP_UNKNOWN')
    }
    const tap = await ben.tap(one)
    await ben.signIn()
    expectProblem(await ben.ask('POST', approvals('one'), { signed: one.signed, tap }), 403, 'TAP_OTHER')
  })
  test('after five minutes', async () => {
    const wanted = await asked('late')
    const tap = await ben.tap(wanted)
    at.clock.now += 5 * 60_000
    expectProblem(await ben.ask('POST', approvals('late'), { signed: wanted.signed, tap }), 409, 'TAP_UNKNOWN')
  })
  test('more than ten open ones of a person', async () => {
    at.clock.now += 10 * 60_000
    const wanted = await asked('many')
    for (let i = 0; i < 10; i++) await ben.tap(wanted)
    expectProblem(await ben.ask('POST', '/v1/challenges', wanted), 429, 'TAPS_OPEN')
    at.clock.now += 5 * 60_000
  })
})

test('attack-02: an answer from another site, without its owner, or over another challenge is wrong; five lock the person out of every factor', async () => {
  const wanted = await asked('phished')
  for (const twist of [{ origin: 'https://evil.example' }, { rpId: 'evil.example' }, { crossOrigin: true }, { userVerified: false }, { otherKey: true }]) {
    expectProblem(await ben.ask('POST', approvals('phished'), { signed: wanted.signed, tap: await ben.tap(wanted, twist) }), 403, 'TAP_WRONG')
  }
  expectProblem(await ben.ask('POST', approvals('phished'), { signed: wanted.signed, tap: await ben.tap(wanted) }), 429, 'TRIES_LOCKED')
  expect(at.told).toContainEqual(expect.objectContaining({ code: 'TRIES_LOCKED' }))
  at.clock.now += 15 * 60_000
  expect((await ben.signIn()).status).toBe(200)
})

test('a counter that goes back is refused, and reported', async () => {
  const wanted = await asked('copied')
  expectProblem(await ben.ask('POST', approvals('copied'), { signed: wanted.signed, tap: await ben.tap(wanted, { counter: 1 }) }), 403, 'TAP_COUNTER')
  expect(at.told).toContainEqual(expect.objectContaining({ code: 'TAP_COUNTER' }))
  // The authenticator itself goes on counting from where it was.
  expect((await ben.ask('POST', approvals('copied'), { signed: wanted.signed, tap: await ben.tap(wanted, { counter: 1000 }) })).status).toBe(200)
})

test('a sign-in is no tap, and a tap is no sign-in', async () => {
  const wanted = await asked('domains')
  const begun = (await ben.ask('POST', '/v1/sign-in/passkey/options', {})).json() as { id: string; options: { challenge: string } }
  const challenge = await ben.tap(wanted)
  const forSignIn = ben.passkey.get(begun.options)
  expectProblem(await ben.ask('POST', '/v1/sign-in/passkey', { id: begun.id, response: challenge.proof.response }), 403, 'PASSKEY_WRONG')
  expectProblem(await ben.ask('POST', approvals('domains'), { signed: wanted.signed, tap: { challenge: challenge.challenge, proof: { kind: 'webauthn', response: forSignIn } } }), 403, 'TAP_WRONG')
  expectProblem(await ben.ask('POST', '/v1/sign-in/passkey', { id: begun.id, response: forSignIn }), 409, 'CEREMONY_UNKNOWN')
})

test('whoever\'s passkey nobody enrolled, or was removed, does not sign in', async () => {
  const stranger = at.browser('eve')
  expectProblem(await stranger.signIn(), 403, 'PASSKEY_UNKNOWN')
  const credential = await at.enrol(stranger)
  expect((await stranger.signIn()).status).toBe(200)
  expectProblem(await stranger.ask('POST', '/v1/challenges', { purpose: 'enrol', credential: 'a'.repeat(64) }), 403, 'KEY_NOT_COUNTING')
  expect((await stranger.ask('POST', `/v1/enrolments/${credential}/removal`, { reason: 'lost' })).status).toBe(200)
  expectProblem(await stranger.signIn(), 403, 'PASSKEY_UNKNOWN')
})

test('a link enrols one key, and a ceremony ends once', async () => {
  const eve = at.browser('mallory')
  const link = await at.ask('/v1/links', { method: 'POST', body: { person: { iss: 'exeat:local', sub: 'mallory' }, label: 'mallory' }, headers: by('keeper') })
  const secret = new URL(String(link.json()['url'])).hash.slice(1)
  const begin = async () => (await eve.ask('POST', '/v1/enrolments/options', { secret })).json() as { id: string; options: { challenge: string; user: { id: string } } }
  const [first, second] = [await begin(), await begin()]
  expect((await eve.ask('POST', '/v1/enrolments', { id: first.id, response: eve.passkey.create(first.options), label: 'x' })).status).toBe(201)
  const other = at.browser('mallory')
  expectProblem(await other.ask('POST', '/v1/enrolments', { id: second.id, response: other.passkey.create(second.options), label: 'x' }), 409, 'LINK_UNKNOWN')
  expectProblem(await other.ask('POST', '/v1/enrolments', { id: first.id, response: other.passkey.create(first.options), label: 'x' }), 409, 'CEREMONY_UNKNOWN')
})

test('what changes something comes from a page of this server, with its token', async () => {
  expectProblem(await ben.ask('POST', '/v1/totp', undefined, { 'exeat-csrf': 'f'.repeat(64) }), 403, 'CSRF')
  expectProblem(await ben.ask('POST', '/v1/totp', undefined, { 'sec-fetch-site': 'cross-site' }), 403, 'CSRF')
  expectProblem(await ben.ask('POST', '/v1/totp', undefined, { origin: 'https://evil.example' }), 403, 'CSRF')
})

test('a user code that nobody was given, and two API keys of one name', async () => {
  expectProblem(await ben.ask('GET', '/v1/device/AAAAAAAA'), 404, 'DEVICE_UNKNOWN')
  expectProblem(await ben.ask('POST', '/v1/device/token', { deviceCode: 'A'.repeat(43) }), 401, 'PROOF_WRONG')
  const wanted = { name: 'ci', scopes: ['read'], days: 30 }
  expect((await ben.ask('POST', '/v1/api-keys', wanted)).status).toBe(201)
  expectProblem(await ben.ask('POST', '/v1/api-keys', wanted), 409, 'API_KEY_STANDS')
})

describe('one-time codes', () => {
  test('are enrolled with a code and a tap, count a day later, and are taken where the terms take them', async () => {
    const { secret, id, credential } = (await ben.ask('POST', '/v1/totp')).json() as { secret: string; id: string; credential: string }
    const code = async () => generate({ secret, epoch: Math.floor(at.clock.now / 1000) })
    expectProblem(await ben.ask('POST', '/v1/totp/confirmation', { id, code: '000000', label: 'phone', tap: await ben.tap({ purpose: 'enrol', credential }) }), 403, 'TAP_WRONG')
    const used = await code()
    const confirmed = await ben.ask('POST', '/v1/totp/confirmation', { id, code: used, label: 'phone', tap: await ben.tap({ purpose: 'enrol', credential }) })
    expect(confirmed.json()).toMatchObject({ kind: 'totp', countsFrom: new Date(at.clock.now + day).toISOString() })
    at.clock.now += day
    await Promise.all([ann.signIn(), ben.signIn()])
    const wanted = { ...await asked('coded'), tap: undefined }
    const strict = (await ben.ask('POST', '/v1/challenges', { purpose: 'approve', id: 'coded', signed: wanted.signed })).json() as { id: string; factors: object }
    expect(strict.factors).not.toHaveProperty('totp')
    expectProblem(await ben.ask('POST', approvals('coded'), { signed: wanted.signed, tap: { challenge: strict.id, proof: { kind: 'totp', code: await code() } } }), 403, 'TAP_KIND')
  })
})

test('attack-20: an emergency that meets an open one is confirmed by the second person, in their own session, over the first one\'s challenge', async () => {
  await Promise.all([ann.signIn(), ben.signIn()])
  const cleo = at.browser('cleo')
  const credential = await at.enrol(cleo)
  const vouched = await ben.ask('POST', `/v1/enrolments/${credential}/vouch`, { tap: await ben.tap({ purpose: 'enrol', credential }) })
  expect(vouched.json()).toMatchObject({ vouchedBy: [{ by: { iss: 'exeat:local', sub: 'ben' }, root: false }], countsFrom: new Date(at.clock.now + day).toISOString() })
  at.clock.now += day
  await Promise.all([ann.signIn(), ben.signIn(), cleo.signIn()])
  const from = at.clock.now - start
  const fire = (name: string) => optOut(name, { category: 'emergency', controls: ['trivy/FIRE'], environments: ['production'], from, until: from + 4 * hour })
  const alone = { document: fire('fire-1'), team: 'sre' }
  expect((await ann.ask('POST', '/v1/emergencies', { ...alone, tap: await ann.tap({ purpose: 'emergency', asked: alone }) })).json()).toMatchObject({ optOut: { inForce: true, review: 'due' } })
  const wanted = { document: fire('fire-2'), team: 'sre', second: { iss: 'exeat:local', sub: 'cleo' } }
  const unconfirmed = await ann.tap({ purpose: 'emergency', asked: wanted })
  expectProblem(await ann.ask('POST', '/v1/emergencies', { ...wanted, tap: unconfirmed }), 403, 'SECOND_PERSON_NEEDED')
  const tap = await ann.tap({ purpose: 'emergency', asked: wanted })
  expectProblem(await ben.ask('POST', '/v1/challenges', { purpose: 'second', challenge: tap.challenge }), 409, 'TAP_UNKNOWN')
  const confirming = `/v1/challenges/${tap.challenge}/second`
  expect((await cleo.ask('POST', confirming, { tap: await cleo.tap({ purpose: 'second', challenge: tap.challenge }) })).status).toBe(204)
  expectProblem(await cleo.ask('POST', confirming, { tap: await cleo.tap({ purpose: 'second', challenge: tap.challenge }) }), 409, 'TAP_UNKNOWN')
  expect((await ann.ask('POST', '/v1/emergencies', { ...wanted, tap })).json()).toMatchObject({ evidence: 'user-signed', optOut: { inForce: true } })
  const said = { verdict: 'justified', reason: 'the site was down' } as const
  expect((await ben.ask('POST', '/v1/opt-outs/fire-2/review', { ...said, tap: await ben.tap({ purpose: 'review', id: 'fire-2', review: said }) })).json()).toMatchObject({ optOut: { review: 'justified' } })
  const bundle = (await at.ask('/v1/bundle?protected=true', { over: 'network' })).bytes
  const verified = must(verifyBundle(bundle, pinsOf(), { now: at.clock.now as Instant, audience: '1001', protectedEnvironment: true }, { sha256, verify: verifySignature, evidence: evidenceDeps }))
  expect(verified.problems).toEqual([])
  expect(verified.optOuts.active.map(({ document }) => document.metadata.name)).toContain('fire-2')
})

test('a point that knows the founders alone finds the taps in the bundle, and what they met', async () => {
  const { wanted, pins } = { wanted: await asked('offline'), pins: pinsOf() }
  const { signed } = wanted
  await ben.ask('POST', approvals('offline'), { signed, tap: await ben.tap(wanted) })
  at.repository.commit({ [fileOf('offline')]: JSON.stringify(lasting('offline')) })
  expect((await ann.ask('POST', '/v1/opt-outs/offline/activation', { signed, tap: await ann.tap({ ...wanted, purpose: 'activate' }) })).status).toBe(200)
  const bundle = (await at.ask('/v1/bundle', { over: 'network' })).bytes
  const verified = must(verifyBundle(bundle, pins, { now: at.clock.now as Instant, audience: '1001', protectedEnvironment: false }, { sha256, verify: verifySignature, evidence: evidenceDeps }))
  expect(verified.problems).toEqual([])
  expect(verified.optOuts.active.find(({ document }) => document.metadata.name === 'offline')?.met).toMatchObject({
    evidence: 'user-signed', factor: { attested: false, backupEligible: false, age: 0 }, approvers: [['governance', 'security']],
  })
})

const pinsOf = (): BundlePins => ({
  workspace: 'acme-1', origin: at.founded.origin, roots: at.founded.founders.map(({ key }) => must(parseVerifierKey(sha256, key))), witnesses: { atLeast: 0, keys: [] },
})

test('where the workspace names no relying party there are no passkeys', async () => {
  const plain = await site()
  try {
    await plain.start()
    expectProblem(await plain.ask('/v1/sign-in/passkey/options', { method: 'POST', body: {}, over: 'network', token: null }), 409, 'PASSKEYS_OFF')
  } finally {
    await plain.close()
  }
})

test('an enforcement point is told where evaluations of AuthZEN are: at the workspace\'s own address, whatever `Host` says', async () => {
  for (const host of ['exeat.acme.example', 'evil.example']) {
    const reply = await at.ask('/.well-known/authzen-configuration', { over: 'network', token: null, headers: { host } })
    const base = 'https://exeat.acme.example'
    expect(reply.json()).toEqual({ policy_decision_point: base, access_evaluation_endpoint: `${base}/access/v1/evaluation`, access_evaluations_endpoint: `${base}/access/v1/evaluations` })
  }
})
