/** The tables that find candidates, each against the pattern's own meaning tried one by one. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decider } from '../../src/decide/index.ts'
import { indexControls } from '../../src/decide/index-controls.ts'
import { entriesOf } from '../../src/decide/entry.ts'
import { pathList } from '../../src/decide/path-list.ts'
import { parsePath, pathTrie } from '../../src/decide/trie.ts'
import type { Facts, Finding } from '../../src/model/index.ts'
import { compilePattern } from '../../src/pattern/index.ts'
import { reference } from '../pattern/reference.ts'
import { aliases, nobody, permit, setOf } from '../policy/build.ts'
import { finding, noon, open, outcomes, sha256, staging, stands } from './build.ts'

const ways = [['a trie', pathTrie], ['a list', pathList]] as const

describe.each(ways)('paths in %s', (_, table) => {
  const matching = (patterns: readonly string[], path: string): readonly string[] => {
    const paths = table<string>()
    for (const pattern of patterns) paths.add(pattern, pattern)
    const found = new Set<string>()
    paths.match(parsePath(path), (pattern) => found.add(pattern))
    return patterns.filter((pattern) => found.has(pattern))
  }

  test('each kind of pattern, and what is one step beside it', () => {
    const cases: readonly (readonly [string, readonly string[], readonly string[]])[] = [
      ['a/b.c', ['a/b.c'], ['a/b', 'a/b.c/d', 'b.c', 'a/b-c', 'x/a/b.c']],
      ['a/*', ['a/b', 'a/.c'], ['a', 'a/b/c', 'b/b']],
      ['*', ['a', 'a.b'], ['a/b']],
      ['a/b*d', ['a/bd', 'a/bcd'], ['a/b', 'a/b/d', 'a/bcde', 'x/bd']],
      ['a/?', ['a/b'], ['a/bc', 'a/', 'a']],
      ['a/**', ['a/b', 'a/b/c'], ['a', 'b/a', 'ab/c']],
      ['**/a', ['a', 'b/a', 'b/c/a'], ['a/b', 'ba', 'b/ca']],
      ['a/**/b', ['a/b', 'a/c/b', 'a/c/d/b'], ['a', 'b', 'a/c', 'a/b/c', 'c/a/b']],
      ['a/**/b/**/c', ['a/b/c', 'a/x/b/y/c', 'a/b/b/c/c'], ['a/c', 'a/b', 'a/c/b']],
      ['a/**/**/b', ['a/b', 'a/c/b'], ['a/c']],
      ['**/b/**', ['b/c', 'a/b/c', 'a/b/c/d'], ['b', 'a/b', 'c/d']],
      ['**/*.ts', ['a.ts', '.ts', 'a/b.ts', 'a/b.c.ts'], ['a.tsx', 'ats', 'a.ts/b', 'a', 'a.TS']],
      ['**/*.d.ts', ['a.d.ts', 'b/a.d.ts'], ['a.ts', 'd.ts', 'a.d.tsx']],
      ['**/a*.ts', ['a.ts', 'b/ab.ts'], ['b.ts', 'ba.ts']],
      ['a/*.ts', ['a/b.ts'], ['b.ts', 'a/b/c.ts']],
      ['**/*.t?', ['a.ts', 'b/a.tx'], ['a.t', 'a.tsx']],
      ['**/*.*', ['a.b', 'a/.b'], ['a', 'a.b/c']],
    ]
    for (const [pattern, hits, misses] of cases) {
      for (const path of hits) expect([path, matching([pattern], path)]).toEqual([path, [pattern]])
      for (const path of misses) expect([path, matching([pattern], path)]).toEqual([path, []])
    }
  })

  test('many at once are as many alone, walk after walk', () => {
    const segment = fc.oneof(fc.constantFrom('a', 'b', 'ab', 'a.ts', 'b.d.ts', 'x.ts'), fc.constantFrom('*', '**', '**', '?', 'a*', '*b', '*.ts', '*.d.ts', '*.*'))
    const pattern = fc.array(segment, { minLength: 1, maxLength: 5 }).map((segments) => segments.join('/')).filter((source) => compilePattern(source, 'path').ok)
    const path = fc.array(fc.constantFrom('a', 'b', 'ab', 'ba', 'a.ts', 'b.d.ts', '.ts', 'c.tsx'), { minLength: 1, maxLength: 6 }).map((segments) => segments.join('/'))
    let hits = 0
    fc.assert(fc.property(fc.uniqueArray(pattern, { maxLength: 12 }), fc.array(path, { minLength: 1, maxLength: 4 }), (patterns, texts) => {
      const paths = table<string>()
      for (const each of patterns) paths.add(each, each)
      for (const each of texts) {
        const found = new Set<string>()
        paths.match(parsePath(each), (value) => found.add(value))
        const wanted = patterns.filter((source) => reference(source, 'path').test(each))
        expect([...found].sort()).toEqual([...wanted].sort())
        hits += wanted.length
      }
    }), { numRuns: 1_000 })
    expect(hits).toBeGreaterThan(100)
  })

  test('values of equal patterns all come; a node that is reached in two ways is walked once', () => {
    const paths = table<number>()
    for (const [index, pattern] of ['a/b', 'a/b', '**/*.ts', '**/*.ts', 'a/*', 'a/*', 'a/**', 'a/**', '**/b', '**/b'].entries()) paths.add(pattern, index)
    const found: number[] = []
    paths.match(parsePath('a/b'), (value) => found.push(value))
    expect(found.sort()).toEqual([0, 1, 4, 5, 6, 7, 8, 9])
    const deep = table<string>()
    deep.add('**/*/**/*/**/*/x', 'deep')
    let calls = 0
    deep.match(parsePath(`${'a/'.repeat(300)}x`), () => calls++)
    expect(calls).toBe(1)
  })
})

