/** What was granted while there was no log, entered afterwards. */
import { describe, expect, test } from 'vitest'
import { type Act, type Asked, endedAt, type OptOutRecord, phaseAt, reviewAt, type Verdict } from '../../src/lifecycle/index.ts'
import type { Instant } from '../../src/model/index.ts'
import { asked, at, day, facts, hour, person, start, terms, World } from './world.ts'

const uid = '3'.repeat(64)
const grant = '4'.repeat(64)
const entering = (over: Partial<Act & { kind: 'offline' }> = {}, of: Partial<Asked> = {}): Act => ({
  kind: 'offline', uid, team: 'sre', second: person('erin'), grant,
  asked: asked('offline', { emergency: true, limits: { findings: 1 }, window: { from: start, until: at(hour) }, ...of }), ...over,
})
const codeOf = (verdict: Verdict): string => (verdict.ok ? 'granted' : verdict.refusal.code)
const recordOf = (world: World): OptOutRecord => {
  const record = world.ledger.records.get(uid)
  if (record === undefined) throw new Error('it was not entered')
  return record
}

describe('attack-28: an offline grant in the log', () => {
  test.each([['within its hour', 600_000, 'revoked', 600_000], ['as it ends', hour, 'lapsed', hour], ['days later', 9 * day, 'lapsed', hour]])('%s is over from then on', (_, after, phase, end) => {
    const world = new World()
    expect(codeOf(world.act(entering(), facts('dave'), at(after)))).toBe('granted')
    for (const later of [0, 1, hour, day]) expect(phaseAt(recordOf(world), at(after + later))).toBe(phase)
    expect(endedAt(recordOf(world), at(after + 1))).toBe(at(end))
    expect(reviewAt(recordOf(world), at(after))).toBe('due')
    expect(reviewAt(recordOf(world), at(after + 72 * hour))).toBe('overdue')
    expect(recordOf(world).emergency).toMatchObject({ offline: grant, second: person('erin'), team: 'sre' })
  })

  test('nothing that stands in the way of an emergency keeps it out: it happened', () => {
    const world = new World()
    const emergency = (n: number): Act => ({
      kind: 'emergency', uid: String(n).padEnd(64, '5'), team: 'sre',
      asked: asked(`fire${n}`, { emergency: true, limits: { findings: 1 }, window: { from: start, until: at(hour) }, scope: { controls: [`trivy/${n}`], targets: {} } }),
    })
    for (const n of [1, 2]) expect(codeOf(world.act(emergency(n), facts('dave'), start))).toBe('granted')
    expect(codeOf(world.act(emergency(3), facts('dave'), start))).toBe('EMERGENCY_TOO_OFTEN')
    expect(codeOf(world.act(entering(), facts('dave'), at(80 * hour)))).toBe('granted')
  })

  test('it counts for the next emergency: overdue, it blocks the person and the team', () => {
    const world = new World()
    world.act(entering(), facts('dave'), at(0))
    const next: Act = { kind: 'emergency', uid: '6'.repeat(64), team: 'sre', asked: asked('fire', { emergency: true, limits: { findings: 1 }, window: { from: at(80 * hour), until: at(81 * hour) }, scope: { controls: ['trivy/x'], targets: {} } }) }
    expect(codeOf(world.act(next, facts('dave'), at(80 * hour)))).toBe('REVIEW_OVERDUE')
    expect(codeOf(world.act(next, facts('erin'), at(80 * hour)))).toBe('REVIEW_OVERDUE')
  })

  test('neither of those who signed it reviews it', () => {
    const world = new World()
    world.act(entering(), facts('dave'), at(0))
    const review: Act = { kind: 'review', uid, verdict: 'justified', reason: 'it burnt' }
    expect(codeOf(world.act(review, facts('erin'), at(1)))).toBe('SELF_APPROVAL')
    expect(codeOf(world.act(review, facts('dave', { groups: ['security'] }), at(1)))).toBe('SELF_APPROVAL')
    expect(codeOf(world.act(review, facts('bob'), at(1)))).toBe('granted')
    expect(reviewAt(recordOf(world), at(2))).toBe('justified')
  })

  test('its uses are counted though it is over, each once; another opt-out\'s are not', () => {
    const world = new World()
    world.act(entering(), facts('dave'), at(2 * hour))
    const use: Act = { kind: 'use', uid, point: 'gate', subject: 'c1' }
    expect(world.act(use, facts('mallory'), at(3 * hour)).events).toHaveLength(1)
    expect(world.act(use, facts('mallory'), at(3 * hour)).events).toHaveLength(0)
  })

  test('is refused: one person twice, nobody of the group or team, no emergency in the terms, twice, a clock that goes back', () => {
    const { emergency: _, ...without } = terms()
    expect(codeOf(new World().act(entering({ second: person('dave') }), facts('dave'), start))).toBe('SECOND_PERSON_NEEDED')
    expect(codeOf(new World().act(entering(), facts('alice'), start))).toBe('NOT_ENTITLED')
    expect(codeOf(new World().act(entering({ team: 'security' }), facts('dave'), start))).toBe('NOT_ENTITLED')
    expect(codeOf(new World().act(entering(), facts('dave', { terms: without }), start))).toBe('EMERGENCY_NOT_PERMITTED')
    const world = new World()
    world.act(entering(), facts('dave'), at(hour))
    expect(codeOf(world.act(entering(), facts('dave'), at(hour)))).toBe('ALREADY_STANDS')
    expect(codeOf(world.act(entering({ uid: '7'.repeat(64) }), facts('dave'), at(hour)))).toBe('NAME_REUSED')
    expect(codeOf(world.act(entering({ uid: '8'.repeat(64) }, { name: 'other' }), facts('dave'), at(0)))).toBe('CLOCK_BACKWARDS')
    expect(codeOf(new World().act(entering(), facts('dave'), Number.NaN as Instant))).toBe('CLOCK_BACKWARDS')
  })
})
