/** `exeat shadow` as people type it: the built command, a server process, and what a forge sends it. */
import Ajv2020 from 'ajv/dist/2020.js'
import { createHmac, randomUUID } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { builtCommand } from './built.ts'
import { json, logWorld, type World } from './log-world.ts'

const schema = JSON.parse(readFileSync(fileURLToPath(new URL('../../../schemas/output/shadow-opt-outs.v1.json', import.meta.url)), 'utf8')) as object
const secret = 'a-secret-of-the-receiver'
const main = builtCommand()
let world: World

beforeAll(async () => {
  world = await logWorld(main)
  await world.stop()
  const file = join(world.data, 'server.json')
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')) as object, receivers: [{ name: 'hub', kind: 'github' }] }))
  writeFileSync(join(world.data, 'keys', 'receiver-hub.secret'), `${secret}\n`, { mode: 0o600 })
  await world.start()
}, 60_000)
afterAll(async () => { await world.remove() })

/** Of an organisation: it concerns every repository. */
async function ruleset(enforcement: string, from: string, name = 'main'): Promise<void> {
  const body = JSON.stringify({ action: 'edited', repository_ruleset: { id: 42, name, enforcement, updated_at: new Date().toISOString() }, changes: { enforcement: { from } }, sender: { login: 'eve\u001b[31m', id: 9 } })
  const { status } = await fetch(`${world.url}/v1/receivers/hub`, {
    method: 'POST', body,
    headers: { 'content-type': 'application/json', 'x-github-event': 'repository_ruleset', 'x-github-delivery': randomUUID(), 'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}` },
  })
  expect(status).toBe(200)
}

test('what a forge reports is listed, in words and as JSON, until it says that it is gone', { timeout: 60_000 }, async () => {
  expect(world.exeat(['shadow'])).toMatchObject({ exit: 0, stdout: 'No other system reported what nothing declares.\n' })
  await ruleset('disabled', 'active')
  const listed = world.exeat(['shadow'])
  expect(listed.exit, listed.stderr).toBe(0)
  expect(listed.stdout).toMatch(/open +ruleset\.disabled +github-ruleset\/42 +eve\?\[31m \(9\)/)
  const printed = json(world.exeat(['shadow', '--format', 'json']))
  const validate = new Ajv2020.default({ strict: false }).compile(schema)
  expect(validate(printed), JSON.stringify(validate.errors?.slice(0, 3))).toBe(true)
  expect(printed).toMatchObject({ kind: 'ShadowOptOuts', items: [{ state: 'open', what: 'ruleset.disabled' }] })
  expect(world.exeat(['watch', '--after', '0', '--types', 'shadow.*', '--count', '1']).stdout).toContain('SHADOW ruleset.disabled of github-ruleset/42')
  await ruleset('active', 'disabled')
  expect(world.exeat(['shadow']).stdout).toBe('No other system reported what nothing declares.\n')
  expect(world.exeat(['shadow', '--state', 'all']).stdout).toContain('resolved')
  expect(world.exeat(['shadow', '--state', 'covered']).stdout).toBe('None is covered.\n')
})

test('a state that is none, and a server that is away', () => {
  expect(world.exeat(['shadow', '--state', 'gone']).exit).toBe(64)
  expect(world.exeat(['shadow', '--server', 'unix:/nowhere/admin.sock']).exit).toBe(1)
})
