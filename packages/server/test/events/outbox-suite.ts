/** The outbox against a real log and real rows; the network's answers and the clock are the test's. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { feedOf } from '../../src/events/feed.ts'
import { webhook } from '../../src/events/kinds/webhook.ts'
import { backoff } from '../../src/events/outbox/backoff.ts'
import type { Transmit } from '../../src/events/outbox/send.ts'
import { sinkRows } from '../../src/events/outbox/state.ts'
import { sinkWorker, type Worker, type WorkerOptions } from '../../src/events/outbox/worker.ts'
import { wants } from '../../src/events/select.ts'
import type { IdentityRows } from '../../src/ports/identity.ts'
import type { Telling } from '../../src/ports/sinks.ts'
import { enterHealth } from '../../src/use/health.ts'
import type { StoreKind } from '../../../testkit/src/log-store-kit.ts'
import { actor, day, newKey, optOut, origin, requested, start, world, type World } from '../use/support.ts'

export interface OutboxKind extends StoreKind {
  /** Empty ones. */
  readonly rows: () => Promise<IdentityRows>
}

interface Got {
  readonly id: string
  readonly index: number
  readonly type: string
  readonly name?: string
}

type Answer = number | { readonly status: number; readonly retryAfter: string } | Error | Promise<number>

export function outboxSuite(kind: OutboxKind): void {
  let at: World
  let rows: IdentityRows
  let got: Got[]
  let told: string[]
  let answer: (got: Got) => Answer
  let worker: Worker

  const transmit: Transmit = async ({ headers, body }) => {
    const event = JSON.parse(Buffer.from(body).toString('utf8')) as { type: string; data: { entry: number; asked?: { name: string } } }
    const one: Got = { id: headers['webhook-id'] ?? '', index: event.data.entry, type: event.type, ...(event.data.asked === undefined ? {} : { name: event.data.asked.name }) }
    const answered = await answer(one)
    if (answered instanceof Error) throw answered
    if (answered === 200) got.push(one)
    return typeof answered === 'number' ? { status: answered } : answered
  }
  const now = (): number => at.clock.now
  const newWorker = (over: Partial<WorkerOptions> = {}): Worker => sinkWorker({
    name: 'siem', kind: 'webhook', manner: webhook({ name: 'siem', origin, batch: false, sign: () => new Uint8Array(64), now }), wants: wants(['optout.*', 'audit.*']), transmit, rows: sinkRows(rows, now),
    feed: feedOf({ log: at.log, origin, monotonic: () => 0 }), size: async () => (await at.log.head()).size, id: 'one', now, jitter: () => 0.999,
    enterHealth: (state, message) => enterHealth(at.dependencies, state, 'SINK_LOST', message), report: ({ code }) => { told.push(code) }, ...over,
  })
  /** Until nothing is left to do for now. */
  const deliver = async (one = worker): Promise<readonly Got[]> => {
    const before = got.length
    while (await one.round()) { /* goes on */ }
    return got.slice(before)
  }
  const lasting = () => ({ from: now() - start, until: now() - start + day })
  const names = (): readonly (string | undefined)[] => got.map(({ name }) => name)

  describe(`${kind.name}: the outbox`, () => {
    beforeEach(async () => {
      at = await world(kind)
      rows = await kind.rows()
      got = []
      told = []
      answer = () => 200
      worker = newWorker()
      await at.useCases.synchronise()
      await deliver()
    })
    afterEach(async () => {
      await at.close()
      await rows.close()
    })

    test('begins with what happens after it was first looked at, and delivers each once, in order', async () => {
      expect(got).toEqual([])
      for (const name of ['a', 'b', 'c']) await requested(at, name)
      expect((await deliver()).map(({ name }) => name)).toEqual(['a', 'b', 'c'])
      expect(await deliver()).toEqual([])
      expect(await worker.status()).toMatchObject({ state: 'delivering', lag: 0, waiting: 0, dead: 0 })
    })

    test('leaves out what the sink does not want, and is not behind for it', async () => {
      worker = newWorker({ wants: wants(['emergency.*']) })
      await requested(at, 'a')
      expect(await deliver()).toEqual([])
      expect(await worker.status()).toMatchObject({ lag: 0 })
      expect(await worker.status()).not.toHaveProperty('oldest')
    })

    test('a sink that is down loses nothing and gets everything in order once it is back, with its ids the same', async () => {
      const tried: string[] = []
      answer = ({ id }) => { tried.push(id); return new Error('no connection: ECONNREFUSED') }
      for (const name of ['a', 'b', 'c']) await requested(at, name)
      await deliver()
      expect(told).toEqual(['SINK_FAILING'])
      expect(await worker.status()).toMatchObject({ state: 'failing', lag: 3, because: 'no connection: ECONNREFUSED', oldest: expect.any(Number) as number })
      const failed = tried.length
      await deliver()
      expect(tried.length).toBe(failed)
      at.clock.now += backoff.first
      await deliver()
      expect(tried.length).toBeGreaterThan(failed)
      answer = () => 200
      at.clock.now += 2 * backoff.first
      await deliver()
      expect(names()).toEqual(['a', 'b', 'c'])
      expect(tried).toEqual(expect.arrayContaining(got.map(({ id }) => id)))
      expect(told).toEqual(['SINK_FAILING'])
    })

    test.each([500, 502, 503, 429, 408, 401, 403, 404, 301, 302, 307, 100])('%i says that the sink is down: nothing is put aside', async (status) => {
      answer = () => status
      await requested(at, 'a')
      await deliver()
      expect(await worker.status()).toMatchObject({ state: 'failing', lag: 1, waiting: 0, because: `it answered ${status}` })
    })

    test('`Retry-After` is kept, in seconds or as a date, and never beyond an hour', async () => {
      await requested(at, 'a')
      for (const [said, wait] of [['120', 120_000], ['date', 300_000], ['999999', 3_600_000], ['nonsense', 1_000]] as const) {
        const retryAfter = said === 'date' ? new Date(now() + wait).toUTCString() : said
        answer = () => ({ status: 503, retryAfter })
        await worker.resume()
        await deliver()
        let asked = false
        answer = () => { asked = true; return 503 }
        at.clock.now += wait - 2_000
        await deliver()
        if (wait > 2_000) expect([retryAfter, asked]).toEqual([retryAfter, false])
        at.clock.now += 6_000
        await deliver()
        expect([retryAfter, asked]).toEqual([retryAfter, true])
      }
    })

    test('what a sink refuses waits by itself: what is of its opt-out waits behind it, and everything else passes', async () => {
      answer = ({ name }) => (name === 'bad' ? 422 : 200)
      await requested(at, 'bad')
      await requested(at, 'good')
      await at.useCases.reject(actor('bob'), 'bad', 'no', newKey())
      await deliver()
      expect(names()).toEqual(['good'])
      expect(await worker.status()).toMatchObject({ state: 'failing', lag: 0, waiting: 2, because: 'it answered 422' })
      await requested(at, 'later')
      expect((await deliver()).map(({ name }) => name)).toEqual(['later'])
      answer = () => 200
      at.clock.now += backoff.first
      await deliver()
      expect(got.slice(2).map(({ type }) => type)).toEqual(['dev.exeat.optout.proposed.v1', 'dev.exeat.optout.rejected.v1'])
      expect(await worker.status()).toMatchObject({ state: 'delivering', waiting: 0 })
    })

    test('what is refused for three days is dead, is told of in the log, and what waited behind it goes on', async () => {
      answer = ({ name }) => (name === 'bad' ? 400 : 200)
      await requested(at, 'bad')
      await at.useCases.reject(actor('bob'), 'bad', 'no', newKey())
      await deliver()
      for (let i = 0; i < 200 && (await worker.status()).dead === 0; i++) {
        at.clock.now += 3_600_000
        await deliver()
      }
      await deliver()
      expect(await worker.status()).toMatchObject({ dead: 1, waiting: 0 })
      expect(got.map(({ type }) => type)).toEqual(expect.arrayContaining(['dev.exeat.optout.rejected.v1', 'dev.exeat.audit.degraded.v1']))
      expect(told).toEqual(['SINK_LOST'])
      answer = () => 200
      await worker.replay({ from: 0, to: (await at.log.head()).size - 1 })
      await deliver()
      expect(names()).toContain('bad')
      expect(await worker.status()).toMatchObject({ dead: 0 })
    })

    test('what a sink was down for in three days is a listed range, which can be sent again; what is younger is still to come', async () => {
      answer = () => 503
      await requested(at, 'old-1')
      await requested(at, 'old-2')
      await deliver()
      at.clock.now += 2 * day
      await deliver()
      await requested(at, 'young', lasting())
      at.clock.now += day + 3_600_000
      await deliver()
      expect(await worker.status()).toMatchObject({ dead: 2, lag: 2, state: 'failing' })
      expect(told).toEqual(['SINK_FAILING', 'SINK_LOST'])
      answer = () => 200
      at.clock.now += 3_600_000
      await deliver()
      expect(got.map(({ name, type }) => name ?? type)).toEqual(['young', 'dev.exeat.audit.degraded.v1', 'dev.exeat.audit.restored.v1'])
      const first = got[0]?.index ?? 0
      await worker.replay({ from: first - 2, to: first - 1 })
      await deliver()
      expect(names().slice(-2)).toEqual(['old-1', 'old-2'])
      expect(await worker.status()).toMatchObject({ dead: 0, lag: 0, state: 'delivering' })
    })

    test('what nobody tried to deliver is delivered however old it is', async () => {
      await requested(at, 'old')
      at.clock.now += 30 * day
      answer = () => 500
      await deliver()
      expect(await worker.status()).toMatchObject({ dead: 0, lag: 1 })
      answer = () => 200
      at.clock.now += 3_600_000
      await deliver()
      expect(names()).toEqual(['old'])
    })

    test('a sink that is gone is asked nothing more until somebody resumes it, and keeps its queue', async () => {
      answer = () => 410
      await requested(at, 'a')
      await deliver()
      let asked = 0
      answer = () => { asked += 1; return 200 }
      at.clock.now += 10 * day
      await requested(at, 'b', lasting())
      await deliver()
      expect([asked, (await worker.status()).state, told]).toEqual([0, 'disabled', ['SINK_FAILING', 'SINK_LOST']])
      await worker.resume()
      await deliver()
      expect(names().filter((name) => name !== undefined)).toEqual(['a', 'b'])
      expect(got.at(-1)?.type).toBe('dev.exeat.audit.restored.v1')
    })

    test('a crash between delivery and its record sends again, under the same id, and never not at all', async () => {
      const real = sinkRows(rows, now)
      const dying = newWorker({ rows: { ...real, write: async (sink, state, expected) => { if (got.length > 0) throw new Error('killed'); return real.write(sink, state, expected) } } })
      await requested(at, 'a')
      await expect(deliver(dying)).rejects.toThrow('killed')
      await deliver(newWorker())
      expect(names()).toEqual(['a', 'a'])
      expect(new Set(got.map(({ id }) => id)).size).toBe(1)
    })

    test('of two processes one delivers; the other takes over once the lease of a dead one is over', async () => {
      const other = newWorker({ id: 'two' })
      await requested(at, 'a')
      await Promise.all([deliver(), deliver(other)])
      expect(names()).toEqual(['a'])
      await requested(at, 'b')
      await deliver(other)
      expect(names()).toEqual(['a'])
      at.clock.now += 61_000
      await deliver(other)
      expect(names()).toEqual(['a', 'b'])
    })

    test('a sink that refuses everything holds a bounded number of messages, and then stands still', { timeout: 60_000 }, async () => {
      answer = () => 400
      worker = newWorker({ feed: manyItems(3_000), size: async () => 3_000 })
      await rows.drop('sink', 'siem')
      await sinkRows(rows, now).write('siem', { next: 0, failures: 0, dead: [] }, 0)
      await deliver()
      const status = await worker.status()
      expect([status.waiting <= 1_000, status.lag > 1_900, status.state]).toEqual([true, true, 'failing'])
    })

    test('what was refused until it was given up is tried anew once somebody resumes the sink: what stands in no entry could not be asked for otherwise', async () => {
      answer = () => 400
      await worker.tell({ key: 'n/2', index: undefined, type: 'dev.exeat.optout.lapsed.v1', subject: 'b'.repeat(64), time: now(), told: {} as never, json: '{"type":"dev.exeat.optout.lapsed.v1","data":{}}' })
      for (let i = 0; i < 200 && (await worker.status()).dead === 0; i++) {
        await deliver()
        at.clock.now += 3_600_000
      }
      expect(await worker.status()).toMatchObject({ dead: 1, waiting: expect.any(Number) as number })
      answer = () => 200
      await worker.resume()
      await deliver()
      expect(got.map(({ type }) => type)).toContain('dev.exeat.optout.lapsed.v1')
      expect(await worker.status()).toMatchObject({ dead: 0, waiting: 0 })
    })

    test('what follows from entries is told once, and tried again like an entry', async () => {
      const notice: Telling = { key: 'n/1', index: undefined, type: 'dev.exeat.optout.lapsed.v1', subject: 'a'.repeat(64), time: now(), told: {} as never, json: '{"type":"dev.exeat.optout.lapsed.v1","data":{}}' }
      answer = () => 400
      await worker.tell(notice)
      await worker.tell(notice)
      await deliver()
      expect(await worker.status()).toMatchObject({ waiting: 1 })
      answer = () => 200
      at.clock.now += backoff.first
      await deliver()
      expect(got.map(({ type }) => type)).toEqual(['dev.exeat.optout.lapsed.v1'])
    })
  })

  function manyItems(count: number): WorkerOptions['feed'] {
    return {
      read: async (from, most) => Array.from({ length: Math.max(0, Math.min(most, count - from)) }, (_, i) => {
        const index = from + i
        const type = 'dev.exeat.optout.revoked.v1' as const
        return { index, id: `e${index}`, source: origin, type, subject: String(index).padStart(64, 'a'), time: now() as never, event: undefined, told: {} as never, json: JSON.stringify({ type, data: { entry: index, document: optOut('x') } }) }
      }),
    }
  }
}