describe('controls', () => {
  const entries = (...patterns: readonly (readonly string[])[]) => entriesOf({
    active: patterns.map((controls, index) => ({ ...stands({ name: `n${index}`, controls: [...controls] }), met: nobody })), ended: [], refused: [],
  }, open().workspace)
  const itself = (control: string): readonly string[] => [control]

  test('exact names first, then the most before a wildcard, then by pattern', () => {
    const found = indexControls(entries(['*'], ['trivy/*'], ['trivy/CVE-1'], ['trivy/CVE-?'], ['trivy/CVE-*'], ['trivy/{CVE-1,CVE-2}', 'trivy/CVE-*1'], ['grype/*'], ['trivy/CVE-12']), itself)('trivy/CVE-1')
    expect(found.map(({ pattern, entries: named }) => `${pattern} ${named.map(({ name }) => name).join(' ')}`)).toEqual([
      'trivy/CVE-1 n2 n5', 'trivy/CVE-* n4', 'trivy/CVE-*1 n5', 'trivy/CVE-? n3', 'trivy/* n1', '* n0',
    ])
  })

  test('a pattern longer than the control, an alternative written twice', () => {
    const byControl = indexControls(entries(['trivy/CVE-2021-*'], ['{grype/x,grype/x}', 'grype/x']), itself)
    expect(byControl('trivy/CVE')).toEqual([])
    expect(byControl('grype/x').map(({ entries: named }) => named.map(({ name }) => name))).toEqual([['n1']])
  })

  test('all names of a control, in whatever order they are told', () => {
    const list = entries(['trivy/CVE-*'], ['grype/GHSA-1'], ['trivy/CVE-1'])
    const patterns = (same: readonly string[]) => indexControls(list, () => same)('x').map(({ pattern }) => pattern)
    expect(patterns(['trivy/CVE-1', 'grype/GHSA-1'])).toEqual(['grype/GHSA-1', 'trivy/CVE-1', 'trivy/CVE-*'])
    expect(patterns(['grype/GHSA-1', 'trivy/CVE-1'])).toEqual(patterns(['trivy/CVE-1', 'grype/GHSA-1']))
  })

  test('as each pattern alone, and once for each control', () => {
    const pattern = fc.array(fc.constantFrom('a', 'b', '/', '*', '?'), { minLength: 1, maxLength: 6 }).map((parts) => parts.join('')).filter((source) => compilePattern(source, 'name').ok)
    const control = fc.array(fc.constantFrom('a', 'b', '/'), { minLength: 1, maxLength: 6 }).map((parts) => parts.join(''))
    fc.assert(fc.property(fc.uniqueArray(pattern, { minLength: 1, maxLength: 10 }), control, (patterns, name) => {
      const byControl = indexControls(entries(...patterns.map((source) => [source])), itself)
      const found = byControl(name)
      expect(found.flatMap(({ entries: named }) => named.flatMap((entry) => entry.controls.map(({ source }) => source))).sort()).toEqual(patterns.filter((source) => reference(source, 'name').test(name)).sort())
      expect(byControl(name)).toBe(found)
    }), { numRuns: 500 })
  })
})

