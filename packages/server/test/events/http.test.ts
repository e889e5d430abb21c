/** Server-sent events at a founded server: as they happen, from where somebody was, and only for who may listen. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { by, type Site, site } from '../main/support.ts'
import { fileOf, optOut } from '../use/support.ts'
import { listen, type Listener, type Listening, type Message } from './listener.ts'

let at: Site
const open: Listener[] = []
beforeEach(async () => {
  at = await site()
  await at.start()
  // What governs is entered first.
  await vi.waitFor(async () => { if ((await at.ask('/readyz')).status !== 200) throw new Error('it is not ready') }, patient)
})
afterEach(async () => {
  for (const each of open.splice(0)) each.close()
  await at.close()
})

const patient = { timeout: 20_000, interval: 20 }
let keys = 0
const post = (path: string, body: unknown, actor: string) => at.ask(path, { method: 'POST', body, headers: { ...by(actor), 'idempotency-key': `events-${keys += 1}` } })
const ask = (name: string) => post('/v1/opt-outs', { document: optOut(name) }, 'alice')
async function listening(path: string, how: Listening = {}): Promise<Listener> {
  const listener = await listen(at, path, how)
  open.push(listener)
  return listener
}
const events = ({ messages }: Listener): readonly Message[] => messages.filter(({ event }) => event !== undefined)
const nameIn = ({ data }: Message): unknown => (data?.data['asked'] as { readonly name?: string } | undefined)?.name
const size = async (): Promise<number> => Number(/^\d+$/m.exec((await at.ask('/log/checkpoint', { token: null })).text)?.[0])

test('an act is heard of as it happens, as a CloudEvent under the index of its entry, without what shows who did it', { timeout: 60_000 }, async () => {
  const before = await size()
  const listener = await listening('/v1/events')
  expect([listener.status, listener.headers['content-type'], listener.headers['cache-control']]).toEqual([200, 'text/event-stream; charset=utf-8', 'no-store'])
  await ask('log4j')
  await expect.poll(() => events(listener).length, patient).toBe(1)
  const [message] = events(listener)
  expect(message).toMatchObject({
    id: String(before), event: 'dev.exeat.optout.proposed.v1',
    data: { specversion: '1.0', type: 'dev.exeat.optout.proposed.v1', source: 'log.acme.example', sequence: String(before).padStart(16, '0'), data: { asked: { name: 'log4j' }, entry: before, strength: 'operator-asserted' } },
  })
  expect(Object.keys(message?.data?.data ?? {})).not.toEqual(expect.arrayContaining(['envelope']))
  expect(message?.data?.data).not.toHaveProperty('evidence')
  expect(message?.data?.data).not.toHaveProperty('terms')
})

test('whoever was away goes on behind the last event that they saw, and misses and repeats none', { timeout: 60_000 }, async () => {
  const first = await listening('/v1/events')
  await ask('a1')
  await expect.poll(() => events(first).length, patient).toBe(1)
  first.close()
  for (const name of ['a2', 'a3', 'a4']) await ask(name)
  const last = events(first)[0]?.id ?? ''
  const second = await listening('/v1/events?after=0', { headers: { 'last-event-id': last } })
  await ask('a5')
  await expect.poll(() => events(second).length, patient).toBe(4)
  expect(events(second).map(nameIn)).toEqual(['a2', 'a3', 'a4', 'a5'])
  expect(events(second).map(({ id }) => Number(id))).toEqual([1, 2, 3, 4].map((n) => Number(last) + n))
})

test('the whole log can be replayed, and each of its entries is told once and in order', { timeout: 60_000 }, async () => {
  for (let i = 0; i < 70; i++) await ask(`many-${i}`)
  const listener = await listening('/v1/events?after=0')
  const entries = await size()
  await expect.poll(() => events(listener).length, patient).toBe(entries - 1)
  expect(events(listener).map(({ id }) => Number(id))).toEqual(Array.from({ length: entries - 1 }, (_, i) => i + 1))
})

test('what is not wanted is left out', { timeout: 60_000 }, async () => {
  const [some, none] = [await listening('/v1/events?types=optout.rejected,emergency.*'), await listening('/v1/events?types=drill.*')]
  await ask('b1')
  await post('/v1/opt-outs/b1/rejection', { reason: 'no' }, 'bob')
  await expect.poll(() => events(some).map(({ event }) => event), patient).toEqual(['dev.exeat.optout.rejected.v1'])
  expect(events(none)).toEqual([])
})

describe('bad input', () => {
  test.each(['after=-1', 'after=1e3', 'after=x', 'types=', 'types=optout', 'types=*', 'types=optout.*,nothing.here', 'types=dev.exeat.optout.approved.v1', 'more=1'])('%s is refused', async (query) => {
    expect((await at.ask(`/v1/events?${query}`)).json()).toMatchObject({ status: 400, code: 'REQUEST_INVALID' })
  })
  test('a last event that is no number, or that this log does not have, begins nothing', async () => {
    expect((await at.ask('/v1/events', { headers: { 'last-event-id': 'x' } })).json()).toMatchObject({ status: 400, code: 'REQUEST_INVALID' })
    expect((await at.ask(`/v1/events?after=${await size()}`)).json()).toMatchObject({ status: 409, code: 'EVENTS_AHEAD' })
  })
  test('strangers and unknown tokens hear nothing', async () => {
    expect((await at.ask('/v1/events', { over: 'network', token: null })).json()).toMatchObject({ status: 401, code: 'TOKEN_MISSING' })
    expect((await at.ask('/v1/events', { over: 'network', token: 'forged' })).json()).toMatchObject({ status: 401, code: 'TOKEN_UNKNOWN' })
  })
  test('hostile text stands in one line of JSON: nobody ends an event with it, or begins another', { timeout: 60_000 }, async () => {
    const listener = await listening('/v1/events')
    const document = { ...optOut('hostile') } as { spec: Record<string, unknown> }
    const reason = 'a\n\ndata: {"type":"forged"}\n\nid: 999\r\nevent: x\u2028y'
    expect((await post('/v1/opt-outs', { document: { ...document, spec: { ...document.spec, reason } } }, 'alice')).status).toBeLessThan(500)
    await ask('after')
    await expect.poll(() => events(listener).some((each) => nameIn(each) === 'after'), patient).toBe(true)
    expect(events(listener).every(({ event }) => event === 'dev.exeat.optout.proposed.v1')).toBe(true)
    expect(listener.text()).not.toContain('\nid: 999')
  })
})

test('attack-27: clients that never read keep no act waiting', { timeout: 120_000 }, async () => {
  for (let i = 0; i < 20; i++) await listening('/v1/events?after=0', { paused: true })
  const listener = await listening('/v1/events')
  for (let i = 0; i < 30; i++) expect((await ask(`busy-${i}`)).status).toBe(201)
  await expect.poll(() => events(listener).length, patient).toBe(30)
})

test('streams end with the server, which does not wait for them', { timeout: 60_000 }, async () => {
  const [listener, deaf] = [await listening('/v1/events'), await listening('/v1/events?after=0', { paused: true })]
  const begun = performance.now()
  await at.stop()
  await listener.ended
  deaf.close()
  expect(performance.now() - begun).toBeLessThan(9_000)
})

test('an activation, its use and its end are heard of in the order of the log', { timeout: 60_000 }, async () => {
  const listener = await listening('/v1/events?types=optout.*,use.*')
  const document = optOut('whole')
  await post('/v1/opt-outs', { document }, 'alice')
  const { binding } = (await at.ask('/v1/opt-outs/whole')).json() as { binding: unknown }
  await post('/v1/opt-outs/whole/approvals', { signed: binding }, 'bob')
  at.repository.commit({ [fileOf('whole')]: JSON.stringify(document) })
  expect((await post('/v1/opt-outs/whole/activation', { signed: binding }, 'dave')).text).not.toContain('"code"')
  await post('/v1/opt-outs/whole/revocation', { reason: 'fixed' }, 'alice')
  const types = ['proposed', 'approved', 'activated', 'revoked'].map((verb) => `dev.exeat.optout.${verb}.v1`)
  await expect.poll(() => events(listener).map(({ event }) => event), patient).toEqual(types)
})
