import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Severity, severities } from '../../src/model/finding.ts'
import { explainControl } from '../../src/policy/explain.ts'
import type { PolicySet, Subject } from '../../src/policy/types.ts'
import { arbitraryPolicies } from './arbitrary.ts'
import { aliases, forbid, lasting, nobody, optOut, permit, setOf, standing, strict, termsOf } from './build.ts'

const code = (set: PolicySet, subject: Subject): string => {
  const answer = set.termsFor(subject)
  return answer.kind === 'permitted' ? `permitted by ${answer.terms.policies.join(' ')}` : `${answer.because.code} ${answer.because.policies.join(' ')}`.trim()
}
const staging = { control: 'trivy/CVE-1', environment: 'staging' }

describe('what covers a subject', () => {
  test('nothing: denied', () => {
    expect(code(setOf([]), staging)).toBe('NOT_PERMITTED')
    expect(code(setOf([permit('a', { controls: ['grype/*'] })]), staging)).toBe('NOT_PERMITTED')
    expect(code(setOf([permit('a', { environments: ['test'] })]), staging)).toBe('NOT_PERMITTED')
  })

  test('a permit, by name, pattern or braces, whatever the spelling of its tool', () => {
    for (const control of ['trivy/CVE-1', 'trivy/*', 'trivy/CVE-?', '{trivy,grype}/CVE-*', 'Trivy/CVE-1', '{grype,Trivy}/CVE-1', '*/CVE-1']) {
      expect(code(setOf([permit('a', { controls: [control] })]), staging)).toBe('permitted by a')
    }
    expect(code(setOf([permit('a', { controls: ['trivy/cve-1'] })]), staging)).toBe('NOT_PERMITTED')
  })

  test('an environment or severity that nobody tells is unknown: a permit that names some does not apply, a forbid does', () => {
    const set = setOf([permit('a', { severities: ['low'] }), forbid('f', { environments: ['test'], severities: ['critical'] })])
    expect(code(set, { ...staging, severity: 'low' })).toBe('permitted by a')
    expect(code(set, { ...staging, severity: 'high' })).toBe('NOT_PERMITTED')
    expect(code(set, staging)).toBe('NOT_PERMITTED a')
    expect(code(set, { control: 'trivy/CVE-1', severity: 'low' })).toBe('NOT_PERMITTED a')
    expect(code(set, { control: 'trivy/CVE-1', severity: 'critical' })).toBe('FORBIDDEN f')
    expect(code(set, { control: 'trivy/CVE-1' })).toBe('FORBIDDEN f')
    expect(code(set, { control: 'trivy/CVE-1', environment: 'test', severity: 'critical' })).toBe('FORBIDDEN f')
    expect(code(set, { control: 'trivy/CVE-1', environment: 'test', severity: 'high' })).toBe('NOT_PERMITTED')
  })

  test('a permit that only might cover it tightens one that does', () => {
    const set = setOf([permit('a'), permit('b', { severities: ['low'], limits: { duration: lasting('1h') } })])
    expect(termsOf(set, staging).limits.duration).toEqual({ value: lasting('1h'), policies: ['b'] })
    expect(termsOf(set, { ...staging, severity: 'high' }).limits.duration).toEqual({ value: lasting('14d'), policies: ['a'] })
  })

  test('an environment that the workspace does not declare is unknown', () => {
    const set = setOf([strict('any', { environments: ['production', 'staging', 'test', 'canary'] }), forbid('f', { environments: ['production'] })])
    expect(code(set, { control: 'trivy/CVE-1', environment: 'elsewhere' })).toBe('FORBIDDEN f')
    expect(code(setOf([permit('a')]), { control: 'trivy/CVE-1', environment: 'elsewhere' })).toBe('NOT_PERMITTED a')
  })

  test('a forbid wins and says why', () => {
    const set = setOf([permit('a'), forbid('g', { message: 'patch it' }), forbid('f', { message: 'never' }), forbid('other', { controls: ['grype/*'], message: 'no' })])
    expect(set.termsFor(staging)).toEqual({ kind: 'refused', because: {
      code: 'FORBIDDEN', term: 'effect', policies: ['f', 'g'], message: '`f`, `g` forbid opting out of `trivy/CVE-1` in `staging`: patch it; never',
      hint: 'a forbid has no exception: fix the finding, or ask the owners of the policy to change it',
    } })
    expect(setOf([forbid('f')]).termsFor({ control: 'trivy/CVE-1' })).toMatchObject({ because: { message: '`f` forbids opting out of `trivy/CVE-1`' } })
  })

  test('a refusal for want of knowledge says what is unknown', () => {
    expect(setOf([permit('a', { severities: ['low', 'high'] })]).termsFor(staging)).toEqual({ kind: 'refused', because: {
      code: 'NOT_PERMITTED', term: 'effect', policies: ['a'], hint: 'give the run what is unknown',
      message: 'no policy permits opting out of `trivy/CVE-1` in `staging` (`a`: it covers severity `low`, `high`, and the severity is unknown)',
    } })
    expect(setOf([]).termsFor(staging)).toMatchObject({ because: { message: 'no policy permits opting out of `trivy/CVE-1` in `staging`', hint: 'fix the finding, or propose a policy that permits it', policies: [] } })
  })

  test('nobody left in common', () => {
    const set = setOf([strict('a', { request: { groups: ['x'] } }), strict('b', { request: { groups: ['y'] } })])
    expect(code(set, { control: 'trivy/CVE-1', environment: 'production' })).toBe('NOBODY_LEFT a b')
  })

  test('a source\'s own forbid speaks of its repository, and of an unknown one', () => {
    const set = setOf([permit('a'), { ...forbid('f'), repository: 'acme/payments' }])
    expect(code(set, { ...staging, repository: 'acme/shop' })).toBe('permitted by a')
    expect(code(set, { ...staging, repository: 'acme/payments' })).toBe('FORBIDDEN f')
    expect(code(set, staging)).toBe('FORBIDDEN f')
  })

  test('answers are remembered by every part of the subject', () => {
    const set = setOf([permit('a', { severities: ['low'] })])
    const first = set.termsFor({ ...staging, severity: 'low' })
    expect(set.termsFor({ ...staging, severity: 'low' })).toBe(first)
    expect(set.termsFor({ ...staging, control: 'trivy/CVE-2', severity: 'low' })).toEqual(first)
    expect(code(set, { ...staging, severity: 'high' })).toBe('NOT_PERMITTED')
  })

  test('origins and explanation name the documents', () => {
    const set = setOf([permit('b'), strict('s'), forbid('a', { severities: ['low'] })])
    expect([...set.origins]).toEqual([
      ['b', { file: '.exeat/policies/b.yaml', line: 1, column: 1 }], ['s', { file: '.exeat/policies/s.yaml', line: 1, column: 1 }], ['a', { file: '.exeat/policies/a.yaml', line: 1, column: 1 }],
    ])
    const explanation = explainControl(set, staging)
    expect(explanation).toMatchObject({ subject: staging, names: ['trivy/CVE-1'], answer: { kind: 'refused', because: { code: 'FORBIDDEN' } } })
    expect(explanation.covering).toEqual([
      {
        policy: 'a', effect: 'forbid', matched: 'unknown', origin: { file: '.exeat/policies/a.yaml', line: 1, column: 1 },
        because: ['`trivy/*` matches `trivy/CVE-1`', 'it covers severity `low`, and the severity is unknown'],
      },
      { policy: 'b', effect: 'permit', matched: 'true', origin: { file: '.exeat/policies/b.yaml', line: 1, column: 1 }, because: ['`trivy/*` matches `trivy/CVE-1`', 'environment `staging` is one of `staging`'] },
    ])
    expect(setOf([permit('n', { controls: ['trivy/CVE-1'] })]).covering(staging)[0]?.because[0]).toBe('it names `trivy/CVE-1`')
  })
})

