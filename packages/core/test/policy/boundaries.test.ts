/** Where an answer turns, one step to either side; and what equality that looks past absent members would not see. */
import { describe, expect, test } from 'vitest'
import type { Condition, ConditionEngine, StageInput } from '../../src/condition/types.ts'
import type { PermitSpec } from '../../src/document/schema.ts'
import { attestationAsked, requiredToolsOf, thresholdOf } from '../../src/policy/gates.ts'
import { authority } from '../../src/policy/authority.ts'
import { merge, mergeTerms, termsOfPermit } from '../../src/policy/merge.ts'
import { quorumMet } from '../../src/policy/quorum.ts'
import type { PolicySet, Terms } from '../../src/policy/types.ts'
import { unmetTerms } from '../../src/policy/unmet.ts'
import type { OptOut } from '../../src/document/schema.ts'
import type { Facts } from '../../src/model/facts.ts'
import { aliases, at, compile, forbid, lasting, nobody, openSpec, optOut, type OptOutPart, permit, setOf, standing, strict, strictSpec, termsOf, workspace } from './build.ts'

type Gates = Parameters<typeof thresholdOf>[0]

const subject = { control: 'trivy/CVE-1', environment: 'staging' }
const of = (name: string, part: Partial<PermitSpec> = {}): Terms => termsOfPermit(name, { ...openSpec, ...part })
const refusalOf = (set: PolicySet, own: OptOut) => {
  const answer = set.termsForOptOut(own)
  return answer.kind === 'refused' ? answer.because : undefined
}
const withoutTargets = (part: OptOutPart = {}): OptOut => {
  const whole = optOut(part)
  const { targets: _, ...spec } = whole.spec
  return { ...whole, spec }
}

describe('gates', () => {
  const same = (tool: string): string => tool.toLowerCase()
  const threshold = (gates: Gates, repository: string | undefined, environment: string | undefined, tool = 'trivy') => thresholdOf(gates, tool, repository, environment, same)

  test('a threshold lets findings pass only where its gate covers the run for certain', () => {
    const gates: Gates = [{ environments: ['staging'], thresholds: [{ severity: 'high' }] }]
    expect(threshold(gates, 'acme/other', 'staging')).toBe('high')
    expect(threshold(gates, 'acme/other', 'test')).toBeUndefined()
    expect(threshold(gates, 'acme/other', undefined)).toBeUndefined()
    expect(threshold([{ repositories: ['acme/payments'], environments: ['staging'], thresholds: [{ severity: 'high' }] }], undefined, 'staging')).toBeUndefined()
    expect(threshold([{ repositories: ['acme/payments'], environments: ['staging'], thresholds: [{ severity: 'high' }] }], undefined, 'test')).toBeUndefined()
  })

  test('one that might cover the run tightens, and one without thresholds covers nothing', () => {
    const gates: Gates = [{ repositories: ['acme/payments'], thresholds: [{ severity: 'low' }] }, { environments: ['staging'] }]
    expect(threshold(gates, undefined, 'staging')).toBeUndefined()
    expect(threshold([...gates, { environments: ['staging'], thresholds: [{ severity: 'critical' }] }], undefined, 'staging')).toBe('low')
    expect(threshold([...gates, { environments: ['staging'], thresholds: [{ severity: 'critical' }] }], 'acme/other', 'staging')).toBe('critical')
    expect(threshold([{ thresholds: [{ severity: 'critical' }, { severity: 'medium' }] }], undefined, undefined)).toBe('medium')
  })

  test('of the tools that it names, any one', () => {
    const gates: Gates = [{ thresholds: [{ tools: ['Grype', 'Trivy'], severity: 'high' }] }]
    expect(threshold(gates, undefined, undefined)).toBe('high')
    expect(threshold(gates, undefined, undefined, 'semgrep')).toBeUndefined()
  })

  test('required tools: none where a gate names none', () => {
    expect(requiredToolsOf([{}, { requiredTools: ['Trivy', 'grype', 'trivy'] }], undefined, undefined, same)).toEqual(['grype', 'trivy'])
    expect(requiredToolsOf([{ environments: ['test'], requiredTools: ['trivy'] }], undefined, 'staging', same)).toEqual([])
  })

  test('attestation is asked for by any gate that covers the run, or might', () => {
    const gates: Gates = [{ environments: ['test'] }, { environments: ['production'], attested: true }, { attested: false }]
    expect(attestationAsked(gates, undefined, 'production')).toBe(true)
    expect(attestationAsked(gates, undefined, undefined)).toBe(true)
    expect(attestationAsked(gates, undefined, 'test')).toBe(false)
    expect(attestationAsked([], undefined, undefined)).toBe(false)
  })

  test('a set knows tools by every spelling in the table, and environments by declaration', () => {
    const set = setOf([], { workspace: workspace({ gates: [{ environments: ['staging'], requiredTools: ['Semgrep OSS'], thresholds: [{ tools: ['semgrep oss'], severity: 'high' }] }] }) })
    expect(set.requiredTools(undefined, 'staging')).toEqual(['semgrep'])
    expect(set.requiredTools(undefined, 'undeclared')).toEqual(['semgrep'])
    expect(set.requiredTools(undefined, 'test')).toEqual([])
    expect(['semgrep', 'opengrep', 'trivy', 'homemade'].map((tool) => set.threshold(tool, undefined, 'staging'))).toEqual(['high', 'high', undefined, undefined])
    expect(set.threshold('semgrep', undefined, 'undeclared')).toBeUndefined()
  })
})

