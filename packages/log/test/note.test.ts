import { describe, expect, test } from 'vitest'
import {
  addSignatures, decodeCosignature, encodeCosignature, formatCheckpoint, formatNote, formatSignerKey, formatVerifierKey, keyId, openCheckpoint, openNote,
  parseCheckpoint, parseNote, parseSignatureLines, parseSignerKey, parseVerifierKey, signatureOf, signerKey, signNote, verifierKey, verifyNote,
} from '../src/index.ts'
import type { Checkpoint, Trust } from '../src/index.ts'
import { base64, flip, leafOf, no, publicKeyOf, sha256, sign, testKey, text, utf8, verify, vkey, yes } from './support.ts'

const peterLine = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'
const peterSecret = 'PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz'
const enochLine = 'EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop'
const saying = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
const peterSig = '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n'
const enochSig = '— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n'

describe('keys', () => {
  /** The third has plus signs in its base64 too. */
  test.each([peterLine, enochLine, 'sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8', 'remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2'])('%s reads and writes the same', (line) => {
    expect(formatVerifierKey(vkey(line))).toBe(line)
  })

  test('a published signer key has the published verifier key', () => {
    const key = yes(parseSignerKey(sha256, publicKeyOf, peterSecret))
    expect(formatSignerKey(key)).toBe(peterSecret)
    expect(formatVerifierKey(key)).toBe(peterLine)
  })

  test('no part of a key is a key, and no key with a changed character', () => {
    for (let from = 0; from <= peterLine.length; from++) {
      for (let to = from; to <= peterLine.length; to++) {
        if (from > 0 || to < peterLine.length) expect(parseVerifierKey(sha256, peterLine.slice(from, to)).ok).toBe(false)
      }
    }
    for (const [i, character] of [...peterLine].entries()) {
      const next = String.fromCodePoint((character.codePointAt(0) ?? 0) + 1)
      expect(parseVerifierKey(sha256, peterLine.slice(0, i) + next + peterLine.slice(i + 1)).ok).toBe(false)
      expect(parseSignerKey(sha256, publicKeyOf, `PRIVATE+KEY+${peterLine.slice(0, i)}${next}${peterLine.slice(i + 1)}`).ok).toBe(false)
    }
  })

  test.each([
    ['PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==', 'KEY_MALFORMED'],
    ['PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW', 'KEY_ALGORITHM'],
    ['PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW', 'KEY_MALFORMED'],
    ['PeterNeumann+00000000+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW', 'KEY_ID'],
    ['Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW', 'KEY_MALFORMED'],
    ['+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW', 'KEY_MALFORMED'],
    [`${peterLine}\n`, 'KEY_MALFORMED'],
    [peterLine.replace('PeterNeumann', 'PeterNeuman\uD800'), 'KEY_MALFORMED'],
    ['', 'KEY_MALFORMED'],
  ])('%s is refused: %s', (line, code) => {
    expect(no(parseVerifierKey(sha256, line))).toBe(code)
  })

  test('a signer key whose id is that of another is refused without a word of the secret', () => {
    const answer = parseSignerKey(sha256, publicKeyOf, peterSecret.replace('c74f20a3', 'c74f20a4'))
    expect(no(answer)).toBe('KEY_ID')
    expect(JSON.stringify(answer)).not.toContain('AYEKFALV')
    expect(no(parseSignerKey(sha256, publicKeyOf, peterLine))).toBe('KEY_MALFORMED')
    expect(no(signerKey(sha256, publicKeyOf, 'a', 'ed25519', new Uint8Array(31)))).toBe('KEY_MALFORMED')
    expect(no(verifierKey(sha256, 'a', 'ed25519', new Uint8Array(33)))).toBe('KEY_MALFORMED')
    expect(no(verifierKey(sha256, 'a b', 'ed25519', new Uint8Array(32)))).toBe('KEY_MALFORMED')
  })

  test('the type is part of the id', () => {
    const key = vkey(peterLine)
    expect(keyId(sha256, key.name, 'cosignature/v1', key.publicKey)).not.toEqual(key.id)
  })
})

