/** Emergencies with second factors: declared alone, confirmed by a second person where one is open, counted, and reviewed by somebody else. */
import type { Envelope } from '@exeat/core/envelope'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Actor } from '../../src/use/index.ts'
import { sqlite } from '../sqlite-kind.ts'
import { agree, day, eventsOf, hour, newKey, optOut, refused, start } from '../use/support.ts'
import { type PeopleWorld, peopleWorld, type TapWanted, who } from './people.ts'

let at: PeopleWorld
beforeEach(async () => {
  at = await peopleWorld(sqlite)
  await at.founder('ann')
  await at.founder('ben')
  const [cleo, dora] = [await at.enrol('cleo'), await at.enrol('dora')]
  await at.vouch('ben', cleo)
  await at.vouch('ben', dora)
  at.clock.now += day
})
afterEach(async () => at.close())

const fire = (name: string, more: { readonly hours?: number; readonly control?: string } = {}) => {
  const from = at.clock.now - start
  return optOut(name, { category: 'emergency', controls: [more.control ?? 'trivy/FIRE'], environments: ['production'], from, until: from + (more.hours ?? 4) * hour })
}
type Asked = Extract<TapWanted, { purpose: 'emergency' }>['asked']
const asking = (name: string, more: Parameters<typeof fire>[1] = {}, second?: string): Asked => ({ document: fire(name, more), team: 'sre', ...(second === undefined ? {} : { second: who(second) }) })

async function declare(by: string, asked: Asked, seconds?: { readonly by: string; readonly change?: (envelope: Envelope) => Envelope }) {
  const declaring = await at.tapping(by, { purpose: 'emergency', asked })
  const actor: Actor = seconds === undefined ? declaring : {
    ...declaring,
    tap: async () => {
      const tap = await declaring.tap?.()
      if (tap === undefined || 'about' in tap.envelope) throw new Error('nothing was tapped')
      const own: Envelope = { ...tap.envelope, actor: who(seconds.by), nonce: 'f'.repeat(32) }
      const { evidence, envelope } = await at.tapOver(seconds.by, (seconds.change ?? ((same) => same))(own))
      return { ...tap, second: { envelope: envelope as Envelope, evidence } }
    },
  }
  return at.useCases.emergency(actor, asked, newKey())
}

const review = async (by: string, id: string) => {
  const said = { verdict: 'justified', reason: 'the site was down' } as const
  return at.useCases.review(await at.tapping(by, { purpose: 'review', id, review: said }), id, said, newKey())
}

test('attack-20: one is declared with a tap, lasts at most four hours, and is reviewed by somebody else with a tap', async () => {
  await refused(declare('ann', asking('long', { hours: 5 })), 'EMERGENCY_TOO_LONG')
  expect((await declare('ann', asking('fire'))).optOut).toMatchObject({ phase: 'active', inForce: true, review: 'due', activation: { evidence: 'user-signed' } })
  await refused(review('ann', 'fire'), 'SELF_APPROVAL')
  await refused(review('dora', 'fire'), 'NOT_ENTITLED')
  const said = { verdict: 'justified', reason: 'the site was down' } as const
  const reviewing = await at.tapping('ben', { purpose: 'review', id: 'fire', review: said })
  await refused(at.useCases.review(reviewing, 'fire', { ...said, verdict: 'unjustified' }, newKey()), 'CONTENT_CHANGED')
  expect((await review('ben', 'fire')).optOut).toMatchObject({ review: 'justified' })
  const events = await eventsOf(at.log)
  expect(events.at(-1)?.data).toMatchObject({ envelope: { purpose: 'review', statement: expect.stringMatching(/^[0-9a-f]{64}$/) }, evidence: { strength: 'user-signed' } })
  await agree(at.log)
})

test('attack-20: one that meets another which nobody reviewed takes a second person, who signs the same', async () => {
  await declare('ann', asking('fire-1'))
  await refused(declare('dora', asking('fire-2')), 'SECOND_PERSON_NEEDED')
  await refused(declare('dora', asking('fire-2', {}, 'cleo')), 'SECOND_PERSON_NEEDED')
  await refused(declare('dora', asking('fire-2', {}, 'dora'), { by: 'dora' }), 'SECOND_PERSON_NEEDED')
  await refused(declare('dora', asking('fire-2', {}, 'ben'), { by: 'ben' }), 'SECOND_PERSON_NEEDED')
  await refused(declare('dora', asking('fire-2', {}, 'cleo'), { by: 'ann' }), 'SECOND_PERSON_NEEDED')
  await refused(declare('dora', asking('fire-2', {}, 'cleo'), { by: 'cleo', change: (envelope) => ({ ...envelope, optOut: 'a'.repeat(64) }) }), 'CONTENT_CHANGED')
  await refused(declare('dora', asking('fire-2', {}, 'cleo'), { by: 'cleo', change: (envelope) => ({ ...envelope, purpose: 'approve' }) }), 'TAP_OTHER')
  expect((await declare('dora', asking('fire-2', {}, 'cleo'), { by: 'cleo' })).optOut).toMatchObject({ phase: 'active', requester: who('dora') })
  expect((await eventsOf(at.log)).at(-1)?.data).toMatchObject({ second: who('cleo'), seconded: { envelope: { actor: who('cleo'), purpose: 'emergency' }, evidence: { strength: 'user-signed' } } })
  await refused(review('cleo', 'fire-2'), 'SELF_APPROVAL')
  await agree(at.log)
})

test('attack-20: two a person and four a team in seven days, and none while a review is overdue', async () => {
  for (const [i, by] of ['ann', 'ann', 'dora', 'dora'].entries()) await declare(by, asking(`fire-${i}`, { control: `trivy/F${i}` }))
  await refused(declare('ann', asking('third', { control: 'trivy/F8' })), 'EMERGENCY_TOO_OFTEN')
  await refused(declare('cleo', asking('fifth', { control: 'trivy/F9' })), 'EMERGENCY_TOO_OFTEN')
  at.clock.now += 7 * day
  await refused(declare('cleo', asking('after', { control: 'trivy/F9' })), 'REVIEW_OVERDUE')
  for (const i of [0, 1, 2, 3]) await review('ben', `fire-${i}`)
  expect((await declare('cleo', asking('after', { control: 'trivy/F9' }))).optOut.phase).toBe('active')
})
