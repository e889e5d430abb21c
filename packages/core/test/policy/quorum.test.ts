import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Approval, quorumMet } from '../../src/policy/quorum.ts'

/** Tries every way of seating people, one a place. */
function bruteForce(entries: readonly Approval[], people: readonly (readonly string[])[]): boolean {
  const places = entries.flatMap((entry) => Array.from({ length: entry.count }, () => entry.groups))
  const seat = (index: number, free: readonly number[]): boolean => {
    const place = places[index]
    if (place === undefined) return true
    return free.some((person) => people[person]?.some((group) => place.includes(group)) === true && seat(index + 1, free.filter((other) => other !== person)))
  }
  return seat(0, people.map((_, index) => index))
}

const groups = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 3 })

test('equals the brute force over all seatings', () => {
  let met = 0
  fc.assert(fc.property(fc.array(fc.record({ groups, count: fc.integer({ min: 1, max: 2 }) }), { maxLength: 3 }), fc.array(groups, { maxLength: 6 }), (entries, people) => {
    const expected = bruteForce(entries, people)
    met += Number(expected)
    expect(quorumMet(entries, people)).toBe(expected)
  }), { numRuns: 1_000 })
  expect(met).toBeGreaterThan(50)
})

test('one person fills one place, whatever groups they are in', () => {
  const entries = [{ groups: ['security'], count: 1 }, { groups: ['owners'], count: 1 }]
  expect(quorumMet(entries, [['security', 'owners']])).toBe(false)
  expect(quorumMet(entries, [['security', 'owners'], ['owners']])).toBe(true)
  expect(quorumMet(entries, [['security', 'owners'], ['security']])).toBe(true)
  expect(quorumMet([{ groups: ['security'], count: 2 }], [['security']])).toBe(false)
})

test('nothing asked is met by nobody; a count that is none is never met', () => {
  expect(quorumMet([], [])).toBe(true)
  expect(quorumMet([{ groups: ['a'], count: Number.NaN }], [['a']])).toBe(false)
  expect(quorumMet([{ groups: ['a'], count: 1_000_000 }], [['a']])).toBe(false)
  expect(quorumMet([{ groups: [], count: 1 }], [['a']])).toBe(false)
})
