import { describe, expect, test } from 'vitest'
import fc from 'fast-check'
import type { OptOut, PermitSpec } from '../../src/document/schema.ts'
import type { Duration, Instant } from '../../src/model/instant.ts'
import type { Met } from '../../src/model/optout.ts'
import { mergeTerms, termsOfPermit } from '../../src/policy/merge.ts'
import type { Terms } from '../../src/policy/types.ts'
import { unmetTerms } from '../../src/policy/unmet.ts'
import { arbitrarySpec } from './arbitrary.ts'
import { at, lasting, nobody, openSpec, type OptOutPart, permit, setOf, standing } from './build.ts'

const matches = (pattern: string, ticket: string): boolean => new RegExp(pattern).test(ticket)
const terms = (part: Partial<PermitSpec> = {}): Terms => termsOfPermit('p', { ...openSpec, ...part })
const judge = (part: Partial<PermitSpec>, own: OptOutPart = {}, met: Met = nobody, impact: ReadonlySet<string> | null = new Set()) => unmetTerms(terms(part), standing(own, impact), met, matches)
const codes = (...given: Parameters<typeof judge>): string[] => judge(...given).map((entry) => `${entry.code} ${entry.term}`)

test('terms that ask for nothing more are met', () => {
  expect(judge({})).toEqual([])
})

describe('duration', () => {
  const from = at('2026-11-22T10:00:00Z')
  const window = (length: number): OptOutPart => ({ window: { from, until: from + length as Instant } })
  const day = 86_400_000

  test('equal to the limit passes, a millisecond more does not', () => {
    expect(codes({}, window(14 * day))).toEqual([])
    expect(judge({}, window(14 * day + 1))).toEqual([{
      code: 'LIMIT_EXCEEDED', term: 'limits.duration', policies: ['p'], hint: 'end it at most 14d after it begins',
      message: 'opt-out `hotfix` runs for 1209600001 ms (2026-11-22T10:00:00Z to 2026-12-06T10:00:00.001Z), and `limits.duration` of `p` allows 14d',
    }])
    expect(judge({}, window(15 * day))[0]?.message).toContain('runs for 15d')
  })

  test('the whole of all renewals is at least this one', () => {
    const limits = { duration: lasting('14d'), totalDuration: lasting('2d') }
    expect(codes({ limits }, window(2 * day))).toEqual([])
    expect(codes({ limits }, window(2 * day + 1))).toEqual(['LIMIT_EXCEEDED limits.totalDuration'])
  })

  test('a window that is none is refused', () => {
    for (const length of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) expect(codes({}, window(length))).toEqual(['LIMIT_EXCEEDED limits.duration'])
    expect(judge({}, window(Number.NaN))[0]?.message).toContain('NaN ms (2026-11-22T10:00:00Z to NaN)')
    expect(judge({}, window(0))[0]?.message).toContain('runs for 0 ms')
  })
})

