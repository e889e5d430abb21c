import { describe, expect, test } from 'vitest'
import fc from 'fast-check'
import type { PermitSpec } from '../../src/document/schema.ts'
import type { Instant } from '../../src/model/instant.ts'
import type { OptOutSet, StandingOptOut } from '../../src/model/optout.ts'
import type { PlacedPolicy } from '../../src/policy/validate.ts'
import { judgeGitOptOuts } from '../../src/trust/git.ts'
import { arbitraryPolicies } from '../policy/arbitrary.ts'
import { at, forbid, lasting, nobody, type OptOutPart, permit, setOf, standing, strict } from '../policy/build.ts'

const from = at('2026-11-22T10:00:00Z')
const until = at('2026-11-24T10:00:00Z')
const now = at('2026-11-23T00:00:00Z')
const judge = (policies: readonly PlacedPolicy[], optOuts: readonly StandingOptOut[], instant: Instant = now): OptOutSet => judgeGitOptOuts(setOf(policies), optOuts, instant)
const refusals = (part: Partial<PermitSpec>, own: OptOutPart = {}): string[] =>
  judge([permit('p', part)], [standing(own)]).refused.flatMap((refused) => refused.because.map((entry) => `${entry.code} ${entry.term} ${entry.policies.join(' ')}`.trim()))

test('what policy permits without people stands, on no evidence', () => {
  expect(judge([permit('p')], [standing()])).toEqual({ active: [{ ...standing(), met: nobody }], ended: [], refused: [] })
})

test('each is judged for itself', () => {
  const set = judge([permit('p'), forbid('f', { controls: ['trivy/CVE-9'] })], [standing(), standing({ name: 'b', controls: ['trivy/CVE-9'] }), standing({ name: 'c', controls: ['grype/x'] })])
  expect(set.active.map((entry) => entry.document.metadata.name)).toEqual(['hotfix'])
  expect(set.refused.map((entry) => [entry.document.metadata.name, entry.because.map((refusal) => refusal.code)])).toEqual([['b', ['FORBIDDEN']], ['c', ['NOT_PERMITTED']]])
})

describe('time', () => {
  test('half-open, and what has not begun is active', () => {
    const state = (instant: number): string => {
      const set = judge([permit('p')], [standing()], instant as Instant)
      return set.active.length === 1 ? 'active' : set.ended.length === 1 ? 'ended' : 'refused'
    }
    expect([from - 1, from, until - 1].map(state)).toEqual(['active', 'active', 'active'])
    expect([until, until + 1].map(state)).toEqual(['ended', 'ended'])
  })

  test('an ended one is not called refused', () => {
    expect(judge([], [standing()], until).ended).toEqual([{ ...standing(), ended: { state: 'lapsed', at: until } }])
    expect(judge([], [standing()], until).refused).toEqual([])
  })

  test('instants that are none grant nothing', () => {
    const broken = [Number.NaN, Number.NEGATIVE_INFINITY, 0.5, Number.MIN_SAFE_INTEGER - 1]
    for (const instant of broken) {
      const set = judge([permit('p')], [standing()], instant as Instant)
      expect(set.active).toEqual([])
      expect(set.refused[0]?.because).toEqual([{
        code: 'FACT_UNKNOWN', term: 'window', policies: [], hint: 'state instants with a date, a time and an offset',
        message: 'the window of opt-out `hotfix` (2026-11-22T10:00:00Z to 2026-11-24T10:00:00Z) cannot be judged at this instant',
      }])
    }
    expect(judge([permit('p')], [standing()], Number.POSITIVE_INFINITY as Instant)).toMatchObject({ active: [], refused: [] })
    for (const value of [...broken, Number.POSITIVE_INFINITY]) {
      expect(judge([permit('p')], [standing({ window: { from: value as Instant, until } })]).active).toEqual([])
      expect(judge([permit('p')], [standing({ window: { from, until: value as Instant } })]).active).toEqual([])
    }
    expect(judge([permit('p')], [standing({ window: { from, until: Number.NaN as Instant } })]).refused[0]?.because.map((entry) => entry.code)).toEqual(['FACT_UNKNOWN', 'LIMIT_EXCEEDED'])
  })
})

