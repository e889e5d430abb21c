import { describe, expect, test } from 'vitest'
import { encodeReceipt, formatCheckpoint, inclusionPlan, parseReceipt, proofOf, signNote, verifyReceipt } from '../src/index.ts'
import type { Receipt, Trust } from '../src/index.ts'
import { plant, rootIn, subtree } from './forest.ts'
import { flip, leafOf, no, sha256, sign, testKey, text, utf8, verify, yes } from './support.ts'

const forest = plant(1000)
const log = testKey('example.com/log', 'ed25519', 1)
const witness = testKey('witness.example', 'cosignature/v1', 2)
const trust: Trust = { origin: 'example.com/log', log: [log], witnesses: { atLeast: 1, keys: [witness] } }

const proofFor = (index: number, size: number): readonly Uint8Array[] =>
  yes(proofOf(sha256, yes(inclusionPlan(index, size)), ({ level, index }) => subtree(forest, level, index)))

function receiptFor(index: number, size: number): Receipt {
  const words = yes(formatCheckpoint({ origin: 'example.com/log', size, root: rootIn(forest, 0, size), extensions: [] }))
  return { index, proof: proofFor(index, size), checkpoint: yes(signNote(words, [log, witness], sign, 1_700_000_000)) }
}

const open = (bytes: Uint8Array, index: number, pins = trust) => verifyReceipt(sha256, verify, bytes, leafOf(index), pins)

