/** Approving and activating with second factors, over the use cases: what is signed is what is recorded, or nothing is. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { verifyEvidence } from '@exeat/verify/evidence'
import { evidenceDeps } from '../../src/store/evidence.ts'
import { sqlite } from '../sqlite-kind.ts'
import { agree, codesOf, day, eventsOf, hour, newKey, optOut, refused } from '../use/support.ts'
import { activatedBy, approvedBy, askedFor, mergedNow, type PeopleWorld, peopleWorld, who } from './people.ts'

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
