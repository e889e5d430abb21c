/** The edge alone: what it makes of a failure that nobody knows, of a server that stops, and of callers by their addresses. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createApp, type EdgeOptions } from '../../src/http/app.ts'
import { addHealth } from '../../src/http/health.ts'
import { addLog } from '../../src/http/log.ts'
import type { App } from '../../src/http/parts.ts'
import { addReads } from '../../src/http/reads.ts'
import { callerOf, rateLimiter } from '../../src/http/rate.ts'
import { httpServer, type Listener, listenNetwork } from '../../src/main/listen.ts'
import type { UseCases } from '../../src/use/types.ts'
import { exchange, type Reply } from '../main/support.ts'

const reported: unknown[] = []
let stopping = false
let listener: Listener

const failing = async (): Promise<never> => { throw new Error('secret detail of /srv/exeat/keys') }
const edge: EdgeOptions = {
  people: {} as never, receivers: { find: () => undefined, takes: () => false, take: failing }, points: [], pointSeen: () => undefined, damage: () => undefined, monotonic: () => 0, stopping: () => stopping, report: (error) => { reported.push(error) },
}
const addFailing = (app: App): void => {
  addHealth(app, async () => ({ problems: [{ code: 'SERVER_STARTING', message: 'the protected ref was not read yet' }] }))
  addLog(app, { log: { snapshot: failing } as never, key: 'x' })
  addReads(app, new Proxy({}, { get: () => failing }) as UseCases, {} as never, { now: () => 0, health: () => ({}) })
}

beforeAll(async () => { listener = await listenNetwork(httpServer(createApp(edge, addFailing), 'socket'), '127.0.0.1', 0) })
afterAll(async () => listener.drain(0))

function get(path: string, more: object = {}): Promise<Reply> {
  const address = listener.address()
  return exchange({ host: '127.0.0.1', port: typeof address === 'string' ? 0 : address.port, path, agent: false, ...more })
}

describe('a failure that nobody knows', () => {
  test.each(['/v1/status', '/log/checkpoint', '/v1/bundle', '/v1/opt-outs'])('%s tells a stranger nothing, and the operator all', async (path) => {
    const reply = await get(path)
    expect(reply.json()).toMatchObject({ status: 500, code: 'SERVER_FAILED' })
    expect(reply.text).not.toMatch(/secret|srv|\.ts/)
    expect(String(reported.at(-1))).toContain('secret detail')
  })
})

test('a server that starts is not ready, and says why', async () => {
  expect((await get('/readyz')).json()).toMatchObject({ status: 503, code: 'SERVER_STARTING' })
  expect((await get('/healthz')).status).toBe(200)
})

test('a server that stops takes nothing more, and closes its connections', async () => {
  stopping = true
  for (const path of ['/healthz', '/v1/status', '/nothing']) {
    const reply = await get(path)
    expect(reply.json()).toMatchObject({ status: 503, code: 'SERVER_STOPPING' })
    expect(reply.headers).toMatchObject({ connection: 'close', 'retry-after': '5' })
  }
  stopping = false
})

describe('token buckets', () => {
  test('so many at once, then as time goes by, and never more than the bucket holds', () => {
    let now = 0
    const limiter = rateLimiter({ perSecond: 2, burst: 3 }, () => now)
    expect([1, 2, 3, 4].map(() => limiter('a'))).toEqual([undefined, undefined, undefined, 1])
    expect(limiter('b')).toBeUndefined()
    now += 500
    expect([limiter('a'), limiter('a')]).toEqual([undefined, 1])
    now += 3_600_000
    expect([1, 2, 3, 4].map(() => limiter('a'))).toEqual([undefined, undefined, undefined, 1])
  })
  test('a clock that goes back fills nothing', () => {
    let now = 1000
    const limiter = rateLimiter({ perSecond: 1, burst: 1 }, () => now)
    limiter('a')
    now = 0
    expect(limiter('a')).toBe(1)
  })
  test('of many callers the one longest unseen is forgotten', () => {
    const limiter = rateLimiter({ perSecond: 0.001, burst: 1 }, () => 0)
    limiter('first')
    for (let i = 0; i < 9_999; i++) limiter(`caller-${i}`)
    expect(limiter('first')).toBe(1000)
    for (let i = 0; i < 10_000; i++) limiter(`other-${i}`)
    expect(limiter('first')).toBeUndefined()
  })
  test.each([
    [undefined, 'unknown'], ['127.0.0.1', '127.0.0.1'], ['::ffff:10.0.0.1', '10.0.0.1'], ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'], ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
    ['2001:0db8:0001:0002::9', '2001:db8:1:2::/64'], ['::1', '0:0:0:0::/64'], ['fe80::1%eth0', 'fe80:0:0:0::/64'], ['2001:db8::1:2:3:4:5', '2001:db8:0:1::/64'],
  ])('the address %s counts as %s', (address, caller) => { expect(callerOf(address)).toBe(caller) })
})
