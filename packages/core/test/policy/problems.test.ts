/** Every problem of a policy set in full: its words, its remedy, and the member of the document it points at. */
import { describe, expect, test } from 'vitest'
import type { ConditionEngine } from '../../src/condition/types.ts'
import type { PermitSpec } from '../../src/document/schema.ts'
import { compilePolicySet, needsEngines } from '../../src/policy/compile.ts'
import { type PolicyCode, policyCodes } from '../../src/policy/codes.ts'
import { authority, type Provider } from '../../src/policy/authority.ts'
import type { Placed, PlacedPolicy } from '../../src/policy/validate.ts'
import { aliases, compile, forbid, lasting, optOut, permit, strict, workspace } from './build.ts'

/** Tells the path of a member as the place of it. */
const traced = <T extends Placed<unknown>>(placed: T): T => ({ ...placed, placeOf: (path) => ({ file: path.join('.'), line: 2, column: 3 }) })
const told = (answer: ReturnType<typeof compile>): readonly (readonly [PolicyCode, string, string, string?])[] =>
  (answer.ok ? [] : answer.problems).map(({ code, message, hint, at }) => (hint === undefined ? [code, at?.file ?? '', message] : [code, at?.file ?? '', message, hint]))
const ofPolicy = (...policies: readonly PlacedPolicy[]) => told(compile(policies.map(traced)))
const without = (placed: PlacedPolicy, key: keyof PermitSpec): PlacedPolicy =>
  ({ ...placed, document: { ...placed.document, spec: Object.fromEntries(Object.entries(placed.document.spec).filter(([name]) => name !== key)) as unknown as PermitSpec } })