describe('signed notes', () => {
  const peter = vkey(peterLine)
  const enoch = vkey(enochLine)
  const both = utf8(`${saying}\n${peterSig}${enochSig}`)

  test('a known key verifies, an unknown one is set aside', () => {
    const note = yes(openNote(both, [peter], verify))
    expect(note.text).toBe(saying)
    expect(note.verified.map(({ key }) => key.name)).toEqual(['PeterNeumann'])
    expect(note.unknown.map(({ name }) => name)).toEqual(['EnochRoot'])
    expect(yes(openNote(both, [enoch, peter], verify)).verified.map(({ key }) => key.name)).toEqual(['PeterNeumann', 'EnochRoot'])
  })

  test('no known key: refused', () => {
    expect(no(openNote(both, [], verify))).toBe('NOTE_UNSIGNED')
    expect(no(openNote(both, [{ ...peter, id: flip(peter.id, 0) }], verify))).toBe('NOTE_UNSIGNED')
    expect(no(openNote(both, [{ ...peter, name: 'CarmenSandiego' }], verify))).toBe('NOTE_UNSIGNED')
  })

  test('a known key that fails rejects the note, whoever else signed', () => {
    const forged = utf8(`${saying}\n${peterSig}${enochSig.replace('5n2t', '5n2u')}`)
    expect(no(openNote(forged, [peter, enoch], verify))).toBe('NOTE_SIGNATURE')
    expect(yes(openNote(forged, [peter], verify)).verified).toHaveLength(1)
    const longer = utf8(`${saying}\n${peterSig.slice(0, 60)}ABCD${peterSig.slice(60)}`)
    expect(no(openNote(longer, [peter], verify))).toBe('NOTE_SIGNATURE')
  })

  test('a verifier that throws has not verified', () => {
    const failing = () => { throw new Error('no such curve') }
    expect(no(openNote(both, [peter], failing))).toBe('NOTE_SIGNATURE')
  })

  test('one key counts once, however often it signed', () => {
    expect(yes(openNote(utf8(`${saying}\n${peterSig}${peterSig}`), [peter, peter], verify)).verified).toHaveLength(1)
  })

  test('two different keys with one name and id are refused', () => {
    expect(no(openNote(both, [peter, { ...enoch, name: peter.name, id: peter.id }], verify))).toBe('KEY_AMBIGUOUS')
  })

  test('signing gives the published note, byte for byte', () => {
    const key = yes(parseSignerKey(sha256, publicKeyOf, peterSecret))
    expect(text(yes(signNote(saying, [key], sign, 0)))).toBe(`${saying}\n${peterSig}`)
    const again = yes(addSignatures(yes(parseNote(utf8(`${saying}\n${enochSig}`))), [key], sign, 0))
    expect(text(again)).toBe(`${saying}\n${enochSig}${peterSig}`)
  })

  test('the text ends at the last blank line', () => {
    const key = testKey('a', 'ed25519', 1)
    const poem = 'one\n\ntwo\n\n— a AAAAAAAA\n'
    expect(yes(openNote(yes(signNote(poem, [key], sign, 0)), [key], verify)).text).toBe(poem)
  })

  test('sixteen signatures are read, a hundred too, and one more is not', () => {
    const keys = Array.from({ length: 100 }, (_, i) => testKey(`key${i}`, 'ed25519', i))
    const note = yes(signNote('text\n', keys, sign, 0))
    expect(yes(openNote(note, keys, verify)).verified).toHaveLength(100)
    expect(no(signNote('text\n', [...keys, testKey('key100', 'ed25519', 100)], sign, 0))).toBe('NOTE_LIMIT')
    const line = text(note).split('\n').at(-2)
    expect(no(parseNote(utf8(`${text(note)}${line}\n`)))).toBe('NOTE_LIMIT')
    expect(no(parseNote(new Uint8Array(1_000_001)))).toBe('NOTE_LIMIT')
    expect(no(signNote(`${'x'.repeat(1_000_000)}\n`, keys.slice(0, 1), sign, 0))).toBe('NOTE_LIMIT')
  })

  test.each([
    ['no blank line', saying],
    ['no signatures', `${saying}\n`],
    ['empty', ''],
    ['a blank line alone', '\n\n'],
    ['last newline missing', `${saying}\n${peterSig.slice(0, -1)}`],
    ['a control character', `\u0001${saying}\n${peterSig}`],
    ['a carriage return', `${saying}\r\n${peterSig}`],
    ['a tab', `a\tb\n\n${peterSig}`],
    ['a name with a space', `${saying}\n— Bad Name x08go/ZJkuBS9UG/\n`],
    ['a name with a no-break space', `${saying}\n${peterSig.replace('rN', 'r\u00a0N')}`],
    ['a name with a plus', `${saying}\n${peterSig.replace('rN', 'r+N')}`],
    ['an empty name', `${saying}\n—  x08go/ZJkuBS\n`],
    ['a line after the signatures', `${saying}\n${peterSig}Unexpected line.\n`],
    ['a blank line after the signatures', `${saying}\n${peterSig}\n`],
    ['a hyphen for the dash', `${saying}\n${peterSig.replace('—', '-')}`],
    ['an en dash for the dash', `${saying}\n${peterSig.replace('—', '–')}`],
    ['two spaces', `${saying}\n${peterSig.replace(' x08', '  x08')}`],
    ['white space after the base64', `${saying}\n${peterSig.replace('AM=', 'AM= ')}`],
    ['base64 without padding', `${saying}\n${peterSig.replace('AM=', 'AM')}`],
    ['base64 with bits to spare', `${saying}\n${peterSig.replace('AM=', 'AN=')}`],
    ['base64 of the URL kind', `${saying}\n${peterSig.replaceAll('/', '_')}`],
    ['an id without a signature', `${saying}\n— a AAAAAA==\n`],
  ])('malformed: %s', (_, note) => {
    expect(no(openNote(utf8(note), [peter], verify))).toBe('NOTE_MALFORMED')
  })

  test('bytes that are no UTF-8 are refused, a byte order mark is part of the text', () => {
    expect(no(parseNote(new Uint8Array([0xff, ...utf8(`${saying}\n${peterSig}`)])))).toBe('NOTE_MALFORMED')
    expect(no(openNote(utf8(`\ufeff${saying}\n${peterSig}`), [peter], verify))).toBe('NOTE_SIGNATURE')
  })

  test.each(['no newline', 'lone \uD800 surrogate\n', 'bell \u0007\n', ''])('%j cannot be signed', (words) => {
    expect(no(signatureOf(words, testKey('a', 'ed25519', 1), sign, 0))).toBe('NOTE_MALFORMED')
    expect(no(formatNote({ text: words, signatures: [] }))).toBe('NOTE_MALFORMED')
  })

  test('a note without signatures is not written', () => {
    expect(no(formatNote({ text: 'a\n', signatures: [] }))).toBe('NOTE_MALFORMED')
    expect(no(parseSignatureLines(''))).toBe('NOTE_MALFORMED')
  })
})