describe('governed aliases', () => {
  const same = { aliases: [aliases('a', [['trivy/CVE-1', 'Grype/GHSA-1']]), aliases('b', [['grype/GHSA-1', 'osv-scanner/OSV-1']])] }

  test('are one class, in whatever document they stand', () => {
    const set = setOf([], same)
    expect(set.sameControls('osv-scanner/OSV-1')).toEqual(['grype/GHSA-1', 'osv-scanner/OSV-1', 'trivy/CVE-1'])
    expect(set.sameControls('trivy/CVE-2')).toEqual(['trivy/CVE-2'])
    expect(set.sameControls('constructor')).toEqual(['constructor'])
  })

  test('a policy on one name covers all: permits merge, a forbid on any ends it', () => {
    const permits = [permit('t', { controls: ['trivy/CVE-1'], limits: { duration: lasting('2d') } }), permit('g', { controls: ['grype/*'], limits: { duration: lasting('1d') } })]
    const subject = { control: 'osv-scanner/OSV-1', environment: 'staging' }
    expect(termsOf(setOf(permits, same), subject).limits.duration).toEqual({ value: lasting('1d'), policies: ['g'] })
    expect(termsOf(setOf(permits, same), subject).policies).toEqual(['g', 't'])
    expect(code(setOf(permits), subject)).toBe('NOT_PERMITTED')
    expect(code(setOf([...permits, forbid('f', { controls: ['grype/GHSA-*'] })], same), subject)).toBe('FORBIDDEN f')
  })

  test('an opt-out under one name is judged by policies on the others', () => {
    const set = setOf([permit('t'), forbid('f', { controls: ['osv-scanner/*'] })], same)
    expect(set.termsForOptOut(optOut({ controls: ['trivy/CVE-1'] }))).toMatchObject({ kind: 'refused', because: { code: 'FORBIDDEN', policies: ['f'] } })
    expect(set.termsForOptOut(optOut({ controls: ['trivy/CVE-*'] }))).toMatchObject({ kind: 'refused', because: { code: 'FORBIDDEN' } })
    expect(set.termsForOptOut(optOut({ controls: ['trivy/CVE-2'] }))).toMatchObject({ kind: 'permitted' })
  })
})