describe('what a log shows', () => {
  const logged = (log: Partial<NonNullable<Met['log']>> = {}): Met => ({ ...nobody, log: { renewal: 0, total: lasting('1d'), witnessed: false, ...log } })
  const limits = { duration: lasting('14d'), totalDuration: lasting('30d'), renewals: 2, uses: 5 }

  test('numbers at their limit are met, declared as a renewal or not', () => {
    const met = logged({ renewal: 2, total: lasting('30d'), uses: 5 })
    expect(codes({ limits }, {}, met)).toEqual([])
    expect(codes({ limits }, { renews: 'before' }, met)).toEqual([])
    expect(codes({}, {}, logged({ renewal: 99, total: lasting('900d') }))).toEqual([])
  })

  test('one more of anything is not, whatever the document declares', () => {
    expect(judge({ limits }, {}, logged({ renewal: 3, total: lasting('31d'), uses: 6 }))).toEqual([
      {
        code: 'LIMIT_EXCEEDED', term: 'limits.uses', policies: ['p'], hint: 'ask anew under the policies in force',
        message: 'opt-out `hotfix` may be used 6 times, and `limits.uses` of `p` allows 5',
      },
      {
        code: 'LIMIT_EXCEEDED', term: 'limits.renewals', policies: ['p'], hint: 'fix the finding, or ask for a change of policy',
        message: 'opt-out `hotfix` is renewal 3 of its chain, and `limits.renewals` of `p` allows 2',
      },
      {
        code: 'LIMIT_EXCEEDED', term: 'limits.totalDuration', policies: ['p'], hint: 'fix the finding, or ask for a change of policy',
        message: 'with those before it opt-out `hotfix` runs for 31d, and `limits.totalDuration` of `p` allows 30d',
      },
    ])
  })

  test('an opt-out that may be used any number of times does not meet a limit', () => {
    expect(judge({ limits }, {}, logged())).toEqual([expect.objectContaining({
      term: 'limits.uses', message: 'opt-out `hotfix` may be used any number of times, and `limits.uses` of `p` allows 5',
    })])
  })

  test('numbers that are none meet nothing', () => {
    const met = logged({ renewal: Number.NaN, total: Number.NaN as Duration, uses: Number.NaN })
    expect(codes({ limits }, {}, met)).toEqual(['LIMIT_EXCEEDED limits.uses', 'LIMIT_EXCEEDED limits.renewals', 'LIMIT_EXCEEDED limits.totalDuration'])
  })

  test('a witness counts where one was shown', () => {
    expect(codes({ requires: { witness: true } }, {}, logged({ witnessed: true }))).toEqual([])
    expect(codes({ requires: { witness: true } }, {}, logged())).toEqual(['TERM_NEEDS_LOG requires.witness'])
  })

  test('people are named by the terms, not by signatures in git', () => {
    const [problem] = judge({ request: { groups: ['engineering'] } }, {}, logged())
    expect(problem).toMatchObject({ term: 'request', hint: expect.stringContaining('exeat explain') as string })
  })
})

describe('renewal', () => {
  test('history is for the log to show', () => {
    const limits = { duration: lasting('14d'), totalDuration: lasting('30d'), renewals: 2 }
    expect(judge({ limits }, { renews: 'before' })).toEqual([
      {
        code: 'TERM_NEEDS_LOG', term: 'limits.totalDuration', policies: ['p'], hint: 'use a new opt-out that renews nothing, or the log trust mode',
        message: 'opt-out `hotfix` renews `before`, and only a log can show what `limits.totalDuration` of `p` counts',
      },
      expect.objectContaining({ code: 'TERM_NEEDS_LOG', term: 'limits.renewals' }),
    ])
    expect(codes({ limits })).toEqual([])
    expect(codes({}, { renews: 'before' })).toEqual([])
  })

  test('none allowed needs no log', () => {
    expect(judge({ limits: { duration: lasting('14d'), renewals: 0 } }, { renews: 'before' })).toEqual([{
      code: 'LIMIT_EXCEEDED', term: 'limits.renewals', policies: ['p'], message: 'opt-out `hotfix` renews `before`, and `limits.renewals` of `p` allows 0', hint: 'ask for a new opt-out that renews nothing',
    }])
    expect(codes({ limits: { duration: lasting('14d'), totalDuration: lasting('14d'), renewals: 0 } }, { renews: 'before' })).toEqual(['TERM_NEEDS_LOG limits.totalDuration', 'LIMIT_EXCEEDED limits.renewals'])
  })
})

describe('findings', () => {
  const limited = { limits: { duration: lasting('14d'), findings: 3 } }

  test('must be stated where the terms limit them, and at most as many', () => {
    expect(codes(limited, { limits: { findings: 3 } })).toEqual([])
    expect(judge(limited, { limits: { findings: 4 } })).toEqual([{
      code: 'LIMIT_EXCEEDED', term: 'limits.findings', policies: ['p'], hint: 'state `limits: { findings: 3 }` or less',
      message: 'opt-out `hotfix` excuses up to 4 findings, and `limits.findings` of `p` allows 3',
    }])
    expect(judge(limited, { limits: {} })).toEqual([{
      code: 'FINDINGS_LIMIT_REQUIRED', term: 'limits.findings', policies: ['p'], hint: 'state `limits: { findings: 3 }` or less',
      message: 'opt-out `hotfix` states no `limits.findings`, and `p` asks for one',
    }])
  })

  test('must be stated where no impact is asked for', () => {
    expect(judge({ requires: { impact: false } }, { limits: {} })).toEqual([expect.objectContaining({ code: 'FINDINGS_LIMIT_REQUIRED', hint: 'state `limits: { findings: N }` or less' })])
    expect(codes({ requires: { impact: false } }, { limits: { findings: 1 } }, nobody, null)).toEqual([])
    expect(codes({}, { limits: {} })).toEqual([])
  })

  test('a policy that asks for an impact does not take the limit of another away', () => {
    const merged = mergeTerms(terms({ requires: { impact: false } }), termsOfPermit('q', openSpec))
    expect(unmetTerms(merged, standing({ limits: {} }), nobody, matches)).toEqual([expect.objectContaining({ code: 'FINDINGS_LIMIT_REQUIRED', policies: ['p'] })])
    expect(unmetTerms(merged, standing({ limits: { findings: 1 } }, null), nobody, matches)).toEqual([expect.objectContaining({ code: 'IMPACT_REQUIRED', policies: ['q'] })])
  })

  test('one refusal names all who ask', () => {
    const merged = mergeTerms(termsOfPermit('b', { ...openSpec, ...limited, requires: { impact: false } }), termsOfPermit('a', { ...openSpec, requires: { impact: false } }))
    expect(unmetTerms(merged, standing({ limits: {} }), nobody, matches)).toEqual([expect.objectContaining({ code: 'FINDINGS_LIMIT_REQUIRED', policies: ['a', 'b'] })])
  })
})

