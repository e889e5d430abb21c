/** What follows from the log and the clock is told once: real acts on a real log, the clock in hand. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { notices, type Notices } from '../../src/events/notices/index.ts'
import { teller } from '../../src/events/notices/teller.ts'
import type { IdentityRows } from '../../src/ports/identity.ts'
import type { Telling } from '../../src/ports/sinks.ts'
import { openSqliteIdentity } from '../../src/store/sqlite/identity.ts'
import { temporaryFolder } from '../../../testkit/src/git.ts'
import { must } from '../../../testkit/src/log-store-kit.ts'
import { alarmWorld, declared } from '../alarm/world.ts'
import { sqlite } from '../sqlite-kind.ts'
import { activated, actor, day, hour, newKey, optOut, origin, requested, world, fileOf, type World } from '../use/support.ts'

const folder = temporaryFolder()
afterAll(() => { rmSync(folder, { recursive: true, force: true }) })
let made = 0
let at: World
let rows: IdentityRows
let told: Telling[]
let heard: Telling[]
let noticing: Notices

function newNotices(points: Parameters<typeof notices>[0]['points'] = []): Notices {
  const now = () => at.clock.now
  const own = teller({ rows, origin, tell: async (telling) => { told.push(telling) }, now })
  own.listen((telling) => { heard.push(telling) })
  return notices({ log: at.log, governed: () => at.source.latest(), teller: own, rows, points, now })
}

beforeEach(async () => {
  at = await world(sqlite)
  rows = must(openSqliteIdentity(join(folder, `${made += 1}.sqlite`)))
  told = []
  heard = []
  noticing = newNotices()
})
afterEach(async () => {
  await at.close()
  await rows.close()
})

/** Types told of since the last time, without what all share. */
const next = async (one = noticing): Promise<readonly string[]> => {
  const before = told.length
  await one.round()
  return told.slice(before).map(({ type, told: { data } }) => `${type.replace(/^dev\.exeat\.|\.v1$/g, '')}${typeof data['within'] === 'string' ? ` ${data['within']}` : ''}`)
}
const use = (name: string, uid: string) => at.useCases.claimUses([{ uid, point: 'ci', subject: `commit-${name}-${told.length}` }])

describe('an opt-out', () => {
  test('is told of seven days, one day and an hour before its end, and when it has ended, once each', async () => {
    const { optOut: { uid } } = await activated(at, 'long', { until: 10 * day })
    await use('long', uid)
    expect(await next()).toEqual(['optout.first-used'])
    for (const [after, types] of [[2 * day, []], [3 * day + hour, ['optout.expiring 7d']], [4 * day, []], [9 * day + hour, ['optout.expiring 1d']], [10 * day - hour / 2, ['optout.expiring 1h']], [10 * day, ['optout.lapsed']], [10 * day + hour, []]] as const) {
      at.clock.now = at.clock.now - (at.clock.now - startOf) + after
      expect([after, await next()]).toEqual([after, types])
      expect([after, await next()]).toEqual([after, []])
    }
    expect(told.at(-1)).toMatchObject({ subject: uid, told: { specversion: '1.0', source: origin, subject: uid, data: { name: 'long', uses: 1 } } })
  })

  test('that was never meant to last so long is not told of so early', async () => {
    await activated(at, 'short', { until: 4 * hour })
    expect(await next()).toEqual([])
    at.clock.now = startOf + 3 * hour + hour / 2
    expect(await next()).toEqual(['optout.expiring 1h', 'optout.unused'])
  })

  test('that nothing uses is told of at half its time', async () => {
    await activated(at, 'idle', { until: 6 * day })
    at.clock.now = startOf + 2 * day
    expect(await next()).toEqual([])
    at.clock.now = startOf + 3 * day + hour
    expect(await next()).toEqual(['optout.expiring 7d', 'optout.unused'].slice(1))
  })

  test('whose document is changed or taken out after its activation is told of as drifted', async () => {
    await activated(at, 'moved', { until: 2 * day })
    expect(await next()).toEqual([])
    at.merge({ [fileOf('moved')]: JSON.stringify(optOut('moved', { until: 3 * day })) })
    await at.source.current({ fresh: true })
    expect(await next()).toEqual(['optout.drifted'])
    expect(await next()).toEqual([])
  })

  test('that was revoked, or never activated, is told of no more', async () => {
    await activated(at, 'gone', { until: 2 * day })
    await requested(at, 'asked', { until: 2 * day })
    await at.useCases.revoke(actor('alice'), 'gone', 'fixed', newKey())
    at.clock.now = startOf + 2 * day - hour / 2
    expect(await next()).toEqual([])
    at.clock.now = startOf + 2 * day
    expect(await next()).toEqual([])
  })

  test('that ended long before anybody looked is no news', async () => {
    await activated(at, 'old', { until: 2 * day })
    at.clock.now = startOf + 4 * day
    expect(await next()).toEqual([])
  })

  test('asked for after its end is told of once a day and point', async () => {
    const { optOut: { uid } } = await activated(at, 'ended', { until: 10 * day })
    await at.useCases.revoke(actor('alice'), 'ended', 'fixed', newKey())
    const claim = [{ uid, point: 'ci', subject: 'a' }, { uid, point: 'ci', subject: 'b' }, { uid, point: 'other', subject: 'a' }]
    for (let i = 0; i < 3; i++) await noticing.claimed(claim, await at.useCases.claimUses(claim))
    expect(told.map(({ told: { data } }) => [data['name'], data['point']])).toEqual([['ended', 'ci'], ['ended', 'other']])
    at.clock.now += day
    await noticing.claimed(claim.slice(0, 1), await at.useCases.claimUses(claim.slice(0, 1)))
    expect(told.length).toBe(3)
    await noticing.claimed([{ uid: 'a'.repeat(64), point: 'ci', subject: 'x' }], { results: [{ uid: 'a'.repeat(64), outcome: 'refused', code: 'WRONG_PHASE', message: 'x' }] })
    expect(told.length).toBe(3)
  })
})

