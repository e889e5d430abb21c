import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { PermitSpec } from '../../src/document/schema.ts'
import { evidenceStrengths } from '../../src/model/facts.ts'
import { atLeast, merge, mergeTerms, termsOfPermit } from '../../src/policy/merge.ts'
import type { People, Terms } from '../../src/policy/types.ts'
import { arbitrarySpec } from './arbitrary.ts'
import { lasting, openSpec, strictSpec } from './build.ts'

const named = fc.array(arbitrarySpec, { minLength: 1, maxLength: 5 }).map((specs) => specs.map((spec, index) => termsOfPermit(`p${index}`, spec)))
const fold = (list: readonly Terms[]): Terms => list.slice(1).reduce(mergeTerms, list[0] as Terms)
const of = (name: string, part: Partial<PermitSpec>): Terms => termsOfPermit(name, { ...openSpec, ...part })

describe('algebra', () => {
  test('order never changes the merge', () => {
    fc.assert(fc.property(named.chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length }))), ([list, shuffled]) => {
      expect(fold(shuffled)).toEqual(fold(list))
    }))
  })

  test('grouping never changes the merge', () => {
    fc.assert(fc.property(named, named, named, (a, b, c) => {
      const [x, y, z] = [fold(a), fold(b), fold(c)]
      expect(mergeTerms(mergeTerms(x, y), z)).toEqual(mergeTerms(x, mergeTerms(y, z)))
    }))
  })

  test('duplicates never change the merge', () => {
    fc.assert(fc.property(named, fc.nat(), (list, index) => {
      expect(fold([...list, list[index % list.length] as Terms])).toEqual(fold(list))
      expect(mergeTerms(fold(list), fold(list))).toEqual(fold(list))
    }))
  })

  test('a permit more never permits more', () => {
    fc.assert(fc.property(named, arbitrarySpec, (list, extra) => {
      const before = fold(list)
      const after = mergeTerms(before, termsOfPermit('extra', extra))
      expect(looserThan(after, before)).toEqual([])
    }))
  })

  test('every policy is named, and values name only policies of the merge', () => {
    fc.assert(fc.property(named, (list) => {
      const merged = fold(list)
      expect(merged.policies).toEqual(list.flatMap((terms) => terms.policies).sort())
      const cited = JSON.stringify(merged).matchAll(/"policies":\[([^\]]*)\]/g)
      for (const [, names = ''] of cited) {
        const cites = names === '' ? [] : names.split(',').map((name) => name.slice(1, -1))
        expect([...cites].sort()).toEqual(cites)
        for (const name of cites) expect(merged.policies).toContain(name)
      }
    }))
  })
})

/** Where `a` permits more than `b`: written from the design, without the merge's own helpers. Empty: `a` is at most as permissive. */
function looserThan(a: Terms, b: Terms): string[] {
  const wrong: string[] = []
  const check = (name: string, fine: boolean): void => { if (!fine) wrong.push(name) }
  const within = (x: People, y: People): boolean => y === 'anyone' || (x !== 'anyone' && x.every((group) => y.includes(group)))
  const atMost = (x?: { value: number }, y?: { value: number }): boolean => y === undefined || (x !== undefined && x.value <= y.value)
  const strength = (e: (typeof evidenceStrengths)[number]): number => -evidenceStrengths.indexOf(e)
  type Factor = { evidence: (typeof evidenceStrengths)[number]; maxAge?: number; attested?: boolean; backupEligible?: boolean }
  const factor = (x: Factor | 'none', y: Factor | 'none'): boolean => y === 'none' || (x !== 'none' && strength(x.evidence) >= strength(y.evidence)
    && (y.maxAge === undefined || (x.maxAge !== undefined && x.maxAge <= y.maxAge)) && (!y.attested || x.attested === true) && (y.backupEligible !== false || x.backupEligible === false))
  check('request', within(a.request.value, b.request.value))
  check('activate', within(a.activate.value, b.activate.value))
  for (const { value } of b.approve) check('approve', a.approve.some((entry) => String(entry.value.groups) === String(value.groups) && entry.value.count >= value.count))
  check('revoke', (b.revoke?.value ?? []).every((group) => a.revoke?.value.includes(group)))
  check('mfa', factor(a.mfa.value, b.mfa.value))
  for (const key of ['approverMayActivate', 'wildcards'] as const) check(key, !a[key].value || b[key].value)
  for (const key of ['duration', 'totalDuration', 'renewals', 'findings', 'active', 'uses'] as const) check(key, atMost(a.limits[key], b.limits[key]))
  for (const key of ['approval', 'activation'] as const) check(key, atMost(a.timers[key], b.timers[key]))
  check('targets', b.requires.targets.value.every((key) => a.requires.targets.value.includes(key)))
  check('tickets', b.requires.tickets.every(({ value }) => a.requires.tickets.some((ticket) => ticket.value === value)))
  for (const key of ['compensatingControl', 'impact', 'findingsLimit', 'witness'] as const) check(key, a.requires[key].value || !b.requires[key].value)
  check('conditions', b.conditions.every(({ value }) => a.conditions.some((other) => other.value.at === value.at && other.value.expression === value.expression)))
  check('alerts', b.alerts.every(({ value }) => a.alerts.some((alert) => alert.value === value)))
  const [forms, before] = [a.nativeForms.value, b.nativeForms.value]
  check('nativeForms', forms === 'self-expiring' || (before !== 'self-expiring' && forms.maxLag <= before.maxLag))
  const [x, y] = [a.emergency?.value, b.emergency?.value]
  check('emergency', x === undefined || (y !== undefined && within(x.groups, y.groups) && within(x.reviewers, y.reviewers) && x.duration <= y.duration
    && x.reviewWithin <= y.reviewWithin && factor(x.mfa, y.mfa) && (!x.offline || y.offline === true)))
  return wrong
}

