import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { mergeTerms, termsOfPermit } from '../../src/policy/merge.ts'
import { looserThan } from '../../src/review/index.ts'
import { arbitrarySpec } from '../policy/arbitrary.ts'
import { lasting, type PermitPart, strictSpec } from '../policy/build.ts'

const permitted = (part: PermitPart = {}) => ({ kind: 'permitted' as const, terms: termsOfPermit('a', { ...strictSpec, ...part }) })
const refused = { kind: 'refused' as const, because: { code: 'NOT_PERMITTED' as const, term: 'effect', message: 'no', policies: [] } }
const emergency = { groups: ['sre'], duration: lasting('2h'), mfa: { evidence: 'idp-signed' as const }, reviewers: ['security'], reviewWithin: lasting('24h') }

/** Each asks for less than the one beside it in a single term. */
const pairs: readonly (readonly [string, PermitPart, PermitPart])[] = [
  ['request', {}, { request: { groups: ['engineering', 'sre'] } }], ['request', {}, { request: 'anyone' }],
  ['approve', { approve: [{ groups: ['security'], count: 2 }] }, { approve: [{ groups: ['security'], count: 1 }] }],
  ['approve', {}, { approve: [{ groups: ['security', 'sre'], count: 1 }] }],
  ['approve', { approve: [{ groups: ['security'], count: 1 }, { groups: ['sre'], count: 1 }] }, { approve: [{ groups: ['security'], count: 2 }] }],
  ['approve', {}, { approve: 'none' }],
  ['activate', { activate: { groups: ['sre'] } }, {}],
  ['revoke', { revoke: { groups: ['security', 'sre'] } }, { revoke: { groups: ['sre'] } }],
  ['mfa', {}, { mfa: 'none' }], ['mfa.evidence', {}, { mfa: { evidence: 'server-asserted' } }],
  ['mfa.maxAge', { mfa: { evidence: 'user-signed', maxAge: lasting('5m') } }, {}],
  ['mfa.attested', { mfa: { evidence: 'user-signed', attested: true } }, {}], ['mfa.backupEligible', { mfa: { evidence: 'user-signed', backupEligible: false } }, {}],
  ['approverMayActivate', {}, { approverMayActivate: true }], ['wildcards', {}, { wildcards: true }],
  ['limits.duration', {}, { limits: { duration: lasting('15d') } }],
  ...(['totalDuration', 'renewals', 'findings', 'active', 'uses'] as const).map((name): readonly [string, PermitPart, PermitPart] =>
    [`limits.${name}`, { limits: { duration: lasting('14d'), [name]: name === 'totalDuration' ? lasting('20d') : 2 } }, {}]),
  ['timers.approval', { timers: { approval: lasting('1h') } }, { timers: { approval: lasting('2h') } }], ['timers.activation', { timers: { activation: lasting('1h') } }, {}],
  ['requires.targets', { requires: { targets: ['paths', 'environments'] } }, { requires: { targets: ['paths'] } }],
  ['requires.ticket', { requires: { ticket: '^INC-' } }, { requires: { ticket: '^(INC|SEC)-' } }],
  ['requires.compensatingControl', { requires: { compensatingControl: true } }, {}], ['requires.impact', {}, { requires: { impact: false } }], ['requires.witness', { requires: { witness: true } }, {}],
  ['conditions', { conditions: [{ at: 'request', expression: 'true', message: 'm' }] }, { conditions: [{ at: 'decide', expression: 'true', message: 'm' }] }],
  ['emergency', {}, { emergency }], ['emergency.duration', { emergency }, { emergency: { ...emergency, duration: lasting('4h') } }],
  ['emergency.groups', { emergency }, { emergency: { ...emergency, groups: ['sre', 'engineering'] } }], ['emergency.reviewers', { emergency }, { emergency: { ...emergency, reviewers: ['sre'] } }],
  ['emergency.reviewWithin', { emergency }, { emergency: { ...emergency, reviewWithin: lasting('48h') } }], ['emergency.offline', { emergency }, { emergency: { ...emergency, offline: true } }],
  ['emergency.mfa.attested', { emergency: { ...emergency, mfa: { evidence: 'idp-signed', attested: true } } }, { emergency }],
  ['nativeForms', {}, { nativeForms: { allowed: true, maxLag: lasting('1h') } }],
  ['nativeForms.maxLag', { nativeForms: { allowed: true, maxLag: lasting('1h') } }, { nativeForms: { allowed: true, maxLag: lasting('2h') } }],
  ['alerts', { alerts: ['pager', 'chat'] }, { alerts: ['chat'] }],
]

describe('terms', () => {
  test.each(pairs)('%s: less is found, and more is none', (term, tight, loose) => {
    expect(looserThan(permitted(tight), permitted(loose)).map((each) => each.term)).toContain(term)
    expect(looserThan(permitted(tight), permitted(tight))).toEqual([])
  })
  test('what was refused and is permitted asks for less; what is refused now for nothing', () => {
    expect(looserThan(refused, permitted())).toEqual([{ term: 'effect', before: 'refused', after: 'permitted' }])
    expect(looserThan(permitted(), refused)).toEqual([])
    expect(looserThan(refused, refused)).toEqual([])
  })
  test('another wording of a condition\'s message is no other condition', () => {
    const stated = (message: string) => permitted({ conditions: [{ at: 'decide', expression: 'true', message }] })
    expect(looserThan(stated('a'), stated('b'))).toEqual([])
  })
  test('a policy is never looser than itself, nor is any merge with it', () => {
    fc.assert(fc.property(arbitrarySpec, arbitrarySpec, (first, second) => {
      const [a, b] = [termsOfPermit('a', first), termsOfPermit('b', second)]
      expect(looserThan({ kind: 'permitted', terms: a }, { kind: 'permitted', terms: a })).toEqual([])
      expect(looserThan({ kind: 'permitted', terms: a }, { kind: 'permitted', terms: mergeTerms(a, b) })).toEqual([])
    }), { numRuns: 500 })
  })
})
