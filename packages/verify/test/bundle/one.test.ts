/** What refuses one opt-out, each with its own code, and never the one beside it. */
import { encodeDocument, type Instant, type Json, type LifecycleEvent } from '@exeat/core'
import { describe, expect, test } from 'vitest'
import type { Bundle } from '../../src/index.ts'
import { agreed, at, decoded, digestOf, type Draft, hour, type LifeOptions, must, optOutJson, person, placed as placedWorkspace, scene, verified, workspaceJson as workspaceOf, type BundleOptions } from './scene.ts'

type Item = Bundle['active'][number]
type Entry = Item['entries'][number]

/** The code with which `log4j` is refused while `other` stands, or what became of it. */
function outcome(options: LifeOptions & BundleOptions & { readonly now?: Instant } = {}): string {
  const it = scene()
  const other = it.life('other', { over: { controls: ['trivy/other'] } })
  const life = it.life('log4j', options)
  const value = must(verified(it.bundle([other, life], options), it.pins, options.now === undefined ? {} : { now: options.now }))
  const { optOuts, problems } = value
  expect(optOuts.active.map(({ document }) => document.metadata.name)).toContain('other')
  const problem = problems.find(({ uid }) => uid === life.uid)
  if (problem !== undefined) {
    expect(problem.problem.message).toMatch(/^\P{Cc}*[^.\p{Cc}]$/u)
    expect(optOuts.active.some(({ uid }) => uid === life.uid)).toBe(false)
    const refused = optOuts.refused.find(({ uid }) => uid === life.uid)
    if (refused !== undefined) expect(refused.because.map(({ code, message }) => [code, message])).toEqual([['NOT_IN_LOG', problem.problem.message]])
    return problem.problem.code
  }
  const ended = optOuts.ended.find(({ uid }) => uid === life.uid)
  return ended === undefined ? optOuts.active.some(({ uid }) => uid === life.uid) ? 'active' : 'gone' : ended.ended.state
}

/** By whoever holds the bundle key alone, after publication. */
const item = (change: (item: Item) => void) => outcome({ after: ({ active }) => { change(active[1] as Item) } })
const entry = (position: number, change: (entry: Entry, item: Item) => void) => item((each) => { change(each.entries[position] as Entry, each) })
/** By whoever holds the log's key too, and writes what nobody judged. */
const forged = (change: (drafts: Draft[]) => Draft[] | void, options: LifeOptions = {}) => outcome({ ...options, forge: change })

type Proposal = Extract<LifecycleEvent, { readonly requester: unknown }>
type EventOf<T> = T extends Proposal['type'] ? Proposal : Extract<LifecycleEvent, { readonly type: T }>
const eventOf = <T extends LifecycleEvent['type']>(drafts: readonly Draft[], type: T) => drafts.find(({ event }) => event.type === type)?.event as { -readonly [K in keyof EventOf<T>]: EventOf<T>[K] }

test('the one that all of these spoil', () => { expect(outcome()).toBe('active') })