describe('what covers a subject, in words', () => {
  test('a source\'s own forbid: its repository, known or not', () => {
    const set = setOf([{ ...forbid('f'), repository: 'acme/payments' }])
    expect(set.covering({ ...subject, repository: 'acme/payments' })[0]?.because).toEqual(['`trivy/*` matches `trivy/CVE-1`', 'repository `acme/payments` is one of `acme/payments`'])
    expect(set.covering(subject)[0]?.because).toEqual(['`trivy/*` matches `trivy/CVE-1`', 'it covers repository `acme/payments`, and the repository is unknown'])
  })

  test('every permit that only might cover it', () => {
    const set = setOf([permit('b', { severities: ['low'] }), permit('a', { severities: ['high'] })])
    expect(set.termsFor(subject)).toEqual({ kind: 'refused', because: {
      code: 'NOT_PERMITTED', term: 'effect', policies: ['a', 'b'], hint: 'give the run what is unknown',
      message: 'no policy permits opting out of `trivy/CVE-1` in `staging` (`a`: it covers severity `high`, and the severity is unknown; `b`: it covers severity `low`, and the severity is unknown)',
    } })
  })

  test('nobody left in common refuses, and says how to change that', () => {
    const set = setOf([strict('a', { request: { groups: ['x'] } }), strict('b', { request: { groups: ['y'] } })])
    expect(set.termsFor({ control: 'trivy/CVE-1', environment: 'production' })).toEqual({ kind: 'refused', because: {
      code: 'NOBODY_LEFT', term: 'request', policies: ['a', 'b'], message: '`a` and `b` name no group in common under `request`, so nobody may request',
      hint: 'let the policies share a group, or narrow their controls so that they do not cover the same one',
    } })
    expect(merge([of('a', { request: { groups: ['x'] }, activate: { groups: ['x'] } })])).toMatchObject({ ok: true })
  })
})