test('the order of the test notices what is looser', () => {
  const tight = termsOfPermit('p', strictSpec)
  const loose = termsOfPermit('p', openSpec)
  expect(looserThan(loose, tight)).toEqual(['request', 'activate', 'approve', 'mfa'])
  expect(looserThan(tight, loose)).toEqual([])
})

describe('values and who set them', () => {
  const merged = (...parts: Partial<PermitSpec>[]): Terms => fold(parts.map((part, index) => of('abc'[index] as string, part)))

  test('defaults of one permit', () => {
    const terms = of('a', {})
    expect(terms).toEqual({
      policies: ['a'],
      request: { value: 'anyone', policies: ['a'] }, approve: [], activate: { value: 'anyone', policies: ['a'] }, mfa: { value: 'none', policies: ['a'] },
      approverMayActivate: { value: false, policies: ['a'] }, wildcards: { value: false, policies: ['a'] },
      limits: { duration: { value: lasting('14d'), policies: ['a'] } }, timers: {},
      requires: {
        targets: { value: [], policies: [] }, tickets: [], compensatingControl: { value: false, policies: ['a'] }, impact: { value: true, policies: ['a'] },
        findingsLimit: { value: false, policies: ['a'] }, witness: { value: false, policies: ['a'] },
      },
      conditions: [], nativeForms: { value: 'self-expiring', policies: ['a'] }, alerts: [],
    })
  })

  test('everything stated is kept', () => {
    const terms = of('a', {
      request: { groups: ['b', 'a', 'b'] }, revoke: { groups: ['z', 'y'] }, mfa: { evidence: 'idp-signed', maxAge: lasting('5m') }, approverMayActivate: true, wildcards: true,
      limits: { duration: lasting('1d'), totalDuration: lasting('2d'), renewals: 0, findings: 3, active: 4, uses: 5 }, timers: { approval: lasting('1h'), activation: lasting('2h') },
      requires: { targets: ['paths', 'environments'], ticket: '^A', compensatingControl: true, impact: false, witness: true },
      emergency: { groups: ['b', 'a'], duration: lasting('4h'), mfa: { evidence: 'user-signed', attested: true, backupEligible: false }, reviewers: ['r'], reviewWithin: lasting('72h') },
      nativeForms: { allowed: true, maxLag: lasting('1h') }, alerts: ['z', 'y'],
    })
    const by = <T>(value: T) => ({ value, policies: ['a'] })
    expect(terms.request).toEqual(by(['a', 'b']))
    expect(terms.revoke).toEqual(by(['y', 'z']))
    expect(terms.mfa).toEqual(by({ evidence: 'idp-signed', maxAge: lasting('5m'), attested: false, backupEligible: true }))
    expect([terms.approverMayActivate, terms.wildcards]).toEqual([by(true), by(true)])
    expect(terms.limits).toEqual({ duration: by(lasting('1d')), totalDuration: by(lasting('2d')), renewals: by(0), findings: by(3), active: by(4), uses: by(5) })
    expect(terms.timers).toEqual({ approval: by(lasting('1h')), activation: by(lasting('2h')) })
    expect(terms.requires).toEqual({ targets: by(['environments', 'paths']), tickets: [by('^A')], compensatingControl: by(true), impact: by(false), findingsLimit: by(true), witness: by(true) })
    expect(terms.emergency).toEqual(by({
      groups: ['a', 'b'], duration: lasting('4h'), mfa: { evidence: 'user-signed', attested: true, backupEligible: false }, reviewers: ['r'], reviewWithin: lasting('72h'), offline: false,
    }))
    expect(terms.nativeForms).toEqual(by({ allowed: true, maxLag: lasting('1h') }))
    expect(terms.alerts).toEqual([by('y'), by('z')])
  })

  test('people: `anyone` gives way, groups intersect by name', () => {
    expect(merged({ request: 'anyone' }, { request: 'anyone' }).request).toEqual({ value: 'anyone', policies: ['a', 'b'] })
    expect(merged({ request: 'anyone' }, { request: { groups: ['x'] } }).request).toEqual({ value: ['x'], policies: ['b'] })
    expect(merged({ request: { groups: ['x'] } }, { request: 'anyone' }).request).toEqual({ value: ['x'], policies: ['a'] })
    expect(merged({ activate: { groups: ['x', 'y'] } }, { activate: { groups: ['y', 'z'] } }).activate).toEqual({ value: ['y'], policies: ['a', 'b'] })
  })

  test('approvals unite; the same groups in any order take the larger count', () => {
    expect(merged({ approve: [{ groups: ['x', 'y'], count: 1 }] }, { approve: [{ groups: ['y', 'x'], count: 2 }, { groups: ['x'], count: 1 }] }).approve).toEqual([
      { value: { groups: ['x', 'y'], count: 2 }, policies: ['b'] }, { value: { groups: ['x'], count: 1 }, policies: ['b'] },
    ])
    expect(merged({ approve: [{ groups: ['x'], count: 2 }] }, { approve: [{ groups: ['x'], count: 2 }] }).approve).toEqual([{ value: { groups: ['x'], count: 2 }, policies: ['a', 'b'] }])
  })

  test('numbers take the minimum, and ties name both', () => {
    const { limits } = merged({ limits: { duration: lasting('2d'), findings: 5 } }, { limits: { duration: lasting('1d'), uses: 3 } }, { limits: { duration: lasting('1d'), uses: 3, findings: 6 } })
    expect(limits).toEqual({ duration: { value: lasting('1d'), policies: ['b', 'c'] }, findings: { value: 5, policies: ['a'] }, uses: { value: 3, policies: ['b', 'c'] } })
    expect(merged({ timers: { approval: lasting('2h') } }, { timers: { approval: lasting('1h'), activation: lasting('3h') } }).timers)
      .toEqual({ approval: { value: lasting('1h'), policies: ['b'] }, activation: { value: lasting('3h'), policies: ['b'] } })
  })

  test('the stronger evidence, the shorter age, attestation if asked, backups only if all allow them', () => {
    expect(merged({ mfa: { evidence: 'idp-signed', maxAge: lasting('5m'), attested: true } }, { mfa: { evidence: 'user-signed', maxAge: lasting('10m'), backupEligible: false } }).mfa)
      .toEqual({ value: { evidence: 'user-signed', maxAge: lasting('5m'), attested: true, backupEligible: false }, policies: ['a', 'b'] })
    expect(merged({ mfa: 'none' }, { mfa: { evidence: 'forge-asserted' } }).mfa).toEqual({ value: { evidence: 'forge-asserted', attested: false, backupEligible: true }, policies: ['b'] })
    expect(merged({ mfa: { evidence: 'forge-asserted' } }, { mfa: 'none' }).mfa.policies).toEqual(['a'])
    expect(merged({ mfa: 'none' }, { mfa: 'none' }).mfa).toEqual({ value: 'none', policies: ['a', 'b'] })
  })

  test('what permits is for all to say, what restricts for one', () => {
    expect(merged({ wildcards: true }, { wildcards: true }).wildcards).toEqual({ value: true, policies: ['a', 'b'] })
    expect(merged({ wildcards: true }, {}).wildcards).toEqual({ value: false, policies: ['b'] })
    expect(merged({}, { approverMayActivate: true }).approverMayActivate).toEqual({ value: false, policies: ['a'] })
    const { requires } = merged({ requires: { impact: false, witness: true } }, { requires: { impact: false, targets: ['paths'] } }, { requires: { compensatingControl: true, targets: ['images'] } })
    expect(requires).toEqual({
      targets: { value: ['images', 'paths'], policies: ['b', 'c'] }, tickets: [], compensatingControl: { value: true, policies: ['c'] },
      impact: { value: true, policies: ['c'] }, findingsLimit: { value: true, policies: ['a', 'b'] }, witness: { value: true, policies: ['a'] },
    })
    expect(merged({ requires: { impact: false } }, { requires: { impact: false } }).requires.impact).toEqual({ value: false, policies: ['a', 'b'] })
  })

  test('revoke groups, tickets, conditions and alerts unite', () => {
    const condition = { at: 'decide' as const, expression: 'true', message: 'm' }
    const terms = merged(
      { revoke: { groups: ['x'] }, requires: { ticket: '^B' }, conditions: [condition], alerts: ['q', 'p'] },
      { revoke: { groups: ['y'] }, requires: { ticket: '^A' }, conditions: [{ ...condition, at: 'activate' }], alerts: ['p'] },
      { requires: { ticket: '^B' }, conditions: [condition] },
    )
    expect(terms.revoke).toEqual({ value: ['x', 'y'], policies: ['a', 'b'] })
    expect(terms.requires.tickets).toEqual([{ value: '^A', policies: ['b'] }, { value: '^B', policies: ['a', 'c'] }])
    expect(terms.conditions).toEqual([{ value: { ...condition, at: 'activate' }, policies: ['b'] }, { value: condition, policies: ['a', 'c'] }])
    expect(terms.alerts).toEqual([{ value: 'p', policies: ['a', 'b'] }, { value: 'q', policies: ['a'] }])
  })

  test('an emergency only if every permit has one, merged likewise', () => {
    const emergency = { groups: ['x', 'y'], duration: lasting('4h'), mfa: { evidence: 'idp-signed' as const }, reviewers: ['r', 's'], reviewWithin: lasting('72h'), offline: true }
    const other = { groups: ['y', 'z'], duration: lasting('2h'), mfa: { evidence: 'user-signed' as const, attested: true }, reviewers: ['s'], reviewWithin: lasting('96h'), offline: true }
    expect(merged({ emergency }, {}).emergency).toBeUndefined()
    expect(merged({}, { emergency }).emergency).toBeUndefined()
    expect(merged({ emergency }, { emergency: other }).emergency).toEqual({
      value: { groups: ['y'], duration: lasting('2h'), mfa: { evidence: 'user-signed', attested: true, backupEligible: true }, reviewers: ['s'], reviewWithin: lasting('72h'), offline: true },
      policies: ['a', 'b'],
    })
    const { offline: _, ...silent } = other
    expect(merged({ emergency }, { emergency: silent }).emergency?.value.offline).toBe(false)
  })

  test('the narrower native form', () => {
    const allowed = (text: string) => ({ nativeForms: { allowed: true as const, maxLag: lasting(text) } })
    expect(merged(allowed('2h'), {}).nativeForms).toEqual({ value: 'self-expiring', policies: ['b'] })
    expect(merged({}, allowed('2h')).nativeForms).toEqual({ value: 'self-expiring', policies: ['a'] })
    expect(merged(allowed('2h'), allowed('1h')).nativeForms).toEqual({ value: { allowed: true, maxLag: lasting('1h') }, policies: ['b'] })
    expect(merged({}, {}).nativeForms.policies).toEqual(['a', 'b'])
  })

  test('nobody left refuses, naming the policies', () => {
    const split = (term: 'request' | 'activate') => merge([of('a', { [term]: { groups: ['x'] } }), of('b', { [term]: { groups: ['y'] } }), of('c', {})])
    expect(split('request')).toMatchObject({ ok: false, because: { code: 'NOBODY_LEFT', term: 'request', policies: ['a', 'b'], message: '`a` and `b` name no group in common under `request`, so nobody may request' } })
    expect(split('activate')).toMatchObject({ ok: false, because: { code: 'NOBODY_LEFT', term: 'activate', policies: ['a', 'b'] } })
    expect(merge([of('a', {})])).toEqual({ ok: true, terms: of('a', {}) })
  })
})

test('evidence compares by the published order', () => {
  expect(atLeast('user-signed', 'idp-signed')).toBe(true)
  expect(atLeast('idp-signed', 'idp-signed')).toBe(true)
  expect(atLeast('idp-signed', 'user-signed')).toBe(false)
  expect(atLeast('operator-asserted', 'forge-asserted')).toBe(false)
  expect(atLeast('none', 'operator-asserted')).toBe(false)
})
