/** Who hears an alarm, and what that changes: on the log, and of what is sent. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { temporaryFolder } from '../../../testkit/src/git.ts'
import { must } from '../../../testkit/src/log-store-kit.ts'
import { openSqliteIdentity } from '../../src/store/sqlite/identity.ts'
import { peopleWorkspace, who } from '../identity/people.ts'
import { sqlite } from '../sqlite-kind.ts'
import { agree, day, eventsOf, hour, newKey, refused } from '../use/support.ts'
import { type AlarmWorld, declared, eventOf, minute, typed, worlds } from './world.ts'

const folder = temporaryFolder()
afterAll(() => { rmSync(folder, { recursive: true, force: true }) })
let made = 0
const world = worlds({ ...sqlite, rows: async () => must(openSqliteIdentity(join(folder, `${made += 1}.sqlite`))) })

const typesOf = async (at: AlarmWorld, about: string): Promise<readonly string[]> => (await eventsOf(at.log)).map(({ type }) => type).filter((type) => type.includes(about))

describe('an emergency', () => {
  test('attack-27: is heard by somebody else who signed in, is entered, and is not repeated any more', async () => {
    const at = await world()
    const { index } = await declared(at, 'fire')
    await at.deliver()
    at.clock.now += 15 * minute
    expect(await at.deliver()).toHaveLength(2)
    const heard = await at.useCases.acknowledge(at.person('ben'), 'fire', newKey())
    expect(heard).toMatchObject({ evidence: 'none', optOut: { phase: 'active', alarm: { acknowledged: { by: who('ben'), evidence: 'none' } } } })
    expect((await eventsOf(at.log)).at(-1)).toMatchObject({ type: 'dev.exeat.emergency.acknowledged.v1', subject: heard.optOut.uid, data: { by: who('ben'), entry: index, evidence: { strength: 'none', kind: 'sign-in' } } })
    at.clock.now += 15 * minute
    expect(await at.deliver()).toEqual([])
    // It is no part of the opt-out's life: points never see it, and the fold of the log is the same.
    expect(heard.optOut.entries).toEqual([index])
    await agree(at.log)
  })

  test('is not heard by who declared it, under no spelling of the name', async () => {
    const at = await world()
    await declared(at, 'fire')
    await refused(at.useCases.acknowledge(at.person('ann'), 'fire', newKey()), 'ALARM_OWN')
    await refused(at.useCases.acknowledge({ ...at.person('ann'), identity: who('Ann') }, 'fire', newKey()), 'ALARM_OWN')
    expect(await typesOf(at, 'acknowledged')).toEqual([])
  })

  test('attack-04: nor under another name that the workspace says is theirs', async () => {
    const at = await world()
    const people = `    people: [{ label: Ann, identities: [{ iss: "${who('ann').iss}", sub: ann }, { iss: "https://id.example", sub: a-1 }] }]\n`
    at.merge({ '.exeat/workspace.yaml': peopleWorkspace().replace('  log:\n', `${people}  log:\n`) })
    await declared(at, 'fire')
    const other = { ...at.person('ann'), identity: { iss: 'https://id.example', sub: 'A-1' } }
    await refused(at.useCases.acknowledge(other, 'fire', newKey()), 'ALARM_OWN')
    await at.useCases.acknowledge({ ...other, identity: { iss: 'https://id.example', sub: 'a-2' } }, 'fire', newKey())
  })

  test('is heard once; the same key again gets the first answer, another is told', async () => {
    const at = await world()
    await declared(at, 'fire')
    const key = newKey()
    const first = await at.useCases.acknowledge(at.person('ben'), 'fire', key)
    expect((await at.useCases.acknowledge(at.person('ben'), 'fire', key)).index).toBe(first.index)
    await refused(at.useCases.acknowledge(at.person('dora'), 'fire', key), 'APPEND_KEY_REUSED')
    await refused(at.useCases.acknowledge(at.person('dora'), 'fire', newKey()), 'ALARM_HEARD')
    const both = await Promise.allSettled([1, 2].map(() => at.useCases.acknowledge(at.person('cleo'), 'fire', newKey())))
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(await typesOf(at, 'acknowledged')).toHaveLength(1)
  })

  test('of two who hear it at once one is entered', async () => {
    const at = await world()
    await declared(at, 'fire')
    const both = await Promise.allSettled(['ben', 'cleo', 'dora'].map((name) => at.useCases.acknowledge(at.person(name), 'fire', newKey())))
    expect(both.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(await typesOf(at, 'acknowledged')).toHaveLength(1)
  })

  test('attack-27: that somebody signed in for is heard by nobody under a typed name', async () => {
    const at = await world()
    await declared(at, 'fire')
    await refused(at.useCases.acknowledge(typed('keeper'), 'fire', newKey()), 'ALARM_TYPED')
    const { drill: { index } } = await at.useCases.startDrill(at.person('ann'), { within: 600 }, newKey())
    await refused(at.useCases.acknowledgeDrill(typed('keeper'), index, newKey()), 'ALARM_TYPED')
    expect(await typesOf(at, 'acknowledged')).toEqual([])
  })

  test('what is no emergency raised no alarm; what does not exist is told', async () => {
    const at = await world()
    await declared(at, 'fire')
    await refused(at.useCases.acknowledge(typed('keeper'), 'nothing', newKey()), 'UNKNOWN_OPTOUT')
    const { optOut } = await import('../use/support.ts')
    await at.useCases.request(at.person('ann'), { document: optOut('plain', { from: day, until: 2 * day }) }, newKey())
    await refused(at.useCases.acknowledge(at.person('ben'), 'plain', newKey()), 'ALARM_NONE')
  })

  test('goes on where the protected ref cannot be read', async () => {
    const at = await world()
    await declared(at, 'fire')
    at.repository.remove()
    at.clock.now += hour
    expect((await at.useCases.acknowledge(at.person('ben'), 'fire', newKey())).optOut.alarm?.acknowledged).toBeDefined()
  })

  test('is forgotten with its opt-out: the body that names who heard it is erased', async () => {
    const at = await world()
    const { optOut: { uid } } = await declared(at, 'fire')
    await at.useCases.acknowledge(at.person('ben'), 'fire', newKey())
    const said = { verdict: 'justified', reason: 'the site was down' } as const
    await at.useCases.review(await at.tapping('ben', { purpose: 'review', id: 'fire', review: said }), 'fire', said, newKey())
    at.clock.now += 31 * day
    await at.useCases.erase(typed('keeper'), { uid, reason: 'asked for' }, newKey())
    expect(await typesOf(at, 'emergency')).toEqual([])
    expect((await at.useCases.optOut(uid)).alarm?.acknowledged?.by.iss).toBe('exeat:erased')
    await agreeErased(at)
  })
})

const agreeErased = async (at: AlarmWorld): Promise<void> => {
  const alarms = await at.log.records('alarm', { limit: 10 })
  expect(alarms.map(({ value }) => Buffer.from(value).toString('utf8')).join('')).not.toMatch(/"ben"/)
}

describe('a drill', () => {
  test('tells everybody, marked as one, and is over once somebody else heard it', async () => {
    const at = await world()
    const { drill: { index, until }, evidence } = await at.useCases.startDrill(at.person('ann'), { within: 600 }, newKey())
    expect([evidence, until]).toEqual(['none', new Date(at.clock.now + 10 * minute).toISOString()])
    const sent = await at.deliver()
    expect(sent.map(({ url }) => new URL(url).hostname).sort()).toEqual(['chat.acme.example', 'pager.acme.example'])
    expect(eventOf(sent[0] as never)).toMatchObject({ type: 'dev.exeat.drill.started.v1', data: { drill: true, entry: index, acknowledge: `exeat drill ack ${index}`, sinks: ['pager', 'chat'] } })
    await refused(at.useCases.acknowledgeDrill(at.person('ann'), index, newKey()), 'ALARM_OWN')
    const { drill } = await at.useCases.acknowledgeDrill(at.person('ben'), index, newKey())
    expect(drill).toMatchObject({ state: 'acknowledged', acknowledged: { by: who('ben') }, deliveries: [{ sink: 'pager', state: 'delivered' }, { sink: 'chat', state: 'delivered' }] })
    expect(await typesOf(at, 'drill')).toEqual(['dev.exeat.drill.started.v1', 'dev.exeat.drill.acknowledged.v1', 'dev.exeat.drill.ended.v1'])
    await refused(at.useCases.acknowledgeDrill(at.person('cleo'), index, newKey()), 'ALARM_HEARD')
    at.clock.now += 15 * minute
    await at.useCases.endDrill()
    expect(await typesOf(at, 'drill.ended')).toHaveLength(1)
    expect(await at.deliver()).toEqual([])
    await agree(at.log)
  })

  test('that nobody hears ends as that, once, by whoever finds it so, and is heard no more', async () => {
    const at = await world()
    const { drill: { index } } = await at.useCases.startDrill(typed('keeper'), { within: 60 }, newKey())
    await at.deliver()
    await at.useCases.endDrill()
    expect((await at.useCases.drill(undefined)).state).toBe('running')
    at.clock.now += minute
    await refused(at.useCases.acknowledgeDrill(at.person('ben'), index, newKey()), 'DRILL_OVER')
    await Promise.all([at.useCases.endDrill(), at.useCases.endDrill(), at.useCases.endDrill()])
    expect((await at.useCases.drill(index)).state).toBe('unacknowledged')
    expect((await eventsOf(at.log)).filter(({ type }) => type === 'dev.exeat.drill.ended.v1').map(({ data }) => data)).toEqual([{ drill: index, outcome: 'unacknowledged' }])
    await refused(at.useCases.acknowledgeDrill(at.person('ben'), index, newKey()), 'DRILL_OVER')
  })

  test('that reached nobody says so', async () => {
    const at = await world()
    for (const host of ['pager', 'chat']) at.answers.set(`${host}.acme.example`, new Error('no connection: ECONNREFUSED'))
    await at.useCases.startDrill(typed('keeper'), { within: 60 }, newKey())
    await at.deliver()
    at.clock.now += minute
    await at.useCases.endDrill()
    expect(await at.useCases.drill(undefined)).toMatchObject({ state: 'undelivered', deliveries: [{ state: 'waiting', message: 'no connection: ECONNREFUSED' }, { state: 'waiting' }] })
  })

  test('is one at a time, and once an hour but for the operator; another entry is no drill', async () => {
    const at = await world()
    await refused(at.useCases.drill(undefined), 'DRILL_UNKNOWN')
    const key = newKey()
    const { drill: { index } } = await at.useCases.startDrill(at.person('ann'), { within: 60 }, key)
    expect((await at.useCases.startDrill(at.person('ann'), { within: 60 }, key)).drill.index).toBe(index)
    await refused(at.useCases.startDrill(typed('keeper'), { within: 60 }, newKey()), 'DRILL_RUNNING')
    at.clock.now += minute
    await refused(at.useCases.startDrill(at.person('dora'), { within: 60 }, newKey()), 'DRILL_RUNNING')
    const second = await at.useCases.startDrill(typed('keeper'), { within: 60 }, newKey())
    expect(await typesOf(at, 'drill')).toEqual(['dev.exeat.drill.started.v1', 'dev.exeat.drill.ended.v1', 'dev.exeat.drill.started.v1'])
    await refused(at.useCases.acknowledgeDrill(at.person('ben'), index, newKey()), 'DRILL_OVER')
    await refused(at.useCases.acknowledgeDrill(at.person('ben'), 0, newKey()), 'DRILL_UNKNOWN')
    expect((await at.useCases.acknowledgeDrill(at.person('ben'), second.drill.index, newKey())).drill.state).toBe('acknowledged')
    at.clock.now += hour
    await refused(at.useCases.startDrill(at.person('ann'), { within: 0 }, newKey()), 'INPUT_INVALID')
    await at.useCases.startDrill(at.person('ann'), { within: 60 }, newKey())
  })

  test('excuses nothing, is no emergency and counts as none; an emergency\'s acknowledgement is none of a drill, nor the other way about', async () => {
    const at = await world()
    const { drill: { index } } = await at.useCases.startDrill(at.person('ann'), { within: 600 }, newKey())
    expect((await at.useCases.optOuts({})).items).toEqual([])
    const fire = await declared(at, 'fire')
    await declared(at, 'second')
    await refused(at.useCases.acknowledge(at.person('ben'), String(index), newKey()), 'UNKNOWN_OPTOUT')
    await refused(at.useCases.acknowledgeDrill(at.person('ben'), fire.index, newKey()), 'DRILL_UNKNOWN')
  })

  test('without a sink is refused, and nothing is entered', async () => {
    const at = await world()
    const workspace = String(at.repository.git('show', 'HEAD:.exeat/workspace.yaml'))
    const policies = Object.fromEntries(['trivy', 'production'].map((name) => [`.exeat/policies/${name}.yaml`, String(at.repository.git('show', `HEAD:.exeat/policies/${name}.yaml`)).replace(/ {2}alerts:.*/, '').replace(/ {2}emergency:.*/, '')]))
    at.merge({ '.exeat/workspace.yaml': workspace.replace(/ {2}alerts:.*\n/, ''), ...policies })
    await refused(at.useCases.startDrill(typed('keeper'), { within: 60 }, newKey()), 'ALARM_UNHEARD')
    expect(await typesOf(at, 'drill')).toEqual([])
  })
})
