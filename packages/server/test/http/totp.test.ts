/** One-time codes over the network, where the terms take them: an opt-out approved and activated by codes, and every wrong code (attacks 1 and 2). */
import { generate } from 'otplib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { expectProblem } from '../main/support.ts'
import { day, fileOf, optOut } from '../use/support.ts'
import { tappedPolicy } from '../identity/people.ts'
import { type Browser, peopleSite, type PeopleSite, type Wanted } from './browser.ts'

let at: PeopleSite
let ann: Browser
let ben: Browser
const secrets = new Map<Browser, string>()
const codeOf = async (browser: Browser, steps = 0): Promise<string> => generate({ secret: secrets.get(browser) ?? '', epoch: Math.floor(at.clock.now / 1000) + 30 * steps })

beforeAll(async () => {
  at = await peopleSite()
  at.repository.commit({ '.exeat/policies/checkov.yaml': tappedPolicy('', '{ evidence: server-asserted }').replace('trivy/*', 'checkov/*').replace('name: trivy', 'name: checkov') })
  ann = at.browser('ann')
  ben = at.browser('ben')
  for (const browser of [ann, ben]) {
    await at.rootVouch(browser.name as 'ann' | 'ben', await at.enrol(browser))
    await browser.signIn()
    const { secret, id, credential } = (await browser.ask('POST', '/v1/totp')).json() as { secret: string; id: string; credential: string }
    secrets.set(browser, secret)
    const confirmed = await browser.ask('POST', '/v1/totp/confirmation', { id, code: await codeOf(browser), label: 'phone', tap: await browser.tap({ purpose: 'enrol', credential }) })
    if (confirmed.status !== 201) throw new Error(confirmed.text)
  }
  at.clock.now += day
  await ann.signIn()
  await ben.signIn()
})
afterAll(async () => at.close())

const document = (name: string) => optOut(name, { controls: [`checkov/${name.toUpperCase()}`], until: 12 * day })
const asked = async (name: string): Promise<Wanted & { purpose: 'approve' }> => {
  expect((await ann.ask('POST', '/v1/opt-outs', { document: document(name) })).status).toBe(201)
  const { binding } = (await ann.ask('GET', `/v1/opt-outs/${name}`)).json() as { binding: { optOut: string; terms: string; impact: string | null } }
  return { purpose: 'approve', id: name, signed: binding }
}
const approvals = (name: string): string => `/v1/opt-outs/${name}/approvals`
const tapped = async (browser: Browser, wanted: Wanted, code: string) => {
  const challenge = (await browser.ask('POST', '/v1/challenges', wanted)).json() as { id: string; factors: object }
  expect(challenge.factors).toMatchObject({ totp: true })
  return { challenge: challenge.id, proof: { kind: 'totp', code } }
}
const nextStep = (): void => { at.clock.now += 30_000 }

test('an opt-out is approved and activated by codes, and what it rests on is said to be the server\'s word alone', async () => {
  const wanted = await asked('ckv1')
  const { signed } = wanted
  const approved = await ben.ask('POST', approvals('ckv1'), { signed, tap: await tapped(ben, wanted, await codeOf(ben)) })
  expect(approved.json()).toMatchObject({ evidence: 'server-asserted', optOut: { phase: 'approved' } })
  at.repository.commit({ [fileOf('ckv1')]: JSON.stringify(document('ckv1')) })
  const activated = await ann.ask('POST', '/v1/opt-outs/ckv1/activation', { signed, tap: await tapped(ann, { ...wanted, purpose: 'activate' }, await codeOf(ann)) })
  expect(activated.json()).toMatchObject({ evidence: 'server-asserted', optOut: { phase: 'active', activation: { evidence: 'server-asserted' } } })
})

test('attack-01: a code that was used approves nothing else, nor does one of a step before it, nor a challenge that was spent', async () => {
  nextStep()
  const [one, other] = [await asked('ckv2'), await asked('ckv3')]
  const code = await codeOf(ben)
  const first = await tapped(ben, one, code)
  expect((await ben.ask('POST', approvals('ckv2'), { signed: one.signed, tap: first })).status).toBe(200)
  expectProblem(await ben.ask('POST', approvals('ckv2'), { signed: one.signed, tap: first }), 409, 'TAP_UNKNOWN')
  expectProblem(await ben.ask('POST', approvals('ckv3'), { signed: other.signed, tap: await tapped(ben, other, code) }), 403, 'TAP_WRONG')
  expectProblem(await ben.ask('POST', approvals('ckv3'), { signed: other.signed, tap: await tapped(ben, other, await codeOf(ben, -1)) }), 403, 'TAP_WRONG')
  expect((await ben.ask('GET', '/v1/opt-outs/ckv3')).json()).toMatchObject({ phase: 'proposed', approvals: [] })
})

test('attack-05: a code that was entered for one opt-out is good for no other, and is spent with its challenge', async () => {
  nextStep()
  const [one, other] = [await asked('ckv4'), await asked('ckv5')]
  const tap = await tapped(ben, one, await codeOf(ben))
  expectProblem(await ben.ask('POST', approvals('ckv5'), { signed: other.signed, tap }), 403, 'TAP_OTHER')
  expectProblem(await ben.ask('POST', approvals('ckv4'), { signed: one.signed, tap }), 409, 'TAP_UNKNOWN')
})

test('attack-08: a code of two steps away, of somebody else, or that is none is wrong, and five lock every factor', async () => {
  // Beyond the wrong tries of the tests before.
  at.clock.now += 15 * 60_000
  const wanted = await asked('ckv6')
  for (const code of [await codeOf(ben, -2), await codeOf(ben, 2), await codeOf(ann), '00000000', await codeOf(ben, -20)]) {
    expectProblem(await ben.ask('POST', approvals('ckv6'), { signed: wanted.signed, tap: await tapped(ben, wanted, code) }), 403, 'TAP_WRONG')
  }
  expectProblem(await ben.ask('POST', approvals('ckv6'), { signed: wanted.signed, tap: await tapped(ben, wanted, await codeOf(ben)) }), 429, 'TRIES_LOCKED')
  expectProblem(await ben.ask('POST', approvals('ckv6'), { signed: wanted.signed, tap: await ben.tap(wanted) }), 429, 'TRIES_LOCKED')
  at.clock.now += 15 * 60_000
  expect((await ben.ask('POST', approvals('ckv6'), { signed: wanted.signed, tap: await tapped(ben, wanted, await codeOf(ben)) })).json()).toMatchObject({ optOut: { phase: 'approved' } })
})