describe('entries', () => {
  test.each([
    ['a byte of an event', (one: Entry) => { one.event = one.event.replace('operator-asserted', 'operator-asserted').replace('breaks', 'breakz') }],
    ['white space in an event', (one: Entry) => { one.event = one.event.replace('{', '{ ') }],
    ['its salt', (one: Entry) => { one.salt = Buffer.alloc(32).toString('base64') }],
    ['its actor', (one: Entry) => { one.actor = digestOf('somebody else') }],
    ['its index', (one: Entry) => { one.index += 1 }],
    ['a hash of its proof', (one: Entry) => { one.proof[0] = Buffer.alloc(32).toString('base64') }],
    ['a proof that is too short', (one: Entry) => { one.proof.pop() }],
    ['a proof that is too long', (one: Entry) => { one.proof.push(Buffer.alloc(32).toString('base64')) }],
    ['a hash that is none', (one: Entry) => { one.proof[0] = Buffer.alloc(31).toString('base64') }],
  ])('another than was logged: %s', (name, change) => {
    const position = name === 'its index' ? 3 : 0
    // The index is part of what was published: moving it shows there first.
    if (name === 'its index') expect(() => entry(position, change)).toThrow('BUNDLE_CONTENT')
    else expect(entry(position, change)).toBe('ENTRY_NOT_COVERED')
  })
  test.each([
    ['no JSON', (one: Entry) => { one.event = '{' }],
    ['no event', (one: Entry) => { one.event = '{}' }],
    ['a lone surrogate', (one: Entry) => { one.event = `${one.event.slice(0, -1)},"x":"\ud800"}` }],
    ['a salt of another length', (one: Entry) => { one.salt = Buffer.alloc(31).toString('base64') }],
    ['a salt that is no base64', (one: Entry) => { one.salt = '!' }],
    ['a proof that is no base64', (one: Entry) => { one.proof[0] = 'AA' }],
    ['a key that no event has', (one: Entry) => { one.event = one.event.replace('{', '{"more":1,') }],
    ['another spelling of an instant', (one: Entry) => { one.event = one.event.replace(/"time":"([^"]*)Z"/, '"time":"$1+00:00"') }],
    ['a strength that nothing here can show', (one: Entry) => { one.event = one.event.replace('"strength":"operator-asserted"', '"strength":"user-signed"') }],
  ])('no entry: %s', (_, change) => { expect(entry(3, change)).toBe('ENTRY_MALFORMED') })
  test('proofs that are swapped', () => {
    expect(item(({ entries }) => { [entries[0]!.proof, entries[1]!.proof] = [entries[1]!.proof, entries[0]!.proof] })).toBe('ENTRY_NOT_COVERED')
  })
  test('of another log, by the same key', () => {
    expect(entry(0, (one) => { one.event = one.event.replace('"source":"log.acme.example"', '"source":"log.other.example"') })).toBe('ENTRY_MALFORMED')
  })
  test('out of order, or twice', () => {
    expect(outcome({ before: ({ active }) => { active[1]?.entries.reverse() } })).toBe('OPTOUT_HISTORY')
    expect(outcome({ before: ({ active }) => { active[1]?.entries.splice(1, 0, { index: active[1].entries[1]!.index }) } })).toBe('OPTOUT_HISTORY')
  })
  test('of another opt-out, or of none', () => {
    expect(outcome({ before: ({ active }) => { active[1]!.entries[1] = active[0]!.entries[1]! } })).toBe('OPTOUT_HISTORY')
    expect(outcome({ before: ({ active }) => { active[1]!.entries[0] = { index: 0 } } })).toBe('OPTOUT_HISTORY')
  })
})

describe('document, impact, identity', () => {
  const widened = encodeDocument(decoded(optOutJson('log4j', { controls: ['trivy/*'] })).document) as { readonly [key: string]: Json }
  test('widened after it was approved', () => {
    expect(item((each) => { each.document = widened })).toBe('OPTOUT_DIGEST')
  })
  test('widened, and with the digest and uid of what it was widened to', () => {
    const other = scene().life('log4j', { over: { controls: ['trivy/*'] } })
    expect(outcome({ before: ({ active }) => { Object.assign(active[1]!, { document: other.item.document, digest: other.item.digest }) } })).toBe('OPTOUT_DIGEST')
    const it = scene()
    const own = it.life('log4j')
    const made = it.bundle([own], { before: ({ active }) => { Object.assign(active[0]!, { ...other.item }) } })
    expect(must(verified(made, it.pins)).problems.map(({ problem }) => problem.code)).toEqual(['OPTOUT_HISTORY'])
  })
  test.each([
    ['prolonged', { window: { from: '2026-11-22T10:00:00Z', until: '2027-11-24T10:00:00Z' } }], ['moved to another repository', { targets: { repositories: ['acme/ledger'] } }],
    ['with more findings', { limits: { findings: 300 } }], ['with another reason', { reason: 'Because' }],
  ])('%s', (_, over) => {
    expect(item((each) => { each.document = encodeDocument(decoded(optOutJson('log4j', over)).document) as { readonly [key: string]: Json } })).toBe('OPTOUT_DIGEST')
  })
  test('an impact that was enlarged, exchanged, left out or slipped in', () => {
    expect(item((each) => { each.impact?.push(digestOf('another finding')) })).toBe('OPTOUT_DIGEST')
    expect(item((each) => { each.impact = [digestOf('another finding')] })).toBe('OPTOUT_DIGEST')
    expect(item((each) => { each.impact = null })).toBe('OPTOUT_DIGEST')
    expect(item((each) => { each.impact = [] })).toBe('OPTOUT_DIGEST')
    expect(outcome({ fingerprints: null, after: ({ active }) => { active[1]!.impact = [digestOf('x')] } })).toBe('OPTOUT_DIGEST')
    expect(outcome({ fingerprints: null })).toBe('active')
  })
  test('the uid of another', () => {
    expect(outcome({ before: ({ active }) => { active[1]!.uid = digestOf('uid') } })).not.toBe('active')
    expect(item((each) => { each.repositoryId = '1002' })).toBe('OPTOUT_DIGEST')
  })
  test('a document that cannot be read, or is none of an opt-out, has no name and is told by its uid', () => {
    expect(item((each) => { each.document = {} })).toBe('OPTOUT_DIGEST')
    expect(item((each) => { each.document = JSON.parse('{"__proto__":{"kind":"OptOut"}}') as { readonly [key: string]: Json } })).toBe('OPTOUT_DIGEST')
    expect(item((each) => { each.document = { ...each.document, kind: 'OptOutPolicy' } })).toBe('OPTOUT_DIGEST')
  })
  test('a repository whose name has come to mean another since', () => {
    const workspace = (id: string): Json => JSON.parse(JSON.stringify(workspaceOf()).replace('"1001"', JSON.stringify(id))) as Json
    const before = scene()
    const life = before.life('log4j')
    const made = before.bundle([life], { documents: { workspace: placedWorkspace(workspace('6666')), policies: [], aliases: [] } })
    expect(must(verified(made, before.pins)).problems.map(({ problem }) => problem.code)).toEqual(['OPTOUT_DIGEST'])
    const gone = JSON.parse(JSON.stringify(workspaceOf()).replace('acme/payments', 'acme/renamed')) as Json
    const renamed = before.bundle([life], { documents: { workspace: placedWorkspace(gone), policies: [], aliases: [] } })
    expect(must(verified(renamed, before.pins)).problems.map(({ problem }) => problem.code)).toEqual(['OPTOUT_DIGEST'])
  })
  test('listed twice, or under a name that was used: neither counts', () => {
    const it = scene()
    const [one, two] = [it.life('one'), it.life('two')]
    const twice = must(verified(it.bundle([one, one, two]), it.pins))
    expect([twice.problems.map(({ problem }) => problem.code), twice.optOuts.active.map(({ uid }) => uid)]).toEqual([['OPTOUT_DUPLICATE', 'OPTOUT_DUPLICATE'], [two.uid]])
    const again = scene().life('one', { over: { reason: 'Another reason' } })
    const reused = must(verified(it.bundle([one, two], { ended: [{ ...ended(again.item), state: 'revoked', at: at(1) }] }), it.pins))
    expect([reused.problems.map(({ problem }) => problem.code), reused.optOuts.active.map(({ uid }) => uid)]).toEqual([['OPTOUT_DUPLICATE'], [two.uid]])
  })
})

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
    ['time', { at: at(1) }], ['approvals', { approvals: [] }], ['more approvals', { approvals: [digestOf('x')] }],
  ])('an activation whose envelope states another %s', (_, over) => { expect(signed(3, over)).toBe('OPTOUT_ACTOR') })
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
    expect(forged((drafts) => { (drafts[3] as Draft).typed = 'mallory' })).toBe('OPTOUT_ACTOR')
    const abroad = { iss: 'https://id.example', sub: 'dave' }
    expect(forged((drafts) => { const last = drafts[3] as Draft; last.event = { ...last.event, by: abroad } as LifecycleEvent; last.envelope = { ...last.envelope!, actor: abroad } })).toBe('OPTOUT_ACTOR')
  })
})