describe('what is remembered', () => {
  test('each environment, severity and repository of one control has its own answer', () => {
    const set = setOf([permit('a'), { ...forbid('f', { environments: ['test'] }), repository: 'acme/shop' }])
    const kind = (part: object): string => set.termsFor({ ...subject, ...part }).kind
    expect([kind({}), kind({ environment: 'test' }), kind({ environment: 'staging', repository: 'acme/shop' }), kind({ environment: 'test', repository: 'acme/shop' })]).toEqual(['permitted', 'refused', 'permitted', 'refused'])
    expect([kind({ environment: 'test', repository: 'acme/payments' }), kind({ severity: 'low' }), kind({})]).toEqual(['refused', 'permitted', 'permitted'])
    const rated = setOf([permit('a', { severities: ['low'] })])
    expect((['high', 'low', undefined, 'low'] as const).map((severity) => rated.termsFor({ ...subject, ...(severity === undefined ? {} : { severity }) }).kind)).toEqual(['refused', 'permitted', 'refused', 'permitted'])
  })

  test('a subject is judged once, until fifty thousand others were', () => {
    const set = setOf([])
    const first = set.termsFor(subject)
    for (let index = 1; index < 50_000; index++) set.termsFor({ control: `trivy/R-${index}` })
    expect(set.termsFor(subject)).toBe(first)
    set.termsFor({ control: 'trivy/one-too-many' })
    expect(set.termsFor(subject)).not.toBe(first)
    expect(set.termsFor(subject)).toEqual(first)
  })

  test('policies are merged once for each set of them, which their names tell apart', () => {
    const set = setOf([
      permit('a', { controls: ['trivy/x', 'trivy/y'] }), permit('b', { controls: ['trivy/x', 'trivy/y'] }), permit('ab', { controls: ['trivy/z'], limits: { duration: lasting('1h') } }),
    ])
    const [x, y, z] = ['x', 'y', 'z'].map((rule) => termsOf(set, { ...subject, control: `trivy/${rule}` }))
    expect(x).toBe(y)
    expect([x?.policies, z?.policies]).toEqual([['a', 'b'], ['ab']])
  })
})

describe('an opt-out as a whole', () => {
  test('without targets it is for every environment', () => {
    expect(setOf([permit('a'), strict('p')]).termsForOptOut(withoutTargets())).toMatchObject({ kind: 'permitted', terms: { policies: ['a', 'p'] } })
    expect(setOf([permit('a'), { ...forbid('f'), repository: 'acme/shop' }]).termsForOptOut(withoutTargets())).toMatchObject({ kind: 'refused', because: { policies: ['f'] } })
  })

  test('one control that reaches an alias is enough', () => {
    const set = setOf([permit('a'), forbid('f', { controls: ['grype/GHSA-1'] })], { aliases: [aliases('same', [['trivy/CVE-1', 'grype/GHSA-1']])] })
    expect(refusalOf(set, optOut({ controls: ['trivy/CVE-2', 'trivy/CVE-1'] }))).toMatchObject({ code: 'FORBIDDEN', policies: ['f'] })
    expect(refusalOf(set, optOut({ controls: ['trivy/CVE-2', 'trivy/CVE-3'] }))).toBeUndefined()
  })

  test('all who forbid it, by name', () => {
    expect(refusalOf(setOf([forbid('g', { message: 'one' }), permit('a'), forbid('f', { message: 'two' })]), optOut())).toMatchObject({
      policies: ['f', 'g'], message: '`f`, `g` forbid opting out of opt-out `hotfix` (`trivy/CVE-2021-44228`): one; two',
    })
  })

  test('a control that is no pattern', () => {
    expect(setOf([permit('a')]).termsForOptOut(optOut({ controls: ['trivy/CVE-1', 'trivy/{a'] }))).toEqual({ kind: 'refused', because: {
      code: 'NOT_PERMITTED', term: 'controls', policies: [], message: 'opt-out `hotfix` names controls by what is no pattern (`trivy/CVE-1`, `trivy/{a`)',
    } })
  })
})