describe('checkpoints', () => {
  const checkpoint: Checkpoint = { origin: 'example.com/log', size: 20_852_163, root: leafOf(1), extensions: [] }
  const written = yes(formatCheckpoint(checkpoint))
  const lines = (change: (lines: string[]) => string[]): string => change(written.split('\n')).join('\n')

  test('reads what it writes, extensions included', () => {
    expect(yes(parseCheckpoint(written))).toEqual(checkpoint)
    const extended = { ...checkpoint, size: 2 ** 53 - 1, extensions: ['one', 'two'] }
    expect(yes(parseCheckpoint(yes(formatCheckpoint(extended))))).toEqual(extended)
  })

  test.each([
    ['size with a leading zero', lines((l) => l.with(1, '020'))],
    ['size with a sign', lines((l) => l.with(1, '+20'))],
    ['size negative', lines((l) => l.with(1, '-1'))],
    ['size in hex', lines((l) => l.with(1, '0x10'))],
    ['size as a float', lines((l) => l.with(1, '1e3'))],
    ['size too large', lines((l) => l.with(1, '9007199254740992'))],
    ['size enormous', lines((l) => l.with(1, '9'.repeat(400)))],
    ['size empty', lines((l) => l.with(1, ''))],
    ['size with a space', lines((l) => l.with(1, ' 20'))],
    ['root of 31 bytes', lines((l) => l.with(2, Buffer.alloc(31).toString('base64')))],
    ['root of 33 bytes', lines((l) => l.with(2, Buffer.alloc(33).toString('base64')))],
    ['root in hex', lines((l) => l.with(2, Buffer.alloc(32).toString('hex')))],
    ['root empty', lines((l) => l.with(2, ''))],
    ['no root', lines((l) => [...l.slice(0, 2), ''])],
    ['no origin', lines((l) => l.with(0, ''))],
    ['an empty extension line', `${written}\nmore\n`],
    ['a blank last line', `${written}\n`],
  ])('malformed: %s', (_, wrong) => {
    expect(no(parseCheckpoint(wrong))).toBe('CHECKPOINT_MALFORMED')
  })

  test('no last newline', () => {
    expect(no(parseCheckpoint(written.slice(0, -1)))).toBe('NOTE_MALFORMED')
  })

  test.each([
    [{ origin: '' }, 'CHECKPOINT_MALFORMED'],
    [{ origin: 'a\nb' }, 'CHECKPOINT_MALFORMED'],
    [{ extensions: [''] }, 'CHECKPOINT_MALFORMED'],
    [{ extensions: ['a\nb'] }, 'CHECKPOINT_MALFORMED'],
    [{ origin: 'a\tb' }, 'NOTE_MALFORMED'],
    [{ size: -1 }, 'SIZE_INVALID'],
    [{ size: 2 ** 53 }, 'SIZE_INVALID'],
    [{ root: new Uint8Array(12) }, 'HASH_LENGTH'],
  ])('is not written with %j: %s', (change, code) => {
    expect(no(formatCheckpoint({ ...checkpoint, ...change }))).toBe(code)
  })
})

