/** A witness of another team, asked over real HTTP. */
import { formatVerifierKey, parseVerifierKey } from '@exeat/log'
import { cpSync, rmSync } from 'node:fs'
import type { Server } from 'node:http'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { witnessServer } from '../../src/witness/index.ts'
import { parseWitness } from '../../src/main/witness.ts'
import { sha256 } from '../../src/store/ed25519.ts'
import { publicPart, type TestWitness, testWitness, witnessKey } from '../witness/kit.ts'
import { by, expectProblem, refused, type Site, site } from './support.ts'
import { optOut } from '../use/support.ts'

let at: Site
let witness: TestWitness
let server: Server
let address = ''

beforeEach(async () => {
  at = await site()
  const key = parseVerifierKey(sha256, at.founded.logKey)
  if (!key.ok) throw new Error(key.problem.message)
  witness = testWitness({ logs: new Map([[key.value.name, [key.value]]]) })
  server = witnessServer(witness.witness, witnessKey())
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  const where = server.address()
  address = `http://127.0.0.1:${typeof where === 'object' ? where?.port ?? 0 : 0}=${formatVerifierKey(publicPart(witnessKey()))}`
})
afterEach(async () => {
  await at.close()
  server.close()
  witness.end()
})

const lag = async (): Promise<unknown> => (await at.ask('/v1/status')).json()['witnesses']
const size = async (): Promise<number> => (await at.ask('/v1/status')).json()['size'] as number

test('each head is cosigned soon, and the lines are served with it', async () => {
  await at.start({ witnesses: [parseWitness(address)] })
  await at.ask('/v1/opt-outs', { method: 'POST', body: { document: optOut('seen') }, headers: by('alice') })
  const entries = await size()
  await expect.poll(lag, { timeout: 60_000 }).toEqual([{ name: witnessKey().name, size: entries, lag: 0 }])
  for (const path of ['/log/checkpoint', '/log/cosigned-checkpoint']) expect((await at.ask(path)).text).toMatch(new RegExp(`^— ${witnessKey().name} `, 'm'))
})

test('a witness that is away keeps nobody from acting; how far it is behind is told', async () => {
  server.close()
  await at.start({ witnesses: [parseWitness(address)] })
  expect((await at.ask('/v1/opt-outs', { method: 'POST', body: { document: optOut('alone') }, headers: by('alice') })).status).toBe(201)
  await expect.poll(lag, { timeout: 60_000 }).toMatchObject([{ name: witnessKey().name, size: null, message: expect.stringContaining('gave no answer') as string }])
  expect((await at.ask('/readyz')).status).toBe(200)
})

test('a log that was cut back together with its head is found out by the witness, and grants nothing more', async () => {
  const files = ['log.sqlite', 'head.sqlite']
  for (const name of files) cpSync(join(at.data, name), join(at.folder, name))
  const witnesses = [parseWitness(address)]
  await at.start({ witnesses })
  await at.ask('/v1/opt-outs', { method: 'POST', body: { document: optOut('forgotten') }, headers: by('alice') })
  await expect.poll(async () => (await lag() as { lag: number; size: number | null }[])[0], { timeout: 60_000 }).toMatchObject({ lag: 0, size: await size() })
  await at.stop()
  for (const name of files) {
    for (const suffix of ['-wal', '-shm']) rmSync(join(at.data, `${name}${suffix}`), { force: true })
    cpSync(join(at.folder, name), join(at.data, name))
  }
  at.repository.git('checkout', '--quiet', '--detach')
  at.repository.git('update-ref', '-d', 'refs/heads/main')
  await at.start({ witnesses })
  await expect.poll(async () => (await at.ask('/readyz')).json()['code'], { timeout: 60_000 }).toBe('WITNESS_AHEAD')
  expectProblem(await at.ask('/v1/opt-outs', { method: 'POST', body: { document: optOut('more') }, headers: by('alice') }), 503, 'WITNESS_AHEAD')
  expectProblem(await at.ask('/v1/bundle'), 503, 'WITNESS_AHEAD')
})

test.each(['', 'https://witness.example', 'https://witness.example=x', 'ftp://witness.example=x', `https://witness.example=${formatVerifierKey(witnessKey())}x`])('`%s` names no witness', async (text) => {
  await refused((async () => parseWitness(text))(), 'CONFIG_INVALID')
})

test('a key of a log is none of a witness', async () => {
  await refused((async () => parseWitness(`https://witness.example=${at.founded.logKey}`))(), 'CONFIG_INVALID')
  expectProblem(await (async () => { await at.start(); return at.ask('/log/cosigned-checkpoint') })(), 404, 'RESOURCE_UNKNOWN')
})