describe('uses', () => {
  let sent = 0
  const uses = (uid: string, count: number, point = 'ci') => at.useCases.claimUses(Array.from({ length: count }, () => ({ uid, point, subject: `s-${sent += 1}` })))
  /** Each hour of `counts` in turn; the clock ends in the last. */
  async function hourly(uid: string, ...counts: readonly number[]): Promise<void> {
    for (const [index, count] of counts.entries()) {
      if (index > 0) at.clock.now += hour
      for (let left = count; left > 0; left -= 50) await uses(uid, Math.min(left, 50))
    }
  }

  test.each<readonly [string, readonly number[], boolean]>([
    ['five times as many as in the hours before', [4, 4, 4, 20], true],
    ['none before', [0, 0, 0, 20], true],
    ['many, but no more than before', [60, 60, 60, 60], false],
    ['more, but few', [1, 1, 1, 19], false],
    ['at once after it began: that is no rise', [0, 0, 60], false],
  ])('that rise are told of once a day: %s', async (_, counts, rises) => {
    const { optOut: { uid } } = await activated(at, 'busy', { until: 10 * day })
    await hourly(uid, ...counts)
    const types = await next()
    expect(types.includes('optout.rising')).toBe(rises)
    if (!rises) return
    expect(told.find(({ type }) => type.includes('rising'))).toMatchObject({ subject: uid, told: { data: { name: 'busy', hour: 20 } } })
    expect(await next()).toEqual([])
    at.clock.now += hour / 2
    await uses(uid, 30)
    expect(await next()).toEqual([])
  })

  test('are held against a day at most', async () => {
    const { optOut: { uid } } = await activated(at, 'old', { until: 10 * day })
    await hourly(uid, 40)
    at.clock.now += 30 * hour
    await uses(uid, 20)
    expect(await next()).toContain('optout.rising')
  })

  test('beyond what the document expects of a day are told of once, and refused nowhere', async () => {
    const { optOut: { uid } } = await activated(at, 'few', { until: 10 * day, more: { expected: { usesPerDay: 3 } } })
    await hourly(uid, 2, 0, 1)
    expect(await next()).toEqual(['optout.first-used'])
    expect(await uses(uid, 1)).toMatchObject({ results: [{ outcome: 'counted' }] })
    expect(await next()).toEqual(['optout.unexpected'])
    expect(told.at(-1)).toMatchObject({ told: { data: { message: '4 uses within 24 hours, and 3 are expected' } } })
    at.clock.now += day
    expect(await next()).toEqual([])
    await uses(uid, 3)
    expect(await next()).toEqual([])
  })

  test('by a point that the document does not expect are told of once a day and point', async () => {
    const { optOut: { uid } } = await activated(at, 'here', { until: 10 * day, more: { expected: { points: ['gate/**', 'proxy/prod'] } } })
    const claim = async (point: string, subject: string): Promise<void> => {
      const sentUses = [{ uid, point, subject }]
      await noticing.claimed(sentUses, await at.useCases.claimUses(sentUses))
    }
    for (const point of ['gate/1001/test', 'proxy/prod', 'proxy/test', 'proxy/test', 'gated']) await claim(point, `${point}-${sent += 1}`)
    expect(told.map(({ type, told: { data } }) => [type, data['name'], data['point']])).toEqual(['proxy/test', 'gated'].map((point) => ['dev.exeat.optout.unexpected.v1', 'here', point]))
    at.clock.now += day
    await claim('proxy/test', 'once more')
    expect(told).toHaveLength(3)
    // Of what was not counted nothing is told: anybody could make it up.
    await noticing.claimed([{ uid, point: 'made/up', subject: 'x' }], { results: [{ uid, outcome: 'refused', code: 'USES_EXCEEDED', message: 'x' }] })
    expect(told).toHaveLength(3)
  })
})

