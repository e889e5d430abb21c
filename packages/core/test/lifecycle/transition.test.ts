import { describe, expect, test } from 'vitest'
import { fold, inForce, phaseAt, refusalCodes, reviewAt, scopesMeet } from '../../src/lifecycle/index.ts'
import type { Act, Asked } from '../../src/lifecycle/index.ts'
import type { Duration, Instant } from '../../src/model/index.ts'
import { World, asked, at, binding, codeOf, day, facts, hour, person, start, terms } from './world.ts'

const uid = 'u'.repeat(64)
const request = (over: Partial<Asked> = {}): Act => ({ kind: 'request', uid, asked: asked('one', over), involved: [] })
const phase = (world: World, id: string, now: Instant): string | undefined => {
  const record = world.ledger.records.get(id)
  return record === undefined ? undefined : phaseAt(record, now)
}
const provoked = new Set<string>()
const expectCode = (code: string, wanted: string): void => {
  provoked.add(code)
  expect(code).toBe(wanted)
}

describe('the way to active', () => {
  test('request, approve, activate; in force from its beginning until its end', () => {
    const world = new World()
    const id = world.activated('log4j')
    expect(phase(world, id, at(2 * day - 1))).toBe('active')
    expect(phase(world, id, at(2 * day))).toBe('lapsed')
    expect(world.events.map(({ type }) => type)).toEqual(['optout.proposed', 'optout.approved', 'optout.activated'])
  })

  test('active before its window begins, in force only from then', () => {
    const world = new World()
    const id = world.activated('later', { window: { from: at(day), until: at(2 * day) } })
    const record = world.ledger.records.get(id)
    expect(record && [inForce(record, at(day - 1)), inForce(record, at(day)), inForce(record, at(2 * day))]).toEqual([false, true, false])
  })

  test('approve: none needs no approval, and silence of others changes nothing', () => {
    const world = new World()
    const free = facts('alice', { terms: terms({ approve: [] }) })
    world.act(request(), free, start)
    expect(phase(world, uid, start)).toBe('approved')
    expect(codeOf(world.act({ kind: 'activate', uid, signed: binding }, free, start))).toBe('granted')
  })

  test('attack-21: silence never approves; a request times out at its timer and stays so', () => {
    const world = new World()
    world.act(request({ window: { from: start, until: at(10 * day) } }), facts('alice'), start)
    expect(phase(world, uid, at(72 * hour - 1))).toBe('proposed')
    expect(phase(world, uid, at(72 * hour))).toBe('timed-out')
    expectCode(codeOf(world.act({ kind: 'approve', uid, signed: binding }, facts('bob'), at(72 * hour))), 'WRONG_PHASE')
  })

  test('activation has a timer of its own, from the approval that met the quorum', () => {
    const world = new World()
    world.act(request({ window: { from: start, until: at(10 * day) } }), facts('alice'), start)
    world.act({ kind: 'approve', uid, signed: binding }, facts('bob'), at(70 * hour))
    expect(phase(world, uid, at(94 * hour - 1))).toBe('approved')
    expectCode(codeOf(world.act({ kind: 'activate', uid, signed: binding }, facts('dave'), at(94 * hour))), 'WRONG_PHASE')
  })

  test('a window that is over before anybody activated is timed out', () => {
    const world = new World()
    world.act(request({ window: { from: start, until: at(hour) } }), facts('alice'), start)
    expect(phase(world, uid, at(hour))).toBe('timed-out')
  })
})

