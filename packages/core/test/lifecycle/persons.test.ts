/** One human under several names: attack-04. */
import { describe, expect, test } from 'vitest'
import { personsIn } from '../../src/lifecycle/index.ts'
import type { ActFacts, Identity } from '../../src/lifecycle/index.ts'
import { workspace } from '../policy/build.ts'
import { World, asked, at, binding, codeOf, day, facts, hour, person, start, terms } from './world.ts'

const uid = 'u'.repeat(64)
const git = (sub: string): Identity => ({ iss: 'git', sub })
const hub = (sub: string): Identity => ({ iss: 'https://github.com', sub })
const persons = personsIn(workspace({ identity: { people: [
  { label: 'Alice', identities: [person('alice'), git('alice@acme.example'), hub('7')] },
  { label: 'Bob', identities: [person('bob'), person('robert')] },
] } }).document)
const of = (actor: string, over: Partial<ActFacts> = {}): ActFacts => facts(actor, { groups: ['security', 'sre', 'engineering'], groupsOf: () => ['security', 'sre', 'engineering'], same: persons.same, ...over })

describe('who is one person', () => {
  test('every identity of an entry, whatever the case of its subject; nobody else', () => {
    expect(persons.same(git('Alice@ACME.example'), hub('7'))).toBe(true)
    expect(persons.same(person('alice'), person('bob'))).toBe(false)
    expect(persons.same({ iss: 'https://gitlab.example', sub: '7' }, hub('7'))).toBe(false)
    expect(persons.same(git('eve@acme.example'), git('EVE@acme.example'))).toBe(true)
    expect(persons.identitiesOf(hub('7'))).toHaveLength(3)
    expect(persons.identitiesOf(hub('8'))).toEqual([hub('8')])
  })
  test('no subject can be written so that it is taken for a listed person', () => {
    expect(persons.same({ iss: 'person 0', sub: '' }, person('alice'))).toBe(false)
    expect(persons.keyOf({ iss: 'a', sub: '","b' })).not.toBe(persons.keyOf({ iss: 'a","', sub: 'b' }))
  })
})

describe('an act under another name of the same person', () => {
  const proposed = (by = 'carol', involved: readonly Identity[] = [], over = {}): World => {
    const world = new World()
    const act = { kind: 'request' as const, uid, asked: asked('one'), involved }
    expect(codeOf(world.act(act, of(by, over), start))).toBe('granted')
    return world
  }
  const approve = (world: World, by: string, over = {}): string => codeOf(world.act({ kind: 'approve', uid, signed: binding }, of(by, over), at(hour)))
  const activate = (world: World, by: string, over = {}): string => codeOf(world.act({ kind: 'activate', uid, signed: binding }, of(by, over), at(2 * hour)))

  test('is no approval of what that person asked for', () => {
    expect(approve(proposed('robert'), 'bob')).toBe('SELF_APPROVAL')
    expect(approve(proposed('robert'), 'bob', { same: undefined })).toBe('granted')
  })
  test('is no approval of what that person wrote or pushed', () => {
    expect(approve(proposed('carol', [git('ALICE@acme.example')]), 'alice')).toBe('SELF_APPROVAL')
    expect(approve(proposed('carol', [hub('7')]), 'alice')).toBe('SELF_APPROVAL')
    expect(approve(proposed('carol', [hub('8')]), 'alice')).toBe('granted')
  })
  test('approves nothing twice', () => {
    const two = { terms: terms({ approve: [{ groups: ['security'], count: 2 }] }) }
    const world = proposed('carol', [], two)
    expect(approve(world, 'bob', two)).toBe('granted')
    expect(approve(world, 'robert', two)).toBe('APPROVED_ALREADY')
  })
  test('does not activate what that person approved', () => {
    const world = proposed()
    approve(world, 'bob')
    expect(activate(world, 'robert')).toBe('APPROVER_MAY_NOT_ACTIVATE')
    expect(activate(world, 'dave')).toBe('granted')
  })
  test('counts once from the moment that the workspace says so, though both approved before', () => {
    const two = { terms: terms({ approve: [{ groups: ['security'], count: 2 }] }), same: undefined }
    const world = proposed('carol', [], two)
    approve(world, 'bob', two)
    approve(world, 'robert', two)
    expect(activate(world, 'dave', { same: persons.same })).toBe('QUORUM_LOST')
    expect(activate(world, 'dave', two)).toBe('granted')
  })
  test('counts by the name that is still in a group, where the other has left it', () => {
    const world = proposed('carol', [], { same: undefined })
    approve(world, 'bob', { same: undefined })
    approve(world, 'robert', { same: undefined })
    const left = { same: persons.same, groupsOf: ({ sub }: Identity) => (sub === 'bob' ? [] : ['security', 'sre', 'engineering']) }
    expect(activate(world, 'dave', left)).toBe('granted')
    expect(world.events.at(-1)).toMatchObject({ counted: [person('robert')] })
  })
  test('nor does what a requester approved before the workspace said who that is', () => {
    const world = proposed('robert', [], { same: undefined })
    approve(world, 'bob', { same: undefined })
    expect(activate(world, 'dave')).toBe('QUORUM_LOST')
  })
  test('has no emergencies of its own, confirms none, and reviews none', () => {
    const world = new World()
    const emergency = (by: string, id: string, days: number, second?: string) => world.act({
      kind: 'emergency', uid: id.repeat(64), team: 'sre', ...(second === undefined ? {} : { second: { identity: person(second), groups: ['sre'] } }),
      asked: asked(`fire-${id}`, { emergency: true, limits: { findings: 1 }, window: { from: at(days * day), until: at(days * day + hour) } }),
    }, of(by), at(days * day))
    expect(codeOf(emergency('bob', 'a', 0))).toBe('granted')
    expect(codeOf(emergency('bob', 'b', 0, 'robert'))).toBe('SECOND_PERSON_NEEDED')
    expect(codeOf(world.act({ kind: 'review', uid: 'a'.repeat(64), verdict: 'justified', reason: 'r' }, of('robert'), at(2 * hour)))).toBe('SELF_APPROVAL')
    expect(codeOf(world.act({ kind: 'review', uid: 'a'.repeat(64), verdict: 'justified', reason: 'r' }, of('erin'), at(2 * hour)))).toBe('granted')
    expect(codeOf(emergency('robert', 'c', 1))).toBe('granted')
    world.act({ kind: 'review', uid: 'c'.repeat(64), verdict: 'justified', reason: 'r' }, of('erin'), at(day + 2 * hour))
    expect(codeOf(emergency('bob', 'd', 2))).toBe('EMERGENCY_TOO_OFTEN')
  })
})
