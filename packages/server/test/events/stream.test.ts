/** One stream, its log and its clock in hand: heartbeats, clients that take nothing, callers who may no longer listen, and an end in any case. */
import { expect, test } from 'vitest'
import type { Feed, FeedItem } from '../../src/events/feed.ts'
import { growing } from '../../src/events/growth.ts'
import { shortType } from '@exeat/core/entry'
import { isSelector, wants } from '../../src/events/select.ts'
import { eventStream, type StreamOptions } from '../../src/events/stream.ts'
import type { Telling } from '../../src/ports/sinks.ts'
import { eventTypes } from '@exeat/core/entry'

const never = 3_600_000
const calm = { heartbeat: never, stuck: never, whole: never, retry: 2_000 }

function world(over: Partial<StreamOptions> = {}) {
  const items: FeedItem[] = []
  const head = { size: 0 }
  const { log, growth } = growing({ head: async () => head, append: async () => ({ ok: true, value: { index: head.size - 1, count: 1 } }) } as never)
  const feed: Feed = { read: async (from, most) => items.slice(from, from + most) }
  const stopping = new AbortController()
  let ends = 0
  const stream = eventStream({ feed, growth, from: 0, wants: () => true, allowed: async () => true, stopping: stopping.signal, ended: () => { ends += 1 }, times: calm, ...over })
  const reader = stream.getReader()
  return {
    stopping, reader, ends: () => ends,
    say: async (type: FeedItem['type'] = 'dev.exeat.use.claimed.v1') => {
      items.push({ index: items.length, type, json: `{"n":${items.length}}` } as FeedItem)
      head.size = items.length
      await log.append({} as never)
    },
    next: async () => {
      const { value, done } = await reader.read()
      return done ? undefined : Buffer.from(value).toString('utf8')
    },
  }
}

test('says how long to wait before coming back, then each event as it is entered', async () => {
  const at = world()
  expect(await at.next()).toBe('retry: 2000\n\n')
  const heard = at.next()
  await at.say()
  expect(await heard).toBe('id: 0\nevent: dev.exeat.use.claimed.v1\ndata: {"n":0}\n\n')
  at.stopping.abort()
  expect(await at.next()).toBeUndefined()
  expect(at.ends()).toBe(1)
})

test('a heartbeat moves the place of a client which wants nothing of what happened', async () => {
  const at = world({ wants: wants(['drill.*']), times: { ...calm, heartbeat: 20 } })
  await at.next()
  expect(await at.next()).toBe(': nothing yet\n\n')
  await at.say()
  await expect.poll(() => at.next()).toBe('id: 0\n\n')
  await at.reader.cancel()
  expect(at.ends()).toBe(1)
})

test('whoever may no longer listen hears the end at the next heartbeat', async () => {
  let allowed = true
  const at = world({ allowed: async () => allowed, times: { ...calm, heartbeat: 20 } })
  await at.next()
  expect(await at.next()).toBe(': nothing yet\n\n')
  allowed = false
  await expect.poll(() => at.next()).toBeUndefined()
  expect(at.ends()).toBe(1)
})

test('a client that takes nothing is cut off, and so is one that has listened for long', async () => {
  const stuck = world({ times: { ...calm, stuck: 20 } })
  await expect.poll(() => stuck.ends()).toBe(1)
  await expect(stuck.next()).rejects.toThrow('the client took nothing for a minute')
  const long = world({ times: { ...calm, whole: 20 } })
  await long.next()
  expect(await long.next()).toBeUndefined()
  expect(long.ends()).toBe(1)
})

test('what stands in no entry is told as it comes, without a place; what is not wanted is not, and so many wait at most', async () => {
  let hear: (telling: Telling) => void = () => undefined
  let deaf = 0
  const at = world({ wants: wants(['optout.lapsed', 'use.*']), notices: { listen: (listener) => { hear = listener; return () => { deaf += 1 } } } })
  await at.next()
  const heard = at.next()
  const notice = (type: Telling['type']): Telling => ({ type, json: '{"n":"x"}' }) as Telling
  hear(notice('dev.exeat.optout.expiring.v1'))
  hear(notice('dev.exeat.optout.lapsed.v1'))
  expect(await heard).toBe('event: dev.exeat.optout.lapsed.v1\ndata: {"n":"x"}\n\n')
  for (let i = 0; i < 500; i++) hear(notice('dev.exeat.optout.lapsed.v1'))
  await at.say()
  await expect.poll(async () => (await at.next())?.split('event: ').length).toBeLessThanOrEqual(103)
  await at.reader.cancel()
  expect(deaf).toBe(1)
})

test('a log that cannot be read ends the stream with an error, once', async () => {
  const at = world({ feed: { read: async () => { throw new Error('the database is away') } } })
  await at.next()
  await expect(at.next()).rejects.toThrow('the database is away')
  expect(at.ends()).toBe(1)
})

test('a server that stops while a stream begins ends it', async () => {
  const aborted = new AbortController()
  aborted.abort()
  const at = world({ stopping: aborted.signal })
  await at.next()
  expect(await at.next()).toBeUndefined()
  expect(at.ends()).toBe(1)
})

test('selectors name a type, or all of a noun, and nothing else', () => {
  for (const type of eventTypes) {
    const short = shortType(type)
    expect([isSelector(short), isSelector(short.replace(/\..*$/, '.*')), isSelector(type)]).toEqual([true, true, false])
    expect(wants([short])(type)).toBe(true)
    expect(eventTypes.filter(wants([short]))).toEqual([type])
  }
  expect(['*', '', 'optout', 'opt.*', 'optout.*.*', '.*', 'optout.nothing', '__proto__.*'].filter(isSelector)).toEqual([])
  expect(eventTypes.filter(wants(['drill.*', 'optout.stale']))).toEqual(eventTypes.filter((type) => /\.drill\.|optout\.stale/.test(type)))
})