describe('requests', () => {
  test.each([
    ['ends now', { window: { from: at(-hour), until: start } }, 'WINDOW_OVER'],
    ['runs backwards', { window: { from: at(2 * hour), until: at(hour) } }, 'WINDOW_OVER'],
    ['is no time at all', { window: { from: NaN as Instant, until: NaN as Instant } }, 'WINDOW_OVER'],
    ['a millisecond too long', { window: { from: start, until: at(14 * day + 1) } }, 'DURATION_EXCEEDED'],
    ['exactly as long as allowed', { window: { from: start, until: at(14 * day) } }, 'granted'],
    ['renews what never was', { renews: 'ghost' }, 'RENEWAL_UNKNOWN'],
  ] as const)('a window that %s', (_, over, code) => {
    expectCode(codeOf(new World().act(request(over), facts('alice'), start)), code)
  })

  test('names and documents are never used twice, whatever became of the first', () => {
    const world = new World()
    world.act(request(), facts('alice'), start)
    world.act({ kind: 'withdraw', uid, reason: 'fixed' }, facts('alice'), start)
    expectCode(codeOf(world.act(request(), facts('alice'), start)), 'ALREADY_STANDS')
    expectCode(codeOf(world.act({ ...request(), uid: 'v'.repeat(64) } as Act, facts('alice'), start)), 'NAME_REUSED')
  })

  test('attack-08: a clock that ran backwards refuses, NaN refuses, but revoking always works', () => {
    const world = new World()
    const id = world.activated('one')
    expectCode(codeOf(world.act(request(), facts('alice'), at(-1))), 'CLOCK_BACKWARDS')
    expect(codeOf(world.act(request(), facts('alice'), NaN as Instant))).toBe('CLOCK_BACKWARDS')
    expect(codeOf(world.act({ kind: 'revoke', uid: id, reason: 'fixed' }, facts('bob'), at(-1)))).toBe('granted')
    expect(phase(world, id, start)).toBe('revoked')
  })

  test('an act on nothing', () => {
    expectCode(codeOf(new World().act({ kind: 'approve', uid, signed: binding }, facts('bob'), start)), 'UNKNOWN_OPTOUT')
  })
})

describe('approvals', () => {
  const proposed = (involved: readonly string[] = [], over = terms()): World => {
    const world = new World()
    world.act({ kind: 'request', uid, asked: asked('one'), involved: involved.map(person) }, facts('alice', { terms: over }), start)
    return world
  }
  const approve = (world: World, who: string, over = {}): string =>
    codeOf(world.act({ kind: 'approve', uid, signed: binding }, facts(who, over), start))

  test('attack-03: requester, author and pusher never approve, whatever groups they are in', () => {
    const world = proposed(['bob'])
    expectCode(approve(world, 'bob'), 'SELF_APPROVAL')
    expect(approve(world, 'alice', { groups: ['security'] })).toBe('SELF_APPROVAL')
  })

  test('attack-03: the same sub at another issuer is another person, the same person under another label is not', () => {
    const world = proposed([])
    const twin = { actor: { iss: 'https://other.example', sub: 'alice' }, groups: ['security'] }
    expect(approve(world, 'alice', twin)).toBe('granted')
  })

  test('attack-04: one person counts once', () => {
    const world = proposed([], terms({ approve: [{ groups: ['security'], count: 2 }] }))
    expect(approve(world, 'bob')).toBe('granted')
    expectCode(approve(world, 'bob'), 'APPROVED_ALREADY')
    expect(phase(world, uid, start)).toBe('proposed')
    expect(approve(world, 'carol')).toBe('granted')
    expect(phase(world, uid, start)).toBe('approved')
  })

  test('one person in two groups does not fill two places', () => {
    const world = proposed([], terms({ approve: [{ groups: ['security'], count: 1 }, { groups: ['owners'], count: 1 }] }))
    approve(world, 'carol')
    expect(phase(world, uid, start)).toBe('proposed')
    approve(world, 'bob')
    expect(phase(world, uid, start)).toBe('approved')
  })

  test('somebody of no group', () => {
    expectCode(approve(proposed(), 'mallory'), 'NOT_ENTITLED')
  })

  test('attack-05: what was signed must be what stands', () => {
    const world = proposed()
    const other = { ...binding, optOut: 'd'.repeat(64) }
    expectCode(codeOf(world.act({ kind: 'approve', uid, signed: other }, facts('bob'), start)), 'CONTENT_CHANGED')
    expect(phase(world, uid, start)).toBe('proposed')
  })

  test.each(['optOut', 'terms', 'impact'] as const)('attack-09: a changed %s makes the request stale, for ever', (key) => {
    const world = proposed()
    approve(world, 'bob')
    const changed = { binding: { ...binding, [key]: 'e'.repeat(64) } }
    expect(codeOf(world.act({ kind: 'activate', uid, signed: binding }, facts('dave', changed), start))).toBe('CONTENT_CHANGED')
    expect(phase(world, uid, start)).toBe('stale')
    expect(codeOf(world.act({ kind: 'activate', uid, signed: binding }, facts('dave'), start))).toBe('WRONG_PHASE')
  })

  test('rejecting takes an approver, withdrawing the requester', () => {
    expectCode(codeOf(proposed().act({ kind: 'reject', uid, reason: 'no' }, facts('dave'), start)), 'NOT_ENTITLED')
    expect(codeOf(proposed().act({ kind: 'withdraw', uid, reason: 'no' }, facts('dave'), start))).toBe('NOT_ENTITLED')
    const world = proposed()
    expect(codeOf(world.act({ kind: 'reject', uid, reason: 'no' }, facts('bob'), start))).toBe('granted')
    expect(phase(world, uid, start)).toBe('rejected')
  })
})

