/** Random acts by many actors at rising instants: what can never happen, checked after every single act. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { emptyLedger, fold, advance, identityKey, phaseAt, transition } from '../../src/lifecycle/index.ts'
import type { Act, ActFacts, LifecycleEvent, Phase } from '../../src/lifecycle/index.ts'
import type { Instant } from '../../src/model/index.ts'
import { at, asked, binding, day, facts, groups, hour, person, terms } from './world.ts'

const names = ['n1', 'n2']
const uidOf = (name: string): string => name.padEnd(64, '0')
const terminal: readonly Phase[] = ['lapsed', 'revoked', 'exhausted', 'rejected', 'withdrawn', 'timed-out', 'stale']
const agreed = terms({ approve: [{ groups: ['security'], count: 1 }, { groups: ['owners', 'security'], count: 1 }], renewals: 2, active: 2 })

const who = fc.constantFrom(...Object.keys(groups))
const name = fc.constantFrom(...names)
const signed = fc.oneof({ weight: 9, arbitrary: fc.constant(binding) }, { weight: 1, arbitrary: fc.constant({ ...binding, terms: 'f'.repeat(64) }) })

const act: fc.Arbitrary<Act> = fc.oneof(
  fc.record({ kind: fc.constant('request' as const), name, length: fc.integer({ min: 1, max: 48 }), involved: fc.subarray(['bob', 'carol'], { maxLength: 1 }), reason: fc.nat(2), uses: fc.option(fc.integer({ min: 1, max: 2 }), { freq: 1 }) })
    .map(({ kind, name: n, length, involved, reason, uses }): Act => ({
      kind, uid: uidOf(n), involved: involved.map(person),
      asked: asked(n, { window: { from: at(0), until: at(length * hour) }, reason: `reason ${reason}`, limits: uses === null ? {} : { uses } }),
    })),
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('approve' as const, 'activate' as const), uid: name.map(uidOf), signed }) },
  fc.record({ kind: fc.constantFrom('reject' as const, 'withdraw' as const, 'revoke' as const), uid: name.map(uidOf), reason: fc.constant('because') }),
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('use' as const), uid: name.map(uidOf), point: fc.constant('ci'), subject: fc.constantFrom('c1', 'c2', 'c3') }) },
  fc.record({ kind: fc.constant('emergency' as const), uid: name.map(uidOf), team: fc.constant('sre'), n: name })
    .map(({ kind, n, team }): Act => ({ kind, uid: uidOf(n), team, asked: asked(n, { emergency: true, limits: { findings: 1 }, window: { from: at(0), until: at(3 * hour) } }) })),
  fc.record({ kind: fc.constant('offline' as const), uid: name.map(uidOf), team: fc.constant('sre'), n: name })
    .map(({ kind, n, team }): Act => ({ kind, uid: uidOf(n), team, second: person('erin'), grant: uidOf('grant'), asked: asked(n, { emergency: true, limits: { findings: 1 }, window: { from: at(0), until: at(hour) } }) })),
  fc.record({ kind: fc.constant('review' as const), uid: name.map(uidOf), verdict: fc.constantFrom('justified' as const, 'unjustified' as const), reason: fc.constant('because') }),
)

/** Who would do this: random actors alone would hardly ever reach an approval. */
const likely = {
  request: ['alice'], approve: ['bob', 'carol'], activate: ['dave', 'erin'], reject: ['bob'], withdraw: ['alice'], revoke: ['bob'],
  use: ['mallory'], emergency: ['dave', 'erin'], offline: ['dave'], review: ['bob', 'carol'],
} as const satisfies Record<Act['kind'], readonly string[]>

const step = fc.record({
  act, who, sensible: fc.integer({ min: 0, max: 3 }).map((n) => n > 0), pick: fc.nat(1),
  /** Most steps are close together, so that approvals meet activations; some leap past windows and timers. */
  wait: fc.oneof({ weight: 8, arbitrary: fc.integer({ min: 0, max: hour }) }, { weight: 1, arbitrary: fc.integer({ min: 0, max: 3 * day }) }),
  changed: fc.integer({ min: 0, max: 19 }).map((n) => n === 0),
})

function actFacts(actor: string, changed: boolean): ActFacts {
  return facts(actor, { terms: agreed, binding: changed ? { ...binding, optOut: '9'.repeat(64) } : binding })
}

/** The straight way to an active opt-out of two uses: half of the runs begin with it, so that what follows activation is reached too. */
const begin = (who: string, each: Act): { readonly act: Act; readonly who: string; readonly sensible: boolean; readonly pick: number; readonly wait: number; readonly changed: boolean } =>
  ({ act: each, who, sensible: false, pick: 0, wait: 1, changed: false })
const straight = [
  begin('alice', { kind: 'request', uid: uidOf('n1'), involved: [], asked: asked('n1', { limits: { uses: 2 } }) }),
  begin('bob', { kind: 'approve', uid: uidOf('n1'), signed: binding }),
  begin('carol', { kind: 'approve', uid: uidOf('n1'), signed: binding }),
  begin('dave', { kind: 'activate', uid: uidOf('n1'), signed: binding }),
]

