import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { PlacedPolicy } from '../../src/policy/validate.ts'
import { policyChanges, type PolicySide } from '../../src/review/index.ts'
import { arbitraryPolicies } from '../policy/arbitrary.ts'
import { aliases, forbid, lasting, permit, setOf, strict } from '../policy/build.ts'

let made = 0
/** Placed with a digest of its content, as readers give them. */
const side = (policies: readonly PlacedPolicy[], named: readonly string[][] = []): PolicySide => ({
  policies: policies.map((each) => ({ document: each.document, digest: Buffer.from(JSON.stringify(each.document.spec)).toString('hex'), origin: each.origin })),
  policySet: setOf(policies, named.length === 0 ? {} : { aliases: [aliases(`a${made += 1}`, named as string[][])] }),
  aliases: named.flat(),
})
const effects = (base: readonly PlacedPolicy[], head: readonly PlacedPolicy[]) => policyChanges(side(base), side(head)).map(({ name, change, effect }) => [name, change, effect])

describe('policies', () => {
  test('the same are no change; in another file they are moved', () => {
    const policy = permit('a')
    expect(effects([policy], [policy])).toEqual([])
    expect(effects([policy], [{ ...policy, origin: { file: '.exeat/other.yaml', line: 3, column: 1 } }])).toEqual([['a', 'moved', 'none']])
  })
  test.each<[string, readonly PlacedPolicy[], readonly PlacedPolicy[], readonly (readonly string[])[]]>([
    ['a longer duration', [permit('a')], [permit('a', { limits: { duration: lasting('15d') } })], [['a', 'changed', 'loosened']]],
    ['a shorter one', [permit('a')], [permit('a', { limits: { duration: lasting('13d') } })], [['a', 'changed', 'tightened']]],
    ['one term looser, another tighter', [permit('a')], [permit('a', { limits: { duration: lasting('15d'), findings: 1 } })], [['a', 'changed', 'loosened']]],
    ['a first permit', [], [permit('a')], [['a', 'added', 'loosened']]],
    ['a permit beside a wider and looser one', [permit('a')], [permit('a'), permit('b', { controls: ['trivy/CVE-1'], limits: { duration: lasting('1d') } })], [['b', 'added', 'tightened']]],
    ['a permit that asks for no more than others do', [permit('a')], [permit('a'), permit('b', { limits: { duration: lasting('20d') } })], [['b', 'added', 'none']]],
    ['a permit of controls that nothing permitted', [permit('a')], [permit('a'), permit('b', { controls: ['grype/CVE-1'] })], [['b', 'added', 'loosened']]],
    ['the only permit taken away', [permit('a')], [], [['a', 'removed', 'tightened']]],
    ['the tighter of two taken away', [permit('a'), permit('b', { limits: { duration: lasting('1d') } })], [permit('a')], [['b', 'removed', 'loosened']]],
    ['a forbid taken away', [permit('a'), forbid('b')], [permit('a')], [['b', 'removed', 'loosened']]],
    ['a forbid of what nothing permits taken away', [permit('a'), forbid('b', { controls: ['grype/*'] })], [permit('a')], [['b', 'removed', 'none']]],
    ['a forbid added', [permit('a')], [permit('a'), forbid('b')], [['b', 'added', 'tightened']]],
    ['a forbid narrowed by one control', [permit('a'), forbid('b')], [permit('a'), forbid('b', { controls: ['trivy/CVE-*'] })], [['b', 'changed', 'loosened']]],
    ['a pattern widened by a letter', [permit('a', { controls: ['trivy/CVE-2021-*'] })], [permit('a', { controls: ['trivy/CVE-202?-*'] })], [['a', 'changed', 'loosened']]],
    ['a pattern spelled otherwise', [permit('a', { controls: ['{trivy,grype}/x'] })], [permit('a', { controls: ['trivy/x', 'grype/x'] })], [['a', 'changed', 'none']]],
    ['an environment more', [permit('a')], [permit('a', { environments: ['staging', 'test'] })], [['a', 'changed', 'loosened']]],
    ['severities left out, which only restricted', [strict('a'), strict('b', { severities: ['critical'], limits: { duration: lasting('1d') } })], [strict('a'), strict('b', { limits: { duration: lasting('1d') } })], [['b', 'changed', 'tightened']]],
    ['a name changed', [permit('a')], [permit('b')], [['a', 'removed', 'none'], ['b', 'added', 'none']]],
  ])('%s', (_, base, head, wanted) => { expect(effects(base, head)).toEqual(wanted) })

  test('attack-12: a term is loosened where it is proven to be, and told with a control that it is so for', () => {
    const [change] = policyChanges(side([permit('a')]), side([permit('a', { limits: { duration: lasting('15d') } })]))
    expect(change?.loosenings).toEqual([expect.objectContaining({ term: 'limits.duration', before: '14d', after: '15d', control: expect.stringMatching(/^trivy\//) as string })])
    expect(change?.opens).toBe(false)
  })
  test('attack-16: an alias leads a policy to controls that its patterns do not match', () => {
    const base = [permit('a', { controls: ['trivy/CVE-1'] })]
    const head = [permit('a', { controls: ['trivy/CVE-1'], limits: { duration: lasting('15d') } })]
    const named = [['trivy/CVE-1', 'trivy/GHSA-1']]
    expect(policyChanges(side(base, named), side(head, named))[0]?.effect).toBe('loosened')
  })
  test('what is too much to look at counts as loosened', () => {
    const many = (duration: string) => Array.from({ length: 24 }, (_, i) => permit(`p${i}`, { controls: [`trivy/*${String.fromCharCode(97 + i)}*`], limits: { duration: lasting(duration) } }))
    expect(policyChanges(side(many('1d')), side(many('1d').map((each, i) => (i === 0 ? many('2d')[0] ?? each : each))))[0]).toMatchObject({ effect: 'unproven', opens: true })
  }, 60_000)

  test('for any two sets: what a finding is permitted by no terms before and some now, or on fewer, some change is told to loosen', () => {
    const controls = ['trivy/CVE-1', 'trivy/CVE-2', 'trivy/other', 'grype/CVE-1', 'grype/x', 'semgrep/x']
    fc.assert(fc.property(arbitraryPolicies, arbitraryPolicies, (first, second) => {
      const [base, head] = [side(first), side(second)]
      const changes = policyChanges(base, head)
      const opened = controls.some((control) => ['production', 'staging', 'test'].some((environment) => (['low', 'critical'] as const).some((severity) =>
        base.policySet.termsFor({ control, environment, severity }).kind === 'refused' && head.policySet.termsFor({ control, environment, severity }).kind === 'permitted')))
      if (opened) expect(changes.some(({ opens }) => opens)).toBe(true)
      if (changes.every(({ effect }) => effect === 'none')) expect(opened).toBe(false)
    }), { numRuns: 150 })
  })
  test('no change of anything is told of any set held against itself', () => {
    fc.assert(fc.property(arbitraryPolicies, (policies) => { expect(policyChanges(side(policies), side([...policies].reverse()))).toEqual([]) }), { numRuns: 50 })
  })
})
