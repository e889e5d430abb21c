/** Every act by signing in again at a real OpenID provider: renewing, declaring an emergency, confirming it as the second person, and reviewing it; and what takes a sign-in alone. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { expectProblem, type Reply } from '../main/support.ts'
import { day, fileOf, hour, optOut, start } from '../use/support.ts'
import { type OidcSite, oidcSite, type Visitor } from './oidc-site.ts'
import { tappedPolicy } from './people.ts'

const idp = '{ evidence: idp-signed, backupEligible: true }'

let at: OidcSite
let ann: Visitor
let ben: Visitor
let cleo: Visitor
beforeAll(async () => {
  at = await oidcSite()
  at.repository.commit({ '.exeat/policies/trivy.yaml': tappedPolicy('', idp).replace('duration: 4h, mfa: { evidence: user-signed }', `duration: 4h, mfa: ${idp}`) })
  const signedIn = async (account: string): Promise<Visitor> => {
    const visitor = at.visitor()
    await visitor.signIn(account)
    accounts.set(visitor, account)
    return visitor
  }
  ann = await signedIn('ann')
  ben = await signedIn('ben')
  cleo = await signedIn('cleo')
})
afterAll(async () => at.close())
afterEach(() => {
  at.provider.twist = undefined
  at.forgive()
})

const accounts = new Map<Visitor, string>()
const strong = (visitor: Visitor) => ({ account: accounts.get(visitor) ?? 'nobody', acr: 'urn:acme:phr', amr: ['hwk'] })

type Wanted = Readonly<Record<string, unknown>> & { readonly purpose: string }
/** The act with the provider's word over it. */
async function stepped(visitor: Visitor, wanted: Wanted): Promise<{ readonly challenge: string; readonly proof: { readonly kind: 'oidc' } }> {
  at.provider.login = strong(visitor)
  const { challenge, reply } = await visitor.stepUp(wanted)
  expect([reply.status, reply.headers['location']]).toEqual([302, `/tap/${challenge}`])
  return { challenge, proof: { kind: 'oidc' } }
}

const since = (): number => Date.now() - start
let made = 0
/** Of a control of its own, so that none continues another. */
const fire = (name: string): Record<string, unknown> => optOut(name, { category: 'emergency', controls: [`trivy/FIRE-${made += 1}`], from: since() - hour, until: since() + 2 * hour })
const declare = (visitor: Visitor, asked: object, tap?: unknown): Promise<Reply> => visitor.ask('POST', '/v1/emergencies', { ...asked, ...(tap === undefined ? {} : { tap }) })
const phaseOf = async (name: string): Promise<unknown> => (await ann.ask('GET', `/v1/opt-outs/${name}`)).json()['phase']

/** Asked for, approved, merged and activated, all by the provider's word. */
async function active(name: string, parts: object = {}): Promise<{ readonly document: Record<string, unknown>; readonly uid: string }> {
  const document = optOut(name, { from: since() - hour, until: since() + 2 * day, ...parts })
  const { uid, binding: signed } = (await ann.ask('POST', '/v1/opt-outs', { document })).json()['optOut'] as { uid: string; binding: unknown }
  expect((await ben.ask('POST', `/v1/opt-outs/${uid}/approvals`, { signed, tap: await stepped(ben, { purpose: 'approve', id: uid, signed }) })).status).toBe(200)
  at.repository.commit({ [fileOf(name)]: JSON.stringify(document) })
  const { binding: now } = (await ann.ask('GET', `/v1/opt-outs/${uid}`)).json() as { binding: unknown }
  const activated = await ann.ask('POST', `/v1/opt-outs/${uid}/activation`, { signed: now, tap: await stepped(ann, { purpose: 'activate', id: uid, signed: now }) })
  expect(activated.json()).toMatchObject({ evidence: 'idp-signed', optOut: { phase: 'active' } })
  return { document, uid }
}