describe('cosignatures', () => {
  const mirror = 'mirror.example.org+3fb148ef+BAAjjch9GyYz0sJsJx7ALhbdAtz2ov0unbzSl1vMp94O'
  const line = '— mirror.example.org P7FI7wAAAABpVGeAjA1S4pJm6MbcXjX7UUImu4azZtrfcVW2uyr/LXIYlwEJzXC0N0EiZkbqfLdXt/4gVEEuGmxJjAfXKMCISpsJAg==\n'
  const note = `rome2026h1.example.org\n300\ngw31yQrqZZCcEOPrzX+bpy3nJ6QgngTKn8G1m0i62uU=\n\n${line}`

  test('a published one verifies and tells its time; no changed byte does', () => {
    const { verified } = yes(openNote(utf8(note), [vkey(mirror)], verify))
    expect(verified).toEqual([{ key: vkey(mirror), time: 1_767_139_200 }])
    const bytes = utf8(note)
    for (let at = 0; at < bytes.length; at++) expect(openNote(flip(bytes, at), [vkey(mirror)], verify).ok).toBe(false)
  })

  test('the time of a published cosignature', () => {
    const bytes = base64('ZGhGuQAAAABm/qTPeyKXD+R2rzyQsxPiP8mXum7qq/iF0u4vanlqJyocWODBt97w9uL+8qT7S5gxEHWWOworDcFiEBYJXORmnFBOBA==')
    expect(yes(decodeCosignature(bytes.subarray(4))).time).toBe(1_727_964_367)
  })

  test('a note signature is no cosignature and the other way round, with the same secret', () => {
    const [log, witness] = [testKey('a', 'ed25519', 1), testKey('a', 'cosignature/v1', 1)]
    const words = 'a\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n'
    expect(no(openNote(yes(signNote(words, [log], sign, 7)), [witness], verify))).toBe('NOTE_UNSIGNED')
    const swapped = { ...yes(signatureOf(words, log, sign, 7)), id: witness.id }
    expect(no(verifyNote({ text: words, signatures: [swapped] }, [witness], verify))).toBe('NOTE_SIGNATURE')
  })

  test('of several by one witness the latest counts, and a forged one rejects the note', () => {
    const witness = testKey('w', 'cosignature/v1', 1)
    const early = yes(signatureOf('a\n', witness, sign, 100))
    const late = yes(signatureOf('a\n', witness, sign, 200))
    for (const signatures of [[early, late], [late, early]]) {
      expect(yes(verifyNote({ text: 'a\n', signatures }, [witness], verify)).verified).toMatchObject([{ time: 200 }])
    }
    const backdated = { ...late, signature: flip(late.signature, 7) }
    expect(no(verifyNote({ text: 'a\n', signatures: [late, backdated] }, [witness], verify))).toBe('NOTE_SIGNATURE')
  })

  test('times up to 2^53 - 1 and 64 bytes, nothing else', () => {
    const signature = new Uint8Array(64).fill(7)
    for (const time of [0, 1, 255, 256, 2 ** 31, 2 ** 32, 2 ** 53 - 1]) {
      expect(yes(decodeCosignature(yes(encodeCosignature({ time, signature }))))).toEqual({ time, signature })
    }
    for (const time of [-1, 0.5, Number.NaN, 2 ** 53]) expect(no(encodeCosignature({ time, signature }))).toBe('COSIGNATURE_MALFORMED')
    for (const length of [0, 8, 64, 71, 73]) expect(no(decodeCosignature(new Uint8Array(length)))).toBe('COSIGNATURE_MALFORMED')
    expect(no(decodeCosignature(new Uint8Array(72).fill(255)))).toBe('COSIGNATURE_MALFORMED')
    expect(no(encodeCosignature({ time: 1, signature: new Uint8Array(63) }))).toBe('COSIGNATURE_MALFORMED')
    expect(no(signatureOf('a\n', testKey('w', 'cosignature/v1', 1), sign, -5))).toBe('COSIGNATURE_MALFORMED')
  })
})