describe('what nothing here can show is refused and not waved through', () => {
  test('people and factors', () => {
    const set = judge([strict('s')], [standing({ targets: { environments: ['production'] } })])
    expect(set.active).toEqual([])
    expect(set.refused[0]?.because.map((entry) => [entry.code, entry.term])).toEqual([
      ['TERM_NEEDS_SIGNATURE', 'request'], ['TERM_NEEDS_SIGNATURE', 'approve'], ['TERM_NEEDS_SIGNATURE', 'activate'], ['TERM_NEEDS_SIGNATURE', 'mfa'],
    ])
  })

  test('terms of the log, where they are stated', () => {
    const limits = { duration: lasting('14d') }
    expect(refusals({ limits: { ...limits, uses: 5 } })).toEqual(['TERM_NEEDS_LOG limits.uses p'])
    expect(refusals({ limits: { ...limits, active: 5 } })).toEqual(['TERM_NEEDS_LOG limits.active p'])
    expect(refusals({ timers: { approval: lasting('1h') } })).toEqual(['TERM_NEEDS_LOG timers.approval p'])
    expect(refusals({ timers: { activation: lasting('1h') } })).toEqual(['TERM_NEEDS_LOG timers.activation p'])
    expect(refusals({ alerts: ['pager', 'chat'] })).toEqual(['TERM_NEEDS_LOG alerts p'])
    expect(refusals({ requires: { witness: true } })).toEqual(['TERM_NEEDS_LOG requires.witness p'])
    expect(judge([permit('p', { limits: { ...limits, uses: 5 } })], [standing()]).refused[0]?.because[0]).toEqual({
      code: 'TERM_NEEDS_LOG', term: 'limits.uses', policies: ['p'], hint: 'use the log trust mode, or permit it by policies that do not state the term',
      message: '`limits.uses` of `p` needs the log, and git trust cannot show it for opt-out `hotfix`',
    })
  })

  test('alerts name every policy that states one', () => {
    const set = judge([permit('b', { alerts: ['pager'] }), permit('a', { alerts: ['chat'] }), permit('c')], [standing()])
    expect(set.refused[0]?.because).toEqual([expect.objectContaining({ term: 'alerts', policies: ['a', 'b'] })])
  })

  test('uses that the opt-out limits itself', () => {
    const set = judge([permit('p')], [standing({ limits: { findings: 1, uses: 3 } })])
    expect(set.refused[0]?.because).toEqual([{
      code: 'TERM_NEEDS_LOG', term: 'limits.uses', policies: [], hint: 'leave `limits.uses` out, or use the log trust mode', message: 'opt-out `hotfix` limits itself to 3 uses, which git trust cannot count',
    }])
  })

  test('emergencies, and only they, where the terms have one', () => {
    const emergency: NonNullable<PermitSpec['emergency']> = { groups: ['oncall'], duration: lasting('4h'), mfa: { evidence: 'user-signed' }, reviewers: ['security'], reviewWithin: lasting('72h') }
    const own: OptOutPart = { category: 'emergency', window: { from, until: from + lasting('4h') as Instant } }
    expect(refusals({ emergency })).toEqual([])
    const answers = judge([permit('p', { emergency })], [standing(own)], from).refused.flatMap((refused) => refused.because)
    expect(answers.map((entry) => `${entry.code} ${entry.term}`)).toEqual(['TERM_NEEDS_SIGNATURE emergency.groups', 'TERM_NEEDS_SIGNATURE emergency.mfa', 'EMERGENCY_NEEDS_LOG emergency'])
    expect(answers[2]).toMatchObject({ policies: ['p'], message: 'opt-out `hotfix` is an emergency, which is alarmed and reviewed, and git trust can show neither' })
    expect(judge([permit('p')], [standing(own)], from).refused[0]?.because.map((entry) => entry.code)).toEqual(['NOT_PERMITTED'])
  })
})

describe('names are never reused', () => {
  test('none of a name is honoured, and others are untouched', () => {
    const set = judge([permit('p')], [standing(), standing({ controls: ['trivy/x'] }), standing({ name: 'other' })])
    expect(set.active.map((entry) => entry.document.metadata.name)).toEqual(['other'])
    expect(set.refused.map((entry) => entry.because)).toEqual([0, 1].map(() => [{
      code: 'NAME_REUSED', term: 'metadata.name', policies: [], message: 'more than one opt-out is named `hotfix`, and names are never reused', hint: 'give each opt-out a name of its own',
    }]))
  })

  test('an ended one still has its name', () => {
    const old = standing({ window: { from: at('2026-11-01T00:00:00Z'), until: at('2026-11-02T00:00:00Z') } })
    const set = judge([permit('p')], [old, standing()])
    expect([set.active.length, set.ended.length, set.refused[0]?.because[0]?.code]).toEqual([0, 1, 'NAME_REUSED'])
  })

  test('names that objects inherit are names like others', () => {
    expect(judge([permit('p')], [standing({ name: 'constructor' }), standing({ name: '__proto__' })]).active).toHaveLength(2)
  })
})

describe('conditions', () => {
  const condition = (stage: 'request' | 'approve' | 'activate' | 'decide', expression: string): Partial<PermitSpec> => ({ conditions: [{ at: stage, expression, message: 'only waivers' }] })

  test('are judged where what they read is known', () => {
    for (const stage of ['request', 'approve', 'activate'] as const) {
      expect(refusals(condition(stage, 'optOut.category == "waiver"'))).toEqual([])
      expect(refusals(condition(stage, 'optOut.category == "mitigated"'))).toEqual([`CONDITION_FALSE conditions (${stage}) p`])
      expect(refusals(condition(stage, 'optOut.ticket == "x"'))).toEqual([`CONDITION_ERROR conditions (${stage}) p`])
      expect(refusals(condition(stage, 'requester.groups.exists(g, g == "security")'))).toEqual([`FACT_UNKNOWN conditions (${stage}) p`])
      expect(refusals(condition(stage, 'now > timestamp("2026-01-01T00:00:00Z")'))).toEqual([`FACT_UNKNOWN conditions (${stage}) p`])
      expect(refusals(condition(stage, 'optOut.category == "waiver" || requester.groups.exists(g, g == "security")'))).toEqual([])
    }
  })

  test('those of decisions wait for them', () => {
    expect(refusals(condition('decide', 'finding.severity == "low"'))).toEqual([])
  })
})

test('never active at or after its end, whatever the policies', () => {
  fc.assert(fc.property(arbitraryPolicies, fc.integer({ min: -3, max: 3 }), fc.constantFrom('production', 'staging', 'test'), (policies, offset, environment) => {
    const set = judge(policies, [standing({ targets: { environments: [environment] }, controls: ['trivy/CVE-1'] })], until + offset as Instant)
    if (offset >= 0) expect(set).toMatchObject({ active: [], refused: [] })
    else expect(set.ended).toEqual([])
    expect(set.active.length + set.ended.length + set.refused.length).toBe(1)
    for (const optOut of set.active) expect(optOut.met).toEqual(nobody)
  }))
})
