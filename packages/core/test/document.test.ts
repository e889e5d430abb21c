import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareProblems, decodeDocument, documentCodes, documentKinds, encodeDocument, governanceCodes, unlocated } from '../src/index.ts'
import type { Decoded, Json, Problem } from '../src/index.ts'
import { documentSchemas } from '../src/document/schema.ts'

type Members = { readonly [key: string]: Json }
const decode = (value: Json): Decoded => decodeDocument(unlocated(value, 'a.yaml'))
const problemsOf = (value: Json): readonly Problem[] => {
  const decoded = decode(value)
  return decoded.ok ? [] : decoded.problems
}

const optOut = (spec: Members = {}, name: Json = 'demo'): Json => ({
  apiVersion: 'exeat.dev/v1', kind: 'OptOut', metadata: { name },
  spec: { controls: ['trivy/CVE-2021-44228'], category: 'waiver', reason: 'r', owner: 'o', window: { from: '2026-11-22T10:00:00Z', until: '2026-11-24T10:00:00Z' }, ...spec },
})
const policy = (spec: Members = {}): Json => ({
  apiVersion: 'exeat.dev/v1', kind: 'OptOutPolicy', metadata: { name: 'demo' },
  spec: { controls: ['trivy/*'], effect: 'permit', request: 'anyone', approve: 'none', activate: 'anyone', mfa: 'none', limits: { duration: '1d' }, ...spec },
})
const hintOf = (value: Json): string | undefined => problemsOf(value)[0]?.hint
const until = (text: Json): Json => optOut({ window: { from: '2026-11-22T10:00:00Z', until: text } })

describe('decodeDocument', () => {
  test('gives instants and durations as milliseconds', () => {
    const decoded = decode(optOut())
    expect(decoded.ok && decoded.kind === 'OptOut' && decoded.document.spec.window).toEqual({ from: Date.parse('2026-11-22T10:00:00Z'), until: Date.parse('2026-11-24T10:00:00Z') })
    const terms = decode(policy())
    expect(terms.ok && terms.kind === 'OptOutPolicy' && terms.document.spec.effect === 'permit' && terms.document.spec.limits).toEqual({ duration: 86_400_000 })
  })

  test('adds no defaults: the digest covers what is written', () => {
    for (const value of [optOut(), policy()]) {
      const decoded = decode(value)
      expect(decoded.ok && Object.keys(decoded.document.spec).sort()).toEqual(Object.keys((value as { spec: Members }).spec).sort())
    }
  })

  test('tells all problems at once, in order', () => {
    const problems = problemsOf({ ...(optOut({ category: 'x', owner: 3, window: { from: 1, until: null } }) as Members), extra: 1 })
    expect(problems.map(({ code }) => code)).toEqual(['DOCUMENT_INSTANT', 'DOCUMENT_INSTANT', 'DOCUMENT_KEY_UNKNOWN', 'DOCUMENT_TYPE', 'DOCUMENT_VALUE'])
    expect([...problems].sort(compareProblems)).toEqual(problems)
  })

  test('is total: any JSON is answered, and nothing but a whole document is taken', () => {
    fc.assert(fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
      expect(decode(value as Json).ok).toBe(false)
    }), { numRuns: 500 })
  })

  test('is total: a good document with any part replaced is answered, and what is taken is written back as it was', () => {
    const key = fc.constantFrom('controls', 'targets', 'category', 'reason', 'ticket', 'owner', 'window', 'limits', 'renews', '__proto__', 'constructor')
    fc.assert(fc.property(key, fc.jsonValue({ maxDepth: 3 }), (name, value) => {
      const changed = optOut(Object.fromEntries([[name, value as Json]]))
      const decoded = decode(changed)
      if (decoded.ok) expect(decode(encodeDocument(decoded.document))).toMatchObject({ ok: true, document: decoded.document })
      else expect(decoded.kind).toBe('OptOut')
    }), { numRuns: 1_000 })
  })

  test('deep data does not overflow', () => {
    let deep: Json = 1
    for (let depth = 0; depth < 100_000; depth++) deep = [deep]
    expect(problemsOf(optOut({ ticket: deep })).map(({ code }) => code)).toEqual(['DOCUMENT_TYPE'])
    expect(problemsOf(optOut({ extra: deep })).map(({ code }) => code)).toEqual(['DOCUMENT_KEY_UNKNOWN'])
  })

  test('the kinds are those of the schemas', () => expect(documentKinds).toEqual(Object.keys(documentSchemas).sort()))

  test('codes of documents and of governance do not collide, and each exits with 3', () => {
    const codes = [...Object.entries(documentCodes), ...Object.entries(governanceCodes)]
    expect(new Set(codes.map(([code]) => code)).size).toBe(codes.length)
    for (const [, { exit, http, summary }] of codes) expect([exit, http, summary.endsWith('.')]).toEqual([3, 422, true])
  })
})

