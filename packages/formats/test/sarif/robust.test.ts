/** The reader against how a file may be cut, laid out, ordered, or made to hurt. */
import { assert, integer, property } from 'fast-check'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { ByteSource } from '../../src/index.ts'
import { isSarif, readSarif } from '../../src/index.ts'
import { at, bytes, code, finding, log, read, reports, ruled, run, vector, vectorNames, vectors } from './support.ts'


/** Gives at most `step` bytes a read, as pipes and network file systems do. */
const trickle = (input: Uint8Array, step: number): ByteSource => ({
  name: 'report.sarif',
  size: input.length,
  read(into, position) {
    const part = input.subarray(position, position + Math.min(step, into.length))
    into.set(part)
    return part.length
  },
})

const small = vectorNames.filter((name) => readFileSync(new URL(name, vectors)).length < 60_000)

describe('chunks', () => {
  test.each(small)('%s: any window and any step give the same answer', (name) => {
    const input = vector(name)
    const whole = readSarif(trickle(input, input.length))
    expect(whole.ok).toBe(true)
    assert(property(integer({ min: 1, max: 200 }), integer({ min: 1, max: 300 }), (window, step) => {
      expect(readSarif(trickle(input, step), { window })).toEqual(whole)
    }), { numRuns: 25 })
  })
})

/** The same JSON with keys in another order and white space of any kind between its tokens. */
function relaid(value: unknown, random: () => number): string {
  const gap = (): string => ['', ' ', '\n', '\t', '\r\n  '][Math.floor(random() * 5)] ?? ''
  const write = (each: unknown): string => {
    if (Array.isArray(each)) return `[${gap()}${each.map(write).join(`${gap()},${gap()}`)}${gap()}]`
    if (typeof each !== 'object' || each === null) return typeof each === 'string' ? spelled(each, random) : JSON.stringify(each)
    const members = Object.entries(each).map(([key, inner]) => ({ key, inner, rank: random() })).toSorted((a, b) => a.rank - b.rank)
    return `{${gap()}${members.map(({ key, inner }) => `${spelled(key, random)}${gap()}:${gap()}${write(inner)}`).join(`${gap()},${gap()}`)}${gap()}}`
  }
  return gap() + write(value) + gap()
}

/** Now and then with every character escaped. */
const spelled = (text: string, random: () => number): string =>
  random() < 0.05
    ? `"${Array.from({ length: text.length }, (_, index) => `\\u${text.charCodeAt(index).toString(16).padStart(4, '0')}`).join('')}"`
    : JSON.stringify(text)