describe('activation', () => {
  test('a counted approver may not activate, unless the terms say so', () => {
    for (const [approverMayActivate, wanted] of [[false, 'APPROVER_MAY_NOT_ACTIVATE'], [true, 'granted']] as const) {
      const world = new World()
      const agreed = terms({ approverMayActivate, activate: ['security'] })
      world.act(request(), facts('alice', { terms: agreed }), start)
      world.act({ kind: 'approve', uid, signed: binding }, facts('bob'), start)
      expectCode(codeOf(world.act({ kind: 'activate', uid, signed: binding }, facts('bob'), start)), wanted)
    }
  })

  test('attack-25: removal of an approver bites at once, addition does not reach back', () => {
    const world = new World()
    world.act(request(), facts('alice'), start)
    world.act({ kind: 'approve', uid, signed: binding }, facts('bob'), start)
    expectCode(codeOf(world.act({ kind: 'activate', uid, signed: binding }, facts('dave', { groupsOf: () => ['owners'] }), start)), 'QUORUM_LOST')
    expect(codeOf(world.act({ kind: 'activate', uid, signed: binding }, facts('dave'), start))).toBe('granted')
  })

  test('limits.active counts a repository, and one that names none counts everywhere', () => {
    const agreed = terms({ active: 1 })
    const world = new World()
    world.activated('first', {}, agreed)
    world.activated('elsewhere', { repositories: ['acme/web'], scope: { controls: ['trivy/CVE-1'], targets: {} } }, agreed)
    const third = asked('third', { scope: { controls: ['trivy/CVE-2'], targets: {} } })
    world.act({ kind: 'request', uid, asked: third, involved: [] }, facts('alice', { terms: agreed }), start)
    world.act({ kind: 'approve', uid, signed: binding }, facts('bob'), start)
    expectCode(codeOf(world.act({ kind: 'activate', uid, signed: binding }, facts('dave'), start)), 'ACTIVE_EXCEEDED')
  })
})

