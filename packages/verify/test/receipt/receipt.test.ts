import { decodeBase64, encodeReceipt } from '@exeat/log'
import { describe, expect, test } from 'vitest'
import { type EntryReceipt, readEntry, verifyEntryReceipt } from '../../src/index.ts'
import { key, keys, must, scene, sha256, tools } from '../bundle/scene.ts'

const it = scene()
const life = it.life('log4j')
const index = life.indexes[3] ?? 0
const entered = it.entered[index]
if (entered === undefined) throw new Error('it was activated')
const { text: leaf, bare: { salt, event } } = entered

function receiptOf(position: number): Uint8Array {
  const { proof } = it.entryAt(position)
  return must(encodeReceipt({ index: position, proof: proof.map((hash) => decodeBase64(hash) ?? new Uint8Array(0)), checkpoint: new Uint8Array(Buffer.from(it.checkpoint(), 'utf8')) }))
}
const given: EntryReceipt = { leaf, body: { salt, event }, receipt: receiptOf(index) }
const judge = (over: Partial<EntryReceipt>) => verifyEntryReceipt({ ...given, ...over }, keys.log, it.pins, tools)
const codeOf = (over: Partial<EntryReceipt>): string => {
  const answer = judge(over)
  return answer.ok ? 'ok' : answer.problem.code
}

describe('an entry with its receipt', () => {
  test('says what it says', () => {
    const value = must(judge({}))
    expect([value.index, value.event?.type, value.leaf.uid, value.checkpoint.size, value.witnesses]).toEqual([index, 'dev.exeat.optout.activated.v1', life.uid, it.entered.length, []])
  })
  test('whose body was erased still stands where it stood', () => {
    const { body: _gone, ...left } = given
    const value = must(verifyEntryReceipt(left, keys.log, it.pins, tools))
    expect([value.index, value.event, value.leaf.type, value.leaf.uid]).toEqual([index, null, 'dev.exeat.optout.activated.v1', life.uid])
  })
  test('the receipt of another entry, or of none', () => {
    expect(codeOf({ receipt: receiptOf(index - 1) })).toBe('ENTRY_NOT_COVERED')
    expect(codeOf({ receipt: new Uint8Array(0) })).toBe('ENTRY_NOT_COVERED')
    expect(codeOf({ leaf: it.entered[index - 1]?.text ?? '' })).toBe('ENTRY_NOT_COVERED')
  })
  test('another body or salt than the leaf commits to', () => {
    expect(codeOf({ body: { salt, event: event.replace('dave', 'mallory') } })).toBe('ENTRY_NOT_COVERED')
    expect(codeOf({ body: { salt: Buffer.alloc(32).toString('base64'), event } })).toBe('ENTRY_NOT_COVERED')
    expect(codeOf({ body: { salt: 'AA==', event } })).toBe('ENTRY_MALFORMED')
    expect(codeOf({ body: { salt, event: `${event}\ud800` } })).toBe('ENTRY_MALFORMED')
  })
  test('a leaf in another spelling, or another leaf', () => {
    expect(codeOf({ leaf: leaf.replace('{', '{ ') })).toBe('ENTRY_MALFORMED')
    expect(codeOf({ leaf: '{}' })).toBe('ENTRY_MALFORMED')
    const { body: _gone, ...left } = given
    expect(verifyEntryReceipt({ ...left, leaf: leaf.replace('activated', 'revoked') }, keys.log, it.pins, tools)).toMatchObject({ problem: { code: 'ENTRY_NOT_COVERED' } })
  })
  test('another log\'s key, origin or witnesses', () => {
    expect(verifyEntryReceipt(given, keys.bundle, it.pins, tools)).toMatchObject({ problem: { code: 'ENTRY_NOT_COVERED' } })
    expect(verifyEntryReceipt(given, keys.log, { ...it.pins, origin: 'log.other.example' }, tools)).toMatchObject({ problem: { code: 'ENTRY_MALFORMED' } })
    expect(verifyEntryReceipt(given, keys.log, { ...it.pins, witnesses: { atLeast: 1, keys: [key('w', 77, 'cosignature/v1')] } }, tools)).toMatchObject({ problem: { code: 'ENTRY_NOT_COVERED' } })
  })
  test('a body that fits its commitment and speaks of something else', () => {
    expect(readEntry({ leaf: leaf.replace('activated', 'revoked'), body: { salt, event } }, sha256)).toMatchObject({ problem: { code: 'ENTRY_MALFORMED' } })
  })
})
