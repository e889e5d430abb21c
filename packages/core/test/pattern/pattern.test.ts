import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compilePattern, hasLiteral, intersects, isLiteral, patternLimits } from '../../src/pattern/index.ts'
import type { Pattern, PatternKind } from '../../src/pattern/index.ts'
import { reference } from './reference.ts'

function compiled(source: string, kind: PatternKind): Pattern {
  const answer = compilePattern(source, kind)
  if (!answer.ok) throw new Error(`${source}: ${answer.problem.message}`)
  return answer.pattern
}
const faultOf = (source: string, kind: PatternKind): string => {
  const answer = compilePattern(source, kind)
  return answer.ok ? 'ok' : answer.problem.code
}

const token = fc.constantFrom('a', 'b', '*', '?', '/')
const sourceOf = (kind: PatternKind): fc.Arbitrary<string> =>
  fc.array(kind === 'path' ? fc.oneof({ weight: 5, arbitrary: token }, { weight: 1, arbitrary: fc.constantFrom('**/', '/**', '/**/') }) : token, { minLength: 1, maxLength: 7 })
    .map((parts) => parts.join('')).filter((source) => compilePattern(source, kind).ok)
const text = fc.array(fc.constantFrom('a', 'b', '/', '😀'), { maxLength: 6 }).map((parts) => parts.join(''))
/** Every text over the alphabet up to five characters. */
const texts = ((): readonly string[] => {
  let layer = ['']
  const all = ['']
  for (let length = 1; length <= 6; length++) {
    layer = layer.flatMap((prefix) => ['a', 'b', '/'].map((c) => prefix + c))
    all.push(...layer)
  }
  return all
})()

describe('matching', () => {
  test.each([
    ['a/**', 'a/x', true], ['a/**', 'a/x/y', true], ['a/**', 'a', false], ['a/**', 'ab/x', false],
    ['**/a', 'a', true], ['**/a', 'x/y/a', true], ['**/a', 'xa', false],
    ['a/**/b', 'a/b', true], ['a/**/b', 'a/x/y/b', true], ['a/**/b', 'a/xb', false],
    ['*.ts', 'a.ts', true], ['*.ts', 'x/a.ts', false], ['src/*/a', 'src/x/a', true], ['src/*/a', 'src/x/y/a', false],
    ['?', '😀', true], ['??', '😀', false], ['src/{a,b}.ts', 'src/b.ts', true], ['src/{a,b}.ts', 'src/c.ts', false],
    ['pages/[id].tsx', 'pages/[id].tsx', true], ['pages/[id].tsx', 'pages/i.tsx', false], ['A', 'a', false],
  ])('path %s on %s: %s', (source, path, wanted) => {
    expect(compiled(source, 'path').matches(path)).toBe(wanted)
  })

  test.each([
    ['CVE-2021-*', 'CVE-2021-44228', true], ['*', 'a/b', true], ['pkg:maven/*@2.*', 'pkg:maven/org/log4j@2.14', true],
    ['aws_s3_bucket.b["x"]', 'aws_s3_bucket.b["x"]', true], ['a.b', 'axb', false], ['a*b*c', 'aXbYc', true], ['a*b*c', 'aXcYb', false],
  ])('name %s on %s: %s', (source, name, wanted) => {
    expect(compiled(source, 'name').matches(name)).toBe(wanted)
  })

  test.each(['name', 'path'] as const)('%s patterns mean what their regular expression means', (kind) => {
    fc.assert(fc.property(sourceOf(kind), text, (source, each) => {
      expect(compiled(source, kind).matches(each)).toBe(reference(source, kind).test(each))
    }), { numRuns: 3000 })
  })

  test('a hostile pattern of each kind ends', () => {
    const stars = `${'a*'.repeat(8)}b`
    for (const kind of ['name', 'path'] as const) {
      expect(compiled(stars, kind).matches('a'.repeat(60))).toBe(false)
      expect(compiled(stars, kind).matches('a'.repeat(100_000))).toBe(false)
    }
    expect(compiled(`${'**/a/'.repeat(60)}b`, 'path').matches('a/'.repeat(5000))).toBe(false)
  })
})

describe('intersection', () => {
  test.each(['name', 'path'] as const)('%s: patterns meet exactly where some text matches both', (kind) => {
    fc.assert(fc.property(sourceOf(kind).filter((s) => s.length <= 4), sourceOf(kind).filter((s) => s.length <= 4), (left, right) => {
      const a = compiled(left, kind)
      const b = compiled(right, kind)
      const shared = texts.some((each) => a.matches(each) && b.matches(each))
      expect(intersects(a, b)).toBe(shared)
      expect(intersects(b, a)).toBe(shared)
    }), { numRuns: 600 })
  })

  test.each([
    ['services/**', '**/pom.xml', true], ['a/*', 'a/*/c', false], ['{a,b}/x', 'b/*', true], ['{a,b}/x', 'c/*', false], ['a/**', 'a', false],
  ])('%s and %s: %s', (left, right, wanted) => {
    expect(intersects(compiled(left, 'path'), compiled(right, 'path'))).toBe(wanted)
  })
})

describe('what is no pattern', () => {
  test.each([
    ['', 'PATTERN_EMPTY'], ['{,}', 'PATTERN_EMPTY'], ['a'.repeat(patternLimits.characters + 1), 'PATTERN_TOO_LONG'],
    ['{a,b', 'PATTERN_BRACES'], ['a}', 'PATTERN_BRACES'], ['{a}', 'PATTERN_BRACES'], ['{a,{b,c}}', 'PATTERN_BRACES'],
    ['{a,b}'.repeat(7), 'PATTERN_TOO_MANY_ALTERNATIVES'], ['a*'.repeat(9), 'PATTERN_TOO_MANY_STARS'], ['a**/b', 'PATTERN_GLOBSTAR'], ['***', 'PATTERN_GLOBSTAR'],
  ])('%s: %s', (source, code) => {
    expect(faultOf(source, 'path')).toBe(code)
  })

  test('the limits themselves are allowed', () => {
    expect([faultOf('a'.repeat(512), 'path'), faultOf('{a,b}'.repeat(6), 'path'), faultOf('a*'.repeat(8), 'path')]).toEqual(['ok', 'ok', 'ok'])
  })

  test('never throws, whatever the source', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 60 }), fc.string({ maxLength: 20 }), (source, each) => {
      const answer = compilePattern(source, 'path')
      if (answer.ok) expect(typeof answer.pattern.matches(each)).toBe('boolean')
    }))
  })
})

describe('literals', () => {
  test.each(['*', '**', '?', '?*', '*/*', '**/*', '**/**', '/', '//', '{*,?}', '{a,*}', '*{a,}', '{*,**/*}'])('%s has none that counts', (source) => {
    expect(hasLiteral(source)).toBe(false)
  })
  test.each(['*:*', '*.*', '**/*.*', '*@*', '*-*', '?_*', '*=*', '{a*,*:*/*@*}'])('the marks of %s name nothing', (source) => {
    expect(hasLiteral(source)).toBe(false)
  })
  test.each(['_', '.-', 'a', '*.ts', '*:a*', '**/pom.xml', '{a,b}', 'trivy/*', '[', '😀*'])('%s has one', (source) => {
    expect(hasLiteral(source)).toBe(true)
  })
  test('a literal is what matches itself alone', () => {
    expect([isLiteral('a/b[0]'), isLiteral('a*'), isLiteral('a?'), isLiteral('{a,b}')]).toEqual([true, false, false, false])
  })
})