describe('a policy', () => {
  test('POLICY_NAME_REUSED cites the first', () => {
    const other: PlacedPolicy = { ...forbid('a'), origin: { file: 'first.yaml', line: 7, column: 1 } }
    expect(ofPolicy(permit('b'), other, permit('a'), permit('a'))).toEqual([1, 2].map(() => [
      'POLICY_NAME_REUSED', 'metadata.name', 'two policies are named `a`, the other in first.yaml line 7', 'give each policy a name of its own',
    ]))
  })

  test('POLICY_CONTROL_INVALID and POLICY_TOOL_UNKNOWN', () => {
    expect(ofPolicy(forbid('f', { controls: ['trivy/*', 'trivy', 'trvy/x', 'zzzzzzzz/x', '/x'] }))).toEqual([
      ['POLICY_CONTROL_INVALID', 'spec.controls.1', '`trivy` names no rule of a tool', 'write `tool/rule`: `trivy/*`'],
      ['POLICY_TOOL_UNKNOWN', 'spec.controls.2', '`trvy` in `trvy/x` is no tool that Exeat knows', 'did you mean `trivy`?'],
      ['POLICY_TOOL_UNKNOWN', 'spec.controls.3', '`zzzzzzzz` in `zzzzzzzz/x` is no tool that Exeat knows'],
      ['POLICY_TOOL_UNKNOWN', 'spec.controls.4', '`` in `/x` is no tool that Exeat knows'],
    ])
    expect(ofPolicy(forbid('f', { controls: ['trivy/{a'] }))).toEqual([['POLICY_CONTROL_INVALID', 'spec.controls.0', expect.stringMatching(/^`trivy\/\{a` is no pattern: [a-z].+[^.]$/)]])
  })

  test('each alternative of braces is held to it, patterns for tools are not', () => {
    expect(ofPolicy(forbid('f', { controls: ['{trivy/x,grype}'] }))).toEqual([['POLICY_CONTROL_INVALID', 'spec.controls.0', '`grype` names no rule of a tool', 'write `tool/rule`: `grype/*`']])
    expect(ofPolicy(forbid('f', { controls: ['tr*/x', 'x*', '?rivy/x', '*', 'trivy/a**b'] }))).toEqual([])
  })

  test('POLICY_ENVIRONMENT_UNKNOWN', () => {
    expect(ofPolicy(forbid('f', { environments: ['staging', 'stagign', 'nowhere-near'] }))).toEqual([
      ['POLICY_ENVIRONMENT_UNKNOWN', 'spec.environments.1', 'the workspace declares no environment `stagign`', 'did you mean `staging`?'],
      ['POLICY_ENVIRONMENT_UNKNOWN', 'spec.environments.2', 'the workspace declares no environment `nowhere-near`', 'declared are `production`, `staging`, `test`, `canary`'],
    ])
  })

  test('POLICY_NEEDS_UNPROTECTED, for each loose term alone', () => {
    const loose = { request: 'anyone', approve: 'none', activate: 'anyone', mfa: 'none' } as const
    const hint = 'name only unprotected environments: `staging`, `test`, `canary`'
    for (const [term, word] of Object.entries(loose)) {
      expect(ofPolicy(strict('a', { [term]: word, environments: ['staging', 'production', 'nowhere'] }))).toEqual([
        ['POLICY_ENVIRONMENT_UNKNOWN', 'spec.environments.2', expect.any(String), expect.any(String)],
        ['POLICY_NEEDS_UNPROTECTED', `spec.${term}`, `\`${term}: ${word}\` is only for unprotected environments, and the policy names \`production\`, \`nowhere\``, hint],
      ])
      expect(ofPolicy(without(strict('a', { [term]: word }), 'environments'))).toEqual([
        ['POLICY_NEEDS_UNPROTECTED', `spec.${term}`, `\`${term}: ${word}\` is only for unprotected environments, and the policy names no environments and so covers all`, hint],
      ])
      expect(ofPolicy(strict('a', { [term]: word, environments: ['staging', 'test'] }))).toEqual([])
    }
    expect(ofPolicy(without(strict('a'), 'environments'))).toEqual([])
  })

  test('POLICY_APPROVAL_REPEATED: the same set of groups, however it is written', () => {
    const hint = 'state the groups once, with the count that is needed'
    expect(ofPolicy(strict('a', { approve: [{ groups: ['x', 'y'], count: 1 }, { groups: ['x', 'z'], count: 1 }, { groups: ['y', 'x', 'y'], count: 2 }, { groups: ['x', 'y'], count: 3 }] }))).toEqual([
      ['POLICY_APPROVAL_REPEATED', 'spec.approve.2', '`approve` asks twice for `y`, `x`, `y`', hint], ['POLICY_APPROVAL_REPEATED', 'spec.approve.3', '`approve` asks twice for `x`, `y`', hint],
    ])
  })

  test('POLICY_EMERGENCY_TOO_LONG', () => {
    const emergency = { groups: ['a'], mfa: { evidence: 'user-signed' as const }, reviewers: ['b'], reviewWithin: lasting('1d') }
    const of = (milliseconds: number) => ofPolicy(strict('a', { emergency: { ...emergency, duration: milliseconds as never } }))
    expect(of(14_400_000)).toEqual([])
    expect(of(14_400_001)).toEqual([['POLICY_EMERGENCY_TOO_LONG', 'spec.emergency.duration', 'an emergency lasts 4h at most, and `emergency.duration` is longer']])
  })

  test('POLICY_TICKET_INVALID and what the condition engine says, each at its member', () => {
    const given = permit('a', { requires: { ticket: '(?=a)' }, conditions: [{ at: 'request', expression: 'true', message: 'm' }, { at: 'request', expression: 'optOut.nam == "x"', message: 'm' }] })
    expect(ofPolicy(given)).toEqual([
      ['CONDITION_TYPE', 'spec.conditions.1.expression', expect.any(String), expect.stringContaining('did you mean `name`?')],
      ['POLICY_TICKET_INVALID', 'spec.requires.ticket', expect.stringMatching(/^`\(\?=a\)` is no RE2 regular expression: ./), 'RE2 has no look-around and no back-references'],
    ])
  })

  test('POLICY_ENGINE_MISSING, only where one is needed', () => {
    const given = permit('a', { requires: { ticket: 'a' }, conditions: [{ at: 'request', expression: 'true', message: 'm' }] })
    expect(told(compilePolicySet({ workspace: workspace(), policies: [traced(given)] }))).toEqual([
      ['POLICY_ENGINE_MISSING', 'spec.conditions.0.expression', 'the policy states conditions, and no condition engine was loaded'],
      ['POLICY_ENGINE_MISSING', 'spec.requires.ticket', 'the policy states `requires.ticket`, and no regular expression engine was loaded'],
    ])
    expect(compilePolicySet({ workspace: workspace(), policies: [permit('a'), forbid('f')] }).ok).toBe(true)
    expect(needsEngines([permit('b'), permit('a', { requires: { ticket: 'a' } })])).toEqual({ conditions: false, regex: true })
    expect(needsEngines([permit('b'), permit('a', { conditions: [{ at: 'request', expression: 'true', message: 'm' }] })])).toEqual({ conditions: true, regex: false })
    expect(needsEngines([])).toEqual({ conditions: false, regex: false })
  })

  test('a condition that an engine refuses without a word grants nothing', () => {
    const mute = { compile: () => ({ ok: false, problems: [] }) } as unknown as ConditionEngine
    const answer = compile([permit('p', { conditions: [{ at: 'decide', expression: 'x', message: 'm' }] })], { conditionEngine: mute })
    const found = answer.ok ? answer.set.termsFor({ control: 'trivy/x', environment: 'staging' }) : undefined
    expect(answer.ok && found?.kind === 'permitted' && answer.set.conditions(found.terms, 'decide', { optOut: optOut() })).toEqual([
      { code: 'CONDITION_ERROR', term: 'conditions (decide)', message: 'the condition `x` is not one of this policy set', policies: ['p'] },
    ])
  })
})