test('at every prefix: the fold is the state kept, terminal states stay, exactly one end wins, nobody approves themselves', () => {
  const reached = new Set<Phase>()
  fc.assert(fc.property(fc.boolean(), fc.array(step, { maxLength: 50 }), (short, random) => {
    const steps = short ? [...straight, ...random] : random
    const ledger = emptyLedger()
    const events: LifecycleEvent[] = []
    const ended = new Map<string, Phase>()
    let now = at(0)
    for (const { act: each, who: anybody, sensible, pick, wait, changed } of steps) {
      const usual: readonly string[] = likely[each.kind]
      const actor = sensible ? usual[pick % usual.length] ?? anybody : anybody
      now = (now + wait) as Instant
      const verdict = transition(ledger, each, actFacts(actor, changed), now)
      for (const event of verdict.events) {
        events.push(event)
        advance(ledger, event)
      }
      expect(fold(events)).toEqual(ledger)
      for (const record of ledger.records.values()) {
        const phase = phaseAt(record, now)
        reached.add(phase)
        if (ended.has(record.uid)) expect(phase).toBe(ended.get(record.uid))
        else if (terminal.includes(phase)) ended.set(record.uid, phase)
      }
    }
    checkHistory(events)
  }), { numRuns: 1500, seed: 20261122 })
  // The property says nothing about phases that the random acts never reach.
  expect([...reached].sort()).toEqual(expect.arrayContaining(['active', 'approved', 'exhausted', 'lapsed', 'proposed', 'rejected', 'revoked', 'stale', 'timed-out', 'withdrawn']))
})

function checkHistory(events: readonly LifecycleEvent[]): void {
  const of = (uid: string, ...types: readonly string[]): readonly LifecycleEvent[] => events.filter((event) => event.uid === uid && types.includes(event.type))
  for (const uid of new Set(events.map((event) => event.uid))) {
    const opening = of(uid, 'optout.proposed', 'optout.renewed', 'emergency.activated')
    expect(opening).toHaveLength(1)
    const activated = of(uid, 'optout.activated')
    expect(activated.length).toBeLessThanOrEqual(1)
    expect(of(uid, 'optout.revoked', 'optout.exhausted', 'optout.rejected', 'optout.withdrawn', 'optout.stale').length).toBeLessThanOrEqual(1)
    const [first] = opening
    if (first?.type !== 'optout.proposed' && first?.type !== 'optout.renewed') continue
    const approvers = of(uid, 'optout.approved').flatMap((event) => ('by' in event ? [identityKey(event.by)] : []))
    expect(new Set(approvers).size).toBe(approvers.length)
    expect(approvers).not.toContain(identityKey(first.requester))
    for (const involved of first.involved) expect(approvers).not.toContain(identityKey(involved))
    const [activation] = activated
    if (activation?.type === 'optout.activated') {
      expect(approvers.length).toBeGreaterThanOrEqual(2)
      expect(approvers).not.toContain(identityKey(activation.by))
      expect(activation.at).toBeGreaterThanOrEqual(Math.max(...of(uid, 'optout.approved').map((event) => event.at)))
      expect(activation.at).toBeLessThan(first.asked.window.until)
    }
    const claimed = of(uid, 'use.claimed')
    if (first.asked.limits.uses !== undefined) expect(claimed.length).toBeLessThanOrEqual(first.asked.limits.uses)
    expect(new Set(claimed.map((use) => (use.type === 'use.claimed' ? use.subject : ''))).size).toBe(claimed.length)
    for (const use of claimed) expect(use.at).toBeLessThan(first.asked.window.until)
    if (of(uid, 'optout.exhausted').length > 0) expect(claimed.length).toBe(first.asked.limits.uses)
  }
}

test('two acts at one instant: of {activate twice, activate and revoke, revoke and lapse} exactly one wins', () => {
  fc.assert(fc.property(fc.boolean(), fc.integer({ min: 0, max: 2 }), (late, order) => {
    const ledger = emptyLedger()
    const uid = uidOf('n1')
    const apply = (each: Act, actor: string, now: Instant): boolean => {
      const verdict = transition(ledger, each, actFacts(actor, false), now)
      for (const event of verdict.events) advance(ledger, event)
      return verdict.ok
    }
    apply({ kind: 'request', uid, involved: [], asked: asked('n1', { window: { from: at(0), until: at(hour) } }) }, 'alice', at(0))
    apply({ kind: 'approve', uid, signed: binding }, 'bob', at(0))
    apply({ kind: 'approve', uid, signed: binding }, 'carol', at(0))
    const instant = late ? at(hour) : at(1)
    const activate = (): boolean => apply({ kind: 'activate', uid, signed: binding }, 'dave', instant)
    const revoke = (): boolean => apply({ kind: 'revoke', uid, reason: 'x' }, 'bob', instant)
    const won = order === 0 ? [activate(), activate()] : order === 1 ? [revoke(), activate()] : [activate(), revoke(), revoke()]
    const record = ledger.records.get(uid)
    expect(record && phaseAt(record, instant)).toBe(late ? 'timed-out' : order === 2 ? 'revoked' : 'active')
    expect(won.filter(Boolean)).toHaveLength(late ? 0 : order === 2 ? 2 : 1)
  }))
})
