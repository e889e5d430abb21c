/** Acts that arrive over the network at once: exactly one wins, and what stands afterwards is what the winner was told. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Reply } from '../main/support.ts'
import { day, fileOf, optOut } from '../use/support.ts'
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

const stands = async (name: string) => (await ann.ask('GET', `/v1/opt-outs/${name}`)).json()
const document = (name: string) => optOut(name, { controls: [`trivy/${name.toUpperCase()}`], until: 12 * day })
const asked = async (name: string): Promise<Wanted & { purpose: 'approve' }> => {
  expect((await ann.ask('POST', '/v1/opt-outs', { document: document(name) })).status).toBe(201)
  const { binding } = await stands(name) as { binding: { optOut: string; terms: string; impact: string | null } }
  return { purpose: 'approve', id: name, signed: binding }
}
const approving = async (wanted: Wanted & { purpose: 'approve' }) => {
  const tap = await ben.tap(wanted)
  return () => ben.ask('POST', `/v1/opt-outs/${wanted.id}/approvals`, { signed: wanted.signed, tap })
}
const winners = (replies: readonly Reply[]): number => replies.filter(({ status }) => status === 200).length

test('attack-01: two honest taps of one person for one approval, sent at once: one is recorded', async () => {
  const wanted = await asked('twice')
  const acts = [await approving(wanted), await approving(wanted)]
  expect(winners(await Promise.all(acts.map((act) => act())))).toBe(1)
  expect((await stands('twice'))['approvals']).toHaveLength(1)
})

test('attack-05: an approval and a withdrawal at once: what is withdrawn is never approved afterwards', async () => {
  const wanted = await asked('withdrawn')
  const approve = await approving(wanted)
  const [approved, ended] = await Promise.all([approve(), ann.ask('POST', '/v1/opt-outs/withdrawn/withdrawal', { reason: 'no longer needed' })])
  expect(ended.status).toBe(200)
  expect([200, 409]).toContain(approved.status)
  expect(await stands('withdrawn')).toMatchObject({ phase: 'withdrawn' })
  expect((await (await approving(wanted).catch(() => approve))()).status).not.toBe(200)
})

test('attack-05: two activations and a revocation at once: one activates, and what was revoked is not active', async () => {
  const wanted = await asked('ended')
  await (await approving(wanted))()
  at.repository.commit({ [fileOf('ended')]: JSON.stringify(document('ended')) })
  const activation = { ...wanted, purpose: 'activate' } as const
  const taps = [await ann.tap(activation), await ann.tap(activation)]
  const acts = taps.map((tap) => ann.ask('POST', '/v1/opt-outs/ended/activation', { signed: wanted.signed, tap }))
  const revocation = ben.ask('POST', '/v1/opt-outs/ended/revocation', { reason: 'no longer wanted' })
  const [activated, revoked] = [winners(await Promise.all(acts)), (await revocation).status === 200]
  expect(activated).toBe(1)
  expect(await stands('ended')).toMatchObject({ phase: revoked ? 'revoked' : 'active' })
})

test('attack-21: approvals at the very end of their time are none, however many come at once', async () => {
  const wanted = await asked('late')
  at.clock.now += 3 * day - 60_000
  await ben.signIn()
  const acts = [await approving(wanted), await approving(wanted)]
  at.clock.now += 60_000
  expect(winners(await Promise.all(acts.map((act) => act())))).toBe(0)
  await ann.signIn()
  expect(await stands('late')).toMatchObject({ phase: 'timed-out', approvals: [] })
})
