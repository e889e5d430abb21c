/** Every decoder with hostile input: it never throws, and what it accepts it writes again byte for byte. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decodeBase64, decodeBundle, decodeCosignature, decodeRange, decodeTile, encodeBase64, encodeBundle, encodeCosignature, encodeRange, encodeReceipt,
  encodeTile, formatCheckpoint, formatNote, formatSignerKey, formatVerifierKey, openCheckpoint, parseCheckpoint, parseNote, parseReceipt, parseSignerKey,
  parseTilePath, parseVerifierKey, signNote, tilePath, verifyConsistency, verifyInclusion, verifyReceipt,
} from '../src/index.ts'
import type { Answer, Trust } from '../src/index.ts'
import { flip, leafOf, publicKeyOf, sha256, sign, testKey, text, utf8, verify, yes } from './support.ts'

const log = testKey('example.com/log', 'ed25519', 1)
const witness = testKey('witness.example', 'cosignature/v1', 2)
const trust: Trust = { origin: 'example.com/log', log: [log], witnesses: { atLeast: 1, keys: [witness] } }
const words = yes(formatCheckpoint({ origin: 'example.com/log', size: 1, root: leafOf(0), extensions: [] }))
const note = yes(signNote(words, [log, witness], sign, 1_700_000_000))
const receipt = yes(encodeReceipt({ index: 0, proof: [], checkpoint: note, extra: utf8('extra') }))

/** Bytes that are random, or a good example cut, doubled, and changed in some places. */
function near(example: Uint8Array): fc.Arbitrary<Uint8Array> {
  const edit = fc.record({ at: fc.nat(), by: fc.integer({ min: 0, max: 255 }), kind: fc.constantFrom('change', 'insert', 'remove', 'repeat') })
  const edited = fc.array(edit, { minLength: 0, maxLength: 4 }).map((edits) => edits.reduce((bytes, { at, by, kind }) => {
    const i = at % (bytes.length + 1)
    const rest = bytes.subarray(kind === 'insert' ? i : i + 1)
    if (kind === 'repeat') return new Uint8Array([...bytes.subarray(0, i), ...bytes.subarray(0, by), ...bytes.subarray(i)])
    return new Uint8Array([...bytes.subarray(0, i), ...(kind === 'remove' ? [] : [by]), ...rest])
  }, example))
  return fc.oneof({ weight: 4, arbitrary: edited }, fc.uint8Array({ maxLength: 300 }), fc.string({ unit: 'binary' }).map((each) => utf8(each)))
}

const foreignText = (example: string): fc.Arbitrary<string> =>
  fc.oneof({ weight: 4, arbitrary: near(utf8(example)).map((bytes) => text(bytes)) }, fc.string({ unit: 'binary' }), fc.string({ unit: fc.constantFrom('\ud800', '\n', 'a', '+') }))

/** Runs a decoder over foreign input; `write` must give the input back for whatever was accepted. Counts what was accepted of the pure example. */
function fuzz<I extends Uint8Array | string, T>(example: I, input: fc.Arbitrary<I>, read: (input: I) => Answer<T>, write: (value: T) => Answer<I> | I): void {
  const rewritten = (value: T): I => {
    const again = write(value)
    return typeof again === 'string' || again instanceof Uint8Array ? again : yes(again)
  }
  expect(rewritten(yes(read(example)))).toEqual(example)
  fc.assert(fc.property(input, (each) => {
    const answer = read(each)
    if (answer.ok) expect(rewritten(answer.value)).toEqual(each)
    else expect(answer.problem.message).toMatch(/^\P{Cc}+$/u)
  }), { numRuns: 1500 })
}

describe('decoders', () => {
  test('base64', () => {
    fuzz('AAECAwQF/+8=', foreignText('AAECAwQF/+8='), (line) => {
      const bytes = decodeBase64(line)
      return bytes === undefined ? { ok: false, problem: { code: 'NOTE_MALFORMED', message: 'no base64' } } : { ok: true, value: bytes }
    }, encodeBase64)
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      expect(encodeBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'))
      expect(decodeBase64(encodeBase64(bytes))).toEqual(bytes)
    }))
  })

  test('tile paths', () => { fuzz('tile/0/x001/234.p/7', foreignText('tile/0/x001/234.p/7'), parseTilePath, tilePath) })

  test('verifier keys', () => {
    fuzz(formatVerifierKey(log), foreignText(formatVerifierKey(log)), (line) => parseVerifierKey(sha256, line), formatVerifierKey)
  })

  test('signer keys', () => {
    fuzz(formatSignerKey(log), foreignText(formatSignerKey(log)), (line) => parseSignerKey(sha256, publicKeyOf, line), formatSignerKey)
  })

  test('notes', () => { fuzz(note, near(note), parseNote, formatNote) })

  test('checkpoints', () => { fuzz(words, foreignText(words), parseCheckpoint, formatCheckpoint) })

  test('receipts', () => { fuzz(receipt, near(receipt), parseReceipt, encodeReceipt) })

  test('cosignatures', () => {
    const bytes = yes(encodeCosignature({ time: 1, signature: new Uint8Array(64) }))
    fuzz(bytes, near(bytes), decodeCosignature, encodeCosignature)
  })

  test('entry bundles', () => {
    const bytes = yes(encodeBundle([utf8('one'), utf8(''), utf8('three')]))
    fuzz(bytes, near(bytes), (each) => decodeBundle(each, 3), encodeBundle)
  })

  test('tiles', () => {
    const bytes = encodeTile([leafOf(0), leafOf(1)])
    fuzz(bytes, near(bytes), (each) => decodeTile(each, 2), encodeTile)
  })

  test('compact ranges', () => {
    const bytes = encodeRange({ size: 5, hashes: [leafOf(0), leafOf(1)] })
    fuzz(bytes, near(bytes), (each) => decodeRange(5, each), encodeRange)
  })
})

describe('verifiers', () => {
  test('any single changed byte of a signed checkpoint is refused', () => {
    fc.assert(fc.property(fc.nat(note.length - 1), fc.integer({ min: 1, max: 255 }), (at, by) => {
      expect(openCheckpoint(flip(note, at, by), trust, verify).ok).toBe(false)
    }), { numRuns: 1500 })
  })

  test('whatever stands near a receipt never verifies as more than it is', () => {
    fc.assert(fc.property(near(receipt), (bytes) => {
      const answer = verifyReceipt(sha256, verify, bytes, leafOf(0), trust)
      if (answer.ok) expect(answer.value).toMatchObject({ index: 0, checkpoint: { size: 1, root: leafOf(0) } })
      expect(verifyReceipt(sha256, verify, bytes, leafOf(1), trust).ok).toBe(false)
    }), { numRuns: 1500 })
  })

  test('no claim of inclusion or consistency throws, and none by chance holds', () => {
    const number = fc.oneof(fc.nat(20), fc.maxSafeNat(), fc.double(), fc.constantFrom(-1, 2 ** 53))
    const bytes = fc.oneof(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.uint8Array({ maxLength: 40 }))
    const proof = fc.array(bytes, { maxLength: 60 })
    fc.assert(fc.property(number, number, bytes, bytes, proof, (a, b, first, second, proof) => {
      fc.pre(Buffer.compare(first, second) !== 0)
      expect(verifyInclusion(sha256, { index: a, size: b, leaf: first, root: second, proof }).ok).toBe(false)
      expect(verifyConsistency(sha256, { from: a, to: b, fromRoot: first, toRoot: second, proof }).ok).toBe(false)
    }), { numRuns: 1500 })
  })
})
