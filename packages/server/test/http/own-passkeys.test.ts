/** Further passkeys of one's own: by the tap of an earlier key that counts, over the very key that was made, once; and counting a day later (attack 32). */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { by, expectProblem, type Reply } from '../main/support.ts'
import { day, optOut } from '../use/support.ts'
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

interface Held { readonly id: string; readonly credential: string; readonly detail: { readonly id: string } }

/** Another device of somebody who signed in. */
async function made(owner: Browser, device: Browser = at.browser(owner.name)): Promise<{ readonly device: Browser; readonly held: Held }> {
  const begun = (await owner.ask('POST', '/v1/enrolments/options', {})).json() as { id: string; options: { challenge: string; user: { id: string } } }
  const reply = await owner.ask('POST', '/v1/enrolments/own', { id: begun.id, response: device.passkey.create(begun.options) })
  expect([reply.status, reply.status === 201 ? '' : reply.text]).toEqual([201, ''])
  return { device, held: reply.json() as unknown as Held }
}
const confirm = (owner: Browser, id: string, tap: unknown): Promise<Reply> => owner.ask('POST', '/v1/enrolments/own/confirmation', { id, label: 'phone', tap })
const tapFor = (owner: Browser, credential: string) => owner.tap({ purpose: 'enrol', credential })

test('attack-32: it is enrolled by the tap of an earlier key, counts for nothing for a day, and approves from then on', async () => {
  const { device, held } = await made(ben)
  expect(held.detail.id).toBe(device.passkey.id)
  const before = (await ben.ask('GET', '/v1/enrolments')).json() as { items: unknown[] }
  const enrolled = await confirm(ben, held.id, await tapFor(ben, held.credential))
  expect(enrolled.json()).toMatchObject({ credential: held.credential, label: 'phone', vouchedBy: [], countsFrom: new Date(at.clock.now + day).toISOString() })
  expect(((await ben.ask('GET', '/v1/enrolments')).json() as { items: unknown[] }).items).toHaveLength(before.items.length + 1)
  const asked = async (name: string): Promise<Wanted & { readonly purpose: 'approve' }> => {
    const { binding } = (await ann.ask('POST', '/v1/opt-outs', { document: optOut(name, { until: 12 * day }) })).json()['optOut'] as { binding: (Wanted & { purpose: 'approve' })['signed'] }
    return { purpose: 'approve', id: name, signed: binding }
  }
  expect((await device.signIn()).status).toBe(200)
  const early = await asked('early')
  const offered = (await device.ask('POST', '/v1/challenges', early)).json() as { factors: { webauthn: { allowCredentials: { id: string }[] } } }
  expect(offered.factors.webauthn.allowCredentials.map(({ id }) => id)).not.toContain(device.passkey.id)
  expectProblem(await device.ask('POST', '/v1/opt-outs/early/approvals', { signed: early.signed, tap: await device.tap(early) }), 403, 'TAP_WRONG')
  at.clock.now += day
  await Promise.all([ann.signIn(), device.signIn(), ben.signIn()])
  const later = await asked('later')
  expect((await device.ask('POST', '/v1/opt-outs/later/approvals', { signed: later.signed, tap: await device.tap(later) })).json()).toMatchObject({ evidence: 'user-signed', optOut: { phase: 'approved' } })
})

test('a tap over another key, by another person, in another session, later, or again enrols nothing', async () => {
  const count = async (): Promise<number> => ((await ben.ask('GET', '/v1/enrolments')).json() as { items: unknown[] }).items.length
  const before = await count()
  const [one, other] = [await made(ben), await made(ben)]
  expectProblem(await confirm(ben, one.held.id, await tapFor(ben, other.held.credential)), 403, 'TAP_OTHER')
  // Spent, whatever came of it.
  expectProblem(await confirm(ben, one.held.id, await tapFor(ben, one.held.credential)), 409, 'CEREMONY_UNKNOWN')
  expectProblem(await confirm(ann, other.held.id, await tapFor(ann, other.held.credential)), 409, 'CEREMONY_UNKNOWN')
  const again = await made(ben)
  const elsewhere = await made(ben)
  await ben.signIn()
  expectProblem(await confirm(ben, again.held.id, await tapFor(ben, again.held.credential)), 409, 'CEREMONY_UNKNOWN')
  expectProblem(await confirm(ann, elsewhere.held.id, await tapFor(ann, elsewhere.held.credential)), 409, 'CEREMONY_UNKNOWN')
  const late = await made(ben)
  at.clock.now += 5 * 60_000
  expectProblem(await confirm(ben, late.held.id, await tapFor(ben, late.held.credential)), 409, 'CEREMONY_UNKNOWN')
  expect(await count()).toBe(before)
})

test('what is held is no registration, no registration is held twice, and none that a link began is', async () => {
  const { held, device } = await made(ben)
  expectProblem(await ben.ask('POST', '/v1/enrolments', { id: held.id, response: device.passkey.create({ challenge: 'AAAA', user: { id: 'AAAA' } }), label: 'x' }), 409, 'CEREMONY_UNKNOWN')
  const begun = (await ben.ask('POST', '/v1/enrolments/options', {})).json() as { id: string; options: { challenge: string; user: { id: string } } }
  expectProblem(await confirm(ben, begun.id, await tapFor(ben, 'a'.repeat(64))), 409, 'CEREMONY_UNKNOWN')
  const link = await at.ask('/v1/links', { method: 'POST', body: { person: { iss: 'exeat:local', sub: 'eve' }, label: 'eve' }, headers: by('keeper') })
  const secret = new URL(String(link.json()['url'])).hash.slice(1)
  const eve = at.browser('eve')
  const linked = (await eve.ask('POST', '/v1/enrolments/options', { secret })).json() as { id: string; options: { challenge: string; user: { id: string } } }
  expectProblem(await ben.ask('POST', '/v1/enrolments/own', { id: linked.id, response: eve.passkey.create(linked.options) }), 409, 'CEREMONY_UNKNOWN')
})

test('a key that counts for nothing speaks for no other, and a passkey that stands is not enrolled again', async () => {
  const dora = at.browser('dora')
  await at.enrol(dora)
  await dora.signIn()
  const { held } = await made(dora)
  expectProblem(await dora.ask('POST', '/v1/challenges', { purpose: 'enrol', credential: held.credential }), 403, 'KEY_NOT_COUNTING')
  const own = await made(ben, ben)
  expectProblem(await ben.ask('POST', '/v1/challenges', { purpose: 'enrol', credential: own.held.credential }), 403, 'VOUCH_REFUSED')
  const doras = await made(ben, dora)
  expectProblem(await confirm(ben, doras.held.id, await tapFor(ben, doras.held.credential)), 409, 'KEY_STANDS')
})

test('of two at once with one key exactly one is enrolled', async () => {
  const { held } = await made(ben)
  const taps = [await tapFor(ben, held.credential), await tapFor(ben, held.credential)]
  const replies = await Promise.all(taps.map((tap) => confirm(ben, held.id, tap)))
  expect(replies.map(({ status }) => status).sort()).toEqual([201, 409])
})