describe('trust in a checkpoint', () => {
  const log = testKey('example.com/log', 'ed25519', 1)
  const witnesses = [2, 3, 4].map((seed) => testKey(`witness${seed}.example`, 'cosignature/v1', seed))
  const trust = (atLeast: number, keys = witnesses): Trust => ({ origin: 'example.com/log', log: [log], witnesses: { atLeast, keys } })
  const words = yes(formatCheckpoint({ origin: 'example.com/log', size: 1, root: leafOf(0), extensions: [] }))
  const signedBy = (...keys: Parameters<typeof signNote>[1][number][]): Uint8Array => yes(signNote(words, keys, sign, 1_700_000_000))

  test.each([[0, 0], [1, 1], [2, 2], [2, 3], [3, 3]])('asking for %i witnesses, %i are enough', (atLeast, there) => {
    const { witnesses: seen, signers } = yes(openCheckpoint(signedBy(log, ...witnesses.slice(0, there)), trust(atLeast), verify))
    expect([seen.length, signers.length]).toEqual([there, 1])
  })

  test.each([[1, 0], [2, 1], [3, 2]])('asking for %i witnesses, %i are too few', (atLeast, there) => {
    expect(no(openCheckpoint(signedBy(log, ...witnesses.slice(0, there)), trust(atLeast), verify))).toBe('WITNESS_QUORUM')
  })

  test('one witness that signs twice is one witness', () => {
    const [first] = witnesses
    if (first === undefined) throw new Error('no witness')
    expect(no(openCheckpoint(signedBy(log, first, first), trust(2), verify))).toBe('WITNESS_QUORUM')
  })

  test('witnesses without the log are not enough', () => {
    expect(no(openCheckpoint(signedBy(...witnesses), trust(1), verify))).toBe('NOTE_UNSIGNED')
  })

  test('another log, even by the same key', () => {
    const other = yes(formatCheckpoint({ origin: 'example.com/other', size: 1, root: leafOf(0), extensions: [] }))
    expect(no(openCheckpoint(yes(signNote(other, [log], sign, 0)), trust(0), verify))).toBe('CHECKPOINT_ORIGIN')
  })

  test('a signed text that is no checkpoint', () => {
    expect(no(openCheckpoint(yes(signNote('hello\n', [log], sign, 0)), trust(0), verify))).toBe('CHECKPOINT_MALFORMED')
  })

  test.each<[string, Trust]>([
    ['more witnesses than are known', trust(4)],
    ['less than none', trust(-1)],
    ['not a number', trust(Number.NaN)],
    ['a log that witnesses itself', trust(1, [testKey('w', 'cosignature/v1', 1)])],
    ['one public key under two names', trust(2, [testKey('w1', 'cosignature/v1', 2), testKey('w2', 'cosignature/v1', 2)])],
    ['a witness that is a log key', trust(1, [testKey('w', 'ed25519', 9)])],
    ['a log key that is a witness', { ...trust(0), log: [testKey('w', 'cosignature/v1', 9)] }],
    ['no log key', { ...trust(0), log: [] as unknown as Trust['log'] }],
  ])('pins are refused: %s', (_, wrong) => {
    expect(no(openCheckpoint(signedBy(log, ...witnesses), wrong, verify))).toBe('TRUST_INVALID')
  })
})
