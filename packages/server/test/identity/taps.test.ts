/** Approving and activating with second factors, over the use cases: what is signed is what is recorded, or nothing is. */
import type { Binding } from '@exeat/core'
import type { Envelope } from '@exeat/core/envelope'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { evidenceDeps } from '@exeat/git/crypto'
import { verifyEvidence } from '@exeat/verify/evidence'
import { faultyTables, type Fault } from '../../../testkit/src/log-store-faults.ts'
import { type Actor, operatorIssuer } from '../../src/use/index.ts'
import { sqlite } from '../sqlite-kind.ts'
import { agree, codesOf, day, eventsOf, hour, newKey, optOut, refused } from '../use/support.ts'
import { activatedBy, approvedBy, askedFor, type Change, mergedNow, type PeopleWorld, peopleWorld, type TapWanted, tappedPolicy, who } from './people.ts'

const minute = 60_000
let at: PeopleWorld
beforeEach(async () => {
  at = await peopleWorld(sqlite)
  await at.founder('ann')
  await at.founder('ben')
})
afterEach(async () => at.close())

test('two founders enrol, one asks, the other approves by tap, the first activates by tap; each envelope recorded is the one that was tapped, and verifies from the log', async () => {
  await askedFor(at, 'log4j')
  at.clock.now += hour
  const signed = (await at.useCases.optOut('log4j')).binding
  const approving = await at.tapping('ben', { purpose: 'approve', id: 'log4j', signed })
  at.clock.now += 2 * minute
  const approval = await at.useCases.approve(approving, 'log4j', signed, newKey())
  expect(approval.evidence).toBe('user-signed')
  await mergedNow(at, 'log4j')
  await activatedBy(at, 'ann', 'log4j')
  expect(await at.useCases.optOut('log4j')).toMatchObject({ phase: 'active', approvals: [{ evidence: 'user-signed' }], activation: { by: who('ann'), evidence: 'user-signed' } })
  const ledger = await at.useCases.keys()
  const acts = (await eventsOf(at.log)).filter(({ type }) => type === 'dev.exeat.optout.approved.v1' || type === 'dev.exeat.optout.activated.v1')
  expect(acts).toHaveLength(2)
  for (const event of acts) {
    if (!('envelope' in event.data) || !('by' in event.data) || !('binding' in event.data)) throw new Error('it is no act')
    const context = { ledger, identity: { relyingParty: { id: 'exeat.acme.example', origins: ['https://exeat.acme.example'] as [string] } }, deps: evidenceDeps }
    expect(verifyEvidence(event.data.evidence, event.data.envelope, event.data.by, event.time, context)).toMatchObject({ ok: true, value: { strength: 'user-signed' } })
  }
  expect(acts[0]?.data).toMatchObject({ envelope: { at: acts[0] === undefined ? 0 : acts[0].time - 2 * minute, purpose: 'approve' } })
  await agree(at.log)
})

describe('without a second factor nothing is done', () => {
  test('attack-15: whoever merely signed in, or holds an API key, approves, activates, declares, reviews and vouches for nothing', async () => {
    const signed = await askedFor(at, 'log4j')
    const ben = at.person('ben')
    const key: Actor = { ...ben, evidence: { strength: 'none', kind: 'sign-in', method: 'api-key', at: at.clock.now as never } }
    for (const actor of [ben, key]) {
      await refused(at.useCases.approve(actor, 'log4j', signed, newKey()), 'TAP_NEEDED')
      await refused(at.useCases.activate(actor, 'log4j', signed, newKey()), 'TAP_NEEDED')
      await refused(at.useCases.emergency(actor, { document: optOut('fire'), team: 'sre' }, newKey()), 'TAP_NEEDED')
      await refused(at.useCases.review(actor, 'log4j', { verdict: 'justified', reason: 'x' }, newKey()), 'TAP_NEEDED')
      await refused(at.useCases.vouch(actor, 'a'.repeat(64), undefined, newKey()), 'TAP_NEEDED')
    }
    expect(await at.useCases.optOut('log4j')).toMatchObject({ phase: 'proposed', approvals: [] })
  })

  test('attack-23: a typed name at the administrative socket is no second factor either, and nobody signs in as one', async () => {
    const signed = await askedFor(at, 'log4j')
    const operator: Actor = { identity: { iss: operatorIssuer, sub: 'ben' }, evidence: { strength: 'operator-asserted', name: 'ben' } }
    await refused(at.useCases.approve(operator, 'log4j', signed, newKey()), 'NOT_ENTITLED')
    const forged = [operatorIssuer, 'exeat:founders', 'exeat:server', 'exeat:other', 'git'].map((iss): Actor => ({ ...at.person('ben'), identity: { iss, sub: 'ben' } }))
    for (const actor of forged) await refused(at.useCases.request(actor, { document: optOut('other') }, newKey()), 'INPUT_INVALID')
    const typed: Actor = { ...at.person('ben'), evidence: { strength: 'operator-asserted', name: 'ben' } }
    await refused(at.useCases.request(typed, { document: optOut('other') }, newKey()), 'INPUT_INVALID')
  })
})

