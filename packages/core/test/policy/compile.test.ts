import { describe, expect, test } from 'vitest'
import type { Condition, ConditionEngine, StageInput } from '../../src/condition/types.ts'
import type { Facts } from '../../src/model/facts.ts'
import type { Finding } from '../../src/model/finding.ts'
import { canonicalControl } from '../../src/control/index.ts'
import { compilePolicySet, needsEngines } from '../../src/policy/compile.ts'
import { policyCodes } from '../../src/policy/codes.ts'
import { provenFacts } from '../../src/policy/facts.ts'
import type { PlacedPolicy } from '../../src/policy/validate.ts'
import { aliases, at, compile, forbid, lasting, nobody, optOut, permit, setOf, standing, strict, termsOf, workspace } from './build.ts'

const problems = (...given: Parameters<typeof compile>): string[] => {
  const answer = compile(...given)
  return answer.ok ? [] : answer.problems.map((problem) => `${problem.code} ${problem.message}`)
}
const subject = { control: 'trivy/CVE-1', environment: 'staging' }

describe('what makes a policy set invalid', () => {
  test('valid sets have no problems', () => {
    expect(problems([])).toEqual([])
    expect(problems([permit('a'), strict('b'), forbid('c'), forbid('d', { controls: ['*'] })])).toEqual([])
  })

  test('controls that match nothing, are no pattern or name an unknown tool', () => {
    const given = permit('a', { controls: ['trivy', 'trvy/*', 'trivy/{a', '{trivy,grpe}/x', '*', 'trivy*', '*/x'] })
    expect(problems([given])).toEqual([
      'POLICY_CONTROL_INVALID `trivy` names no rule of a tool', 'POLICY_TOOL_UNKNOWN `trvy` in `trvy/*` is no tool that Exeat knows',
      expect.stringMatching(/^POLICY_CONTROL_INVALID `trivy\/\{a` is no pattern: /), 'POLICY_TOOL_UNKNOWN `grpe` in `{trivy,grpe}/x` is no tool that Exeat knows',
    ])
    const answer = compile([given])
    expect(answer).toMatchObject({ problems: [{ hint: 'write `tool/rule`: `trivy/*`' }, { hint: 'did you mean `trivy`?' }, {}, { hint: 'did you mean `grype`?' }] })
    expect(problems([forbid('f', { controls: ['trvy/x', '/x'] })])).toHaveLength(2)
  })

  test('environments that the workspace does not declare', () => {
    expect(compile([forbid('f', { environments: ['prodution', 'nowhere-near'] })])).toMatchObject({ problems: [
      { code: 'POLICY_ENVIRONMENT_UNKNOWN', message: 'the workspace declares no environment `prodution`', hint: 'did you mean `production`?' },
      { code: 'POLICY_ENVIRONMENT_UNKNOWN', hint: 'declared are `production`, `staging`, `test`, `canary`' },
    ] })
  })

  test('`anyone` and `none` are for policies that name unprotected environments alone', () => {
    const loose = ['request: anyone', 'approve: none', 'activate: anyone', 'mfa: none'].map((term) => `POLICY_NEEDS_UNPROTECTED \`${term}\` is only for unprotected environments, and the policy names \`production\``)
    expect(problems([permit('a', { environments: ['staging', 'production'] })])).toEqual(loose)
    expect(problems([permit('a', { environments: ['staging', 'test', 'canary'] })])).toEqual([])
    const { environments: _, ...everywhere } = permit('a').document.spec
    const unscoped: PlacedPolicy = { ...permit('a'), document: { ...permit('a').document, spec: everywhere } }
    expect(problems([unscoped])[0]).toBe('POLICY_NEEDS_UNPROTECTED `request: anyone` is only for unprotected environments, and the policy names no environments and so covers all')
    expect(problems([strict('s', { approve: 'none' })])).toEqual(['POLICY_NEEDS_UNPROTECTED `approve: none` is only for unprotected environments, and the policy names `production`'])
    expect(compile([unscoped])).toMatchObject({ problems: [{ hint: 'name only unprotected environments: `staging`, `test`, `canary`' }, {}, {}, {}] })
    const closed = workspace({ environments: [{ name: 'staging', protected: true, proof: 'workload' }] })
    expect(compile([permit('a')], { workspace: closed })).toMatchObject({ problems: [{ hint: 'the workspace declares no unprotected environment' }, {}, {}, {}] })
    expect(problems([unscoped], { workspace: workspace({ environments: [{ name: 'staging', proof: 'asserted' }] }) })).toHaveLength(4)
  })

  test('approval by the same groups twice, in any order', () => {
    expect(problems([strict('a', { approve: [{ groups: ['x', 'y'], count: 1 }, { groups: ['x'], count: 1 }, { groups: ['y', 'x'], count: 2 }] })])).toEqual(['POLICY_APPROVAL_REPEATED `approve` asks twice for `y`, `x`'])
  })

  test('emergencies of more than four hours', () => {
    const emergency = (duration: string) => ({ emergency: { groups: ['a'], duration: lasting(duration), mfa: { evidence: 'user-signed' as const }, reviewers: ['b'], reviewWithin: lasting('1d') } })
    expect(problems([strict('a', emergency('4h'))])).toEqual([])
    expect(problems([strict('a', emergency('241m'))])).toEqual(['POLICY_EMERGENCY_TOO_LONG an emergency lasts 4h at most, and `emergency.duration` is longer'])
  })

  test('names used twice', () => {
    expect(problems([permit('a'), forbid('a'), permit('a')])).toEqual([1, 2].map(() => 'POLICY_NAME_REUSED two policies are named `a`, the other in .exeat/policies/a.yaml line 1'))
  })

  test('tickets that are no RE2, conditions that do not check', () => {
    const given = permit('a', { requires: { ticket: '(?=a)' }, conditions: [{ at: 'request', expression: 'optOut.category == "waiver"', message: 'm' }, { at: 'request', expression: 'optOut.nam == "x"', message: 'm' }] })
    const answer = compile([given])
    expect(answer).toMatchObject({ ok: false, problems: [{ code: 'CONDITION_TYPE', hint: expect.stringContaining('did you mean `name`?') }, { code: 'POLICY_TICKET_INVALID' }] })
  })

  test('engines that were not loaded, where they are needed', () => {
    const given = permit('a', { requires: { ticket: 'a' }, conditions: [{ at: 'request', expression: 'true', message: 'm' }] })
    expect(needsEngines([given])).toEqual({ conditions: true, regex: true })
    expect(needsEngines([permit('b'), forbid('f'), permit('c', { requires: { impact: false } })])).toEqual({ conditions: false, regex: false })
    const answer = compilePolicySet({ workspace: workspace(), policies: [given] })
    expect(answer).toMatchObject({ problems: [{ code: 'POLICY_ENGINE_MISSING', message: expect.stringContaining('conditions') }, { code: 'POLICY_ENGINE_MISSING', message: expect.stringContaining('requires.ticket') }] })
    expect(policyCodes.POLICY_ENGINE_MISSING.exit).toBe(1)
  })

  test('aliases that are not each one control', () => {
    for (const control of ['trivy', 'trivy/', '/x', 'trivy/*', 'trvy/x', 'trivy/{a,b}']) expect(problems([], { aliases: [aliases('a', [['trivy/x', control]])] })).toEqual([`ALIAS_INVALID \`${control}\` is not the name of one control of a tool that Exeat knows`])
    expect(problems([], { aliases: [aliases('a', [['trivy/x', 'Grype/x']])] })).toEqual([])
  })

  test('gates that name what is not there', () => {
    const gates = [{ repositories: ['acme/paymnts'], environments: ['prod'], requiredTools: ['trvy'], thresholds: [{ severity: 'low' as const }, { tools: ['grpe'], severity: 'low' as const }] }]
    expect(compile([], { workspace: workspace({ gates }) })).toMatchObject({ problems: [
      { code: 'GATE_ENVIRONMENT_UNKNOWN', message: 'a gate names environment `prod`, which is not one' }, { code: 'GATE_REPOSITORY_UNKNOWN', hint: 'did you mean `acme/payments`?' },
      { code: 'GATE_TOOL_UNKNOWN', hint: 'did you mean `trivy`?' }, { code: 'GATE_TOOL_UNKNOWN', hint: 'did you mean `grype`?' },
    ] })
  })

  test('places: of the member where the reader kept it, else of the document', () => {
    const at = { file: 'p.yaml', line: 7, column: 9 }
    const seen: unknown[] = []
    const located: PlacedPolicy = { ...forbid('f', { environments: ['staging', 'x'] }), placeOf: (path) => { seen.push(path); return at } }
    expect(compile([located])).toMatchObject({ problems: [{ at }] })
    expect(seen).toEqual([['spec', 'environments', 1]])
    expect(compile([forbid('f', { environments: ['x'] })])).toMatchObject({ problems: [{ at: { file: '.exeat/policies/f.yaml', line: 1, column: 1 } }] })
    const other: PlacedPolicy = { ...forbid('f', { environments: ['x'] }), origin: { file: 'g.yaml', line: 3, column: 1, source: 'acme/payments' } }
    expect(compile([other])).toMatchObject({ problems: [{ at: { file: 'g.yaml', line: 3, column: 1 } }] })
  })

  test('all problems of all documents at once', () => {
    expect(problems([forbid('f', { environments: ['x'] }), permit('p', { controls: ['trivy'] })], { aliases: [aliases('a', [['x', 'y']])] })).toHaveLength(4)
  })
})

