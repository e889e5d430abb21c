/** Whole servers and receivers of other people's making: what is sent is what CloudEvents and Standard Webhooks say. */
import { type CloudEvent, HTTP } from 'cloudevents'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Webhook } from 'standardwebhooks'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { readSigner } from '../../src/keys/signer.ts'
import { verifySignature } from '../../src/store/ed25519.ts'
import { by, type Site, site } from '../main/support.ts'
import { optOut } from '../use/support.ts'

interface Heard {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

let at: Site
let receiver: Server
let heard: Heard[]
let answer: (heard: Heard) => number

beforeEach(async () => {
  heard = []
  answer = () => 204
  receiver = createServer((request, reply) => {
    let body = ''
    request.setEncoding('utf8').on('data', (piece: string) => { body += piece }).on('end', () => {
      const one = { path: request.url ?? '', headers: request.headers, body }
      const status = answer(one)
      if (status === 204) heard.push(one)
      reply.writeHead(status, { location: '/elsewhere' }).end()
    })
  })
  await new Promise<void>((resolve) => { receiver.listen(0, '127.0.0.1', resolve) })
  at = await site()
})
afterEach(async () => {
  await at.close()
  receiver.closeAllConnections()
  receiver.close()
})

const patient = { timeout: 20_000, interval: 20 }
const address = (path: string): string => `http://127.0.0.1:${(receiver.address() as AddressInfo).port}${path}`
const configure = (...sinks: readonly object[]): void => { at.configure((config) => ({ ...config, alarms: { allow: ['127.0.0.1/32'] }, sinks })) }
const started = async (): Promise<void> => {
  await at.start()
  await vi.waitFor(async () => { if ((await at.ask('/readyz')).status !== 200) throw new Error('it is not ready') }, patient)
}
let keys = 0
const post = (path: string, body: unknown, actor = 'alice') => at.ask(path, { method: 'POST', body, headers: { ...by(actor), 'idempotency-key': `webhook-${keys += 1}` } })
const ask = (name: string) => post('/v1/opt-outs', { document: optOut(name) })
const sinks = async () => (await at.ask('/v1/sinks')).json()['items'] as readonly Record<string, unknown>[]
const secrets = ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', `whsec_${Buffer.alloc(32, 7).toString('base64')}`] as const
const proposals = (): readonly Heard[] => heard.filter(({ body }) => body.includes('optout.proposed'))

test('npm cloudevents reads what is sent, and npm standardwebhooks verifies it by either of two secrets', { timeout: 60_000 }, async () => {
  writeFileSync(join(at.data, 'keys', 'sink-siem.secret'), `${secrets.join('\n')}\n`, { mode: 0o600 })
  configure({ name: 'siem', kind: 'webhook', url: address('/siem?token=hidden') })
  await started()
  await ask('log4j')
  await vi.waitFor(() => { if (proposals().length === 0) throw new Error('nothing came') }, patient)
  const [{ headers, body } = { headers: {} as IncomingHttpHeaders, body: '' }] = proposals()
  const event = HTTP.toEvent<Record<string, unknown>>({ headers, body }) as CloudEvent<Record<string, unknown>>
  expect(event.validate()).toBe(true)
  expect([event.type, event.source, event.data?.['asked'], event['sequence']]).toEqual(['dev.exeat.optout.proposed.v1', 'log.acme.example', expect.objectContaining({ name: 'log4j' }), expect.stringMatching(/^\d{16}$/)])
  const shown = Object.fromEntries(['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => [name, String(headers[name])]))
  vi.useFakeTimers({ now: at.clock.now, toFake: ['Date'] })
  for (const secret of secrets) expect(new Webhook(secret).verify(body, shown)).toMatchObject({ specversion: '1.0' })
  expect(() => new Webhook(secrets[0]).verify(`${body} `, shown)).toThrow('No matching signature')
  expect(() => new Webhook(`whsec_${Buffer.alloc(32, 8).toString('base64')}`).verify(body, shown)).toThrow('No matching signature')
  vi.useRealTimers()
  const asymmetric = String(headers['webhook-signature']).split(' ')[0] ?? ''
  const file = readdirSync(join(at.data, 'keys')).find((name) => name.startsWith('webhook-')) ?? ''
  const over = Buffer.from(`${shown['webhook-id'] ?? ''}.${shown['webhook-timestamp'] ?? ''}.${body}`)
  expect(asymmetric).toMatch(/^v1a,/)
  expect(verifySignature(readSigner(join(at.data, 'keys', file)).publicKey, new Uint8Array(over), new Uint8Array(Buffer.from(asymmetric.slice(4), 'base64')))).toBe(true)
})

test('npm cloudevents reads a batch, each of its events once', { timeout: 60_000 }, async () => {
  configure({ name: 'lake', kind: 'webhook', url: address('/lake'), batch: true, types: ['optout.*'] })
  await at.start()
  for (const name of ['a', 'b', 'c']) await ask(name)
  const events = () => heard.flatMap(({ headers, body }) => HTTP.toEvent<{ readonly asked: { readonly name: string } }>({ headers, body }))
  await vi.waitFor(() => { if (events().length < 3) throw new Error('not all came') }, patient)
  expect(events().map(({ data }) => data?.asked.name)).toEqual(['a', 'b', 'c'])
})

test('a dead sink keeps neither acts nor another sink waiting, and is told of by name alone', { timeout: 60_000 }, async () => {
  configure({ name: 'dead', kind: 'webhook', url: address('/dead?token=hidden') }, { name: 'well', kind: 'webhook', url: address('/well') })
  answer = ({ path }) => (path.startsWith('/dead') ? 302 : 204)
  await started()
  for (const name of ['a', 'b']) expect((await ask(name)).status).toBe(201)
  await vi.waitFor(() => { if (proposals().length < 2) throw new Error('not all came') }, patient)
  await vi.waitFor(async () => { if ((await sinks())[0]?.['state'] !== 'failing') throw new Error('it is not failing yet') }, patient)
  expect(await sinks()).toMatchObject([{ name: 'dead', state: 'failing', message: 'it answered 302' }, { name: 'well', state: 'delivering', lag: 0 }])
  expect(heard.every(({ path }) => path === '/well')).toBe(true)
  expect((await at.ask('/v1/sinks')).text).not.toContain('hidden')
})

test('what was owed when the server stopped is delivered once it is back; replay and resume are the operator\'s', { timeout: 60_000 }, async () => {
  configure({ name: 'siem', kind: 'webhook', url: address('/siem') })
  answer = () => 410
  await started()
  await ask('a')
  await vi.waitFor(async () => { if ((await sinks())[0]?.['state'] !== 'disabled') throw new Error('it is not disabled yet') }, patient)
  await at.stop()
  answer = () => 204
  await at.start()
  await ask('b')
  expect((await sinks())[0]).toMatchObject({ state: 'disabled' })
  expect((await at.ask('/v1/sinks/siem/resume', { method: 'POST', body: {}, over: 'network' })).status).toBe(403)
  expect((await post('/v1/sinks/none/resume', {})).json()).toMatchObject({ status: 404, code: 'RESOURCE_UNKNOWN' })
  expect((await post('/v1/sinks/siem/resume', {})).status).toBe(200)
  await vi.waitFor(() => { if (proposals().length < 2) throw new Error('not all came') }, patient)
  const ids = proposals().map(({ headers }) => headers['webhook-id'])
  expect((await post('/v1/sinks/siem/replay', { from: 9, to: 3 })).json()).toMatchObject({ code: 'REQUEST_INVALID' })
  expect((await post('/v1/sinks/siem/replay', { from: 0 })).status).toBe(200)
  await vi.waitFor(() => { if (proposals().length < 4) throw new Error('not all came again') }, patient)
  expect(proposals().slice(2).map(({ headers }) => headers['webhook-id'])).toEqual(ids)
})

test('a chat by an address that stands in a file, and a collector that wants to know who sends', { timeout: 60_000 }, async () => {
  writeFileSync(join(at.data, 'keys', 'sink-chat.secret'), `${address('/services/T/B/secret')}\n`, { mode: 0o600 })
  writeFileSync(join(at.data, 'keys', 'sink-otel.secret'), 'Bearer hidden\n', { mode: 0o600 })
  configure({ name: 'chat', kind: 'slack', types: ['optout.proposed'] }, { name: 'otel', kind: 'otlp', url: address('/v1/logs'), types: ['optout.proposed'] }, { name: 'siem', kind: 'ocsf', url: address('/ocsf'), types: ['optout.proposed'] })
  await at.start()
  await ask('log4j')
  const at3 = (path: string): Heard | undefined => heard.find((one) => one.path === path)
  await vi.waitFor(() => { if (heard.length < 3) throw new Error('not all came') }, patient)
  expect(JSON.parse(at3('/services/T/B/secret')?.body ?? '')).toMatchObject({ text: 'Opt-out asked for: log4j' })
  expect([at3('/v1/logs')?.headers['authorization'], at3('/v1/logs')?.headers['content-type']]).toEqual(['Bearer hidden', 'application/json'])
  expect(JSON.parse(at3('/ocsf')?.body ?? '')).toMatchObject({ class_uid: 3004, entity: { name: 'log4j' } })
  expect((await at.ask('/v1/sinks')).text).not.toMatch(/hidden|secret/)
})

describe('what an operator got wrong', () => {
  test.each([
    ['a name twice', [{ name: 'a', kind: 'webhook', url: 'https://x.example/' }, { name: 'a', kind: 'webhook', url: 'https://y.example/' }]],
    ['an address that is not encrypted', [{ name: 'a', kind: 'webhook', url: 'http://x.example/' }]],
    ['a kind that is none', [{ name: 'a', kind: 'carrier-pigeon', url: 'https://x.example/' }]],
    ['a type that is none', [{ name: 'a', kind: 'webhook', url: 'https://x.example/', types: ['optout.done'] }]],
    ['a chat with a batch', [{ name: 'a', kind: 'slack', url: 'https://x.example/', batch: true }]],
    ['a collector without an address', [{ name: 'a', kind: 'otlp' }]],
    ['a name that is a path', [{ name: '../a', kind: 'webhook', url: 'https://x.example/' }]],
  ])('%s keeps the server from starting', async (_, list) => {
    configure(...list)
    await expect(at.start()).rejects.toThrow('server.json')
  })
  test.each([['short', 'whsec_c2hvcnQ=\n'], ['none', 'secret\n'], ['five', `${secrets[0]}\n`.repeat(5)]])('a secret that is none (%s) keeps it from starting', async (_, text) => {
    writeFileSync(join(at.data, 'keys', 'sink-siem.secret'), text, { mode: 0o600 })
    configure({ name: 'siem', kind: 'webhook', url: address('/siem') })
    await expect(at.start()).rejects.toThrow('holds no secrets of a webhook')
  })
  test('a chat without an address, or with one that is none, keeps it from starting', async () => {
    configure({ name: 'chat', kind: 'teams' })
    await expect(at.start()).rejects.toThrow('has no address')
    writeFileSync(join(at.data, 'keys', 'sink-chat.secret'), 'http://chat.example/\n', { mode: 0o600 })
    await expect(at.start()).rejects.toThrow('holds no address of a sink')
  })
  test('a secret that others may read keeps it from starting', async () => {
    writeFileSync(join(at.data, 'keys', 'sink-siem.secret'), `${secrets[0]}\n`, { mode: 0o644 })
    configure({ name: 'siem', kind: 'webhook', url: address('/siem') })
    await expect(at.start()).rejects.toThrow('others may read')
  })
  test('an address on a network that is not public, and that nothing allows, is never connected to', { timeout: 60_000 }, async () => {
    at.configure((config) => ({ ...config, sinks: [{ name: 'inside', kind: 'webhook', url: address('/inside') }] }))
    await started()
    await ask('a')
    await vi.waitFor(async () => { if ((await sinks())[0]?.['state'] !== 'failing') throw new Error('it is not failing yet') }, patient)
    expect([(await sinks())[0]?.['message'], heard.length]).toEqual([expect.stringContaining('its address is not a public one'), 0])
  })
})