describe('terms hold no absent members, which a digest over them would have to explain away', () => {
  test('of one permit, and of a merge', () => {
    const by = <T>(value: T, policies = ['a', 'b']) => ({ value, policies })
    const { request, approve, activate, limits } = strictSpec
    const bare = { request, approve, activate, limits, mfa: { evidence: 'user-signed' as const }, requires: { impact: false } }
    const wanted = (policies: string[]) => ({
      policies, request: by(['engineering'], policies), approve: [by({ groups: ['security'], count: 1 }, policies)], activate: by(['engineering', 'sre'], policies),
      mfa: by({ evidence: 'user-signed', attested: false, backupEligible: true }, policies), approverMayActivate: by(false, policies), wildcards: by(false, policies),
      limits: { duration: by(lasting('14d'), policies) }, timers: {},
      requires: { targets: { value: [], policies: [] }, tickets: [], compensatingControl: by(false, policies), impact: by(false, policies), findingsLimit: by(true, policies), witness: by(false, policies) },
      conditions: [], nativeForms: by('self-expiring', policies), alerts: [],
    })
    expect(of('a', bare)).toStrictEqual(wanted(['a']))
    expect(mergeTerms(of('a', bare), of('b', bare))).toStrictEqual(wanted(['a', 'b']))
  })
})

describe('an emergency', () => {
  const emergency: NonNullable<PermitSpec['emergency']> = { groups: ['oncall'], duration: lasting('4h'), mfa: { evidence: 'user-signed' }, reviewers: ['security'], reviewWithin: lasting('72h') }
  const matches = (): boolean => true

  test('states how many findings, whether policy permits it or not', () => {
    const own = standing({ category: 'emergency', limits: {}, window: { from: at('2026-11-22T10:00:00Z'), until: at('2026-11-22T11:00:00Z') } })
    const asked = (terms: Terms) => unmetTerms(terms, own, { ...nobody, evidence: 'user-signed', activator: ['oncall'] }, matches).map(({ code, policies }) => [code, policies])
    expect(asked(of('p'))).toEqual([['NOT_PERMITTED', ['p']], ['FINDINGS_LIMIT_REQUIRED', ['p']]])
    expect(asked(of('p', { emergency }))).toEqual([['FINDINGS_LIMIT_REQUIRED', ['p']]])
  })

  test('a key that may be backed up is enough where the policy does not say otherwise', () => {
    const asked = (mfa: typeof emergency.mfa) => unmetTerms(of('p', { emergency: { ...emergency, mfa } }), standing({ category: 'emergency', window: { from: at('2026-11-22T10:00:00Z'), until: at('2026-11-22T11:00:00Z') } }),
      { ...nobody, evidence: 'user-signed', activator: ['oncall'], factor: { attested: false, backupEligible: true, age: lasting('1m') } }, matches).map(({ term }) => term)
    expect(asked({ evidence: 'user-signed' })).toEqual([])
    expect(asked({ evidence: 'user-signed', attested: false, backupEligible: true })).toEqual([])
    expect(asked({ evidence: 'user-signed', attested: true })).toEqual(['emergency.mfa'])
    expect(asked({ evidence: 'user-signed', backupEligible: false })).toEqual(['emergency.mfa'])
  })
})

describe('what is not met', () => {
  test('an opt-out without limits states none', () => {
    const whole = standing()
    const { limits: _, ...spec } = whole.document.spec
    const own = { ...whole, document: { ...whole.document, spec } }
    expect(unmetTerms(of('p'), own, nobody, () => true)).toEqual([])
    expect(unmetTerms(of('p', { requires: { impact: false } }), own, nobody, () => true)).toMatchObject([{ code: 'FINDINGS_LIMIT_REQUIRED' }])
  })

  test('approval names its policies in order, each once', () => {
    const asks = (name: string, ...groups: string[]) => of(name, { approve: groups.map((group) => ({ groups: [group], count: 1 })) })
    const [refusal] = unmetTerms(mergeTerms(asks('z', 'a', 'c'), asks('b', 'b')), standing(), nobody, () => true)
    expect(refusal).toMatchObject({ term: 'approve', policies: ['b', 'z'], message: '`approve` of `b`, `z` asks for 1 of `a` and 1 of `b` and 1 of `c`, and for opt-out `hotfix` no approval is shown' })
  })

  test('a count without end is never met, and takes no time to say so', () => {
    expect(quorumMet([{ groups: ['a'], count: Number.POSITIVE_INFINITY }], [['a']])).toBe(false)
    expect(quorumMet([{ groups: ['a'], count: 1 }, { groups: ['a'], count: Number.POSITIVE_INFINITY }], [['a']])).toBe(false)
  })
})

