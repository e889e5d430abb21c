import { assert, array, constantFrom, dictionary, integer, jsonValue, option, property, record, string } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bytesSource, readSarif, spliceSuppressions } from '../../src/index.ts'
import { bytes, log, run, spliced, suppression, vector, vectorNames } from './support.ts'

interface Loose { runs?: { results?: Record<string, unknown>[] | null }[] }

const isOurs = (each: unknown): boolean => JSON.stringify(each).includes('"exeat":{')

/** The log with what Exeat added taken out again, by what the results said before. */
function without(output: Uint8Array, input: Uint8Array): unknown {
  const [after, before] = [output, input].map((each) => JSON.parse(Buffer.from(each).toString('utf8').replace(/^\ufeff/u, '')) as Loose)
  after?.runs?.forEach((each, index) => each.results?.forEach((result, ordinal) => {
    const original = before?.runs?.[index]?.results?.[ordinal] ?? {}
    if (!('suppressions' in result)) return
    const own = (result['suppressions'] as unknown[] | null)?.filter((one) => !isOurs(one))
    if (!('suppressions' in original)) delete result['suppressions']
    else result['suppressions'] = original['suppressions'] === null ? null : own
  }))
  return after
}

const count = (output: Uint8Array): number => Buffer.from(output).toString('utf8').split('"exeat":{').length - 1

describe('real files', () => {
  test.each(vectorNames)('%s: nothing excused is the same bytes', (name) => {
    expect(Buffer.compare(spliced(vector(name), () => false).output, vector(name))).toBe(0)
  })
  test.each(vectorNames)('%s: excused findings have their suppression, and nothing else changes', (name) => {
    for (const excuse of [() => true, (_: number, finding: number) => finding % 3 === 1]) {
      const { output, added } = spliced(vector(name), excuse)
      expect(count(output)).toBe(added)
      expect(without(output, vector(name))).toEqual(JSON.parse(Buffer.from(vector(name)).toString('utf8')))
    }
  })
})

describe('where it goes', () => {
  const of = (result: string): string => Buffer.from(spliced(bytes(`{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"x"}},"results":[${result}]}]}`), () => true).output).toString('utf8')
    .replace(JSON.stringify(suppression('o-0-0')), 'X').replace(/^.*"results":\[/u, '').replace(/\]\}\]\}$/u, '')
  test.each([
    ['{"ruleId":"r"}', '{"ruleId":"r","suppressions":[X]}'],
    ['{"ruleId":"r" \n }', '{"ruleId":"r","suppressions":[X] \n }'],
    ['{}', '{"suppressions":[X]}'],
    ['{ }', '{ "suppressions":[X]}'],
    ['{"suppressions":[]}', '{"suppressions":[X]}'],
    ['{"suppressions":[ ],"a":1}', '{"suppressions":[X ],"a":1}'],
    ['{"suppressions":[{"kind":"inSource"}]}', '{"suppressions":[{"kind":"inSource"},X]}'],
    ['{"suppressions":[{}, {} ] , "ruleId":"r"}', '{"suppressions":[{}, {},X ] , "ruleId":"r"}'],
    ['{"suppressions":null}', '{"suppressions":[X]}'],
    ['{"suppressions": null , "ruleId":"r"}', '{"suppressions": [X] , "ruleId":"r"}'],
    ['{"properties":{"suppressions":[]},"ruleId":"r"}', '{"properties":{"suppressions":[]},"ruleId":"r","suppressions":[X]}'],
    ['{"\\u0073uppressions":[]}', '{"\\u0073uppressions":[X]}'],
    ['{"message":{"text":"}],\\"suppressions\\":[]"}}', '{"message":{"text":"}],\\"suppressions\\":[]"},"suppressions":[X]}'],
  ])('%s', (result, expected) => expect(of(result)).toBe(expected))
})

test('any log: the output says the same and the suppressions, at every window', () => {
  const result = record({
    ruleId: string(),
    kind: option(constantFrom('fail', 'pass', 'open')),
    suppressions: option(array(record({ kind: constantFrom('inSource', 'external'), justification: string() }), { maxLength: 3 })),
    properties: dictionary(string(), jsonValue({ maxDepth: 3 })),
  }, { requiredKeys: [] })
  assert(property(array(array(result, { maxLength: 6 }), { maxLength: 3 }), integer({ min: 0, max: 3 }), integer({ min: 1, max: 5 }), (runs, indent, modulus) => {
    const input = bytes(JSON.stringify(log(...runs.map((results) => run(results))), null, indent).toWellFormed().replaceAll(/\\ud[89a-f][0-9a-f]{2}/giu, 'x'))
    const { output, added } = spliced(input, (_, finding) => finding % modulus === 0)
    expect(count(output)).toBe(added)
    expect(without(output, input)).toEqual(JSON.parse(Buffer.from(input).toString('utf8')))
    const again = readSarif(bytesSource('again.sarif', output))
    expect(again.ok).toBe(true)
  }), { numRuns: 150 })
})

describe('a file that changed meanwhile', () => {
  const input = bytes(log(run([{ ruleId: 'a', message: { text: 'm' } }, { ruleId: 'b', message: { text: 'm' } }])))
  const answer = readSarif(bytesSource('a.sarif', input))
  if (!answer.ok) throw new Error('unreadable')
  const write = (changed: Uint8Array, size = changed.length): unknown => {
    const result = spliceSuppressions({ ...bytesSource('a.sarif', changed), size }, answer.positions, [new Map([[1, suppression('o')]])], () => undefined)
    return result.ok ? 'ok' : result.problem.code
  }
  test('is refused', () => {
    expect(write(input)).toBe('ok')
    expect(write(input.subarray(1))).toBe('SARIF_CHANGED')
    expect(write(input.subarray(0, 20), input.length)).toBe('SARIF_CHANGED')
    expect(write(Buffer.concat([bytes(' '), input]), input.length)).toBe('SARIF_CHANGED')
    expect(write(Buffer.concat([input, bytes(' ')]), input.length)).toBe('SARIF_CHANGED')
  })
})