describe('requirements', () => {
  test('impact is asked for unless every policy says otherwise', () => {
    expect(judge({}, {}, nobody, null)).toEqual([{
      code: 'IMPACT_REQUIRED', term: 'requires.impact', policies: ['p'], message: 'opt-out `hotfix` has no recorded impact, and `p` asks for one',
      hint: expect.stringContaining('`exeat impact hotfix REPORTS --write`'),
    }])
  })

  test('each target that is asked for', () => {
    const requires = { targets: ['environments' as const, 'paths' as const, 'resources' as const] }
    expect(judge({ requires }, { targets: { environments: ['staging'], resources: ['x'] } })).toEqual([{
      code: 'TARGET_REQUIRED', term: 'requires.targets', policies: ['p'], hint: 'add `targets.paths`', message: 'opt-out `hotfix` does not say which `paths` it is for, and `p` asks for it',
    }])
    expect(codes({ requires }, { targets: { environments: ['staging'], paths: ['x'], resources: ['x'] } })).toEqual([])
    expect(codes({ requires: { targets: ['paths', 'images'] } }, { targets: { environments: ['staging'] } })).toEqual(['TARGET_REQUIRED requires.targets', 'TARGET_REQUIRED requires.targets'])
  })

  test('a ticket that matches every pattern', () => {
    expect(codes({ requires: { ticket: '^INC-[0-9]+$' } }, { ticket: 'INC-1' })).toEqual([])
    expect(judge({ requires: { ticket: '^INC-[0-9]+$' } }, { ticket: 'INC-1x' })).toEqual([{
      code: 'TICKET_REQUIRED', term: 'requires.ticket', policies: ['p'], hint: 'set `ticket` to one that matches `^INC-[0-9]+$`',
      message: 'opt-out `hotfix` names ticket `INC-1x`, and `p` asks for one that matches `^INC-[0-9]+$`',
    }])
    expect(judge({ requires: { ticket: '^INC' } })[0]?.message).toBe('opt-out `hotfix` names no ticket, and `p` asks for one that matches `^INC`')
    expect(codes({ requires: { ticket: '' } })).toEqual(['TICKET_REQUIRED requires.ticket'])
    const both = mergeTerms(terms({ requires: { ticket: '^INC' } }), termsOfPermit('q', { ...openSpec, requires: { ticket: '7$' } }))
    expect(unmetTerms(both, standing({ ticket: 'INC-8' }), nobody, matches).map((entry) => entry.policies)).toEqual([['q']])
  })

  test('RE2 judges tickets in a set: unanchored where the policy is, and never slow', () => {
    const set = setOf([permit('p', { requires: { ticket: 'INC' } }), permit('q', { controls: ['grype/*'], requires: { ticket: '^(a+)+$' } })])
    const answer = (control: string, ticket: string): string[] => {
      const found = set.termsFor({ control, environment: 'staging' })
      return found.kind === 'permitted' ? set.unmet(found.terms, standing({ ticket }), nobody).map((entry) => entry.code) : ['refused']
    }
    expect(answer('trivy/x', 'see INC-4')).toEqual([])
    expect(answer('trivy/x', 'inc-4')).toEqual(['TICKET_REQUIRED'])
    expect(answer('grype/x', `${'a'.repeat(500)}!`)).toEqual(['TICKET_REQUIRED'])
    expect(answer('grype/x', 'a'.repeat(500))).toEqual([])
  })

  test('a pattern that the set did not compile matches nothing', () => {
    expect(setOf([permit('p')]).unmet(terms({ requires: { ticket: '.' } }), standing({ ticket: 'x' }), nobody).map((entry) => entry.code)).toEqual(['TICKET_REQUIRED'])
  })

  test('a compensating control in so many words', () => {
    expect(codes({ requires: { compensatingControl: true } }, { compensatingControl: 'WAF rule' })).toEqual([])
    expect(codes({ requires: { compensatingControl: true } }, { compensatingControl: ' \n ' })).toEqual(['COMPENSATING_CONTROL_REQUIRED requires.compensatingControl'])
    expect(judge({ requires: { compensatingControl: true } })).toEqual([{
      code: 'COMPENSATING_CONTROL_REQUIRED', term: 'requires.compensatingControl', policies: ['p'], hint: 'say in `compensatingControl` what guards the risk meanwhile',
      message: 'opt-out `hotfix` names no compensating control, and `p` asks for one',
    }])
  })

  test('a witness is for the log to show', () => {
    expect(judge({ requires: { witness: true } })).toEqual([{
      code: 'TERM_NEEDS_LOG', term: 'requires.witness', policies: ['p'], hint: 'use the log trust mode',
      message: '`requires.witness` of `p` asks for a witnessed log entry, and none is shown for opt-out `hotfix`',
    }])
    expect(codes({ requires: { witness: false } })).toEqual([])
  })

  test('controls by pattern only where the terms say so', () => {
    for (const control of ['trivy/*', 'trivy/CVE-202?-1', 'trivy/{a,b}']) {
      expect(codes({}, { controls: [control] })).toEqual(['WILDCARD_REFUSED wildcards'])
      expect(codes({ wildcards: true }, { controls: [control] })).toEqual([])
    }
    expect(judge({}, { controls: ['trivy/a', 'trivy/*'] })).toEqual([{
      code: 'WILDCARD_REFUSED', term: 'wildcards', policies: ['p'], hint: 'name each control, or let every policy that covers them say `wildcards: true`',
      message: 'opt-out `hotfix` names controls by pattern (`trivy/*`), and `p` asks for each by name',
    }])
  })
})

