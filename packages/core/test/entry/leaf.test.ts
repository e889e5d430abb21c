import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { commitment, decodeLeaf, encodeLeaf, eventTypes, type Leaf, SALT_SIZE } from '../../src/entry/index.ts'
import type { Instant } from '../../src/model/index.ts'
import { digest } from './samples.ts'

const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest())
const text = (leaf: Leaf): string => Buffer.from(encodeLeaf(leaf)).toString('utf8')
const leaf: Leaf = {
  v: 1, id: '01900000-0000-7000-8000-000000000001', type: 'dev.exeat.optout.approved.v1', time: 1_795_341_600_000 as Instant, uid: digest('a'), actor: digest('b'), body: digest('c'),
}

describe('a leaf', () => {
  test('is RFC 8785, byte for byte', () => {
    expect(text(leaf)).toBe(`{"actor":"${digest('b')}","body":"${digest('c')}","id":"${leaf.id}","time":"2026-11-22T10:00:00.000Z","type":"dev.exeat.optout.approved.v1","uid":"${digest('a')}","v":1}`)
  })
  test('comes back as it went in', () => {
    const hex = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('hex'))
    fc.assert(fc.property(fc.constantFrom(...eventTypes), fc.integer({ min: 0, max: 4_102_444_800_000 }), fc.option(hex, { nil: null }), hex, hex, (type, time, uid, actor, body) => {
      const each: Leaf = { ...leaf, type, time: time as Instant, uid, actor, body }
      expect(decodeLeaf(text(each))).toEqual(each)
    }))
  })
  test.each([
    ['white space', (given: string) => given.replace('{', '{ ')], ['another order', (given: string) => given.replace(/^\{("actor":"b+"),(.*)\}$/, '{$2,$1}')],
    ['an escape', (given: string) => given.replace('optout', '\\u006fptout')], ['another spelling of its time', (given: string) => given.replace('00.000Z', '00Z')],
    ['another offset', (given: string) => given.replace('T10:00:00.000Z', 'T11:00:00.000+01:00')], ['a version that is not known', (given: string) => given.replace('"v":1', '"v":2')],
    ['a number as another prints it', (given: string) => given.replace('"v":1', '"v":1.0')], ['a member more', (given: string) => given.replace('}', ',"w":1}')],
    ['a member twice', (given: string) => given.replace('"v":1', '"v":1,"v":1')], ['a member fewer', (given: string) => given.replace(/"uid":"a+",/, '')],
    ['upper case', (given: string) => given.replace('aaa', 'AAA')], ['a type that is not known', (given: string) => given.replace('approved', 'blessed')],
    ['something behind it', (given: string) => `${given}\n`], ['nothing', () => ''], ['half of it', (given: string) => given.slice(0, 40)], ['no object', () => 'null'],
    ['an id of another version', (given: string) => given.replace('-7000-', '-4000-')],
  ])('has one spelling: not with %s', (_, change) => {
    const given = change(text(leaf))
    expect(given).not.toBe(text(leaf))
    expect(decodeLeaf(given)).toBeUndefined()
  })
  test('never throws', () => {
    fc.assert(fc.property(fc.string(), (given) => { expect(decodeLeaf(given)).toBeUndefined() }))
    expect(decodeLeaf('['.repeat(100_000))).toBeUndefined()
  })
})

describe('the commitment', () => {
  const salt = new Uint8Array(SALT_SIZE).fill(7)
  test('is SHA-256 of salt and body', () => {
    expect(commitment(salt, Buffer.from('body'), sha256)).toBe(createHash('sha256').update(Buffer.alloc(32, 7)).update('body').digest('hex'))
  })
  test('differs for another salt or body', () => {
    const bytes = fc.uint8Array({ maxLength: 40 })
    fc.assert(fc.property(bytes, bytes, (a, b) => { expect(commitment(salt, a, sha256) === commitment(salt, b, sha256)).toBe(Buffer.compare(a, b) === 0) }))
    expect(commitment(new Uint8Array(SALT_SIZE), Buffer.from('body'), sha256)).not.toBe(commitment(salt, Buffer.from('body'), sha256))
  })
  test('takes no other salt: a shorter one could run into the body', () => {
    for (const size of [0, 31, 33]) expect(() => commitment(new Uint8Array(size), Buffer.from('body'), sha256)).toThrow(RangeError)
  })
})
