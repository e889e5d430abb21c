import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { challengeOf, comparisonCode, type Envelope, envelopeDigest, envelopeSchema, purposes } from '../../src/envelope/index.ts'
import type { Instant } from '../../src/model/index.ts'
import { digest, envelopeOf } from '../entry/samples.ts'

const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest())
const hexOf = (...parts: readonly (string | Uint8Array)[]): string => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest('hex')

describe('the digest', () => {
  test('is SHA-256 of the tag, a zero byte and RFC 8785, instants in their text', () => {
    const { actor, ...rest } = envelopeOf()
    const canonical = `{"actor":{"iss":"${actor.iss}","sub":"${actor.sub}"},"approvals":["${digest('2')}"],"at":"2026-11-22T10:00:00.005Z","impact":"${rest.impact ?? ''}","nonce":"${rest.nonce}","optOut":"${rest.optOut}",`
      + `"purpose":"approve","repositoryIds":["1001","1002"],"schema":"exeat/act/v1","terms":"${rest.terms}","uid":"${rest.uid}","window":{"from":"2026-11-22T10:00:00.000Z","until":"2026-11-23T10:00:00.000Z"},"workspace":"acme"}`
    expect(envelopeDigest(envelopeOf(), sha256)).toBe(hexOf('exeat/act/v1', Uint8Array.of(0), canonical))
  })
  test('covers every member', () => {
    const changes: readonly Partial<Envelope>[] = [
      ...purposes.filter((purpose) => purpose !== 'approve').map((purpose) => ({ purpose })), { workspace: 'other' }, { repositoryIds: ['1001'] }, { repositoryIds: [] }, { uid: digest('3') }, { optOut: digest('3') },
      { terms: digest('3') }, { impact: digest('3') }, { impact: null }, { approvals: [] }, { approvals: [digest('2'), digest('3')] }, { actor: { iss: 'x', sub: 'alice' } },
      { window: { from: 0 as Instant, until: 1 as Instant } }, { nonce: 'cd'.repeat(16) }, { at: 6 as Instant },
    ]
    const digests = [{}, ...changes].map((over) => envelopeDigest(envelopeOf(over), sha256))
    expect(new Set(digests).size).toBe(digests.length)
  })
})

test('what is no envelope is refused', () => {
  const plain = envelopeSchema.encode(envelopeOf())
  expect(envelopeSchema.safeParse(plain).success).toBe(true)
  const changes: readonly object[] = [
    { schema: 'exeat/act/v2' }, { purpose: 'bless' }, { workspace: '' }, { workspace: 'a b' }, { uid: 'x' }, { impact: undefined }, { approvals: 'x' }, { approvals: [digest('A')] }, { actor: { iss: 'x' } },
    { actor: { iss: 'x', sub: 'y', name: 'z' } }, { window: { from: 'x', until: 'y' } }, { window: { from: '2026-11-22T10:00:00Z', until: '2026-11-23T10:00:00.000Z' } }, { nonce: 'AB'.repeat(16) },
    { nonce: 'ab' }, { at: 5 }, { more: 1 }, { repositoryIds: Array.from({ length: 1001 }, () => '1') },
  ]
  for (const over of changes) expect([over, envelopeSchema.safeParse({ ...plain, ...over }).success]).toEqual([over, false])
})

describe('the challenge', () => {
  const random = new Uint8Array(32).fill(3)
  test('is SHA-256 of the tag, a zero byte, 32 random bytes and the digest', () => {
    const bytes = Buffer.from(envelopeDigest(envelopeOf(), sha256), 'hex')
    expect(Buffer.from(challengeOf(random, envelopeOf(), sha256)).toString('hex')).toBe(hexOf('exeat/challenge/v1', Uint8Array.of(0), random, bytes))
  })
  test('is another for another random or act', () => {
    const one = Buffer.from(challengeOf(random, envelopeOf(), sha256)).toString('hex')
    expect(Buffer.from(challengeOf(new Uint8Array(32), envelopeOf(), sha256)).toString('hex')).not.toBe(one)
    expect(Buffer.from(challengeOf(random, envelopeOf({ purpose: 'activate' }), sha256)).toString('hex')).not.toBe(one)
  })
  test('takes 32 random bytes and no other number', () => {
    for (const size of [0, 31, 33]) expect(() => challengeOf(new Uint8Array(size), envelopeOf(), sha256)).toThrow(RangeError)
  })
})

describe('the code that people compare', () => {
  test('is the first 100 bits in Crockford\'s base32, in groups of five', () => {
    expect(comparisonCode('0'.repeat(64))).toBe('00000-00000-00000-00000')
    expect(comparisonCode('f'.repeat(64))).toBe('ZZZZZ-ZZZZZ-ZZZZZ-ZZZZZ')
    // 00001 00010 00011 00100 00101 … : 1, 2, 3, 4, 5 and so on.
    const bits = Array.from({ length: 20 }, (_, i) => (i + 1).toString(2).padStart(5, '0')).join('')
    const hex = Array.from({ length: 25 }, (_, i) => Number.parseInt(bits.slice(4 * i, 4 * i + 4), 2).toString(16)).join('')
    expect(comparisonCode(hex.padEnd(64, '0'))).toBe('12345-6789A-BCDEF-GHJKM')
  })
  test('changes with any of those bits, and with none behind them', () => {
    const base = '5'.repeat(64)
    for (let i = 0; i < 25; i++) expect(comparisonCode(`${base.slice(0, i)}4${base.slice(i + 1)}`)).not.toBe(comparisonCode(base))
    expect(comparisonCode(`${'5'.repeat(25)}${'0'.repeat(39)}`)).toBe(comparisonCode(base))
  })
})