describe('terms for an opt-out', () => {
  const policies = (set: PolicySet, part: Parameters<typeof optOut>[0]): string => {
    const answer = set.termsForOptOut(optOut(part))
    return answer.kind === 'permitted' ? answer.terms.policies.join(' ') : `${answer.because.code} ${answer.because.policies.join(' ')}`.trim()
  }

  test('every policy that its patterns meet', () => {
    const set = setOf([permit('a', { controls: ['trivy/CVE-2021-*'] }), permit('b', { controls: ['trivy/*-44228'] }), permit('c', { controls: ['grype/*'] })])
    expect(policies(set, { controls: ['trivy/CVE-2021-44228'] })).toBe('a b')
    expect(policies(set, { controls: ['trivy/CVE-2021-*'] })).toBe('a b')
    expect(policies(set, { controls: ['trivy/AVD-*'] })).toBe('b')
    expect(policies(set, { controls: ['trivy/CVE-2020-1', 'grype/x'] })).toBe('c')
    expect(policies(set, { controls: ['checkov/CKV_1'] })).toBe('NOT_PERMITTED')
  })

  test('in its environments, or in all where it names none', () => {
    const set = setOf([permit('a'), permit('b', { environments: ['test'] }), strict('c')])
    expect(policies(set, { targets: { environments: ['staging'] } })).toBe('a')
    expect(policies(set, { targets: { environments: ['test', 'staging'] } })).toBe('a b')
    expect(policies(set, { targets: { paths: ['x'] } })).toBe('a b c')
    expect(policies(set, { targets: { environments: ['canary'] } })).toBe('NOT_PERMITTED')
  })

  test('an environment that the workspace does not declare refuses it', () => {
    expect(setOf([permit('a')]).termsForOptOut(optOut({ targets: { environments: ['staging', 'stagign'] } }))).toEqual({ kind: 'refused', because: {
      code: 'NOT_PERMITTED', term: 'environments', policies: [], message: 'opt-out `hotfix` is for `stagign`, which the workspace does not declare',
      hint: 'declared are `production`, `staging`, `test`, `canary`',
    } })
  })

  test('a control that is no pattern refuses it', () => {
    expect(setOf([permit('a')]).termsForOptOut(optOut({ controls: ['trivy/CVE-1', 'trivy/{a'] }))).toMatchObject({ kind: 'refused', because: { code: 'NOT_PERMITTED', term: 'controls' } })
  })

  test('permits of some severities restrict it, a forbid of some leaves the rest to each decision', () => {
    const set = setOf([permit('a'), permit('b', { severities: ['critical'], limits: { duration: lasting('1d') } }), forbid('f', { severities: ['critical'] })])
    expect(policies(set, {})).toBe('a b')
    expect(code(set, { control: 'trivy/CVE-2021-44228', environment: 'staging', severity: 'critical' })).toBe('FORBIDDEN f')
    expect(code(set, { control: 'trivy/CVE-2021-44228', environment: 'staging' })).toBe('FORBIDDEN f')
    expect(policies(setOf([permit('a'), forbid('f', { severities: [...severities] })]), {})).toBe('FORBIDDEN f')
    expect(policies(setOf([permit('a'), forbid('f')]), {})).toBe('FORBIDDEN f')
    expect(policies(setOf([permit('a'), forbid('f', { environments: ['test'] })]), {})).toBe('a')
  })

  test('a source\'s own forbid reaches opt-outs that reach its repository', () => {
    const set = setOf([permit('a'), { ...forbid('f'), repository: 'acme/payments' }])
    expect(policies(set, { targets: { repositories: ['acme/shop'], environments: ['staging'] } })).toBe('a')
    expect(policies(set, { targets: { repositories: ['acme/shop', 'acme/payments'], environments: ['staging'] } })).toBe('FORBIDDEN f')
    expect(policies(set, { targets: { environments: ['staging'] } })).toBe('FORBIDDEN f')
  })

  test('the message of a denial names control and environments', () => {
    expect(setOf([]).termsForOptOut(optOut())).toMatchObject({ because: { message: 'no policy permits opting out of opt-out `hotfix` (`trivy/CVE-2021-44228` in `staging`)' } })
    expect(setOf([forbid('f', { message: 'never' })]).termsForOptOut(optOut())).toMatchObject({ because: { message: '`f` forbids opting out of opt-out `hotfix` (`trivy/CVE-2021-44228`): never' } })
  })
})

