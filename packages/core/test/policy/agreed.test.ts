/** What the lifecycle enforces of merged terms, and the digest that people sign. */
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Terms } from '../../src/policy/types.ts'
import { agreedTerms, termsDigest } from '../../src/policy/agreed.ts'
import { mergeTerms } from '../../src/policy/merge.ts'
import { lasting, type PermitPart, setOf, strict, termsOf } from './build.ts'

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()
const subject = { control: 'trivy/CVE-1', environment: 'production' }
const terms = (...parts: readonly PermitPart[]): Terms => termsOf(setOf(parts.map((part, i) => strict(`p-${i}`, part))), subject)
const digest = (given: Terms): string => termsDigest(given, sha256)

describe('agreed terms', () => {
  test('are the values, with what nobody stated left open', () => {
    expect(agreedTerms(terms({ limits: { duration: lasting('14d'), renewals: 2, active: 5 }, revoke: { groups: ['security'] }, timers: { approval: lasting('72h') } }))).toEqual({
      approve: [{ groups: ['security'], count: 1 }], activate: ['engineering', 'sre'], revoke: ['security'], approverMayActivate: false,
      duration: lasting('14d'), renewals: 2, active: 5, timers: { approval: lasting('72h'), activation: lasting('3650d') },
    })
  })

  test('a timer that a second policy states is never longer than without it', () => {
    const { timers } = agreedTerms(terms({}, { timers: { activation: lasting('3650d') } }))
    expect(timers.activation).toBeLessThanOrEqual(agreedTerms(terms({})).timers.activation)
  })

  const emergency = { groups: ['sre'], duration: lasting('4h'), mfa: { evidence: 'user-signed' as const }, reviewers: ['security'], reviewWithin: lasting('72h') }
  test('know an emergency where every policy does, and there is somebody left to declare and to review it', () => {
    expect(agreedTerms(terms({ emergency })).emergency).toEqual({ groups: ['sre'], duration: lasting('4h'), reviewers: ['security'], reviewWithin: lasting('72h') })
    expect(agreedTerms(terms({ emergency }, {})).emergency).toBeUndefined()
    expect(agreedTerms(terms({ emergency }, { emergency: { ...emergency, groups: ['ops'] } })).emergency).toBeUndefined()
    expect(agreedTerms(terms({ emergency }, { emergency: { ...emergency, reviewers: ['ops'] } })).emergency).toBeUndefined()
  })
})

describe('the digest of terms', () => {
  const parts: readonly PermitPart[] = [
    {}, { mfa: { evidence: 'idp-signed' } }, { mfa: { evidence: 'user-signed', attested: true } }, { limits: { duration: lasting('13d') } }, { approve: [{ groups: ['security'], count: 2 }] },
    { activate: { groups: ['sre'] } }, { request: { groups: ['engineering', 'sre'] } }, { requires: { ticket: '^A' } }, { requires: { impact: false } }, { wildcards: true }, { timers: { approval: lasting('1h') } },
    { conditions: [{ at: 'request', expression: 'optOut.owner != "x"', message: 'x' }] }, { revoke: { groups: ['sre'] } }, { approverMayActivate: true },
    { limits: { duration: lasting('14d'), uses: 3 } }, { limits: { duration: lasting('14d'), findings: 3 } },
  ]

  test('differs wherever a value differs', () => {
    expect(new Set(parts.map((part) => digest(terms(part)))).size).toBe(parts.length)
  })

  test('does not depend on what policies are called, how many state the same, or in which order', () => {
    fc.assert(fc.property(fc.subarray([...parts], { minLength: 1, maxLength: 4 }), fc.nat(3), (chosen, repeated) => {
      const again = chosen[repeated % chosen.length] ?? {}
      const renamed = termsOf(setOf([...chosen, again].toReversed().map((part, i) => strict(`other-${i}`, part))), subject)
      expect(digest(renamed)).toBe(digest(terms(...chosen)))
    }), { numRuns: 100, seed: 3 })
  })

  test('is that of the merge, however it was made', () => {
    const [a, b, c] = [terms(parts[3] ?? {}), terms(parts[4] ?? {}), terms(parts[7] ?? {})] as const
    expect(digest(mergeTerms(mergeTerms(a, b), c))).toBe(digest(mergeTerms(a, mergeTerms(c, b))))
  })

  test('is a SHA-256 under a tag of its own', () => {
    let hashed = ''
    termsDigest(terms({}), (bytes) => {
      hashed = Buffer.from(bytes).toString('utf8')
      return sha256(bytes)
    })
    expect(hashed).toMatch(/^exeat\/terms\/v1\0\{"activate":\["engineering","sre"\],/)
    expect(hashed).not.toMatch(/p-0|policies/)
  })
})
