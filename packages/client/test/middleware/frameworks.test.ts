/** The middleware in the real frameworks, over real sockets: an API whose policy rejects images that carry a finding. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serve, type ServerType } from '@hono/node-server'
import express from 'express'
import fastify from 'fastify'
import { type Context, Hono } from 'hono'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { exeat as forExpress } from '../../src/middleware/express.ts'
import { exeat as forFastify } from '../../src/middleware/fastify.ts'
import { exeat as forHono } from '../../src/middleware/hono.ts'
import { type Denial, excuseOf, type Point } from '../../src/middleware/index.ts'
import { away, finding, kit, type Kit } from './kit.ts'

let it: Kit
let point: Point
/** The API's own policy: `bad` fails, `clean` is in order, everything else is a rule that rejects it. */
function policy(rule: string | undefined): Denial | undefined {
  if (rule === 'bad') throw new Error('the policy failed')
  // oxlint-disable-next-line typescript/only-throw-error -- what policies may do
  if (rule === 'falsy') throw undefined
  return rule === undefined || rule === 'clean' ? undefined : { findings: [finding(rule)], subject: `image/${rule}` }
}
const excusedBy = (request: object): string => `deployed ${excuseOf(request)?.decisions[0]?.optOut?.name ?? '-'}`

interface Running { readonly base: string; readonly close: () => Promise<unknown> }

const listening = async (server: ServerType | ReturnType<typeof createServer>): Promise<Running> => {
  if (!server.listening) await once(server, 'listening')
  return { base: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => new Promise((done) => { server.close(done) }) }
}

const apis: Readonly<Record<string, () => Promise<Running>>> = {
  hono: async () => {
    const app = new Hono()
    app.onError((_, c) => c.text('failed', 500))
    app.use('/deploy/*', forHono(point, (c: Context) => policy(c.req.header('rule'))))
    app.post('/deploy/image', (c) => c.text(excusedBy(c)))
    return listening(serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }))
  },
  express: async () => {
    const app = express()
    app.use('/deploy', forExpress(point, (request: express.Request) => policy(request.header('rule'))))
    app.post('/deploy/image', (request, response) => { response.send(excusedBy(request)) })
    app.use((_error: unknown, _request: express.Request, response: express.Response, _next: express.NextFunction) => { response.status(500).send('failed') })
    return listening(createServer(app).listen(0, '127.0.0.1'))
  },
  fastify: async () => {
    const app = fastify()
    app.addHook('preHandler', forFastify(point, (request: { readonly headers: Readonly<Record<string, unknown>> }) => policy(request.headers['rule'] as string | undefined)))
    app.setErrorHandler(async (_, __, reply) => reply.code(500).send('failed'))
    app.post('/deploy/image', (request, reply) => reply.send(excusedBy(request)))
    await app.listen({ port: 0, host: '127.0.0.1' })
    return { base: `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`, close: () => app.close() }
  },
}

beforeAll(async () => {
  it = await kit()
  await it.activated('log4j')
  point = await it.point()
})
afterAll(async () => it.at.close())

describe.each(Object.keys(apis))('%s', (name) => {
  let api: Running
  beforeAll(async () => { api = await (apis[name] ?? away)() })
  afterAll(async () => api.close())
  const deploy = async (rule: string): Promise<{ readonly status: number; readonly type: string; readonly text: string }> => {
    const answer = await fetch(`${api.base}/deploy/image`, { method: 'POST', headers: { rule } })
    return { status: answer.status, type: answer.headers.get('content-type') ?? '', text: await answer.text() }
  }

  test('what the policy takes goes on, with no excuse', async () => { expect(await deploy('clean')).toMatchObject({ status: 200, text: 'deployed -' }) })
  test('what it rejects and an opt-out excuses goes on, and the handler knows by which', async () => {
    expect(await deploy('LOG4J')).toMatchObject({ status: 200, text: 'deployed log4j' })
    expect(await point.flush()).toBe(0)
    expect(await it.counted('log4j')).toBe(1)
  })
  test('what nothing excuses is a problem with the way out, and never reaches the handler', async () => {
    const { status, type, text } = await deploy('OTHER')
    expect([status, type.replace(/;.*/, '')]).toEqual([403, 'application/problem+json'])
    expect(JSON.parse(text)).toMatchObject({ status: 403, code: 'REQUEST_BLOCKED', wayOut: { command: 'exeat explain trivy/OTHER --env test --severity high' }, blocked: [{ control: 'trivy/OTHER' }] })
  })
  test('a policy that fails lets nothing through, whatever it throws', async () => {
    expect(await deploy('bad')).toMatchObject({ status: 500 })
    const { status, text } = await deploy('falsy').catch(() => ({ status: 500, text: 'no answer' }))
    expect([status >= 400, text.includes('deployed')]).toEqual([true, false])
  })
  test('and while the server cannot be asked the denial stands, and says nothing of the server', async () => {
    const lonely = await it.point({ server: { transport: away, base: 'https://secret.internal', name: 'secret.internal' } })
    const shared = point
    point = lonely
    const cut = await (apis[name] ?? away)()
    point = shared
    const answer = await fetch(`${cut.base}/deploy/image`, { method: 'POST', headers: { rule: 'LOG4J' } })
    const text = await answer.text()
    expect([answer.status, (JSON.parse(text) as { code: string }).code, text.includes('secret')]).toEqual([403, 'EXCUSE_UNKNOWN', false])
    await cut.close()
  })
})