describe('properties', () => {
  const controls = ['trivy/CVE-1', 'trivy/CVE-2', 'grype/CVE-1', 'checkov/CKV_1']
  const subject: fc.Arbitrary<Subject> = fc.record({
    control: fc.constantFrom(...controls), environment: fc.option(fc.constantFrom('production', 'staging', 'staging', 'test', 'canary', 'undeclared'), { nil: undefined }),
    severity: fc.option(fc.constantFrom(...severities), { nil: undefined }),
  }).map(({ control, environment, severity }) => ({ control, ...(environment === undefined ? {} : { environment }), ...(severity === undefined ? {} : { severity }) }))
  const asked = standing({ controls: ['trivy/CVE-1'], limits: { findings: 2 } })
  const unmet = (set: PolicySet, about: Subject): readonly string[] | undefined => {
    const answer = set.termsFor(about)
    return answer.kind === 'permitted' ? set.unmet(answer.terms, asked, nobody).map((entry) => entry.term) : undefined
  }

  test('adding a policy never permits more', () => {
    let permitted = 0
    fc.assert(fc.property(arbitraryPolicies.map((list) => [...list, permit('base', { controls: ['*'], requires: { impact: false } })]), arbitraryPolicies, subject, (some, more, about) => {
      const extra = more.map((placed, index) => ({ ...placed, document: { ...placed.document, metadata: { name: `extra-${index}` } } }))
      const before = unmet(setOf(some), about)
      if (setOf(some).covering(about).every((covering) => covering.effect !== 'permit' || covering.matched !== 'true')) return
      const after = unmet(setOf([...some, ...extra]), about)
      permitted += Number(before !== undefined)
      if (after === undefined) return
      expect(before).toBeDefined()
      for (const term of before ?? []) expect(after).toContain(term)
    }), { numRuns: 500 })
    expect(permitted).toBeGreaterThan(50)
  })

  test('order of policies is irrelevant', () => {
    fc.assert(fc.property(arbitraryPolicies.chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length }))), subject, ([list, shuffled], about) => {
      expect(setOf(shuffled).termsFor(about)).toEqual(setOf(list).termsFor(about))
      expect(setOf(shuffled).covering(about)).toEqual(setOf(list).covering(about))
    }), { numRuns: 200 })
  })

  test('knowing less never permits more', () => {
    fc.assert(fc.property(arbitraryPolicies, subject, (list, about) => {
      const set = setOf(list)
      const { environment: _, ...nowhere } = about
      const { severity: __, ...unrated } = about
      for (const less of [nowhere, unrated, { control: about.control }]) {
        const known = unmet(set, about)
        const unknown = unmet(set, less)
        if (unknown === undefined) continue
        expect(known).toBeDefined()
        for (const term of known ?? []) expect(unknown).toContain(term)
      }
    }), { numRuns: 300 })
  })

  test('the policies of a decision are among those that judged the opt-out', () => {
    fc.assert(fc.property(arbitraryPolicies, fc.subarray(['production', 'staging', 'test', 'canary']), fc.constantFrom('trivy/CVE-1', 'trivy/CVE-*', 'trivy/*'), fc.constantFrom<Severity | undefined>(undefined, ...severities), (list, environments, control, severity) => {
      const set = setOf(list)
      const own = optOut({ controls: [control], targets: environments.length === 0 ? { paths: ['a'] } : { environments } })
      const answer = set.termsForOptOut(own)
      for (const environment of environments.length === 0 ? ['production', 'staging'] : environments) {
        const decided = set.termsFor({ control: 'trivy/CVE-1', environment, ...(severity === undefined ? {} : { severity }) })
        if (decided.kind === 'permitted' && answer.kind === 'permitted') for (const name of decided.terms.policies) expect(answer.terms.policies).toContain(name)
        if (decided.kind === 'permitted' && answer.kind === 'refused') expect(['FORBIDDEN', 'NOBODY_LEFT']).toContain(answer.because.code)
      }
    }), { numRuns: 300 })
  })
})
