/** A whole server, from the socket to a sink on this machine, through restarts. */
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { verifySignature } from '../../src/store/ed25519.ts'
import { pinnedWorkspace, type Site, site } from './support.ts'
import { readSigner } from '../../src/keys/signer.ts'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

interface Heard {
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

let at: Site
let sink: Server
let heard: Heard[]
let status: number

beforeEach(async () => {
  heard = []
  status = 204
  sink = createServer((request, reply) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => { pieces.push(piece) })
    request.on('end', () => {
      heard.push({ headers: request.headers, body: Buffer.concat(pieces) })
      reply.writeHead(status).end()
    })
  })
  await new Promise<void>((resolve) => { sink.listen(0, '127.0.0.1', resolve) })
  at = await site()
  const alerts = `  alerts: [{ name: oncall, url: "http://127.0.0.1:${(sink.address() as AddressInfo).port}/hook?token=hidden" }]\n`
  at.repository.commit({ '.exeat/workspace.yaml': pinnedWorkspace(at.founded) + alerts })
})
afterEach(async () => {
  await at.close()
  sink.closeAllConnections()
  sink.close()
})

let keys = 0
const post = (path: string, body: unknown, actor: string) => at.ask(path, { method: 'POST', body, headers: { 'exeat-actor': actor, 'idempotency-key': `alarm-${keys += 1}` } })
const latest = async () => (await at.ask('/v1/drills/latest')).json() as { readonly index: number; readonly state: string; readonly deliveries: readonly { readonly state: string; readonly message?: string }[] }
const patient = { timeout: 30_000, interval: 100 }
const allow = () => { at.configure((config) => ({ ...config, alarms: { allow: ['127.0.0.1/32'] } })) }

test('attack-27: a drill reaches a sink, signed by the key that the founders delegated to, and is acknowledged by somebody else', { timeout: 60_000 }, async () => {
  allow()
  await at.start()
  const started = await post('/v1/drills', { within: 600 }, 'keeper')
  expect([started.status, started.headers['location']]).toEqual([201, `/v1/drills/${String((started.json()['drill'] as { index: number }).index)}`])
  await expect.poll(() => heard.length, patient).toBe(1)
  const [{ headers, body } = { headers: {}, body: Buffer.alloc(0) }] = heard
  const folder = join(at.data, 'keys')
  const file = readdirSync(folder).find((name) => name.startsWith('webhook-')) ?? ''
  const over = Buffer.concat([Buffer.from(`${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.`), body])
  expect(verifySignature(readSigner(join(folder, file)).publicKey, new Uint8Array(over), new Uint8Array(Buffer.from(String(headers['webhook-signature']).slice(4), 'base64')))).toBe(true)
  expect((await at.ask('/v1/status')).json()['webhookKey']).toBe(`whpk_${Buffer.from(readSigner(join(folder, file)).publicKey).toString('base64')}`)
  expect(JSON.parse(body.toString('utf8'))).toMatchObject({ type: 'dev.exeat.drill.started.v1', source: 'log.acme.example', data: { drill: true, strength: 'operator-asserted' } })
  const { index } = await latest()
  expect((await post(`/v1/drills/${index}/acknowledgement`, {}, 'keeper')).json()).toMatchObject({ status: 403, code: 'ALARM_OWN' })
  expect((await post(`/v1/drills/${index}/acknowledgement`, {}, 'erin')).json()).toMatchObject({ drill: { state: 'acknowledged' }, evidence: 'operator-asserted' })
  expect((await post('/v1/drills/0/acknowledgement', {}, 'erin')).json()).toMatchObject({ status: 404, code: 'DRILL_UNKNOWN' })
  expect((await post('/v1/opt-outs/none/acknowledgement', {}, 'erin')).json()).toMatchObject({ status: 404, code: 'UNKNOWN_OPTOUT' })
  // The address holds a secret: it is shown to nobody who reads the state.
  expect((await at.ask('/v1/drills/latest')).text).not.toContain('hidden')
})

test('attack-27: what was due when the server stopped is delivered once it starts again, under the same id', { timeout: 60_000 }, async () => {
  allow()
  status = 500
  await at.start()
  await post('/v1/drills', { within: 3600 }, 'keeper')
  await expect.poll(async () => (await latest()).deliveries[0]?.message, patient).toBe('it answered 500')
  await at.stop()
  status = 200
  at.clock.now += 60_000
  await at.start()
  await expect.poll(async () => (await latest()).deliveries[0]?.state, patient).toBe('delivered')
  expect(new Set(heard.map(({ headers }) => headers['webhook-id'])).size).toBe(1)
  at.clock.now += 3_600_000
  await expect.poll(async () => (await latest()).state, patient).toBe('unacknowledged')
})

test('attack-27: without the operator\'s word nothing goes to this machine, and the drill says so; the operator is told', { timeout: 60_000 }, async () => {
  await at.start()
  await post('/v1/drills', { within: 60 }, 'keeper')
  await expect.poll(async () => (await latest()).deliveries[0]?.message, patient).toMatch('its address is not a public one')
  await expect.poll(() => at.told.map((each) => (each as { readonly code?: string }).code), patient).toContain('ALARM_UNDELIVERED')
  at.clock.now += 60_000
  await expect.poll(async () => (await latest()).state, patient).toBe('undelivered')
  expect(heard).toEqual([])
})

test('networks that are none keep the server from starting', async () => {
  at.configure((config) => ({ ...config, alarms: { allow: ['10.0.0.0'] } }))
  await expect(at.start()).rejects.toMatchObject({ problems: [{ code: 'CONFIG_INVALID' }] })
})