describe('people and factors', () => {
  const strict: Partial<PermitSpec> = {
    request: { groups: ['engineering'] }, approve: [{ groups: ['security'], count: 1 }, { groups: ['owners'], count: 1 }], activate: { groups: ['sre'] }, mfa: { evidence: 'idp-signed' },
  }
  const met: Met = { evidence: 'idp-signed', requester: ['engineering'], approvers: [['security'], ['owners']], activator: ['ops', 'sre'] }

  test('met in full', () => {
    expect(codes(strict, {}, met)).toEqual([])
    expect(codes(strict, {}, { ...met, evidence: 'user-signed' })).toEqual([])
  })

  test('nobody shown: each term by itself, with what could meet it', () => {
    const answers = judge(strict)
    expect(answers.map((entry) => [entry.code, entry.term, entry.message])).toEqual([
      ['TERM_NEEDS_SIGNATURE', 'request', '`request` of `p` asks for somebody of `engineering`, and for opt-out `hotfix` nobody is shown'],
      ['TERM_NEEDS_SIGNATURE', 'approve', '`approve` of `p` asks for 1 of `owners` and 1 of `security`, and for opt-out `hotfix` no approval is shown'],
      ['TERM_NEEDS_SIGNATURE', 'activate', '`activate` of `p` asks for somebody of `sre`, and for opt-out `hotfix` nobody is shown'],
      ['TERM_NEEDS_SIGNATURE', 'mfa', '`mfa` of `p` asks for `idp-signed` evidence, and none is shown for opt-out `hotfix`'],
    ])
    for (const answer of answers) expect(answer).toMatchObject({ policies: ['p'], hint: expect.stringMatching(/SSH signatures by FIDO2 keys.*once they are merged/) })
  })

  test('the wrong people and weaker evidence', () => {
    expect(judge(strict, {}, { ...met, requester: ['sre'] }).map((entry) => entry.message)).toEqual(['`request` of `p` asks for somebody of `engineering`, and for opt-out `hotfix` the one shown is in `sre`'])
    expect(judge(strict, {}, { ...met, approvers: [['security', 'owners']] }).map((entry) => entry.message)).toEqual(['`approve` of `p` asks for 1 of `owners` and 1 of `security`, and for opt-out `hotfix` the 1 shown do not fill it with distinct people'])
    expect(codes(strict, {}, { ...met, activator: ['engineering'] })).toEqual(['TERM_NEEDS_SIGNATURE activate'])
    for (const evidence of ['server-asserted', 'forge-asserted', 'operator-asserted', 'none'] as const) expect(codes(strict, {}, { ...met, evidence })).toEqual(['TERM_NEEDS_SIGNATURE mfa'])
    expect(judge(strict, {}, { ...met, evidence: 'operator-asserted' })[0]?.message).toBe('`mfa` of `p` asks for `idp-signed` evidence, and `operator-asserted` is shown for opt-out `hotfix`')
  })

  test('age, attestation and backup of the factor', () => {
    const mfa: PermitSpec['mfa'] = { evidence: 'user-signed', maxAge: lasting('5m'), attested: true, backupEligible: false }
    const shown = (part: Partial<NonNullable<Met['factor']>>): Met => ({ ...met, evidence: 'user-signed', factor: { attested: true, backupEligible: false, age: lasting('5m'), ...part } })
    const messages = (given: Met): string[] => judge({ mfa }, {}, given).map((entry) => entry.message.replace(/^`mfa` of `p` asks for /, '').replace(/ for opt-out `hotfix`$/, ''))
    expect(messages(shown({}))).toEqual([])
    expect(messages(shown({ age: lasting('5m') + 1 as Duration }))).toEqual(['a second factor at most 5m old, and 300001 ms is shown'])
    expect(messages(shown({ age: Number.NaN as Duration }))).toEqual(['a second factor at most 5m old, and NaN ms is shown'])
    expect(messages(shown({ attested: false }))).toEqual(['an attested authenticator, and none is shown'])
    expect(messages(shown({ backupEligible: true }))).toEqual(['a key that cannot be backed up, and none is shown'])
    expect(messages({ ...met, evidence: 'user-signed' })).toEqual(['a second factor at most 5m old, and no age is shown', 'an attested authenticator, and none is shown', 'a key that cannot be backed up, and none is shown'])
    expect(codes({ mfa: { evidence: 'user-signed' } }, {}, { ...met, evidence: 'user-signed' })).toEqual([])
  })
})