test('controls are spelled as findings spell them', () => {
  expect(['Trivy/CVE-1', 'npm audit/x', 'mine/x', '*/x', 'trivy', 'TRIVY/a/b', '{a,b}/x'].map(canonicalControl)).toEqual(['trivy/CVE-1', 'npm-audit/x', 'mine/x', '*/x', 'trivy', 'trivy/a/b', '{a,b}/x'])
})

describe('gates', () => {
  const gates = [
    { environments: ['staging'], thresholds: [{ severity: 'high' as const }, { tools: ['Gitleaks'], severity: 'low' as const }], requiredTools: ['Trivy', 'gitleaks'] },
    { repositories: ['acme/payments'], thresholds: [{ tools: ['trivy'], severity: 'medium' as const }], requiredTools: ['semgrep'] },
    { environments: ['production'], requiredTools: ['grype'] },
  ]
  const set = setOf([], { workspace: workspace({ gates }) })

  test('the strictest entry that covers a run wins', () => {
    expect(set.threshold('trivy', 'acme/other', 'staging')).toBe('high')
    expect(set.threshold('trivy', 'acme/payments', 'staging')).toBe('medium')
    expect(set.threshold('Trivy', 'acme/payments', 'production')).toBe('medium')
    expect(set.threshold('gitleaks', 'acme/other', 'staging')).toBe('low')
    expect(set.threshold('gitleaks', 'acme/payments', 'production')).toBeUndefined()
    expect(set.threshold('mine', 'acme/other', 'staging')).toBe('high')
  })

  test('what is unknown tightens and lets nothing pass', () => {
    expect(set.threshold('trivy', undefined, 'staging')).toBe('medium')
    expect(set.threshold('trivy', 'acme/other', undefined)).toBeUndefined()
    expect(set.threshold('trivy', 'acme/payments', undefined)).toBe('medium')
    expect(set.threshold('trivy', 'acme/other', 'undeclared')).toBeUndefined()
    expect(setOf([]).threshold('trivy', 'acme/payments', 'staging')).toBeUndefined()
  })

  test('tools that must report: what might cover the run counts', () => {
    expect(set.requiredTools('acme/other', 'staging')).toEqual(['gitleaks', 'trivy'])
    expect(set.requiredTools('acme/payments', 'production')).toEqual(['grype', 'semgrep'])
    expect(set.requiredTools(undefined, 'test')).toEqual(['semgrep'])
    expect(set.requiredTools(undefined, undefined)).toEqual(['gitleaks', 'grype', 'semgrep', 'trivy'])
    expect(set.requiredTools('acme/other', 'test')).toEqual([])
    expect(setOf([]).requiredTools(undefined, undefined)).toEqual([])
  })
})

