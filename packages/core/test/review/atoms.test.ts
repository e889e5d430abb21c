import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compilePattern } from '../../src/pattern/index.ts'
import { atomsOf, type PatternGroup } from '../../src/review/index.ts'

const group = (name: string, ...sources: readonly string[]): PatternGroup => ({
  name, patterns: sources.map((source) => {
    const compiled = compilePattern(source, 'name')
    if (!compiled.ok) throw new Error(compiled.problem.message)
    return compiled.pattern
  }),
})
const sets = (groups: readonly PatternGroup[], among = groups.map(({ name }) => name)) => atomsOf(groups, new Set(among))?.map((atom) => atom.groups.join('+')).sort()

describe('atoms', () => {
  test('are every set of groups that some control is matched by, and no other', () => {
    expect(sets([group('a', 'trivy/*'), group('b', 'trivy/CVE-1')])).toEqual(['a', 'a+b'])
    expect(sets([group('a', 'trivy/*'), group('b', 'grype/*')])).toEqual(['a', 'b'])
    expect(sets([group('a', '*/CVE-*'), group('b', 'trivy/*'), group('c', 'trivy/*-1')])).toEqual(['a', 'a+b', 'a+b+c', 'b', 'b+c'])
    expect(sets([group('a', '{trivy,grype}/x'), group('b', 'trivy/?')])).toEqual(['a', 'a+b', 'b'])
  })
  test('leave out what no group that is asked about matches, and what is no control', () => {
    expect(sets([group('a', 'trivy/*'), group('b', 'grype/*')], ['b'])).toEqual(['b'])
    expect(sets([group('a', 'trivy')])).toEqual([])
    expect(sets([])).toEqual([])
  })
  test('too many are told as that, and never as fewer', () => {
    const many = Array.from({ length: 12 }, (_, i) => group(`g${i}`, `*${String.fromCharCode(97 + i)}*`))
    expect(atomsOf(many, new Set(['g0']), 500)).toBeUndefined()
  })

  const piece = fc.constantFrom('a', 'b', '/', '*', '?', 'ab')
  const source = fc.array(piece, { minLength: 1, maxLength: 4 }).map((pieces) => `t/${pieces.join('')}`)
  const arbitraryGroups = fc.array(fc.array(source, { minLength: 1, maxLength: 2 }), { minLength: 1, maxLength: 4 })
    .map((all) => all.map((sources, i) => group(`g${i}`, ...sources)))
  const matched = (groups: readonly PatternGroup[], control: string) => groups.filter(({ patterns }) => patterns.some((pattern) => pattern.matches(control))).map(({ name }) => name).sort()

  test('each has a control that its groups match, and the others do not', () => {
    fc.assert(fc.property(arbitraryGroups, (groups) => {
      for (const { groups: names, control } of atomsOf(groups, new Set(groups.map(({ name }) => name))) ?? []) expect(matched(groups, control)).toEqual(names)
    }), { numRuns: 300 })
  })
  test('no control is matched in another way', () => {
    fc.assert(fc.property(arbitraryGroups, fc.array(fc.constantFrom('a', 'b', 'c', '/'), { minLength: 1, maxLength: 6 }), (groups, points) => {
      const names = matched(groups, `t/${points.join('')}`)
      if (names.length > 0) expect(sets(groups)).toContain(names.join('+'))
    }), { numRuns: 500 })
  })
})