describe('emergencies', () => {
  const emergency: NonNullable<PermitSpec['emergency']> = { groups: ['oncall'], duration: lasting('4h'), mfa: { evidence: 'user-signed' }, reviewers: ['security'], reviewWithin: lasting('72h') }
  const strict: Partial<PermitSpec> = { request: { groups: ['engineering'] }, approve: [{ groups: ['security'], count: 1 }], activate: { groups: ['sre'] }, mfa: { evidence: 'idp-signed' } }
  const from = at('2026-11-22T10:00:00Z')
  const own = (part: OptOutPart = {}): OptOutPart => ({ category: 'emergency', window: { from, until: from + lasting('4h') as Instant }, ...part })
  const oncall: Met = { ...nobody, evidence: 'user-signed', activator: ['oncall'] }

  test('have their own people and factor, and no approval beforehand', () => {
    expect(codes({ ...strict, emergency }, own(), oncall)).toEqual([])
    expect(codes({ ...strict, emergency }, own(), { ...oncall, activator: ['sre'] })).toEqual(['TERM_NEEDS_SIGNATURE emergency.groups'])
    expect(codes({ ...strict, emergency }, own(), { ...oncall, evidence: 'idp-signed' })).toEqual(['TERM_NEEDS_SIGNATURE emergency.mfa'])
    expect(codes({ ...strict, emergency: { ...emergency, mfa: { evidence: 'user-signed', attested: true, backupEligible: false } } }, own(), oncall)).toEqual(['TERM_NEEDS_SIGNATURE emergency.mfa', 'TERM_NEEDS_SIGNATURE emergency.mfa'])
  })

  test('are refused where not every policy permits one', () => {
    expect(judge(strict, own(), oncall)).toEqual([{
      code: 'NOT_PERMITTED', term: 'emergency', policies: ['p'], hint: 'choose another category, or let every covering policy state `emergency`',
      message: 'opt-out `hotfix` is an emergency, and not every policy that covers it (`p`) permits one',
    }])
  })

  test('are short, renew nothing and state how many findings', () => {
    expect(codes({ emergency }, own({ window: { from, until: from + lasting('4h') + 1 as Instant } }), oncall)).toEqual(['LIMIT_EXCEEDED emergency.duration'])
    expect(codes({ emergency: { ...emergency, duration: lasting('1h') } }, own(), oncall)).toEqual(['LIMIT_EXCEEDED emergency.duration'])
    expect(judge({ emergency }, own({ renews: 'before' }), oncall)).toEqual([{
      code: 'LIMIT_EXCEEDED', term: 'emergency', policies: ['p'], hint: 'ask for an ordinary opt-out', message: 'opt-out `hotfix` is an emergency and renews `before`, and an emergency renews nothing',
    }])
    expect(codes({}, own({ renews: 'before' }), oncall)).toEqual(['NOT_PERMITTED emergency', 'LIMIT_EXCEEDED emergency'])
    expect(codes({ emergency }, own({ limits: {} }), oncall)).toEqual(['FINDINGS_LIMIT_REQUIRED limits.findings'])
  })

  test('nobody left in common', () => {
    const merged = (part: object) => mergeTerms(terms({ emergency }), termsOfPermit('q', { ...openSpec, emergency: { ...emergency, ...part } }))
    expect(unmetTerms(merged({ groups: ['sre'] }), standing(own()), oncall, matches)).toEqual([{
      code: 'NOBODY_LEFT', term: 'emergency.groups', policies: ['p', 'q'], hint: 'let the policies share a group',
      message: '`p`, `q` name no group in common under `emergency.groups`, so opt-out `hotfix` cannot be an emergency',
    }])
    expect(unmetTerms(merged({ reviewers: ['sre'] }), standing(own()), oncall, matches)).toMatchObject([{ code: 'NOBODY_LEFT', term: 'emergency.reviewers' }])
    expect(unmetTerms(merged({ groups: ['sre'] }), standing(), nobody, matches)).toEqual([])
  })
})

