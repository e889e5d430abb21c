/** The regular expressions that Rego is given match the texts that the patterns match, and no others. */
import { compilePattern } from '@exeat/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { expressionOf } from '../../src/opa/expression.ts'

/** Only what RE2 and ECMA-262 read alike stands in them. */
const matcher = (expression: string): RegExp => new RegExp(expression.replace(/^\^\(\?s:/, '^(?:'), 'su')

const piece = fc.constantFrom('a', 'b', '*', '?', '.', '+', '(', '[', '$', '^', '|', '\\', '-', '𝒳', 'é', '\n', '{a,b}', '{a*,?b}')
const pattern = fc.array(piece, { minLength: 1, maxLength: 6 }).map((parts) => parts.join(''))
const pathPattern = fc.array(fc.oneof(pattern, fc.constant('**'), fc.constant('*')), { minLength: 1, maxLength: 4 }).map((segments) => segments.join('/'))
const text = fc.array(fc.constantFrom('a', 'b', 'ab', '.', '+', '(', '[', '$', '^', '|', '\\', '-', '𝒳', 'é', '\n'), { minLength: 1, maxLength: 4 }).map((parts) => parts.join(''))
const path = fc.array(text.filter((each) => each !== '.' && each !== '..'), { minLength: 1, maxLength: 4 }).map((segments) => segments.join('/'))

test.each([['name', pattern, text], ['path', pathPattern, path]] as const)('of a %s', (kind, patterns, texts) => {
  let compared = 0
  fc.assert(fc.property(patterns, texts, (source, subject) => {
    const compiled = compilePattern(source, kind)
    const expression = expressionOf(source, kind)
    expect(expression === undefined).toBe(!compiled.ok)
    if (!compiled.ok || expression === undefined) return
    compared += 1
    expect(matcher(expression).test(subject), `${source} against ${JSON.stringify(subject)}: ${expression}`).toBe(compiled.pattern.matches(subject))
  }), { numRuns: 5000 })
  expect(compared).toBeGreaterThan(1000)
})

test.each([
  ['a/**', 'a/b/c', true], ['a/**', 'a', false], ['**', 'a', true], ['**/pom.xml', 'pom.xml', true], ['**/pom.xml', 'a/b/pom.xml', true], ['a/**/b', 'a/b', true], ['a/*/b', 'a/b', false], ['a/*', 'a/b/c', false], ['a.b', 'axb', false],
] as const)('%s and %s: %s', (source, subject, wanted) => { expect(matcher(expressionOf(source, 'path') ?? '').test(subject)).toBe(wanted) })
