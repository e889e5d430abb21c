/** A dishonest log: what no judge would have granted, and what nobody signed. */
import type { LifecycleEvent } from '@exeat/core'
import { describe, expect, test } from 'vitest'
import { emergencyTerms, envelopeOf, eventOf, forged, moved, nth, outcome, redone } from './outcome.ts'
import { agreed, at, digestOf, type Draft, hour, type LifeOptions, must, person, scene, verified } from './scene.ts'

describe('a dishonest log: what no judge would have granted', () => {
  test('an approval fewer than the terms ask for', () => {
    expect(forged((drafts) => drafts.filter(({ event }) => !(event.type === 'optout.approved' && event.by.sub === 'carol')))).toBe('OPTOUT_HISTORY')
  })
  test('one person\'s approval twice', () => {
    expect(forged((drafts) => drafts.map((draft) => (draft.event.type === 'optout.approved' && draft.event.by.sub === 'carol' ? redone(draft, 'bob') : draft)))).toBe('OPTOUT_HISTORY')
  })
  test('the requester among the approvers', () => {
    expect(forged((drafts) => drafts.map((draft) => (draft.event.type === 'optout.approved' && draft.event.by.sub === 'carol' ? redone(draft, 'alice') : draft)))).toBe('OPTOUT_HISTORY')
  })
  test('somebody who was involved among them', () => {
    expect(forged((drafts) => { eventOf(drafts, 'optout.proposed').involved = [person('carol')] })).toBe('OPTOUT_HISTORY')
  })
  test('an approver who is in none of the groups', () => {
    expect(forged((drafts) => { eventOf(drafts, 'optout.approved').groups = ['engineering'] })).toBe('OPTOUT_HISTORY')
  })
  test('an approver who activates', () => {
    expect(forged((drafts) => drafts.map((draft) => (draft.event.type === 'optout.activated' ? redone(draft, 'bob') : draft)))).toBe('OPTOUT_HISTORY')
  })
  test('an approval that is not counted, or somebody counted who did not approve', () => {
    expect(forged((drafts) => { eventOf(drafts, 'optout.activated').counted = [person('bob')] })).toBe('OPTOUT_HISTORY')
    expect(forged((drafts) => { eventOf(drafts, 'optout.activated').counted = [person('bob'), person('carol'), person('erin')] })).toBe('OPTOUT_HISTORY')
  })
  test('activated without a request, or approved after', () => {
    expect(forged((drafts) => drafts.slice(1))).toBe('OPTOUT_HISTORY')
    expect(forged(([request, first, second, activated]) => [request, first, activated, second] as Draft[])).toBe('OPTOUT_HISTORY')
  })
  test('activated twice', () => { expect(forged((drafts) => [...drafts, drafts.at(-1) as Draft])).toBe('OPTOUT_HISTORY') })
  test('a timer that had run out', () => {
    const late = (from: number) => (drafts: Draft[]) => drafts.map((draft, position) => (position < from ? draft : moved(draft, 25 * hour)))
    expect(forged(late(3))).toBe('OPTOUT_HISTORY')
    const slow: LifeOptions = { terms: { timers: { approval: hour as never, activation: (24 * hour) as never } } }
    expect(forged((drafts) => drafts.map((draft, position) => (position < 2 ? draft : moved(draft, hour))), slow)).toBe('OPTOUT_HISTORY')
  })
  test('time that runs backwards', () => { expect(forged((drafts) => drafts.map((draft, position) => (position === 2 ? moved(draft, -1) : draft)))).toBe('OPTOUT_HISTORY') })
  test('a window longer than the terms allow', () => {
    expect(forged((drafts) => { const event = eventOf(drafts, 'optout.proposed'); event.terms = { ...event.terms, duration: hour as never } })).toBe('OPTOUT_HISTORY')
  })
  test('a window longer than the document asks for', () => {
    expect(forged((drafts) => { const event = eventOf(drafts, 'optout.proposed'); event.asked = { ...event.asked, window: { ...event.asked.window, until: at(100 * hour) } }; event.total = (100 * hour) as never })).toBe('OPTOUT_DIGEST')
  })
  test('a scope wider than the document asks for, or another number of uses', () => {
    expect(forged((drafts) => { const event = eventOf(drafts, 'optout.proposed'); event.asked = { ...event.asked, scope: { ...event.asked.scope, controls: ['trivy/*'] } } })).toBe('OPTOUT_DIGEST')
    expect(outcome({ over: { limits: { findings: 3, uses: 5 } }, forge: (drafts) => { const event = eventOf(drafts, 'optout.proposed'); event.asked = { ...event.asked, limits: { findings: 3, uses: 500 } } } })).toBe('OPTOUT_DIGEST')
  })
  test('a smaller number of uses than the document asks for is what the terms allow', () => {
    expect(forged((drafts) => { const event = eventOf(drafts, 'optout.proposed'); event.asked = { ...event.asked, limits: { findings: 3, uses: 2 } } })).toBe('active')
  })
  test('what is said of its renewals does not fit together, or exceeds the terms', () => {
    const claims = (over: object, terms: LifeOptions['terms'] = {}) => forged((drafts) => { Object.assign(eventOf(drafts, 'optout.proposed'), over) }, { terms })
    expect(claims({ renewal: 1 })).toBe('OPTOUT_HISTORY')
    expect(claims({ predecessor: digestOf('before') })).toBe('OPTOUT_HISTORY')
    expect(claims({ total: hour })).toBe('OPTOUT_HISTORY')
    expect(claims({ total: 100 * hour })).toBe('OPTOUT_HISTORY')
  })
  describe('renewals', () => {
    const renewed = (over: object = {}, terms: LifeOptions['terms'] = {}) => {
      const it = scene()
      it.life('before')
      const life = it.life('after', { terms, forge: (drafts) => { Object.assign(eventOf(drafts, 'optout.renewed'), over); if ('predecessor' in over) Reflect.deleteProperty(eventOf(drafts, 'optout.renewed'), 'predecessor') } })
      const { optOuts, problems } = must(verified(it.bundle([life]), it.pins))
      return problems[0]?.problem.code ?? optOuts.active[0]?.met.log
    }
    test('are told', () => { expect(renewed()).toEqual({ renewal: 1, total: 96 * hour, witnessed: false }) })
    test('more or longer than the terms that were agreed', () => {
      const terms = (over: NonNullable<LifeOptions['terms']>) => ({ terms: { ...agreed(), ...over } })
      expect(renewed(terms({ renewals: 0 }))).toBe('OPTOUT_HISTORY')
      expect(renewed(terms({ totalDuration: (96 * hour - 1) as never }))).toBe('OPTOUT_HISTORY')
      expect(renewed(terms({ renewals: 1, totalDuration: (96 * hour) as never }))).toMatchObject({ renewal: 1 })
    })
    test('of nothing, or counted as none', () => {
      expect(renewed({ predecessor: undefined })).toBe('OPTOUT_HISTORY')
      expect(renewed({ renewal: 0 })).toBe('OPTOUT_HISTORY')
      expect(renewed({ total: hour })).toBe('OPTOUT_HISTORY')
    })
  })
  test('an approval of something else', () => {
    expect(forged((drafts) => { const event = eventOf(drafts, 'optout.approved'); event.binding = { ...event.binding, terms: digestOf('others') } })).toBe('OPTOUT_HISTORY')
  })
  test('proposed in another\'s words: the log says that another document was approved', () => {
    expect(forged((drafts) => { for (const { event } of drafts) if ('binding' in event) (event as { binding: object }).binding = { ...event.binding, optOut: digestOf('other') } })).toBe('OPTOUT_DIGEST')
  })
  test('an ordinary request of an emergency', () => {
    const emergency = { category: 'emergency', window: { from: '2026-11-22T10:00:00Z', until: '2026-11-22T13:00:00Z' } }
    const it = scene()
    const life = it.life('log4j', { over: emergency, forge: (drafts) => drafts.map(({ event, envelope }) => {
      if (event.type !== 'emergency.activated') return { event, ...(envelope === undefined ? {} : { envelope }) }
      const { uid, at: when, asked, by, groups, binding, terms } = event
      return { event: { type: 'optout.proposed', uid, at: when, asked, requester: by, groups, involved: [], binding, terms: { ...terms, approve: [] }, renewal: 0, total: (3 * hour) as never }, ...(envelope === undefined ? {} : { envelope: { ...envelope, purpose: 'request' } }) }
    }) })
    expect(must(verified(it.bundle([life]), it.pins)).problems.map(({ problem }) => problem.code)).toEqual(['OPTOUT_HISTORY'])
  })
})