describe('ends', () => {
  test('revoked by an entitled group or by who asked, not by others; terminal', () => {
    const world = new World()
    const id = world.activated('one')
    expect(codeOf(world.act({ kind: 'revoke', uid: id, reason: 'x' }, facts('mallory'), start))).toBe('NOT_ENTITLED')
    expect(codeOf(world.act({ kind: 'revoke', uid: id, reason: 'x' }, facts('alice'), at(hour)))).toBe('granted')
    expect(codeOf(world.act({ kind: 'revoke', uid: id, reason: 'x' }, facts('bob'), at(hour)))).toBe('WRONG_PHASE')
    expect([phase(world, id, at(hour)), phase(world, id, at(10 * day))]).toEqual(['revoked', 'revoked'])
  })

  test('who activated it may end it again, whatever their groups say', () => {
    const world = new World()
    const id = world.activated('one')
    expect(codeOf(world.act({ kind: 'revoke', uid: id, reason: 'x' }, facts('erin', { groups: ['sre'] }), start))).toBe('NOT_ENTITLED')
    expect(codeOf(world.act({ kind: 'revoke', uid: id, reason: 'x' }, facts('dave', { groups: [] }), start))).toBe('granted')
  })

  test('uses are counted once over retries, the last one too; the first one too many exhausts', () => {
    const world = new World()
    const id = world.activated('one', { limits: { uses: 2 } })
    const use = (subject: string): string => codeOf(world.act({ kind: 'use', uid: id, point: 'ci', subject }, facts('mallory'), at(1)))
    expect([use('c1'), use('c1'), phase(world, id, at(1))]).toEqual(['granted', 'granted', 'active'])
    expect([use('c2'), use('c2'), use('c1'), phase(world, id, at(1))]).toEqual(['granted', 'granted', 'granted', 'active'])
    expectCode(use('c3'), 'USES_EXCEEDED')
    expect(phase(world, id, at(1))).toBe('exhausted')
    expect([use('c3'), use('c2'), use('c1')]).toEqual(['WRONG_PHASE', 'WRONG_PHASE', 'WRONG_PHASE'])
    expect(world.events.slice(-3).map(({ type }) => type)).toEqual(['use.claimed', 'use.claimed', 'optout.exhausted'])
  })

  test('a use before its beginning or at its end is refused', () => {
    const world = new World()
    const id = world.activated('one', { window: { from: at(hour), until: at(2 * hour) } })
    const use = (now: number): string => codeOf(world.act({ kind: 'use', uid: id, point: 'ci', subject: 'c' }, facts('mallory'), at(now)))
    expect([use(hour - 1), use(hour), use(2 * hour)]).toEqual(['WRONG_PHASE', 'granted', 'WRONG_PHASE'])
  })

  test('overlapping opt-outs never end each other (iam-identity-center-team#279)', () => {
    const world = new World()
    const first = world.activated('first')
    const second = world.activated('second', { scope: { controls: ['trivy/CVE-2'], targets: {} } })
    world.act({ kind: 'revoke', uid: first, reason: 'x' }, facts('bob'), start)
    expect([phase(world, first, start), phase(world, second, start)]).toEqual(['revoked', 'active'])
  })
})

describe('attack-24: floods of requests', () => {
  test('one person has fifty waiting for approvers, and no more until some of them are judged; others are not held up', () => {
    const world = new World()
    const ask = (who: string, i: number) => world.act({ kind: 'request', uid: `${who}${i}x`.padEnd(64, '0'), involved: [], asked: asked(`${who}-${i}`, { scope: { controls: [`trivy/CVE-${i}`], targets: {} } }) }, facts(who), start)
    for (let i = 0; i < 50; i++) expectCode(codeOf(ask('alice', i)), 'granted')
    expectCode(codeOf(ask('alice', 50)), 'REQUESTS_WAITING')
    expectCode(codeOf(ask('erin', 51)), 'granted')
    world.act({ kind: 'reject', uid: 'alice7x'.padEnd(64, '0'), reason: 'no' }, facts('bob'), start)
    expectCode(codeOf(ask('alice', 52)), 'granted')
    expectCode(codeOf(ask('alice', 53)), 'REQUESTS_WAITING')
  })
})

