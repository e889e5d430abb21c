import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fingerprints, normalisePath } from '../../src/finding/index.ts'
import type { Finding } from '../../src/model/index.ts'
import { finding, sha256 } from '../decide/build.ts'

const prints = (findings: readonly Finding[], repository = '1'): readonly string[] => {
  const at = fingerprints(findings, repository, sha256)
  return findings.map((_, index) => at(index))
}

test('a moved line keeps its fingerprint, and so does a reformatted one', () => {
  const before = prints([finding({ line: 3, snippet: 'a  =\t1' })])
  expect(prints([finding({ line: 90, snippet: ' a = 1 ' })])).toEqual(before)
})

test('a second equal flaw gets its own, by order of lines and not of the report', () => {
  const [first, second] = [finding({ line: 3 }), finding({ line: 7 })]
  const forward = prints([first, second])
  expect(new Set(forward).size).toBe(2)
  expect(prints([second, first])).toEqual([...forward].reverse())
  expect(prints([first])).toEqual([forward[0]])
})

test.each([
  ['tool', { tool: 'grype' }], ['rule', { rule: 'CVE-1' }], ['path', { path: 'x' }], ['resource', { resource: 'pkg:npm/x' }], ['snippet', { snippet: 'x' }], ['message', { message: 'x' }],
] as const)('another %s, another fingerprint', (_, part) => {
  expect(prints([finding(part)])).not.toEqual(prints([finding()]))
})

test('another repository, another fingerprint; the tool\'s own and the severity say nothing', () => {
  expect(prints([finding()], '2')).not.toEqual(prints([finding()]))
  expect(prints([finding({ toolFingerprint: 'x', severity: 'low' })])).toEqual(prints([finding()]))
})

test('a missing path is not an empty one, and fields never run into each other', () => {
  const { path: _, ...bare } = finding()
  const all = prints([bare, finding({ path: '' }), finding({ rule: 'a', path: 'bc' }), finding({ rule: 'ab', path: 'c' }), { ...bare, resource: 'services/ledger/pom.xml' }])
  expect(new Set(all).size).toBe(5)
})

test('fingerprints of distinct equals are distinct, whatever the report', () => {
  const any = fc.record({ line: fc.integer({ min: 1, max: 3 }), snippet: fc.constantFrom('x', 'x ', 'y'), rule: fc.constantFrom('r', 's') }).map(finding)
  fc.assert(fc.property(fc.array(any, { maxLength: 12 }), (findings) => {
    expect(new Set(prints(findings)).size).toBe(findings.length)
    expect([...prints([...findings].reverse())].sort()).toEqual([...prints(findings)].sort())
  }))
})

test('the fingerprint of a known finding does not change between releases', () => {
  expect(prints([finding({ message: 'Log4j lookups' })])).toEqual(['e5d99489494a8bcac3620d426e72d3322aa9613c6fbd456537c40df74c36daaa'])
})

test.each([
  ['src/a.ts', 'src/a.ts'], ['./src//a.ts', 'src/a.ts'], ['src/../a.ts', 'a.ts'], ['src\\a.ts', 'src/a.ts'], ['a/', 'a'],
  ['../a', undefined], ['a/../../b', undefined], ['/etc/passwd', undefined], ['C:\\x', undefined], ['', undefined], ['.', undefined], ['a/..', undefined],
])('path %s is %s', (written, wanted) => {
  expect(normalisePath(written)).toBe(wanted)
})

test('an absolute path under the root of the report becomes relative, and only under it', () => {
  expect(normalisePath('/builds/app/src/a.ts', '/builds/app')).toBe('src/a.ts')
  expect(normalisePath('/builds/app/src/a.ts', '/builds/app/')).toBe('src/a.ts')
  expect(normalisePath('/builds/application/a.ts', '/builds/app')).toBeUndefined()
})