describe('what was signed is what was recorded', () => {
  const signed = (position: number, over: object) => forged((drafts) => { const draft = drafts[position]; if (draft?.envelope !== undefined) draft.envelope = { ...draft.envelope, ...over } })
  test.each([
    ['purpose', { purpose: 'request' }], ['workspace', { workspace: 'other' }], ['repositories', { repositoryIds: ['1002'] }], ['no repository', { repositoryIds: [] }],
    ['uid', { uid: digestOf('x') }], ['document', { optOut: digestOf('x') }], ['terms', { terms: digestOf('x') }], ['impact', { impact: digestOf('x') }], ['no impact', { impact: null }],
    ['actor', { actor: person('mallory') }], ['issuer', { actor: { iss: 'https://id.example', sub: 'dave' } }], ['window', { window: { from: at(0), until: at(1000 * hour) } }],
    ['approvals', { approvals: [] }], ['more approvals', { approvals: [digestOf('x')] }],
  ])('an activation whose envelope states another %s', (_, over) => { expect(signed(3, over)).toBe('OPTOUT_ACTOR') })
  test('an activation whose envelope is of another time', () => { expect(signed(3, { at: at(1) })).toBe('EVIDENCE_OTHER') })
  test('an approval or a request whose envelope states another', () => {
    for (const position of [0, 1, 2]) expect(signed(position, { window: { from: at(0), until: at(1000 * hour) } })).toBe('OPTOUT_ACTOR')
    expect(signed(1, { approvals: [digestOf('x')] })).toBe('OPTOUT_ACTOR')
    expect(signed(1, { purpose: 'reject' })).toBe('OPTOUT_ACTOR')
  })
  test('the approvals that the activation signed are those that were given', () => {
    expect(signed(1, { nonce: 'f'.repeat(32) })).toBe('OPTOUT_ACTOR')
  })
  test('one envelope for two acts', () => {
    expect(forged((drafts) => { const [, , second, last] = drafts; if (second?.envelope !== undefined && last !== undefined) last.envelope = second.envelope })).toBe('OPTOUT_ACTOR')
  })
  test('evidence of somebody else, or of an identity that no socket knows', () => {
    expect(forged((drafts) => { (drafts[3] as Draft).typed = 'mallory' })).toBe('EVIDENCE_OTHER')
    const abroad = { iss: 'https://id.example', sub: 'dave' }
    expect(forged((drafts) => { const last = drafts[3] as Draft; last.event = { ...last.event, by: abroad } as LifecycleEvent; last.envelope = { ...envelopeOf(last), actor: abroad } })).toBe('EVIDENCE_OTHER')
  })
})