// Before those that succeed: a person has two emergencies in a week.
describe('attack-07: by no other word than the provider\'s over exactly this act', () => {
  interface Case { readonly visitor: Visitor; readonly wanted: Wanted; readonly send: (tap: unknown) => Promise<Reply>; readonly stands: () => Promise<void> }
  const cases: Readonly<Record<string, () => Promise<Case>>> = {
    'an activation': async () => {
      const name = `wrong-${made += 1}`
      const document = at.lasting(name)
      const { uid, binding: signed } = (await ann.ask('POST', '/v1/opt-outs', { document })).json()['optOut'] as { uid: string; binding: unknown }
      await ben.ask('POST', `/v1/opt-outs/${uid}/approvals`, { signed, tap: await stepped(ben, { purpose: 'approve', id: uid, signed }) })
      at.repository.commit({ [fileOf(name)]: JSON.stringify(document) })
      const { binding: now } = (await ann.ask('GET', `/v1/opt-outs/${uid}`)).json() as { binding: unknown }
      return {
        visitor: ann, wanted: { purpose: 'activate', id: uid, signed: now }, send: (tap) => ann.ask('POST', `/v1/opt-outs/${uid}/activation`, { signed: now, tap }),
        stands: async () => { expect(await phaseOf(uid)).toBe('approved') },
      }
    },
    'an emergency': async () => {
      const name = `blaze-${made += 1}`
      const asked = { document: fire(name), team: 'sre' }
      return { visitor: ben, wanted: { purpose: 'emergency', asked }, send: (tap) => declare(ben, asked, tap), stands: async () => { expect(await phaseOf(name)).toBeUndefined() } }
    },
  }
  const wrong: readonly (readonly [string, (visitor: Visitor) => void])[] = [
    ['a weaker way', (visitor) => { at.provider.login = { ...strong(visitor), acr: 'urn:acme:pwd' } }],
    ['another method', (visitor) => { at.provider.login = { ...strong(visitor), amr: ['pwd'] } }],
    ['somebody else', () => { at.provider.login = { account: 'oscar', acr: 'urn:acme:phr', amr: ['hwk'] } }],
    ['an old sign-in', (visitor) => { at.provider.login = strong(visitor); at.provider.twist = (claims, sign) => sign({ ...claims, auth_time: Math.floor(Date.now() / 1000) - 3600 }) }],
    ['a token over another challenge', (visitor) => { at.provider.login = strong(visitor); at.provider.twist = (claims, sign) => sign({ ...claims, nonce: 'A'.repeat(43) }) }],
    ['a token for somebody else', (visitor) => { at.provider.login = strong(visitor); at.provider.twist = (claims, sign) => sign({ ...claims, aud: 'another' }) }],
  ]
  for (const [what, making] of Object.entries(cases)) {
    test.each(wrong)(`${what}: %s is not taken`, async (_, lie) => {
      const { visitor, wanted, send, stands } = await making()
      lie(visitor)
      visitor.there.clear()
      const { challenge, reply } = await visitor.stepUp(wanted)
      expect(reply.json()).toMatchObject({ status: 403, code: expect.stringMatching(/^(?:TAP_WRONG|PROVIDER_REFUSED)$/) as unknown })
      expectProblem(await send({ challenge, proof: { kind: 'oidc' } }), 403, 'TAP_WRONG')
      await stands()
    })
    test(`attack-01: ${what}: an answer is good for one act, once, and for nothing else`, async () => {
      const [one, other] = [await making(), await making()]
      const tap = await stepped(one.visitor, one.wanted)
      expectProblem(await other.send(tap), 403, 'TAP_OTHER')
      expectProblem(await one.send(tap), 409, 'TAP_UNKNOWN')
      await one.stands()
      await other.stands()
    })
  }
})

