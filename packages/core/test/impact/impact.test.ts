import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import fc from 'fast-check'
import { decodeImpact, impactCodes, impactDigest } from '../../src/impact/index.ts'
import type { Json } from '../../src/document/located.ts'
import type { Impact } from '../../src/impact/index.ts'

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()
const [a, b, c] = ['a', 'b', 'c'].map((digit) => digit.repeat(64)) as [string, string, string]
const good: Impact = { schemaVersion: 1, kind: 'Impact', optOut: a, fingerprints: [b, c] }

describe('an impact', () => {
  test('decodes, and its digest is the tagged hash of its canonical form', () => {
    const answer = decodeImpact(good, 'x.json')
    expect(answer).toEqual({ ok: true, impact: good })
    const canonical = `{"fingerprints":["${b}","${c}"],"kind":"Impact","optOut":"${a}","schemaVersion":1}`
    expect(impactDigest(good, sha256)).toBe(createHash('sha256').update(`exeat/Impact/v1\0${canonical}`).digest('hex'))
  })

  test('has the same digest however its keys are ordered, and another for another set or opt-out', () => {
    const digest = impactDigest(good, sha256)
    expect(impactDigest({ fingerprints: [b, c], optOut: a, kind: 'Impact', schemaVersion: 1 }, sha256)).toBe(digest)
    expect(impactDigest({ ...good, fingerprints: [b] }, sha256)).not.toBe(digest)
    expect(impactDigest({ ...good, optOut: b }, sha256)).not.toBe(digest)
  })

  const wrong: readonly (readonly [string, Json, boolean])[] = [
    ['null', null, false], ['a list', [], false], ['a string', 'x', false], ['nothing', {}, false],
    ['another version', { ...good, schemaVersion: 2 }, true], ['another kind', { ...good, kind: 'OptOut' }, true],
    ['a key more', { ...good, extra: 1 }, true], ['no fingerprints', { ...good, fingerprints: [] }, true],
    ['a fingerprint twice', { ...good, fingerprints: [b, b] }, true], ['fingerprints out of order', { ...good, fingerprints: [c, b] }, true],
    ['upper-case digits', { ...good, fingerprints: [b.toUpperCase()] }, true], ['a short fingerprint', { ...good, fingerprints: ['abc'] }, true],
    ['a fingerprint that is a number', { ...good, fingerprints: [1] }, true], ['an opt-out by name', { ...good, optOut: 'log4j' }, false],
    ['fingerprints as an object', { ...good, fingerprints: { length: 1, 0: b } }, true],
    ['too many fingerprints', { ...good, fingerprints: Array.from({ length: 100_001 }, (_, index) => index.toString(16).padStart(64, '0')) }, true],
  ]
  test.each(wrong)('is refused with %s', (_, value, named) => {
    const answer = decodeImpact(value, '.exeat/impacts/x.json')
    expect(answer.ok).toBe(false)
    if (answer.ok) return
    expect(Object.keys(impactCodes)).toContain(answer.problem.code)
    expect(answer.problem.at).toEqual({ file: '.exeat/impacts/x.json', line: 1, column: 1 })
    expect(answer.optOut).toBe(named ? a : undefined)
  })

  test('is decided for any JSON, without a throw and without a prototype', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => {
      expect(decodeImpact(value as Json, 'x').ok).toBe(false)
    }))
    expect(decodeImpact(JSON.parse('{"__proto__":{"optOut":"x"},"kind":"Impact"}') as Json, 'x').ok).toBe(false)
  })
})