describe('what it comes to now', () => {
  const untilOf = (over: string) => at(Date.parse(over) - at(0))
  test('not begun: active, and the decision waits for the window', () => {
    expect(outcome({ over: { window: { from: '2026-11-23T10:00:00Z', until: '2026-11-24T10:00:00Z' } } })).toBe('active')
  })
  test('lapsed since the bundle was made', () => {
    const it = scene()
    const short = it.life('short', { over: { window: { from: '2026-11-22T10:00:00Z', until: '2026-11-22T11:00:02Z' } } })
    const made = it.bundle([short])
    const state = (now: Instant) => { const { active, ended: over } = must(verified(made, it.pins, { now })).optOuts; return [active.length, over.map(({ ended: { state: is, at: when } }) => [is, when])] }
    const until = untilOf('2026-11-22T11:00:02Z')
    expect(state((until - 1) as Instant)).toEqual([1, []])
    expect(state(until)).toEqual([0, [['lapsed', until]]])
  })
  test('never activated, rejected or revoked, and listed as active', () => {
    expect(outcome({ acts: [['bob', 'approve'], ['carol', 'approve']] })).toBe('OPTOUT_HISTORY')
    expect(outcome({ acts: [['bob', 'approve']] })).toBe('OPTOUT_HISTORY')
    expect(outcome({ acts: [['bob', 'approve'], ['bob', 'reject']] })).toBe('OPTOUT_HISTORY')
    expect(outcome({ acts: [['bob', 'approve'], ['carol', 'approve'], ['dave', 'activate'], ['bob', 'revoke', 1]] })).toBe('OPTOUT_HISTORY')
  })
  test('revoked, and its revocation withheld: no point can tell, a monitor can', () => {
    // `audit.test.ts` finds it.
    expect(outcome({ acts: [['bob', 'approve'], ['carol', 'approve'], ['dave', 'activate'], ['bob', 'revoke', 1]], before: ({ active }) => { active[1]?.entries.pop() } })).toBe('active')
  })
  test('withheld: not honoured, and told as revoked', () => {
    const it = scene()
    const life = it.life('log4j')
    const made = it.bundle([life], { after: (bundle) => { bundle.withheld = [{ uid: life.uid, at: at(hour) }] } })
    const { optOuts, problems } = must(verified(made, it.pins))
    expect([optOuts.active, problems, optOuts.ended.map(({ ended: over }) => over)]).toEqual([[], [], [{ state: 'revoked', at: at(hour) }]])
  })
  test('ended ones are told, and never honoured', () => {
    const it = scene()
    const life = it.life('log4j')
    const made = it.bundle([], { ended: [{ ...ended(life.item), state: 'exhausted', at: at(1) }] })
    const { optOuts } = must(verified(made, it.pins))
    expect([optOuts.active, optOuts.ended.map(({ ended: over }) => over)]).toEqual([[], [{ state: 'exhausted', at: at(1) }]])
    const both = must(verified(it.bundle([life], { ended: [{ ...ended(life.item), state: 'revoked', at: at(1) }] }), it.pins))
    expect([both.optOuts.active, both.problems.map(({ problem }) => problem.code)]).toEqual([[], ['OPTOUT_DUPLICATE']])
    const spoiled = must(verified(it.bundle([], { ended: [{ ...ended(life.item), document: {}, state: 'revoked', at: at(1) }] }), it.pins))
    expect(spoiled.problems.map(({ problem }) => problem.code)).toEqual(['OPTOUT_DIGEST'])
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
  test('longer, later reviewed or by others than the terms say', () => {
    expect(fire(() => {})).toBe('active')
    expect(fire((event) => { event.terms = { ...event.terms, emergency: { ...event.terms.emergency!, duration: hour as never } } })).toBe('OPTOUT_HISTORY')
    expect(fire((event) => { event.reviewBy = at(1000 * hour) })).toBe('OPTOUT_HISTORY')
    expect(fire((event) => { event.groups = ['engineering'] })).toBe('OPTOUT_HISTORY')
    expect(fire((event) => { event.team = 'security' })).toBe('OPTOUT_HISTORY')
    expect(fire((event) => { const { emergency: _none, ...terms } = event.terms; event.terms = terms })).toBe('OPTOUT_HISTORY')
  })
  test('an ordinary opt-out that was declared as an emergency', () => {
    const it = scene()
    const life = it.life('log4j', { forge: ([request]) => {
      const { event, envelope } = request as Draft
      if (event.type !== 'optout.proposed') throw new Error('it begins with its proposal')
      const { uid, at: when, asked, requester, groups, binding, terms } = event
      return [{ event: { type: 'emergency.activated', uid, at: when, asked, by: requester, groups, team: 'sre', binding, evidence: 'operator-asserted', terms, reviewBy: at(72 * hour) }, envelope: { ...envelope!, purpose: 'emergency' } }]
    } })
    expect(must(verified(it.bundle([life]), it.pins)).problems.map(({ problem }) => problem.code)).toEqual(['OPTOUT_HISTORY'])
  })
})

const ended = ({ impact: _impact, ...rest }: ReturnType<ReturnType<typeof scene>['life']>['item']) => rest

/** The same act by somebody else, signed by them. */
function redone({ event, envelope }: Draft, who: string): Draft {
  return { event: { ...event, by: person(who) } as LifecycleEvent, ...(envelope === undefined ? {} : { envelope: { ...envelope, actor: person(who) } }) }
}

/** The same act at another time, and signed then. */
function moved({ event, envelope }: Draft, after: number): Draft {
  const when = (event.at + after) as Instant
  return { event: { ...event, at: when }, ...(envelope === undefined ? {} : { envelope: { ...envelope, at: when } }) }
}