test('tighter terms are never better met', () => {
  const optOuts = fc.record({
    length: fc.integer({ min: 1, max: 100 }), findings: fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }), ticket: fc.constantFrom('INC-1', 'SEC-1', 'x'), wild: fc.boolean(),
    targets: fc.constantFrom<NonNullable<OptOut['spec']['targets']>>({}, { paths: ['a'] }, { paths: ['a'], environments: ['b'], repositories: ['c'] }), renews: fc.boolean(), impact: fc.boolean(), emergency: fc.boolean(),
  }).map((part) => standing({
    window: { from: at('2026-11-22T10:00:00Z'), until: at('2026-11-22T10:00:00Z') + part.length * 3_600_000 as Instant }, limits: part.findings === undefined ? {} : { findings: part.findings },
    ticket: part.ticket, controls: [part.wild ? 'trivy/*' : 'trivy/x'], targets: part.targets, category: part.emergency ? 'emergency' : 'waiver', ...(part.renews ? { renews: 'y' } : {}),
  }, part.impact ? new Set() : null))
  const groups = fc.subarray(['security', 'sre', 'engineering', 'owners'])
  const mets: fc.Arbitrary<Met> = fc.record({ evidence: fc.constantFrom('user-signed', 'idp-signed', 'none'), approvers: fc.array(groups, { maxLength: 4 }), requester: groups, activator: groups })
  /** What is missed; an emergency misses `emergency` as a whole, since a merge may take it away altogether. */
  const missed = (given: Terms, ...rest: [ReturnType<typeof standing>, Met]): string[] =>
    unmetTerms(given, ...rest, matches).map((entry) => (entry.term.startsWith('emergency') ? 'emergency' : entry.term))
  let met = 0
  fc.assert(fc.property(arbitrarySpec, arbitrarySpec, optOuts, mets, (one, other, optOut, shown) => {
    const loose = termsOfPermit('p', one)
    const before = missed(loose, optOut, shown)
    const after = missed(mergeTerms(loose, termsOfPermit('q', other)), optOut, shown)
    met += after.filter((term) => !before.includes(term)).length
    for (const term of before) expect(after).toContain(term)
  }), { numRuns: 1_000 })
  expect(met).toBeGreaterThan(100)
})
