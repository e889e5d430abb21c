/** The bundle endpoint for Open Policy Agent at a running server, and an OPA that is configured to fetch from it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { describeWith, temporaryFolder } from '../../../testkit/src/index.ts'
import { by, exchange, expectProblem, type Reply, type Site, site } from '../main/support.ts'
import { day, fileOf, hour, optOut, start } from '../use/support.ts'

let at: Site
const path = '/v1/opa/bundle.tar.gz'
const get = (asked: Parameters<Site['ask']>[1] = {}, query = ''): Promise<Reply> => at.ask(`${path}${query}`, { over: 'network', ...asked })
const post = (to: string, body: unknown, who: string): Promise<Reply> => at.ask(to, { method: 'POST', body, headers: by(who) })
beforeAll(async () => {
  at = await site()
  // OPA has no clock but the machine's.
  at.clock.now = Date.now()
  await at.start()
  const from = at.clock.now - start - hour
  const document = optOut('log4j', { from, until: from + 2 * day })
  const binding = async (): Promise<unknown> => ((await at.ask('/v1/opt-outs/log4j')).json() as { binding: unknown }).binding
  await post('/v1/opt-outs', { document }, 'alice')
  await post('/v1/opt-outs/log4j/approvals', { signed: await binding() }, 'bob')
  at.repository.commit({ [fileOf('log4j')]: JSON.stringify(document) })
  const { status, text } = await post('/v1/opt-outs/log4j/activation', { signed: await binding() }, 'dave')
  if (status !== 200) throw new Error(text)
})
afterAll(async () => at.close())

describe('the endpoint', () => {
  test('gives a signed archive, whose tag is good for half of its life and for what it says', async () => {
    const first = await get()
    expect([first.status, first.headers['content-type'], first.headers['cache-control']]).toEqual([200, 'application/gzip', 'private, no-cache'])
    const archive = gunzipSync(first.bytes).toString('utf8')
    for (const name of ['.manifest', 'exeat/data.json', 'exeat/exeat.rego', '.signatures.json', '"trivy/LOG4J"']) expect(archive).toContain(name)
    const etag = String(first.headers['etag'])
    const again = await get({ headers: { 'if-none-match': etag } })
    expect([again.status, again.bytes.length, again.headers['etag']]).toEqual([304, 0, etag])
    for (const wrong of ['"x"', '*', etag.replace(/\d+"$/, '99999999999999"'), `"${'0'.repeat(32)}.${/\.(\d+)"/.exec(etag)?.[1] ?? ''}"`]) expect((await get({ headers: { 'if-none-match': wrong } })).status, wrong).toBe(200)
    const { now } = at.clock
    at.clock.now = now + hour / 2 + 1
    expect((await get({ headers: { 'if-none-match': etag } })).status).toBe(200)
    at.clock.now = now
  })
  test('is for whoever may have a bundle, and its key too', async () => {
    for (const each of [path, '/v1/opa/key.pem']) {
      expectProblem(await at.ask(each, { over: 'network', token: null }), 401, 'TOKEN_MISSING')
      expectProblem(await at.ask(each, { over: 'network', token: 'x'.repeat(40) }), 401, 'TOKEN_UNKNOWN')
      expect((await at.ask(each)).status).toBe(200)
    }
    expect((await at.ask('/v1/opa/key.pem', { over: 'network' })).text).toMatch(/^-----BEGIN PUBLIC KEY-----\n/)
  })
  test.each(['?audience=', '?audience=a%20b', '?other=1', '?audience=1&audience=2'])('%s is no question', async (query) => { expectProblem(await get({}, query), 400, 'REQUEST_INVALID') })
  test('of one repository, it holds nothing of another', async () => {
    const archive = gunzipSync((await get({}, '?audience=1002')).bytes).toString('utf8')
    expect([archive.includes('acme/payments'), archive.includes('trivy/LOG4J')]).toEqual([false, false])
  })
  test('the key stays over a restart', async () => {
    const key = (await at.ask('/v1/opa/key.pem')).text
    await at.stop()
    await at.start()
    expect((await at.ask('/v1/opa/key.pem')).text).toBe(key)
  })
})

describeWith('opa', 'an OPA that fetches', (opa) => {
  test('answers by the bundle, and a revocation reaches it', async () => {
    const folder = temporaryFolder()
    const socket = join(folder, 'opa.sock')
    const address = at.server?.address
    writeFileSync(join(folder, 'config.json'), JSON.stringify({
      services: { exeat: { url: `http://127.0.0.1:${address?.port ?? 0}`, credentials: { bearer: { token: at.founded.pointToken } } } },
      keys: { exeat: { algorithm: 'ES256', key: (await at.ask('/v1/opa/key.pem')).text } },
      bundles: { exeat: { service: 'exeat', resource: path.slice(1), polling: { min_delay_seconds: 1, max_delay_seconds: 1 }, signing: { keyid: 'exeat' } } },
    }))
    const running = spawn(opa, ['run', '--server', '--addr', `unix://${socket}`, '--config-file', join(folder, 'config.json'), '--log-level', 'error', '--disable-telemetry'], { stdio: 'ignore' })
    try {
      // A function is asked through a rule: that of whoever embeds it.
      const rule = 'package app\n\nimport rego.v1\n\ndefault allow := false\n\nallow if data.exeat.excused(input)\n'
      await expect.poll(async () => (await exchange({ socketPath: socket, method: 'PUT', path: '/v1/policies/app', headers: { 'content-type': 'text/plain' } }, Buffer.from(rule)).catch(() => undefined))?.status, { timeout: 30_000, interval: 200 }).toBe(200)
      const allowed = async (): Promise<unknown> => {
        const input = { repository: 'acme/payments', environment: 'test', finding: { tool: 'trivy', rule: 'LOG4J', title: 'a flaw', severity: 'high' } }
        return (await exchange({ socketPath: socket, method: 'POST', path: '/v1/data/app/allow', headers: { 'content-type': 'application/json' } }, Buffer.from(JSON.stringify({ input })))).json()['result']
      }
      await expect.poll(allowed, { timeout: 30_000, interval: 200 }).toBe(true)
      expect((await post('/v1/opt-outs/log4j/revocation', { reason: 'mended' }, 'bob')).status).toBe(200)
      await expect.poll(allowed, { timeout: 30_000, interval: 200 }).toBe(false)
    } finally {
      running.kill()
      await once(running, 'exit')
      rmSync(folder, { recursive: true, force: true })
    }
  }, 90_000)
})