describe('by the provider\'s word over exactly this act', () => {
  test('a renewal is asked for', async () => {
    await active('base')
    const asked = { document: optOut('base-2', { controls: ['trivy/BASE'], from: since() - hour, until: since() + 3 * day, more: { renews: 'base' } }) }
    expectProblem(await ann.ask('POST', '/v1/opt-outs', asked), 401, 'TAP_NEEDED')
    const renewed = await ann.ask('POST', '/v1/opt-outs', { ...asked, tap: await stepped(ann, { purpose: 'renew', asked }) })
    expect(renewed.json()).toMatchObject({ evidence: 'idp-signed', optOut: { phase: 'proposed', renewal: 1 } })
  })

  test('an emergency is declared, heard by a sign-in alone, and reviewed by somebody else', async () => {
    const asked = { document: fire('fire'), team: 'sre' }
    expectProblem(await declare(ben, asked), 401, 'TAP_NEEDED')
    const declared = await declare(ben, asked, await stepped(ben, { purpose: 'emergency', asked }))
    expect(declared.json()).toMatchObject({ evidence: 'idp-signed', optOut: { phase: 'active', review: 'due' } })
    expectProblem(await ben.ask('POST', '/v1/opt-outs/fire/acknowledgement', {}), 403, 'ALARM_OWN')
    expect((await cleo.ask('POST', '/v1/opt-outs/fire/acknowledgement', {})).json()).toMatchObject({ evidence: 'none' })
    const review = { verdict: 'justified', reason: 'the site was down' }
    expectProblem(await cleo.ask('POST', '/v1/opt-outs/fire/review', review), 401, 'TAP_NEEDED')
    expect((await ben.ask('POST', '/v1/challenges', { purpose: 'review', id: 'fire', review })).status).toBe(403)
    const reviewed = await cleo.ask('POST', '/v1/opt-outs/fire/review', { ...review, tap: await stepped(cleo, { purpose: 'review', id: 'fire', review }) })
    expect(reviewed.json()).toMatchObject({ evidence: 'idp-signed', optOut: { review: 'justified' } })
  })

  test('attack-20: the second person of an emergency confirms it, in their own name, before it is declared', async () => {
    const { iss } = (await cleo.ask('GET', '/v1/session')).json()['person'] as { iss: string }
    const asked = { document: fire('blaze'), team: 'sre', second: { iss, sub: 'cleo' } }
    const alone = await stepped(ben, { purpose: 'emergency', asked })
    expectProblem(await declare(ben, asked, alone), 403, 'SECOND_PERSON_NEEDED')
    const tap = await stepped(ben, { purpose: 'emergency', asked })
    expectProblem(await ann.ask('POST', '/v1/challenges', { purpose: 'second', challenge: tap.challenge }), 409, 'TAP_UNKNOWN')
    const confirmed = await stepped(cleo, { purpose: 'second', challenge: tap.challenge })
    // What the page shows again is what was signed, in the name of whoever confirms it.
    expect((await cleo.ask('GET', `/v1/challenges/${confirmed.challenge}`)).json()).toMatchObject({ proved: true, envelope: { purpose: 'emergency', actor: { sub: 'cleo' } }, wanted: { purpose: 'second', challenge: tap.challenge } })
    expect((await cleo.ask('POST', `/v1/challenges/${tap.challenge}/second`, { tap: confirmed })).status).toBe(204)
    expect((await declare(ben, asked, tap)).json()).toMatchObject({ evidence: 'idp-signed', optOut: { phase: 'active' } })
    const review = { verdict: 'unjustified', reason: 'it was up' }
    expect((await cleo.ask('POST', '/v1/challenges', { purpose: 'review', id: 'blaze', review })).status).toBe(403)
  })

  test('revoking, rejecting and withdrawing take a sign-in and nothing more', async () => {
    await active('over')
    expect((await ben.ask('POST', '/v1/opt-outs/over/revocation', { reason: 'fixed' })).json()).toMatchObject({ evidence: 'none', optOut: { phase: 'revoked' } })
    await ann.ask('POST', '/v1/opt-outs', { document: at.lasting('unwanted') })
    expect((await ben.ask('POST', '/v1/opt-outs/unwanted/rejection', { reason: 'no' })).json()).toMatchObject({ optOut: { phase: 'rejected' } })
    await ann.ask('POST', '/v1/opt-outs', { document: at.lasting('regretted') })
    expect((await ann.ask('POST', '/v1/opt-outs/regretted/withdrawal', { reason: 'no' })).json()).toMatchObject({ optOut: { phase: 'withdrawn' } })
  })
})
