/** The App's webhook over HTTP: off unless it is set up, and taken from nobody but GitHub. */
import { createHmac, generateKeyPairSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Site, site } from '../main/support.ts'

let at: Site
beforeEach(async () => { at = await site() })
afterEach(async () => at.close())

const secret = 'a-secret-of-the-webhook'
const path = '/v1/forges/github/app'
const send = (text: string, headers: Record<string, string> = {}) => at.ask(path, { method: 'POST', over: 'network', token: null, conforms: false, body: new Uint8Array(Buffer.from(text)), headers: { 'content-type': 'application/json', 'x-github-event': 'deployment_protection_rule', 'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(text).digest('hex')}`, ...headers } })
function configure(): void {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  writeFileSync(join(at.data, 'keys', 'github-app.pem'), privateKey.export({ type: 'pkcs1', format: 'pem' }), { mode: 0o600 })
  writeFileSync(join(at.data, 'keys', 'github-app.secret'), `${secret}\n`, { mode: 0o600 })
  at.configure((config) => ({ ...config, githubApp: { appId: '4711', api: 'http://127.0.0.1:1' } }))
}

test('there is nothing where no App is set up', async () => {
  await at.start()
  expect((await send('{}')).json()).toMatchObject({ status: 404, code: 'RESOURCE_UNKNOWN' })
})

test('what GitHub did not sign is not read; what is signed is', { timeout: 60_000 }, async () => {
  configure()
  await at.start()
  expect((await send('not json', { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` })).json()).toMatchObject({ status: 401, code: 'WEBHOOK_FORGED' })
  expect((await send('{}', { 'x-hub-signature-256': '' })).json()).toMatchObject({ code: 'WEBHOOK_FORGED' })
  expect((await send('not json')).json()).toMatchObject({ status: 400, code: 'REQUEST_INVALID' })
  expect((await send('{"a":1,"a":2}')).json()).toMatchObject({ code: 'REQUEST_INVALID' })
  expect((await send('{}')).json()).toMatchObject({ code: 'REQUEST_INVALID' })
  expect((await send('{}', { 'content-type': 'application/x-www-form-urlencoded' })).json()).toMatchObject({ status: 415, code: 'REQUEST_MEDIA_TYPE' })
  expect((await send('{}', { 'x-github-event': 'ping' })).status).toBe(202)
  expect((await send(`{"a":"${'x'.repeat(1024 * 1024)}"}`)).json()).toMatchObject({ status: 413 })
  const asked = { action: 'requested', environment: 'staging', deployment_callback_url: 'http://127.0.0.1:1/repos/acme/payments/actions/runs/9/deployment_protection_rule', deployment: { id: 5, sha: '1'.repeat(40) }, repository: { id: 999, full_name: 'acme/payments' }, installation: { id: 7 } }
  expect((await send(JSON.stringify(asked))).json()).toMatchObject({ status: 422, code: 'FORGE_REPOSITORY' })
})

test.each(['github-app.pem', 'github-app.secret'])('without %s the server does not start', async (file) => {
  configure()
  writeFileSync(join(at.data, 'keys', file), '', { mode: 0o600 })
  await expect(at.start()).rejects.toThrow(file === 'github-app.secret' ? 'holds no secrets of a webhook' : 'no RSA key in PEM')
})