describe('a second factor is for one act alone', () => {
  const approval = (signed: Binding): TapWanted => ({ purpose: 'approve', id: 'log4j', signed })
  const approve = async (signed: Binding, change: Change, by = 'ben') => at.useCases.approve(await at.tapping(by, approval(signed), change), 'log4j', signed, newKey())
  let signed: Binding
  beforeEach(async () => { signed = await askedFor(at, 'log4j') })

  test('attack-05: one over other content, terms, impact, window or repositories grants nothing', async () => {
    const others: readonly Partial<Envelope>[] = [
      { optOut: 'a'.repeat(64) }, { terms: 'a'.repeat(64) }, { impact: 'a'.repeat(64) }, { approvals: ['a'.repeat(64)] }, { repositoryIds: [] }, { statement: 'a'.repeat(64) },
      { window: { from: at.clock.now as never, until: (at.clock.now + 3 * day) as never } },
    ]
    for (const other of others) await refused(approve(signed, { prepared: (made) => ({ ...made, envelope: { ...made.envelope, ...other } as Envelope }) }), 'CONTENT_CHANGED')
  })
  test('attack-01: one over another act, opt-out or workspace grants nothing', async () => {
    const others: readonly Partial<Envelope>[] = [{ purpose: 'activate' }, { uid: 'a'.repeat(64) }, { workspace: 'acme-2' }]
    for (const other of others) await refused(approve(signed, { prepared: (made) => ({ ...made, envelope: { ...made.envelope, ...other } as Envelope }) }), 'TAP_OTHER')
  })
  test('attack-01: what was tapped for one approval is good for no second one', async () => {
    const tapped = await at.tapping('ben', approval(signed))
    const tap = await tapped.tap?.()
    await at.useCases.approve(tapped, 'log4j', signed, newKey())
    await askedFor(at, 'spring')
    const { binding } = await at.useCases.optOut('spring')
    if (tap === undefined) throw new Error('nothing was tapped')
    await refused(at.useCases.approve({ ...at.person('ben'), tap: async () => tap }, 'spring', binding, newKey()), 'TAP_OTHER')
    await refused(at.useCases.approve({ ...at.person('ben'), tap: async () => tap }, 'log4j', signed, newKey()), 'APPROVED_ALREADY')
  })
  test('attack-02: made at another site, or for another, or without its owner being verified', async () => {
    for (const twist of [{ origin: 'https://exeat.acme.example.evil.example' }, { rpId: 'evil.example' }, { crossOrigin: true }, { userVerified: false }, { userPresent: false }, { otherKey: true }, { challenge: 'AAAA' }, { type: 'webauthn.create' }]) {
      const codes = await codesOf(approve(signed, { twist }))
      expect(codes[0], JSON.stringify(twist)).toMatch(/^EVIDENCE_/)
    }
  })
  test('attack-03: one of somebody else, or one that names another actor', async () => {
    await refused(approve(signed, { with: 'ann' }), 'EVIDENCE_KEY')
    await refused(approve(signed, { prepared: (made) => ({ ...made, envelope: { ...made.envelope, actor: who('ann') } }) }), 'EVIDENCE_OTHER')
    await refused(at.useCases.prepare(at.person('ann'), approval(signed)), 'SELF_APPROVAL')
  })
  test('attack-08: one that is too old, or of the future', async () => {
    for (const [change, code] of [[5 * minute, 'EVIDENCE_LATE'], [-1, 'EVIDENCE_LATE']] as const) {
      await refused(approve(signed, { prepared: (made) => ({ ...made, envelope: { ...made.envelope, at: (made.envelope.at - change) as never } }) }), code)
    }
    expect((await approve(signed, { prepared: (made) => ({ ...made, envelope: { ...made.envelope, at: (made.envelope.at - 5 * minute + 1) as never } }) })).optOut.phase).toBe('approved')
  })
  test('attack-05: content that changes between the challenge and the act makes it worthless', async () => {
    const approving = await at.tapping('ben', approval(signed))
    at.merge({ '.exeat/policies/trivy.yaml': tappedPolicy('', '{ evidence: user-signed }', 'duration: 10d, findings: 10') })
    await refused(at.useCases.approve(approving, 'log4j', signed, newKey()), 'CONTENT_CHANGED')
    expect(await at.useCases.optOut('log4j')).toMatchObject({ phase: 'stale' })
  })
  test('attack-05: an activation counts exactly the approvals that it showed', async () => {
    const cleo = await at.enrol('cleo')
    await at.vouch('ben', cleo)
    at.clock.now += day
    await approvedBy(at, 'ben', 'log4j')
    await mergedNow(at, 'log4j')
    const { binding } = await at.useCases.optOut('log4j')
    const activating = await at.tapping('ann', { purpose: 'activate', id: 'log4j', signed: binding })
    await approvedBy(at, 'cleo', 'log4j')
    await refused(at.useCases.activate(activating, 'log4j', binding, newKey()), 'CONTENT_CHANGED')
    await activatedBy(at, 'ann', 'log4j')
    expect(await at.useCases.optOut('log4j')).toMatchObject({ phase: 'active' })
  })
})

