/** Uses by the hour: a bounded record that forgets nothing of the last day. */
import type { Instant } from '@exeat/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hourOf, type Pace, paced, usesWithin } from '../../src/use/pace.ts'

const hour = 3_600_000
const at = (hours: number): Instant => (1_800_000_000_000 - (1_800_000_000_000 % hour) + hours * hour) as Instant

test('counts as a list of all uses does, for any day, and stays small', () => {
  fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 1, maxLength: 60 }), (gaps) => {
    let now = 0
    let pace: Pace | undefined
    const uses: number[] = []
    for (const gap of gaps) {
      now += gap
      uses.push(now)
      pace = paced(pace, at(now))
      expect(pace.counts.length).toBeLessThanOrEqual(25)
      for (const length of [1, 5, 24]) {
        const [from, until] = [hourOf(at(now)) - length + 1, hourOf(at(now)) + 1]
        expect(usesWithin(pace, from, until)).toBe(uses.filter((each) => now - each < length).length)
      }
    }
  }))
})

test('a clock that went back loses no use', () => {
  const pace = paced(paced(paced(undefined, at(5)), at(3)), at(4))
  expect(usesWithin(pace, hourOf(at(5)), hourOf(at(6)))).toBe(3)
})