test('ALIAS_INVALID', () => {
  const controls = [['trivy/x', 'grype/y'], ['trivy/x', 'trivy']]
  expect(told(compile([], { aliases: [traced(aliases('a', controls))] }))).toEqual([
    ['ALIAS_INVALID', 'spec.controls.1.1', '`trivy` is not the name of one control of a tool that Exeat knows', 'write `tool/rule`, without a pattern'],
  ])
})

test('gates, each name at its place', () => {
  const gates = [
    { repositories: ['acme/payments'], environments: ['staging'], requiredTools: ['Trivy'], thresholds: [{ tools: ['grype'], severity: 'low' as const }] },
    {
      repositories: ['acme/payments', 'acme/paymnts'], environments: ['stagign'], requiredTools: ['trivy', 'trvy'],
      thresholds: [{ severity: 'low' as const }, { tools: ['trivy', 'grpe'], severity: 'low' as const }],
    },
  ]
  const placed = traced(workspace({ gates }))
  expect(told(compile([], { workspace: placed }))).toEqual([
    ['GATE_ENVIRONMENT_UNKNOWN', 'spec.gates.1.environments.0', 'a gate names environment `stagign`, which is not one', 'did you mean `staging`?'],
    ['GATE_REPOSITORY_UNKNOWN', 'spec.gates.1.repositories.1', 'a gate names repository `acme/paymnts`, which is not one', 'did you mean `acme/payments`?'],
    ['GATE_TOOL_UNKNOWN', 'spec.gates.1.requiredTools.1', 'a gate names tool `trvy`, which is not one', 'did you mean `trivy`?'],
    ['GATE_TOOL_UNKNOWN', 'spec.gates.1.thresholds.1.tools.1', 'a gate names tool `grpe`, which is not one', 'did you mean `grype`?'],
  ])
})

test('a member without a place of its own is told of by its document', () => {
  const origin = { file: 'p.yaml', line: 7, column: 9 }
  const answer = compile([{ ...forbid('f', { environments: ['x'] }), origin, placeOf: () => undefined }])
  expect(answer).toMatchObject({ problems: [{ at: origin }] })
  expect(!answer.ok && answer.problems[0]).not.toHaveProperty('at.source')
  const mute = compile([forbid('f', { controls: ['zzzzzzzz/x'] })])
  expect(!mute.ok && mute.problems[0]).not.toHaveProperty('hint')
})

test('whose word counts, each refusal at the member that goes too far', () => {
  const provider: Provider = { kind: 'source', name: 'acme/payments', repositoryId: '1' }
  const refused = (placed: Placed<Parameters<typeof authority>[1][number]['document']>, who = provider, given = workspace().document) =>
    authority(who, [traced(placed)], given).refused.map(({ code, at, message, hint }) => [code, at?.file, message, hint])
  const own = (targets: NonNullable<ReturnType<typeof optOut>['spec']['targets']>) => ({ ...workspace(), document: optOut({ targets }) })
  expect(refused(permit('p'))).toEqual([['AUTHORITY_KIND', 'spec.effect', 'source `acme/payments` brings a policy that permits, and only governance permits', 'move it to the governance repository']])
  expect(refused(aliases('a', []))).toEqual([['AUTHORITY_KIND', 'kind', 'source `acme/payments` brings a document of kind Aliases, which only governance may hold', 'move it to the governance repository']])
  expect(refused(own({ repositories: ['acme/payments', 'acme/shop'] }))).toEqual([
    ['AUTHORITY_OTHER_REPOSITORY', 'spec.targets.repositories', 'source `acme/payments` brings an opt-out for `acme/payments`, `acme/shop`', 'state `targets: { repositories: [acme/payments] }`'],
  ])
  const silent = workspace({ sources: [{ name: 'acme/payments', forge: 'none', repositoryId: '1' }] }).document
  expect(refused(own({ repositories: ['acme/payments'] }), provider, silent)).toEqual([
    ['AUTHORITY_KIND', 'kind', 'source `acme/payments` may not add opt-outs', 'let the workspace say `may: [optOuts]` for it'],
  ])
  expect(refused(forbid('f'), { ...provider, repositoryId: '2' })).toEqual([
    ['AUTHORITY_SOURCE_UNKNOWN', '', 'the workspace lists no source `acme/payments` with repository id `2`', 'add the repository to `sources` in the governance repository'],
  ])
})

test('every code is one an author can act on: exit 3 and 422, but for an engine that was not loaded', () => {
  for (const [code, { exit, http, summary }] of Object.entries(policyCodes)) {
    expect([exit, http], code).toEqual(code === 'POLICY_ENGINE_MISSING' ? [1, 500] : [3, 422])
    expect(summary, code).toMatch(/^[A-Z`].+\.$/)
  }
})