test('attack-19: a renewal takes a tap of its own over what it renews; a first request none', async () => {
  const first = { document: optOut('log4j', { until: 2 * day }) }
  await refused(at.useCases.prepare(at.person('ann'), { purpose: 'renew', asked: first }), 'NOT_A_RENEWAL')
  await askedFor(at, 'log4j')
  await approvedBy(at, 'ben', 'log4j')
  await mergedNow(at, 'log4j')
  await activatedBy(at, 'ann', 'log4j')
  at.clock.now += day
  const again = { document: optOut('log4j-2', { controls: ['trivy/LOG4J'], from: day, until: 3 * day }) }
  await refused(at.useCases.request(at.person('ann'), again, newKey()), 'TAP_NEEDED')
  const tapping = await at.tapping('ann', { purpose: 'renew', asked: again })
  const wider = { document: optOut('log4j-2', { controls: ['trivy/LOG4J'], from: day, until: 4 * day }) }
  await refused(at.useCases.request(tapping, wider, newKey()), 'TAP_OTHER')
  expect((await at.useCases.request(tapping, again, newKey())).optOut).toMatchObject({ phase: 'proposed', renewal: 1 })
  expect((await eventsOf(at.log)).at(-1)).toMatchObject({ type: 'dev.exeat.optout.renewed.v1', data: { envelope: { purpose: 'renew' }, evidence: { strength: 'user-signed' } } })
})

test('attack-26: where the log cannot be written, a tap approves nothing, and the same act is done once it can be', async () => {
  const signed = await askedFor(at, 'log4j')
  let arm: ((fault: Fault) => void) | undefined
  await at.restart((tables) => {
    const broken = faultyTables(tables)
    arm = broken.arm
    return broken.tables
  })
  const tapping = await at.tapping('ben', { purpose: 'approve', id: 'log4j', signed })
  arm?.({ step: 'insertEntries', when: 'before', error: sqlite.error('full') })
  const key = newKey()
  await refused(at.useCases.approve(tapping, 'log4j', signed, key), 'STORE_FULL')
  expect(await at.useCases.optOut('log4j')).toMatchObject({ phase: 'proposed', approvals: [] })
  expect((await at.useCases.approve(tapping, 'log4j', signed, key)).optOut.phase).toBe('approved')
})