describe('conditions', () => {
  const now = at('2026-11-23T13:00:00Z')
  const facts: Facts = {}
  const stated = (name: string, ...conditions: NonNullable<PermitSpec['conditions']>) => permit(name, { conditions })

  test('each is judged by its own words, at its own stage', () => {
    const set = setOf([stated('p', { at: 'decide', expression: 'optOut.category == "waiver"', message: 'm' }, { at: 'decide', expression: 'optOut.owner == "x"', message: 'n' }, { at: 'request', expression: 'true', message: 'o' })])
    expect(set.decideConditions(termsOf(set, subject), { optOut: optOut(), facts, now }).map(({ message }) => message)).toEqual(['n (for opt-out `hotfix` `optOut.owner == "x"` is false; `p`)'])
    const staged = setOf([stated('p', { at: 'decide', expression: 'has(optOut.ticket)', message: 'm' }, { at: 'request', expression: 'has(optOut.ticket) || true', message: 'm' })])
    expect(staged.conditions(termsOf(staged, subject), 'request', { optOut: optOut() })).toEqual([])
    expect(staged.conditions(termsOf(staged, subject), 'decide', { optOut: optOut(), facts, now })).toHaveLength(1)
  })

  test('an unknown before the decision is for signatures or the log to show', () => {
    const expression = 'requester.groups.exists(g, g == "security")'
    const set = setOf([stated('p', { at: 'request', expression, message: 'm' }), stated('q', { at: 'request', expression, message: 'm' })])
    expect(set.conditions(termsOf(set, subject), 'request', { optOut: optOut() })).toEqual([{
      code: 'FACT_UNKNOWN', term: 'conditions (request)', policies: ['p', 'q'], message: 'a condition of `p`, `q` at request reads `requester.groups`, which nothing shows for opt-out `hotfix`',
      hint: 'only signatures or the log show it; in this mode a policy with the condition permits nothing',
    }])
  })

  test('an answer is remembered only for the same people, facts and instant', () => {
    const inputs: StageInput[] = []
    const condition: Condition = { readsFinding: false, evaluate: (input) => { inputs.push(input); return { kind: 'true' } } }
    const engine: ConditionEngine = { compile: () => ({ ok: true, condition }) }
    const set = setOf([stated('p', { at: 'decide', expression: 'x', message: 'm' })], { conditionEngine: engine })
    const [own, terms, one, two] = [optOut(), termsOf(set, subject), { groups: ['a'] }, { groups: ['a'] }]
    const base = { requester: one, approver: one, activator: one, facts, now }
    const asks = (input: Omit<StageInput, 'optOut'>): number => {
      const before = inputs.length
      set.conditions(terms, 'decide', { optOut: own, ...input })
      return inputs.length - before
    }
    expect([asks(base), asks(base), asks({ ...base })]).toEqual([1, 0, 0])
    for (const changed of [{ requester: two }, { approver: two }, { activator: two }, { facts: {} }, { now: at('2026-11-23T13:00:01Z') }]) {
      expect([asks({ ...base, ...changed }), asks(base), asks(base)]).toEqual([1, 1, 0])
    }
  })
})

test('only a policy of a source is bound to its repository', () => {
  const provider = { kind: 'source', name: 'acme/payments', repositoryId: '1' } as const
  const placed = { ...workspace(), document: optOut({ targets: { repositories: ['acme/payments'] } }) }
  expect(authority(provider, [placed], workspace().document)).toStrictEqual({ accepted: [placed], refused: [] })
})

test('an alias needs both a tool and a rule', () => {
  for (const control of ['trivyx', '/trivy', 'trivy/', '/', '']) {
    const answer = compile([], { aliases: [aliases('a', [['trivy/x', control]])] })
    expect(!answer.ok && answer.problems.map(({ code }) => code)).toEqual(['ALIAS_INVALID'])
  }
})