describe('receipts', () => {
  test('the written form', () => {
    const [first, second] = [leafOf(1), leafOf(2)].map((hash) => Buffer.from(hash).toString('base64'))
    const receipt = { extra: utf8('extra information'), index: 10, proof: [leafOf(1), leafOf(2)], checkpoint: utf8('test checkpoint\n') }
    const written = `c2sp.org/tlog-proof@v1\nextra ZXh0cmEgaW5mb3JtYXRpb24=\nindex 10\n${first}\n${second}\n\ntest checkpoint\n`
    expect(text(yes(encodeReceipt(receipt)))).toBe(written)
    expect(yes(parseReceipt(utf8(written)))).toEqual(receipt)
    const bare = 'c2sp.org/tlog-proof@v1\nindex 0\n\ncheckpoint\n'
    expect(yes(parseReceipt(utf8(bare)))).toEqual({ index: 0, proof: [], checkpoint: utf8('checkpoint\n') })
  })

  test.each([[0, 1], [0, 2], [255, 256], [256, 257], [7, 1000], [999, 1000]])('entry %i of %i verifies, and as no other entry', (index, size) => {
    const bytes = yes(encodeReceipt(receiptFor(index, size)))
    const verified = yes(open(bytes, index))
    expect(verified).toMatchObject({ index, checkpoint: { size }, witnesses: [{ time: 1_700_000_000 }], signers: [{ key: log }] })
    expect(verified).not.toHaveProperty('extra')
    expect(no(open(bytes, index + 1))).toBe('INCLUSION_MISMATCH')
  })

  test('no changed byte verifies: all of a receipt without extra data is covered', () => {
    const bytes = yes(encodeReceipt(receiptFor(7, 11)))
    for (let at = 0; at < bytes.length; at++) expect(open(flip(bytes, at), 7).ok).toBe(false)
    for (let length = 0; length < bytes.length; length++) expect(open(bytes.subarray(0, length), 7).ok).toBe(false)
  })

  test('extra data is carried and vouched for by nobody', () => {
    const extra = utf8('anything')
    expect(yes(open(yes(encodeReceipt({ ...receiptFor(7, 11), extra })), 7)).extra).toEqual(extra)
  })

  test('the proof of another index, another size, or another log', () => {
    const receipt = receiptFor(7, 1000)
    no(open(yes(encodeReceipt({ ...receipt, index: 8 })), 7))
    expect(no(open(yes(encodeReceipt({ ...receipt, index: 1000 })), 7))).toBe('SIZE_INVALID')
    expect(no(open(yes(encodeReceipt({ ...receipt, checkpoint: receiptFor(7, 300).checkpoint })), 7))).toBe('PROOF_LENGTH')
    expect(no(open(yes(encodeReceipt(receipt)), 7, { ...trust, origin: 'example.com/other' }))).toBe('CHECKPOINT_ORIGIN')
    const stranger = testKey('example.com/log', 'ed25519', 9)
    expect(no(open(yes(encodeReceipt(receipt)), 7, { ...trust, log: [stranger], witnesses: { atLeast: 0, keys: [] } }))).toBe('NOTE_UNSIGNED')
    const two = { atLeast: 2, keys: [witness, testKey('second.example', 'cosignature/v1', 3)] }
    expect(no(open(yes(encodeReceipt(receipt)), 7, { ...trust, witnesses: two }))).toBe('WITNESS_QUORUM')
    expect(no(verifyReceipt(sha256, verify, yes(encodeReceipt(receipt)), new Uint8Array(31), trust))).toBe('HASH_LENGTH')
  })

  const hash = Buffer.alloc(32).toString('base64')
  test.each([
    ['empty', ''],
    ['another header', 'c2sp.org/tlog-proof@v2\nindex 0\n\ncheckpoint\n'],
    ['no header', 'index 0\n\ncheckpoint\n'],
    ['no index', 'c2sp.org/tlog-proof@v1\n\ncheckpoint\n'],
    ['an index that is no number', 'c2sp.org/tlog-proof@v1\nindex notanumber\n\ncheckpoint\n'],
    ['a negative index', 'c2sp.org/tlog-proof@v1\nindex -5\n\ncheckpoint\n'],
    ['an index with a leading zero', 'c2sp.org/tlog-proof@v1\nindex 05\n\ncheckpoint\n'],
    ['an index past 2^53', 'c2sp.org/tlog-proof@v1\nindex 9007199254740992\n\ncheckpoint\n'],
    ['two indices', 'c2sp.org/tlog-proof@v1\nindex 0\nindex 1\n\ncheckpoint\n'],
    ['extra data that is no base64', 'c2sp.org/tlog-proof@v1\nextra !!notbase64!!\nindex 0\n\ncheckpoint\n'],
    ['empty extra data', 'c2sp.org/tlog-proof@v1\nextra \nindex 0\n\ncheckpoint\n'],
    ['extra data twice', 'c2sp.org/tlog-proof@v1\nextra AAAA\nextra AAAA\nindex 0\n\ncheckpoint\n'],
    ['extra data after the index', 'c2sp.org/tlog-proof@v1\nindex 0\nextra AAAA\n\ncheckpoint\n'],
    ['a hash that is no base64', 'c2sp.org/tlog-proof@v1\nindex 0\n!!notbase64!!\n\ncheckpoint\n'],
    ['a hash of 64 bytes', `c2sp.org/tlog-proof@v1\nindex 0\n${Buffer.alloc(64).toString('base64')}\n\ncheckpoint\n`],
    ['a hash with white space', `c2sp.org/tlog-proof@v1\nindex 0\n${hash} \n\ncheckpoint\n`],
    ['carriage returns', `c2sp.org/tlog-proof@v1\r\nindex 0\r\n\r\ncheckpoint\r\n`],
    ['54 hashes', `c2sp.org/tlog-proof@v1\nindex 0\n${`${hash}\n`.repeat(54)}\ncheckpoint\n`],
    ['no blank line', 'c2sp.org/tlog-proof@v1\nindex 0\ncheckpoint\n'],
    ['no checkpoint', 'c2sp.org/tlog-proof@v1\nindex 0\n\n'],
    ['a line of 65 KiB', `c2sp.org/tlog-proof@v1\nindex 0\n${'a'.repeat(65 * 1024)}\n`],
  ])('malformed: %s', (_, wrong) => {
    expect(no(parseReceipt(utf8(wrong)))).toBe('RECEIPT_MALFORMED')
  })

  test('too large, or no UTF-8', () => {
    expect(no(parseReceipt(new Uint8Array(2_000_001)))).toBe('RECEIPT_MALFORMED')
    expect(no(parseReceipt(new Uint8Array([...utf8('c2sp.org/tlog-proof@v1\nindex 0\n\n'), 0xff])))).toBe('RECEIPT_MALFORMED')
  })

  test('what cannot be read back is not written', () => {
    const receipt = receiptFor(7, 11)
    expect(no(encodeReceipt({ ...receipt, index: -1 }))).toBe('SIZE_INVALID')
    expect(no(encodeReceipt({ ...receipt, proof: [new Uint8Array(31)] }))).toBe('HASH_LENGTH')
    expect(no(encodeReceipt({ ...receipt, extra: new Uint8Array(0) }))).toBe('RECEIPT_MALFORMED')
    expect(no(encodeReceipt({ ...receipt, checkpoint: new Uint8Array(0) }))).toBe('RECEIPT_MALFORMED')
  })
})