describe('remedies', () => {
  test.each([
    ['2026-12-31', 'write `2026-12-31T00:00:00Z` (the start of that day) or `2027-01-01T00:00:00Z` (through the end of it)'],
    ['2028-02-28', 'write `2028-02-28T00:00:00Z` (the start of that day) or `2028-02-29T00:00:00Z` (through the end of it)'],
    [20261231, 'write `2026-12-31T00:00:00Z` (the start of that day) or `2027-01-01T00:00:00Z` (through the end of it)'],
    ['31.12.2026', 'write `2026-12-31T00:00:00Z` (the start of that day) or `2027-01-01T00:00:00Z` (through the end of it)'],
    ['5/5/2026', 'write `2026-05-05T00:00:00Z` (the start of that day) or `2026-05-06T00:00:00Z` (through the end of it)'],
    ['9/1/2026', 'day and month can be swapped here; write it like `2026-11-24T10:00:00Z` or `2026-11-24T11:00:00+01:00`'],
    ['2026-12-31T10:00:00', 'add the offset; for UTC write `2026-12-31T10:00:00Z`'],
    ['2026-12-31T24:00:00+02:00', 'write `2027-01-01T00:00:00+02:00`'],
    ['2026-12-31T10:00:00.123456Z', 'write `2026-12-31T10:00:00.123Z`'],
    ['never', 'write it like `2026-11-24T10:00:00Z` or `2026-11-24T11:00:00+01:00`'],
  ])('of the date %j', (written, hint) => expect(hintOf(until(written))).toBe(hint))

  test.each([
    ['a misspelt key', optOut({ tickets: 'X-1' }), 'did you mean `ticket`?'],
    ['a misspelt value', optOut({ category: 'wavier' }), 'did you mean `waiver`?'],
    ['a misspelt tool', optOut({ controls: ['trvy/CVE-1'] }), 'did you mean `trivy`?'],
    ['a misspelt kind', { ...(optOut() as Members), kind: 'Optout' }, 'did you mean `OptOut`?'],
    ['a misspelt word', policy({ mfa: 'nnone' }), 'did you mean `none`?'],
    ['a bare number', optOut({ ticket: 4711 }), 'put it in quotes: `"4711"`'],
    ['a scalar for a list', optOut({ controls: 'trivy/CVE-1' }), 'write a list: `[trivy/CVE-1]`'],
    ['a YAML 1.1 boolean', policy({ wildcards: 'yes' }), 'write `true` or `false`: YAML 1.2 reads any other word as a string'],
    ['weeks', policy({ limits: { duration: '2w' } }), 'write `14d`'],
  ])('of %s', (_, value, hint) => expect(hintOf(value)).toBe(hint))

  test('a key that stands already is not proposed', () => {
    expect(hintOf(optOut({ owners: 'x' }))).not.toBe('did you mean `owner`?')
  })

  test('a key of the other effect is not proposed', () => {
    expect(problemsOf({ ...(policy() as Members), spec: { controls: ['*'], effect: 'forbid', aprove: 'none' } })[0]?.hint).toMatch(/^known here: `controls`/)
  })
})

describe('text', () => {
  test('no invisible, reordering or control character gets into a name or a line', () => {
    const hostile = fc.constantFrom(0x00, 0x07, 0x09, 0x0a, 0x0d, 0x1b, 0x7f, 0x85, 0xa0, 0xad, 0x61c, 0x200b, 0x200d, 0x200e, 0x2028, 0x202a, 0x202e, 0x2060, 0x2066, 0x3000, 0xfeff, 0xfff9, 0xe0041, 0x1d173)
    fc.assert(fc.property(hostile, fc.nat(4), (code, at) => {
      const text = `${'alice'.slice(0, at)}${String.fromCodePoint(code)}${'alice'.slice(at)}`
      for (const value of [optOut({ owner: text }), optOut({}, text), optOut({ controls: [`trivy/${text}`] })]) {
        const [problem] = problemsOf(value)
        expect(problem?.code).toBe('DOCUMENT_CHARACTER')
        expect(problem?.message).toContain(`U+${code.toString(16).toUpperCase().padStart(4, '0')}`)
      }
    }))
  })

  test('names that people have are taken', () => {
    for (const owner of ['Zoë Müller', 'Алиса', '李明', 'نور', 'Łukasz O’Neill', 'Ωmega'.normalize('NFC').slice(1), 'Team 7 (ops)', 'alice@acme.example']) {
      expect(problemsOf(optOut({ owner }))).toEqual([])
    }
  })

  test('what is refused is quoted so that it rewrites no terminal', () => {
    for (const problem of problemsOf(optOut({ 'x\u001b[31m\u202e': 1, category: '\u001b]0;x\u0007', owner: `a${'\u202e'.repeat(500)}` }))) {
      expect(problem.message).not.toMatch(/[\p{Cc}\p{Bidi_C}]/u)
      expect(problem.message.length).toBeLessThan(400)
    }
  })
})
