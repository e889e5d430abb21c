import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalInstant, formatDuration, formatInstant, parseDuration, parseInstant } from '../src/index.ts'
import type { Duration, Instant } from '../src/index.ts'

const first = Date.parse('0001-01-01T00:00:00.000Z')
const last = Date.parse('9999-12-31T23:59:59.999Z')
const anyInstant = fc.integer({ min: first, max: last }).map((value) => value as Instant)

describe('instants', () => {
  test('agree with the host on every instant of years 1 to 9999', () => {
    fc.assert(fc.property(anyInstant, (instant) => {
      // The host writes the years 1 to 9999 as RFC 3339 does.
      expect(canonicalInstant(instant)).toBe(new Date(instant).toISOString())
      expect(parseInstant(canonicalInstant(instant))).toBe(instant)
      expect(parseInstant(formatInstant(instant))).toBe(instant)
    }), { numRuns: 5_000 })
  })

  test('agree with the host on offsets', () => {
    fc.assert(fc.property(anyInstant, fc.integer({ min: -1439, max: 1439 }), (instant, offset) => {
      const two = (value: number): string => String(value).padStart(2, '0')
      const sign = offset < 0 ? '-' : '+'
      const zone = `${sign}${two(Math.floor(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`
      const text = canonicalInstant(instant).replace('Z', zone)
      expect(parseInstant(text)).toBe(Date.parse(text))
    }), { numRuns: 2_000 })
  })

  test.each(['1582-10-10T00:00:00Z', '1900-03-01T00:00:00Z', '2000-02-29T12:00:00Z', '2100-02-28T23:59:59.999Z', '1969-12-31T23:59:59.999Z'])('%s', (text) => {
    expect(parseInstant(text)).toBe(Date.parse(text))
  })

  test.each([
    '', '2026-11-24', '2026-11-24T10:00:00', '2026-11-24T10:00Z', '2026-11-24 10:00:00Z', '2026-11-24t10:00:00Z', '2026-11-24T10:00:00z', '2026-11-24T24:00:00Z',
    '2026-11-24T10:60:00Z', '2026-11-24T23:59:60Z', '2026-02-29T00:00:00Z', '1900-02-29T00:00:00Z', '2026-04-31T00:00:00Z', '2026-00-01T00:00:00Z', '2026-13-01T00:00:00Z',
    '2026-11-00T00:00:00Z', '0000-01-01T00:00:00Z', '+12026-01-01T00:00:00Z', '2026-11-24T10:00:00-00:00', '2026-11-24T10:00:00+24:00', '2026-11-24T10:00:00+01:60',
    '2026-11-24T10:00:00+0100', '2026-11-24T10:00:00.1234Z', '2026-11-24T10:00:00.Z', ' 2026-11-24T10:00:00Z', '2026-11-24T10:00:00Z\n', '２026-11-24T10:00:00Z', '2026-11-24T10:00:00,5Z',
  ])('refuses `%s`', (text) => expect(parseInstant(text)).toBeUndefined())
})

describe('durations', () => {
  test.each([['1m', 60_000], ['90m', 5_400_000], ['72h', 259_200_000], ['14d', 1_209_600_000], ['3650d', 315_360_000_000]])('%s', (text, value) => {
    expect(parseDuration(text)).toBe(value)
  })

  test.each(['', '0d', '00d', '01d', '-1d', '+1d', '1.5h', '1w', '1D', '1 d', '1', 'd', '3651d', '99999999m', 'P14D', '1h30m', '1d\n', '١d'])('refuses `%s`', (text) => {
    expect(parseDuration(text)).toBeUndefined()
  })

  test('are written in the largest unit that keeps them, and read back the same', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 3650 * 1440 }), (minutes) => {
      const value = (minutes * 60_000) as Duration
      expect(parseDuration(formatDuration(value))).toBe(value)
    }))
    expect([60, 1440, 2880, 90].map((minutes) => formatDuration((minutes * 60_000) as Duration))).toEqual(['1h', '1d', '2d', '90m'])
  })
})