describe('emergencies', () => {
  const over = { category: 'emergency', window: { from: '2026-11-22T10:00:00Z', until: '2026-11-22T13:00:00Z' } }
  test('declared by one who may: active at once, with no approval', () => {
    const it = scene()
    const { optOuts } = must(verified(it.bundle([it.life('fire', { over })]), it.pins))
    expect(optOuts.active.map(({ met }) => met)).toEqual([{
      evidence: 'operator-asserted', approvers: [], requester: ['engineering', 'sre'], activator: ['engineering', 'sre'], log: { renewal: 0, total: 3 * hour, witnessed: false },
    }])
  })
  const fire = (change: (event: ReturnType<typeof eventOf<'emergency.activated'>>) => void) =>
    outcome({ over, forge: (drafts) => { change(eventOf(drafts, 'emergency.activated')) } })
  test('reviewed: active until it ends, whoever looked at it', () => {
    const reviewed = (forge: LifeOptions['forge'] = () => {}) => outcome({ over, acts: [['bob', 'review', 1]], forge })
    expect(reviewed()).toBe('active')
    expect(reviewed((drafts) => drafts.map((draft) => (draft.event.type === 'emergency.reviewed' ? redone(draft, 'dave') : draft)))).toBe('OPTOUT_HISTORY')
    expect(reviewed((drafts) => [...drafts, nth(drafts, 1)])).toBe('OPTOUT_HISTORY')
    expect(reviewed((drafts) => { nth(drafts, 1).envelope = { ...envelopeOf(nth(drafts, 1)), purpose: 'approve' } })).toBe('OPTOUT_ACTOR')
  })
  test('longer, later reviewed or by others than the terms say', () => {
    expect(fire(() => {})).toBe('active')
    expect(fire((event) => { event.terms = { ...event.terms, emergency: { ...emergencyTerms(event), duration: hour as never } } })).toBe('OPTOUT_HISTORY')
    expect(fire((event) => { event.reviewBy = at(1000 * hour) })).toBe('OPTOUT_HISTORY')
    expect(fire((event) => { event.groups = ['engineering'] })).toBe('OPTOUT_HISTORY')
    expect(fire((event) => { event.team = 'security' })).toBe('OPTOUT_HISTORY')
    expect(fire((event) => { const { emergency: _none, ...terms } = event.terms; event.terms = terms })).toBe('OPTOUT_HISTORY')
  })
  test('an ordinary opt-out that was declared as an emergency', () => {
    const it = scene()
    const life = it.life('log4j', { forge: ([request]) => {
      const { event } = request as Draft
      if (event.type !== 'optout.proposed') throw new Error('it begins with its proposal')
      const { uid, at: when, asked, requester, groups, binding, terms } = event
      return [{ event: { type: 'emergency.activated', uid, at: when, asked, by: requester, groups, team: 'sre', binding, evidence: 'operator-asserted', terms, reviewBy: at(72 * hour) }, envelope: { ...envelopeOf(request as Draft), purpose: 'emergency' } }]
    } })
    expect(must(verified(it.bundle([life]), it.pins)).problems.map(({ problem }) => problem.code)).toEqual(['OPTOUT_HISTORY'])
  })
})