describe('attack-19: renewals', () => {
  const again = (name: string, from: number, over: Partial<Asked> = {}): Act => ({
    kind: 'request', uid: name.padEnd(64, '1'), involved: [],
    asked: asked(name, { window: { from: at(from), until: at(from + day) }, ...over }),
  })

  test('a scope that met one within 30 days is a renewal, whatever it declares', () => {
    const world = new World()
    const first = world.activated('first')
    const verdict = world.act(again('second', 2 * day), facts('alice'), at(2 * day))
    expect(verdict.events[0]).toMatchObject({ type: 'optout.renewed', renewal: 1, predecessor: first, total: 3 * day })
  })

  test.each([[32 * day, 'optout.renewed'], [32 * day + 1, 'optout.proposed']] as const)('%d ms after the beginning: %s', (now, type) => {
    const world = new World()
    world.activated('first')
    expect(world.act(again('second', now), facts('alice'), at(now)).events[0]).toMatchObject({ type })
  })

  test('counted, and capped', () => {
    const world = new World()
    world.activated('first')
    world.activated('second', { window: { from: at(day), until: at(3 * day) } }, terms(), at(day))
    expectCode(codeOf(world.act(again('third', 3 * day), facts('alice'), at(3 * day))), 'RENEWALS_EXCEEDED')
  })

  test('the total of a chain is capped, to the millisecond', () => {
    for (const [totalDuration, wanted] of [[3 * day - 1, 'TOTAL_EXCEEDED'], [3 * day, 'granted']] as const) {
      const world = new World()
      world.activated('first')
      expectCode(codeOf(world.act(again('second', 2 * day), facts('alice', { terms: terms({ totalDuration: totalDuration as Duration }) }), at(2 * day))), wanted)
    }
  })

  test('a renewal needs a changed reason, and spelling it otherwise is no change', () => {
    const world = new World()
    world.activated('first', { reason: 'The fix breaks start-up.' })
    expectCode(codeOf(world.act(again('second', 2 * day, { reason: 'the fix  BREAKS start up' }), facts('alice'), at(2 * day))), 'REASON_UNCHANGED')
  })

  test('several that were asked for before any was active are counted when they begin', () => {
    const tried = (agreed: Parameters<typeof terms>[0]): readonly string[] => {
      const world = new World()
      const by = (who: string) => facts(who, { terms: terms(agreed) })
      const uids = ['first', 'second', 'third'].map((name, i) => {
        const uid = name.padEnd(64, '0')
        world.act({ kind: 'request', uid, asked: asked(name, { window: { from: at(2 * i * day), until: at(2 * (i + 1) * day) } }), involved: [] }, by('alice'), start)
        world.act({ kind: 'approve', uid, signed: binding }, by('bob'), start)
        return uid
      })
      return uids.map((uid) => codeOf(world.act({ kind: 'activate', uid, signed: binding }, by('dave'), start)))
    }
    expect(tried({ renewals: 0 })).toEqual(['granted', 'RENEWALS_EXCEEDED', 'RENEWALS_EXCEEDED'])
    expect(tried({ renewals: 9, totalDuration: (3 * day) as Duration })).toEqual(['granted', 'TOTAL_EXCEEDED', 'TOTAL_EXCEEDED'])
    expect(tried({ renewals: 1 })).toEqual(['granted', 'granted', 'RENEWALS_EXCEEDED'])
    expect(tried({ renewals: 2 })).toEqual(['granted', 'granted', 'granted'])
    expect(tried({ renewals: 9, totalDuration: (5 * day) as Duration })).toEqual(['granted', 'granted', 'TOTAL_EXCEEDED'])
    expect(tried({ renewals: 9, totalDuration: (6 * day) as Duration })).toEqual(['granted', 'granted', 'granted'])
  })

  test('what they came to is remembered by what continues them', () => {
    const world = new World()
    const [first, second] = ['first', 'second'].map((name, i) => {
      const uid = name.padEnd(64, '0')
      world.act({ kind: 'request', uid, asked: asked(name, { window: { from: at(2 * i * day), until: at(2 * (i + 1) * day) } }), involved: [] }, facts('alice'), start)
      world.act({ kind: 'approve', uid, signed: binding }, facts('bob'), start)
      return uid
    }) as [string, string]
    expect(world.act({ kind: 'activate', uid: first, signed: binding }, facts('dave'), start).events[0]).not.toHaveProperty('continues')
    expect(world.act({ kind: 'activate', uid: second, signed: binding }, facts('dave'), start).events[0]).toMatchObject({ continues: { predecessor: first, renewal: 1, total: 4 * day } })
    expect(world.act(again('third', 4 * day), facts('alice', { terms: terms({ renewals: 9 }) }), at(4 * day)).events[0]).toMatchObject({ renewal: 2, total: 5 * day, predecessor: second })
  })

  test('a renewal needs approvals of its own, and the predecessor stays in force until its end', () => {
    const world = new World()
    const first = world.activated('first')
    world.act(again('second', day), facts('alice'), at(day))
    expect([phase(world, 'second'.padEnd(64, '1'), at(day)), phase(world, first, at(2 * day - 1)), phase(world, first, at(2 * day))])
      .toEqual(['proposed', 'active', 'lapsed'])
  })

  test('scopes meet by pattern, and an absent target meets any', () => {
    const scope = (control: string, targets = {}): Parameters<typeof scopesMeet>[0] => ({ controls: [control], targets })
    expect(scopesMeet(scope('trivy/CVE-*'), scope('trivy/CVE-2021-1'))).toBe(true)
    expect(scopesMeet(scope('trivy/a'), scope('trivy/b'))).toBe(false)
    expect(scopesMeet(scope('trivy/a', { paths: ['a/**'] }), scope('trivy/a'))).toBe(true)
    expect(scopesMeet(scope('trivy/a', { paths: ['a/**'] }), scope('trivy/a', { paths: ['b/**'] }))).toBe(false)
    expect(scopesMeet(scope('trivy/a', { paths: ['a/**'] }), scope('trivy/a', { paths: ['**/pom.xml'] }))).toBe(true)
    expect(scopesMeet(scope('trivy/a', { environments: ['production'] }), scope('trivy/a', { environments: ['staging'] }))).toBe(false)
    expect(scopesMeet(scope('trivy/a', { paths: ['{broken'] }), scope('trivy/a', { paths: ['b'] }))).toBe(true)
  })
})