test('an emergency whose review is late is told of, and one that is reviewed is not', async () => {
  const people = await alarmWorld({ ...sqlite, rows: async () => must(openSqliteIdentity(join(folder, `people-${made += 1}.sqlite`))) })
  try {
    const now = () => people.clock.now
    const own = notices({ log: people.log, governed: () => people.source.latest(), teller: teller({ rows: people.rows, origin, tell: async (telling) => { told.push(telling) }, now }), rows: people.rows, points: [], now })
    await declared(people, 'fire')
    await declared(people, 'blaze')
    const review = { verdict: 'justified', reason: 'the site was down' } as const
    await people.useCases.review(await people.tapping('cleo', { purpose: 'review', id: 'blaze', review }), 'blaze', review, newKey())
    const overdue = () => told.filter(({ type }) => type === 'dev.exeat.emergency.overdue.v1').map(({ told: { data } }) => [data['name'], data['team']])
    people.clock.now += 5 * hour
    await own.round()
    expect(overdue()).toEqual([])
    people.clock.now += 72 * hour
    await own.round()
    await own.round()
    expect(overdue()).toEqual([['fire', 'sre']])
  } finally {
    await people.close()
  }
})

test('of two processes both may tell, and each says it once under one id', async () => {
  await activated(at, 'shared', { until: 4 * hour })
  at.clock.now = startOf + 3 * hour + hour / 2
  const other = newNotices()
  await Promise.all([noticing.round(), other.round()])
  expect(new Set(told.map(({ told: { id } }) => id)).size).toBe(2)
  expect(heard.length).toBe(2)
  expect([await next(), await next(other)]).toEqual([[], []])
})

test('a point that was seen, and then not for as long as its operator set, is told of once for each silence', async () => {
  const watched = newNotices([{ name: 'cluster', sha256: 'a'.repeat(64), within: 600 }, { name: 'ci', sha256: 'b'.repeat(64) }])
  expect(await next(watched)).toEqual([])
  for (const name of ['cluster', 'ci']) await watched.seen(name)
  at.clock.now += 599_000
  expect(await next(watched)).toEqual([])
  at.clock.now += 1_000
  expect(await next(watched)).toEqual(['point.silent'])
  expect(await next(watched)).toEqual([])
  await watched.seen('cluster')
  expect(await next(watched)).toEqual([])
  at.clock.now += day
  expect(await next(watched)).toEqual(['point.silent'])
})

test('sinks that cannot be told now are told later: the row that says so is written last', async () => {
  await activated(at, 'kept', { until: 4 * hour })
  at.clock.now = startOf + 3 * hour + hour / 2
  const now = () => at.clock.now
  const failing = notices({ log: at.log, governed: () => at.source.latest(), teller: teller({ rows, origin, tell: async () => { throw new Error('killed') }, now }), rows, points: [], now })
  await expect(failing.round()).rejects.toThrow('killed')
  expect(await next()).toEqual(['optout.expiring 1h', 'optout.unused'])
})

const startOf = Date.UTC(2026, 10, 22, 10)
