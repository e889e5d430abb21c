/** What refuses one opt-out, each with its own code, and never the one beside it. */
import { encodeDocument, type Instant, type Json } from '@exeat/core'
import { describe, expect, test } from 'vitest'
import { endedOf, entry, type Entry, item, nth, outcome } from './outcome.ts'
import { at, decoded, digestOf, hour, must, optOutJson, person, placed as placedWorkspace, scene, verified, workspaceJson as workspaceOf } from './scene.ts'

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
    expect(item(({ entries }) => { [nth(entries, 0).proof, nth(entries, 1).proof] = [nth(entries, 1).proof, nth(entries, 0).proof] })).toBe('ENTRY_NOT_COVERED')
  })
  test('of another log, by the same key', () => {
    expect(entry(0, (one) => { one.event = one.event.replace('"source":"log.acme.example"', '"source":"log.other.example"') })).toBe('ENTRY_MALFORMED')
  })
  test('out of order, or twice', () => {
    expect(outcome({ before: ({ active }) => { active[1]?.entries.reverse() } })).toBe('OPTOUT_HISTORY')
    expect(outcome({ before: ({ active }) => { active[1]?.entries.splice(1, 0, { index: nth(active[1].entries, 1).index }) } })).toBe('OPTOUT_HISTORY')
  })
  test('of another opt-out, or of none', () => {
    expect(outcome({ before: ({ active }) => { nth(active, 1).entries[1] = nth(nth(active, 0).entries, 1) } })).toBe('OPTOUT_HISTORY')
    expect(outcome({ before: ({ active }) => { nth(active, 1).entries[0] = { index: 0 } } })).toBe('OPTOUT_HISTORY')
  })
})

describe('document, impact, identity', () => {
  const widened = encodeDocument(decoded(optOutJson('log4j', { controls: ['trivy/*'] })).document) as { readonly [key: string]: Json }
  test('widened after it was approved', () => {
    expect(item((each) => { each.document = widened })).toBe('OPTOUT_DIGEST')
  })
  test('widened, and with the digest and uid of what it was widened to', () => {
    const other = scene().life('log4j', { over: { controls: ['trivy/*'] } })
    expect(outcome({ before: ({ active }) => { Object.assign(nth(active, 1), { document: other.item.document, digest: other.item.digest }) } })).toBe('OPTOUT_DIGEST')
    const it = scene()
    const own = it.life('log4j')
    const made = it.bundle([own], { before: ({ active }) => { Object.assign(nth(active, 0), { ...other.item }) } })
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
    expect(outcome({ fingerprints: null, after: ({ active }) => { nth(active, 1).impact = [digestOf('x')] } })).toBe('OPTOUT_DIGEST')
    expect(outcome({ fingerprints: null })).toBe('active')
  })
  test('the uid of another', () => {
    expect(outcome({ before: ({ active }) => { nth(active, 1).uid = digestOf('uid') } })).not.toBe('active')
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
    const reused = must(verified(it.bundle([one, two], { ended: [{ ...endedOf(again.item), state: 'revoked', at: at(1) }] }), it.pins))
    expect([reused.problems.map(({ problem }) => problem.code), reused.optOuts.active.map(({ uid }) => uid)]).toEqual([['OPTOUT_DUPLICATE'], [two.uid]])
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
    const made = it.bundle([], { ended: [{ ...endedOf(life.item), state: 'exhausted', at: at(1) }] })
    const { optOuts } = must(verified(made, it.pins))
    expect([optOuts.active, optOuts.ended.map(({ ended: over }) => over)]).toEqual([[], [{ state: 'exhausted', at: at(1) }]])
    const both = must(verified(it.bundle([life], { ended: [{ ...endedOf(life.item), state: 'revoked', at: at(1) }] }), it.pins))
    expect([both.optOuts.active, both.problems.map(({ problem }) => problem.code)]).toEqual([[], ['OPTOUT_DUPLICATE']])
    const spoiled = must(verified(it.bundle([], { ended: [{ ...endedOf(life.item), document: {}, state: 'revoked', at: at(1) }] }), it.pins))
    expect(spoiled.problems.map(({ problem }) => problem.code)).toEqual(['OPTOUT_DIGEST'])
  })
})

describe('attack-04: two approvals of one person, as the workspace says now', () => {
  const approversWhere = (...people: readonly (readonly string[])[]): number => {
    const { spec, ...rest } = workspaceOf() as { readonly spec: { readonly [key: string]: Json } } & { readonly [key: string]: Json }
    const identities = (names: readonly string[]): Json => names.map((name) => ({ ...person(name) }))
    const here = scene({ workspace: { ...rest, spec: { ...spec, ...(people.length === 0 ? {} : { identity: { people: people.map((names, index) => ({ label: `Person ${index}`, identities: identities(names) })) } }) } } })
    const { optOuts: { active } } = must(verified(here.bundle([here.life('log4j')]), here.pins))
    return active[0]?.met?.approvers.length ?? -1
  }
  test('count once, and a requester\'s not at all, though the log has both', () => {
    expect(approversWhere()).toBe(2)
    expect(approversWhere(['bob', 'carol'])).toBe(1)
    expect(approversWhere(['alice', 'bob'])).toBe(1)
    expect(approversWhere(['alice', 'bob'], ['carol', 'dave'])).toBe(1)
  })
})