describe('attack-20: emergencies', () => {
  const emergency = (name: string, over: Partial<Asked> = {}, more: Partial<Act & { kind: 'emergency' }> = {}): Act => ({
    kind: 'emergency', uid: name.padEnd(64, '2'), team: 'sre',
    asked: asked(name, { emergency: true, limits: { findings: 1 }, window: { from: start, until: at(4 * hour) }, ...over }),
    ...more,
  })
  const elsewhere = (n: number): Partial<Asked> => ({ scope: { controls: [`trivy/CVE-${n}`], targets: {} } })

  test.each([[4 * hour, 'granted'], [4 * hour + 1, 'EMERGENCY_TOO_WIDE'], [20 * day, 'EMERGENCY_TOO_WIDE']] as const)('one that begins %d ms from now: %s', (from, wanted) => {
    expect(codeOf(new World().act(emergency('fire', { window: { from: at(from), until: at(from + hour) } }), facts('dave'), start))).toBe(wanted)
  })

  test('in force at once, four hours at most, review due then overdue', () => {
    const world = new World()
    expect(codeOf(world.act(emergency('fire'), facts('dave'), start))).toBe('granted')
    const record = [...world.ledger.records.values()][0]
    expect(record && [inForce(record, start), phaseAt(record, at(4 * hour))]).toEqual([true, 'lapsed'])
    expect(record && [reviewAt(record, at(72 * hour - 1)), reviewAt(record, at(72 * hour))]).toEqual(['due', 'overdue'])
    expect(codeOf(new World().act(emergency('fire', { window: { from: start, until: at(4 * hour + 1) } }), facts('dave'), start))).toBe('DURATION_EXCEEDED')
  })

  test('needs terms, a team, a ceiling, and renews nothing', () => {
    const tried = (by: string, act: Act, over = {}): string => codeOf(new World().act(act, facts(by, over), start))
    const { emergency: _, ...without } = terms()
    expectCode(tried('dave', emergency('fire'), { terms: without }), 'EMERGENCY_NOT_PERMITTED')
    expect(tried('alice', emergency('fire'))).toBe('NOT_ENTITLED')
    expect(tried('dave', emergency('fire', {}, { team: 'security' }))).toBe('NOT_ENTITLED')
    expectCode(tried('dave', emergency('fire', { limits: {} })), 'EMERGENCY_TOO_WIDE')
    expect(tried('dave', emergency('fire', { renews: 'x' }))).toBe('EMERGENCY_TOO_WIDE')
  })

  test('at most two a person and four a team in seven days', () => {
    const world = new World()
    const reviewed = (name: string): void => {
      world.act({ kind: 'review', uid: name.padEnd(64, '2'), verdict: 'justified', reason: 'x' }, facts('bob'), start)
    }
    for (const n of [1, 2]) {
      expect(codeOf(world.act(emergency(`fire${n}`, elsewhere(n)), facts('dave'), start))).toBe('granted')
      reviewed(`fire${n}`)
    }
    expectCode(codeOf(world.act(emergency('fire3', elsewhere(3)), facts('dave'), start)), 'EMERGENCY_TOO_OFTEN')
    for (const n of [3, 4]) {
      expect(codeOf(world.act(emergency(`fire${n}`, elsewhere(n)), facts('erin'), start))).toBe('granted')
      reviewed(`fire${n}`)
    }
    const fifth = { actor: person('frank'), groups: ['sre'] }
    expect(codeOf(world.act(emergency('fire5', elsewhere(5)), facts('frank', fifth), start))).toBe('EMERGENCY_TOO_OFTEN')
    const nextWeek = emergency('fire6', { ...elsewhere(6), window: { from: at(7 * day), until: at(7 * day + hour) } })
    expect(codeOf(world.act(nextWeek, facts('dave'), at(7 * day)))).toBe('granted')
  })

  test('an overdue review blocks the next of that person and that team', () => {
    const world = new World()
    world.act(emergency('fire1'), facts('dave'), start)
    const late = emergency('fire2', { ...elsewhere(2), window: { from: at(8 * day), until: at(8 * day + hour) } })
    expectCode(codeOf(world.act(late, facts('dave'), at(8 * day))), 'REVIEW_OVERDUE')
    expect(codeOf(world.act(late, facts('erin'), at(8 * day)))).toBe('REVIEW_OVERDUE')
  })

  test('overlapping an unreviewed one needs a second person, who is not the first', () => {
    const second = (who: string): Partial<Act & { kind: 'emergency' }> => ({ second: { identity: person(who), groups: who === 'mallory' ? [] : ['sre'] } })
    const tried = (more: Partial<Act & { kind: 'emergency' }>): string => {
      const world = new World()
      world.act(emergency('fire1'), facts('dave'), start)
      return codeOf(world.act(emergency('fire2', {}, more), facts('dave'), start))
    }
    expectCode(tried({}), 'SECOND_PERSON_NEEDED')
    expect([tried(second('dave')), tried(second('mallory')), tried(second('erin'))]).toEqual(['SECOND_PERSON_NEEDED', 'SECOND_PERSON_NEEDED', 'granted'])
  })

  test('reviewed once, by a reviewer who declared nothing', () => {
    const world = new World()
    world.act(emergency('fire'), facts('erin'), start)
    const review = (who: string): string => codeOf(world.act({ kind: 'review', uid: 'fire'.padEnd(64, '2'), verdict: 'unjustified', reason: 'x' }, facts(who), at(5 * day)))
    expect([review('erin'), review('dave'), review('bob')]).toEqual(['SELF_APPROVAL', 'NOT_ENTITLED', 'granted'])
    expectCode(review('bob'), 'REVIEW_NOT_DUE')
    expect(reviewAt([...fold(world.events).records.values()][0]!, at(9 * day))).toBe('unjustified')
  })
})

test('every refusal code was provoked above', () => {
  expect([...provoked].filter((code) => code !== 'granted').sort()).toEqual(Object.keys(refusalCodes).sort())
})