function generator(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

describe('layout', () => {
  test.each(small)('%s: order of keys, white space and escapes change nothing', (name) => {
    const parsed: unknown = JSON.parse(Buffer.from(vector(name)).toString('utf8'))
    const whole = reports(vector(name))
    assert(property(integer(), (seed) => {
      expect(reports(relaid(parsed, generator(seed)))).toEqual(whole)
    }), { numRuns: 15 })
  })

  test('a byte order mark is passed', () => expect(reports(Uint8Array.from([0xef, 0xbb, 0xbf, ...bytes(log())]))).toEqual([]))
})

describe('cut files', () => {
  test.each(['appendix_k2.sarif', 'suppression_test.sarif', 'no_runs.sarif'])('%s cut at every byte is a problem', (name) => {
    const input = vector(name)
    const end = Buffer.from(input).toString('utf8').trimEnd().length
    for (let length = 0; length < end; length++) {
      const answer = read(input.subarray(0, length))
      if (answer.ok) throw new Error(`accepted at ${length}`)
      expect(['JSON_TRUNCATED', 'JSON_EMPTY']).toContain(answer.problems[0].code)
    }
  })
  test('one with a byte gone is a problem wherever it is no JSON any more', () => {
    const input = vector('appendix_k2.sarif')
    let broken = 0
    for (let index = 0; index < input.length; index++) {
      const cut = Buffer.concat([input.subarray(0, index), input.subarray(index + 1)])
      const answer = read(cut)
      if (isJson(cut.toString('utf8'))) continue
      broken++
      if (answer.ok) throw new Error(`accepted without byte ${index}`)
    }
    expect(broken).toBeGreaterThan(100)
  })
})

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

describe('hostile files', () => {
  test.each([
    ['text behind it', `${JSON.stringify(log())}x`, 'JSON_TRAILING'],
    ['nothing', '', 'JSON_EMPTY'],
    ['binary', Uint8Array.from([0x50, 0x4b, 3, 4]), 'JSON_SYNTAX'],
    ['NUL', '{"version":"2.1.0","runs":[],"a":"\u0000"}', 'JSON_BINARY'],
    ['two results', '{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"x"}},"results":[{}],"results":[]}]}', 'JSON_DUPLICATE_KEY'],
    ['two results, one escaped', '{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"x"}},"results":[{}],"\\u0072esults":[]}]}', 'JSON_DUPLICATE_KEY'],
    ['two baseline states', '{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"x"}},"results":[{"baselineState":"new","baselineState":"absent"}]}]}', 'JSON_DUPLICATE_KEY'],
    ['two runs', '{"version":"2.1.0","runs":[],"runs":[]}', 'JSON_DUPLICATE_KEY'],
    ['two names of a base', '{"version":"2.1.0","runs":[{"originalUriBaseIds":{"A":{},"A":{}}}]}', 'JSON_DUPLICATE_KEY'],
    ['two fingerprints of a name', '{"version":"2.1.0","runs":[{"results":[{"fingerprints":{"a":"1","a":"2"}}]}]}', 'JSON_DUPLICATE_KEY'],
    ['deep', `{"version":"2.1.0","runs":[{"properties":{"a":${'['.repeat(10_000)}${']'.repeat(10_000)}}}]}`, 'JSON_TOO_DEEP'],
    ['deep and never closed', `{"version":"2.1.0","runs":${'[{"a":'.repeat(100_000)}`, 'JSON_TOO_DEEP'],
    ['bad UTF-8 in what is passed', Buffer.concat([bytes('{"version":"2.1.0","runs":[],"x":"'), Uint8Array.of(0xff), bytes('"}')]), 'JSON_ENCODING'],
    ['bad JSON in what is passed', '{"version":"2.1.0","runs":[],"x":{"a" 1}}', 'JSON_SYNTAX'],
    ['a lone surrogate', '{"version":"2.1.0","runs":[],"x":"\\ud800"}', 'JSON_LONE_SURROGATE'],
    ['NaN where a line is', '{"version":"2.1.0","runs":[{"results":[{"ruleIndex":NaN}]}]}', 'JSON_NOT_A_NUMBER'],
  ])('%s', (_, input, expected) => expect(code(input)).toBe(expected))

  test('the problem names the place', () => {
    const answer = read('{\n "version": "2.1.0",\n "runs": [{"tool":{"driver":{"name":"é"}}, "results": 7}]}')
    expect(answer).toMatchObject({ ok: false, problems: [{ code: 'SARIF_SHAPE', message: '`results` is not an array', at: { file: 'report.sarif', line: 3, column: 55 } }] })
  })

  test('prototype keys are passed, and pollute nothing', () => {
    const found = finding('{"__proto__":{"version":"1"},"version":"2.1.0","runs":[{"__proto__":{"tool":1},"constructor":1,"tool":{"driver":{"name":"__proto__"}},'
      + '"results":[{"__proto__":{"kind":"pass"},"ruleId":"__proto__","message":{"text":"m"},"partialFingerprints":{"__proto__":"f"}}]}]}')
    expect(found).toMatchObject({ tool: '__proto__', rule: '__proto__', toolFingerprint: 'f' })
    expect(({} as Record<string, unknown>)['kind']).toBeUndefined()
  })

  test('a result of megabytes, across many windows', () => {
    const long = '0123456789abcdé'.repeat(100_000)
    const found = finding(log(run([{ ruleId: 'r', message: { text: long }, properties: { more: [long, { deep: long }] }, ...(at({ uri: 'a' }, { startLine: 3, snippet: { text: long } }) as object) }])), { window: 4096 })
    expect(found).toMatchObject({ rule: 'r', line: 3 })
    expect(found.snippet).toBe(long)
  })

  test.each([
    ['results', (many: string) => `{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"x"}},"results":[${many}]}]}`, '{}'],
    ['rules', (many: string) => `{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"x","rules":[${many}]}},"results":[]}]}`, '{}'],
    ['artifacts', (many: string) => `{"version":"2.1.0","runs":[{"artifacts":[${many}],"tool":{"driver":{"name":"x"}},"results":[]}]}`, 'null'],
    ['runs', (many: string) => `{"version":"2.1.0","runs":[${many}]}`, '{"tool":{"driver":{"name":"x"}}}'],
    ['suppressions', (many: string) => `{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"x"}},"results":[{"suppressions":[${many}]}]}]}`, '{}'],
  ])('more %s than memory may hold', (_, around, one) => {
    const text = around(Array.from({ length: 1000 }, () => one).join(','))
    expect(code(text, { maxParts: 900 })).toBe('JSON_TOO_LARGE')
    expect(read(text, { maxParts: 10_000 }).ok).toBe(true)
  })

  test('bases by the thousand, and fingerprints by the hundred', () => {
    const many = (count: number): Record<string, unknown> => Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, {}]))
    expect(code(log(run([], { originalUriBaseIds: many(1000) })), { maxParts: 900 })).toBe('JSON_TOO_LARGE')
    const fingerprints = Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`k${index}`, 'f']))
    expect(code(log(run([{ fingerprints }])))).toBe('JSON_TOO_LARGE')
  })

  test('ten million empty results are refused, not held', () => {
    const piece = bytes('{},'.repeat(100_000))
    const head = bytes('{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"x"}},"results":[')
    const source: ByteSource = {
      name: 'report.sarif',
      size: head.length + piece.length * 100,
      read(into, position) {
        const part = position < head.length ? head.subarray(position) : piece.subarray((position - head.length) % piece.length)
        const fitting = part.subarray(0, into.length)
        into.set(fitting)
        return fitting.length
      },
    }
    expect(readSarif(source, { maxParts: 500_000 })).toMatchObject({ ok: false, problems: [{ code: 'JSON_TOO_LARGE' }] })
  })

  test('strings that begin with U+FEFF keep it', () => expect(finding(log(run([{ ruleId: '\ufeffr', message: {} }]))).rule).toBe('\ufeffr'))

  test('rules by the ten thousand, named in every way', () => {
    const rules = Array.from({ length: 10_000 }, (_, index) => ({ id: `R${index}`, defaultConfiguration: { level: index % 2 === 0 ? 'error' : 'note' } }))
    const results = rules.map(({ id }, index) => (index % 3 === 0 ? { ruleId: id, message: {} } : { ruleIndex: index, message: {} }))
    const [report] = reports(log(ruled(results, rules)))
    expect(report?.findings.map(({ rule }) => rule)).toEqual(rules.map(({ id }) => id))
    expect(report?.findings.map(({ severity }) => severity)).toEqual(rules.map((_, index) => (index % 2 === 0 ? 'high' : 'low')))
  })

  test('equal hashes of strings do not mix them up', () => {
    const ids = Array.from({ length: 30_000 }, (_, index) => `rule-${index.toString(36)}`)
    expect(reports(log(run(ids.map((ruleId) => ({ ruleId, message: { text: ruleId } })))))[0]?.findings.map(({ rule }) => rule)).toEqual(ids)
  })
})

describe('is it SARIF', () => {
  const is = (input: string | Uint8Array): boolean => isSarif(trickle(typeof input === 'string' ? bytes(input) : input, 7))
  test.each(['{"runs":[]}', '\ufeff{"a":{"runs":1},"runs":null', '{"\\u0072uns":1}'])('%j', (input) => expect(is(input)).toBe(true))
  test.each(['', 'null', '[]', '{}', '[{"runs":[]}]', '{"a":{"runs":[]}}', '{"a"', '{"a":"runs"}', '\u0000'])('not %j', (input) => expect(is(input)).toBe(false))
})

