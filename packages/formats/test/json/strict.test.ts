import fc from 'fast-check'
import { readFileSync, readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parseStrictJson } from '../../src/json/index.ts'
import type { JsonCode, StrictJsonLimits } from '../../src/json/index.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const parse = (input: string | Uint8Array, limits?: StrictJsonLimits) =>
  parseStrictJson(typeof input === 'string' ? bytes(input) : input, 'report.json', limits)

function accept(input: string | Uint8Array, limits?: StrictJsonLimits): unknown {
  const answer = parse(input, limits)
  if (!answer.ok) throw new Error(JSON.stringify(answer.problem))
  return answer.value
}

function refuse(input: string | Uint8Array, limits?: StrictJsonLimits): { code: JsonCode; line: number; column: number; message: string } {
  const answer = parse(input, limits)
  if (answer.ok) throw new Error('accepted')
  const { code, message, at } = answer.problem
  expect(at?.file).toBe('report.json')
  expect(message).toMatch(/^[a-z`JV]/u)
  expect(message).not.toMatch(/\.$/u)
  return { code, line: at?.line ?? 0, column: at?.column ?? 0, message }
}

describe('what is JSON', () => {
  test.each([
    'null', 'true', ' false ', '0', '-0', '-1.5e+3', '1E400'.replace('400', '300'), '""', '"a\\u00e9\\n\\"\\/"', '"\\ud83d\\ude00"', '"é😀"',
    '[]', '{}', '[ ]', '{ }', '[1,2,[3,{"a":[]}]]', '\t\r\n{"a" : { "b" : [ null , true ] } }\n', '{"":""}', '[[],{}]',
  ])('%s', (text) => expect(accept(text)).toEqual(JSON.parse(text)))

  test('any value that JSON can say, at any indent', () => {
    fc.assert(fc.property(fc.jsonValue({ maxDepth: 6 }), fc.integer({ min: 0, max: 3 }), (value, indent) => {
      expect(accept(JSON.stringify(value, null, indent))).toEqual(JSON.parse(JSON.stringify(value)))
    }))
  })

  test('agrees with JSON.parse on broken texts, but for what is stricter by intent', () => {
    fc.assert(fc.property(fc.jsonValue(), fc.nat(), fc.constantFrom('', ',', '"', '}', ']', ':', '0', '-', '.', 'e', '\\', 'x', ' '), fc.boolean(), (value, at, piece, drop) => {
      const text = JSON.stringify(value)
      const place = at % (text.length + 1)
      const broken = text.slice(0, place) + piece + text.slice(place + (drop ? 1 : 0))
      const answer = parse(broken.toWellFormed())
      let plain: boolean
      try { JSON.parse(broken.toWellFormed()); plain = true } catch { plain = false }
      if (answer.ok) expect(plain).toBe(true)
      else expect(plain).toBe(['JSON_DUPLICATE_KEY', 'JSON_LONE_SURROGATE', 'JSON_NUMBER_RANGE'].includes(answer.problem.code))
    }), { numRuns: 2000 })
  })

  test('every real report in the vectors reads as JSON.parse reads it', () => {
    const folder = new URL('../../../../vectors/scanner-outputs/', import.meta.url)
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => /\.(?:json|sarif)$/u.test(name))
    expect(files.length).toBeGreaterThan(40)
    for (const name of files) {
      const content = readFileSync(new URL(name, folder))
      expect([name, accept(content)]).toEqual([name, JSON.parse(content.toString('utf8'))])
    }
  })
})

describe('what is not, and where', () => {
  const table: [name: string, input: string | Uint8Array, code: JsonCode, line: number, column: number][] = [
    ['nothing', '', 'JSON_EMPTY', 1, 1],
    ['white space', ' \n ', 'JSON_EMPTY', 2, 2],
    ['byte order mark', '\ufeff{}', 'JSON_BOM', 1, 1],
    ['byte order mark alone', '\ufeff', 'JSON_BOM', 1, 1],
    ['UTF-16', Uint8Array.from([0xff, 0xfe, 0x7b, 0, 0x7d, 0]), 'JSON_ENCODING', 1, 1],
    ['UTF-16 without mark', Uint8Array.from([0x7b, 0, 0x7d, 0]), 'JSON_BINARY', 1, 2],
    ['gzip', Uint8Array.from([0x1f, 0x8b, 8, 0]), 'JSON_BINARY', 1, 1],
    ['NUL in a string', '{"a":"x\u0000"}', 'JSON_BINARY', 1, 8],
    ['control character in a string', '["\n"]', 'JSON_SYNTAX', 1, 3],
    ['overlong UTF-8', Uint8Array.from([0x22, 0xc0, 0xaf, 0x22]), 'JSON_ENCODING', 1, 2],
    ['surrogate in UTF-8', Uint8Array.from([0x22, 0xed, 0xa0, 0x80, 0x22]), 'JSON_ENCODING', 1, 2],
    ['beyond U+10FFFF', Uint8Array.from([0x22, 0xf4, 0x90, 0x80, 0x80, 0x22]), 'JSON_ENCODING', 1, 2],
    ['continuation byte alone', Uint8Array.from([0x22, 0x80, 0x22]), 'JSON_ENCODING', 1, 2],
    ['cut sequence', Uint8Array.from([0x22, 0xe2, 0x82, 0x22]), 'JSON_ENCODING', 1, 2],
    ['latin-1 in a key', Uint8Array.from([...bytes('{"a":1,\n"'), 0xe9, ...bytes('":1}')]), 'JSON_ENCODING', 2, 2],
    ['letters outside ASCII', '[é]', 'JSON_SYNTAX', 1, 2],
    ['half an object', '{"a":[1,2', 'JSON_TRUNCATED', 1, 10],
    ['half a literal', 'tru', 'JSON_TRUNCATED', 1, 4],
    ['half a number', '[-', 'JSON_TRUNCATED', 1, 3],
    ['half a string', '"abc', 'JSON_TRUNCATED', 1, 5],
    ['half an escape', '"\\u00', 'JSON_TRUNCATED', 1, 6],
    ['key without value', '{"a"', 'JSON_TRUNCATED', 1, 5],
    ['trailing text', '{}\nx', 'JSON_TRAILING', 2, 1],
    ['second document', '[1]\n[2]', 'JSON_TRAILING', 2, 1],
    ['trailing NUL', '{}\u0000', 'JSON_TRAILING', 1, 3],
    ['trailing comma in an array', '[1,]', 'JSON_SYNTAX', 1, 4],
    ['trailing comma in an object', '{"a":1,}', 'JSON_SYNTAX', 1, 8],
    ['leading comma', '[,1]', 'JSON_SYNTAX', 1, 2],
    ['single quotes', "{'a':1}", 'JSON_SYNTAX', 1, 2],
    ['comment', '// x\n{}', 'JSON_SYNTAX', 1, 1],
    ['log line first', 'INFO scanning\n{}', 'JSON_SYNTAX', 1, 1],
    ['log line that begins with N', 'No issues', 'JSON_SYNTAX', 1, 1],
    ['leading zero', '[01]', 'JSON_SYNTAX', 1, 3],
    ['plus sign', '[+1]', 'JSON_SYNTAX', 1, 2],
    ['no digit after the point', '[1.]', 'JSON_SYNTAX', 1, 4],
    ['hex', '[0x1]', 'JSON_SYNTAX', 1, 3],
    ['unknown escape', '"\\x"', 'JSON_SYNTAX', 1, 2],
    ['short \\u', '"\\u12g4"', 'JSON_SYNTAX', 1, 6],
    ['mismatched brackets', '[{]}', 'JSON_SYNTAX', 1, 3],
    ['NaN', '{"é":1,"a":NaN}', 'JSON_NOT_A_NUMBER', 1, 12],
    ['Infinity', '[Infinity]', 'JSON_NOT_A_NUMBER', 1, 2],
    ['minus Infinity', '[-Infinity]', 'JSON_NOT_A_NUMBER', 1, 3],
    ['number out of range', '[1,\n1e999]', 'JSON_NUMBER_RANGE', 2, 1],
    ['number out of range at the root', '-1e999', 'JSON_NUMBER_RANGE', 1, 1],
    ['duplicate key', '{"a":1,\n "b":{}, "a":2}', 'JSON_DUPLICATE_KEY', 2, 10],
    ['duplicate key, escaped', '{"a":1,"\\u0061":1}', 'JSON_DUPLICATE_KEY', 1, 8],
    ['duplicate __proto__', '[{"__proto__":1,"__proto__":1}]', 'JSON_DUPLICATE_KEY', 1, 17],
    ['high surrogate', '["\\ud800"]', 'JSON_LONE_SURROGATE', 1, 3],
    ['high surrogate before text', '["\\ud800x"]', 'JSON_LONE_SURROGATE', 1, 3],
    ['high surrogate before another escape', '["\\ud800\\n"]', 'JSON_LONE_SURROGATE', 1, 3],
    ['low surrogate in a key', '{"\\udc00":1}', 'JSON_LONE_SURROGATE', 1, 3],
  ]
  test.each(table)('%s', (_, input, code, line, column) => expect(refuse(input)).toMatchObject({ code, line, column }))

  test('equal keys in different objects are no duplicates', () => {
    expect(accept('{"a":{"a":1},"b":[{"a":1},{"a":2}]}')).toEqual({ a: { a: 1 }, b: [{ a: 1 }, { a: 2 }] })
  })

  test('the message names both places of a duplicate key', () => {
    expect(refuse('{"x":1,\n"x":2}').message).toBe('the key `x` stands twice, first at line 1, column 2')
  })

  test('a hostile key cannot write to the terminal', () => {
    expect(refuse('{"\\u001b[2J\\u202e`":1,"\\u001b[2J\\u202e`":2}').message).not.toMatch(/[\p{Cc}\p{Cf}]/u)
  })

  test('every prefix of an object is refused', () => {
    const whole = bytes('{"a":[1.5e3,"é\\u00e9",true,null,{"b":{}}],"😀":false}')
    expect(accept(whole)).toBeDefined()
    for (let length = 1; length < whole.length; length++) expect([length, refuse(whole.subarray(0, length)).code]).toEqual([length, 'JSON_TRUNCATED'])
  })
})

describe('hostile sizes and keys', () => {
  test('depth', () => {
    const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)
    expect(accept(nested(256))).toBeDefined()
    expect(refuse(nested(257))).toMatchObject({ code: 'JSON_TOO_DEEP', column: 257 })
    expect(refuse('{"a":'.repeat(10_000) + '1' + '}'.repeat(10_000)).code).toBe('JSON_TOO_DEEP')
    expect(refuse('['.repeat(5_000_000)).code).toBe('JSON_TOO_DEEP')
    expect(accept(nested(100_000), { maxDepth: 100_000 })).toBeDefined()
  })

  test('bytes and values', () => {
    expect(refuse('[1,2,3]', { maxBytes: 6 }).code).toBe('JSON_TOO_LARGE')
    expect(accept('[1,2,3]', { maxBytes: 7, maxValues: 4 })).toEqual([1, 2, 3])
    expect(refuse('[1,2,3]', { maxValues: 3 }).code).toBe('JSON_TOO_LARGE')
  })

  test('prototype keys are keys as any other, and absent keys are absent', () => {
    const value = accept('{"__proto__":{"polluted":1},"constructor":2}') as Record<string, unknown>
    expect(Object.keys(value)).toEqual(['__proto__', 'constructor'])
    expect(value['constructor']).toBe(2)
    expect(value['polluted']).toBeUndefined()
    expect(value['toString']).toBeUndefined()
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    expect((value['__proto__'] as Record<string, unknown>)['hasOwnProperty']).toBeUndefined()
  })
})