describe('proven facts', () => {
  const environment = (value: string, provenance: 'asserted' | 'verified'): Facts => ({ environment: { value, provenance, from: 'test' }, commit: { value: 'c', provenance: 'asserted', from: 'test' } })

  test('an asserted environment counts only where the workspace takes somebody\'s word', () => {
    const known = (value: string, provenance: 'asserted' | 'verified') => provenFacts(workspace().document, environment(value, provenance)).environment?.value
    expect([known('staging', 'asserted'), known('staging', 'verified'), known('canary', 'verified'), known('canary', 'asserted'), known('nowhere', 'verified')]).toEqual(['staging', 'staging', 'canary', undefined, undefined])
    expect(provenFacts(workspace().document, environment('canary', 'asserted')).commit?.value).toBe('c')
    expect(provenFacts(workspace().document, {})).toEqual({})
  })
})

describe('conditions at a decision', () => {
  const now = at('2026-11-23T13:00:00Z')
  const facts: Facts = { environment: { value: 'staging', provenance: 'asserted', from: '--env' } }
  const finding: Finding = { tool: 'trivy', rule: 'CVE-1', title: 't', severity: 'high' }
  const conditional = (expression: string, at: 'decide' | 'request' = 'decide') => permit('p', { conditions: [{ at, expression, message: 'no waiver by night' }] })

  test('false, unknown and error each refuse in their own words', () => {
    const judge = (expression: string, given: Facts = facts) => {
      const set = setOf([conditional(expression)])
      return set.decideConditions(termsOf(set, subject), { optOut: optOut(), facts: given, finding, now })
    }
    expect(judge('finding.severity == "high"')).toEqual([])
    expect(judge('now.getHours() < 20 && finding.severity == "low"')).toEqual([{
      code: 'CONDITION_FALSE', term: 'conditions (decide)', policies: ['p'], message: 'no waiver by night (for opt-out `hotfix` `finding.severity == "low"` is false; `p`)',
    }])
    expect(judge('facts.environment == "canary"', { environment: { value: 'canary', provenance: 'asserted', from: '--env' } })).toEqual([{
      code: 'FACT_UNKNOWN', term: 'conditions (decide)', policies: ['p'], message: 'a condition of `p` at decide reads `facts.environment`, which nothing shows for opt-out `hotfix`',
      hint: 'give the gate what the condition reads, proven as the workspace asks',
    }])
    expect(judge('finding.path == "x"')).toEqual([{
      code: 'CONDITION_ERROR', term: 'conditions (decide)', policies: ['p'], message: 'a condition of `p` cannot be evaluated for opt-out `hotfix`: no such key: path',
      hint: 'guard what may be missing with `has()`; the condition means: no waiver by night',
    }])
  })

  test('only those of the stage, and all of them', () => {
    const set = setOf([conditional('optOut.category == "mitigated"'), permit('q', { conditions: [{ at: 'decide', expression: 'optOut.owner == "x"', message: 'm' }, { at: 'request', expression: 'false', message: 'r' }] })])
    const terms = termsOf(set, subject)
    expect(set.decideConditions(terms, { optOut: optOut(), facts, now }).map((entry) => entry.policies)).toEqual([['p'], ['q']])
    expect(set.conditions(terms, 'request', { optOut: optOut() }).map((entry) => entry.message)).toEqual(['r (for opt-out `hotfix` `false` is false; `q`)'])
    expect(set.conditions(terms, 'activate', { optOut: optOut() })).toEqual([])
  })

  test('terms of another set are not taken on trust', () => {
    const terms = termsOf(setOf([conditional('optOut.category == "waiver"')]), subject)
    expect(setOf([permit('p')]).decideConditions(terms, { optOut: optOut(), facts, now })).toMatchObject([{ code: 'CONDITION_ERROR', policies: ['p'] }])
  })

  /** Counts evaluations; the answers are those of the input's instant. */
  function counting(readsFinding: boolean): { readonly engine: ConditionEngine; readonly inputs: StageInput[] } {
    const inputs: StageInput[] = []
    const condition: Condition = { readsFinding, evaluate: (input) => { inputs.push(input); return input.now === now ? { kind: 'true' } : { kind: 'false', conjunct: 'x' } } }
    return { engine: { compile: () => ({ ok: true, condition }) }, inputs }
  }

  test('what reads no finding is asked once a run and opt-out', () => {
    const { engine, inputs } = counting(false)
    const set = setOf([conditional('x')], { conditionEngine: engine })
    const terms = termsOf(set, subject)
    const own = optOut()
    for (let index = 0; index < 5; index++) expect(set.decideConditions(terms, { optOut: own, facts, finding: { ...finding, line: index + 1 }, now })).toEqual([])
    expect(inputs).toHaveLength(1)
    expect(set.decideConditions(terms, { optOut: own, facts, finding, now: now + 1 as typeof now })).toHaveLength(1)
    expect(set.decideConditions(terms, { optOut: own, facts, finding, now })).toEqual([])
    set.decideConditions(terms, { optOut: own, facts: { ...facts }, finding, now })
    set.decideConditions(terms, { optOut: optOut(), facts, finding, now })
    expect(inputs).toHaveLength(5)
    const person = { groups: ['a'] }
    for (const extra of [{ requester: person }, { approver: person }, { activator: person }]) set.conditions(terms, 'decide', { optOut: own, facts, now, ...extra })
    expect(inputs).toHaveLength(8)
  })

  test('what reads the finding is asked for each', () => {
    const { engine, inputs } = counting(true)
    const set = setOf([conditional('x')], { conditionEngine: engine })
    const own = optOut()
    for (let index = 0; index < 3; index++) set.decideConditions(termsOf(set, subject), { optOut: own, facts, finding, now })
    expect(inputs).toHaveLength(3)
    expect(inputs[0]?.facts).toEqual(facts)
  })
})

test('a set carries its workspace and judges opt-outs by its terms', () => {
  const set = setOf([permit('p')])
  expect(set.workspace).toEqual(workspace().document)
  expect(set.unmet(termsOf(set, subject), standing(), nobody)).toEqual([])
})