describe('one set for many runs', () => {
  const many = (count: number, part: (index: number) => Parameters<typeof stands>[0]) => Array.from({ length: count }, (_, index) => ({ ...stands({ name: `n${String(index).padStart(3, '0')}`, ...part(index) }), met: nobody }))
  const facts = (environment: string | undefined, repository: string | undefined = '1'): Facts => {
    const { environment: _, repository: __, ...rest } = staging
    return {
      ...rest, ...(environment === undefined ? {} : { environment: { value: environment, provenance: 'asserted', from: 'test' } }),
      ...(repository === undefined ? {} : { repository: { value: { name: 'acme/payments', id: repository }, provenance: 'asserted', from: 'test' } }),
    }
  }
  const set = setOf([permit('open', { environments: ['staging', 'test'], requires: { impact: false }, wildcards: true })])

  test('what one run was told of its place says nothing of the next', () => {
    const active = [...many(1, () => ({ name: 'here', targets: { environments: ['staging'] } })), ...many(1, () => ({ name: 'home', targets: { repositories: ['acme/payments'], environments: ['test'] } }))]
    const answer = decider(set, { active, ended: [], refused: [] })
    const named = (claimed: Facts, when = noon): string | undefined => answer([finding()], claimed, when, { sha256 })[0]?.optOut?.name
    expect([named(facts('staging')), named(facts('test')), named(facts('test', '2')), named(facts(undefined)), named(facts('staging', undefined))]).toEqual(['here', 'home', undefined, undefined, 'here'])
    expect([named(facts('staging')), named(facts('staging'), (noon + 86_400_000 * 9) as typeof noon), named(facts('test')), named(facts('production'))]).toEqual(['here', undefined, 'home', undefined])
  })

  test.each([1, 7, 8, 9, 40])('%i opt-outs that share a pattern are found by path and without one', (count) => {
    const active = [
      ...many(count, (index) => ({ controls: ['trivy/CVE-*'], targets: { environments: ['staging'], paths: [`svc-${index}/**`, `lib/{a,b}-${index}.ts`] } })),
      ...many(2, (index) => ({ name: `any-${index}`, controls: index === 0 ? ['trivy/DS-*'] : ['trivy/DS-1', 'trivy/DS-*'], targets: { environments: ['staging'] } })),
    ]
    const answer = decider(set, { active, ended: [], refused: [] })
    const named = (part: Partial<Finding>): string | undefined => answer([finding(part)], staging, noon, { sha256 })[0]?.optOut?.name
    const last = `n${String(count - 1).padStart(3, '0')}`
    expect([named({ path: `svc-${count - 1}/a/b` }), named({ path: `lib/b-${count - 1}.ts` }), named({ path: `svc-${count}/a` }), named({ path: `svc-${count - 1}` })]).toEqual([last, last, undefined, undefined])
    const { path: _, ...nowhere } = finding()
    expect(answer([nowhere], staging, noon, { sha256 })[0]?.outcome).toBe('blocked')
    expect([named({ rule: 'DS-1' }), named({ rule: 'DS-2', path: 'x' }), named({ rule: 'XX-1' })]).toEqual(['any-0', 'any-0', undefined])
    expect(answer([{ ...nowhere, rule: 'DS-3' }], staging, noon, { sha256 })[0]?.optOut?.name).toBe('any-0')
  })

  test('an opt-out that fits in several ways counts each finding once against its ceiling', () => {
    const optOuts = [stands({ controls: ['trivy/CVE-*', 'trivy/CVE-2021-44228', 'trivy/*'], targets: { environments: ['staging'], paths: ['services/**', '**/*.xml', '**/pom.xml'] }, limits: { findings: 2 } })]
    expect(outcomes({ optOuts, findings: [finding(), finding({ line: 2 })] })).toEqual(['excused', 'excused'])
    expect(outcomes({ optOuts, findings: [finding(), finding({ line: 2 }), finding({ line: 3 })] })).toEqual(['blocked', 'blocked', 'blocked'])
  })

  test('answers stay right when more is asked for than is remembered', () => {
    const active = many(1, () => ({ controls: ['trivy/R-7', 'trivy/R-20005'], targets: { environments: ['staging'] }, limits: { findings: 9 } }))
    const answer = decider(set, { active, ended: [], refused: [] })
    const findings = Array.from({ length: 20_010 }, (_, index) => finding({ rule: `R-${index}` }))
    const excused = answer(findings, staging, noon, { sha256 }).flatMap(({ optOut, control }) => (optOut === undefined ? [] : [control]))
    expect(excused).toEqual(['trivy/R-7', 'trivy/R-20005'])
    for (let index = 0; index < 70; index++) expect(answer([finding({ rule: 'R-7' })], facts('staging', `r-${index}`), noon, { sha256 })[0]?.outcome).toBe('excused')
    expect(answer([finding({ rule: 'R-7' })], facts('test'), noon, { sha256 })[0]?.outcome).toBe('blocked')
  })
})

test('governed aliases lead to the opt-outs of every name', () => {
  const set = setOf([permit('open', { requires: { impact: false }, controls: ['*'] })], { aliases: [aliases('same', [['trivy/CVE-1', 'grype/GHSA-1', 'osv-scanner/OSV-1']])] })
  const findings = [finding({ rule: 'CVE-1' }), finding({ tool: 'grype', rule: 'GHSA-1' }), finding({ tool: 'osv-scanner', rule: 'OSV-1' }), finding({ tool: 'grype', rule: 'GHSA-2' })]
  expect(outcomes({ set, findings, optOuts: [stands({ controls: ['grype/GHSA-1'] })] })).toEqual(['excused', 'excused', 'excused', 'blocked'])
})
