/** Starting and stopping: on what is as it should be, and on everything that is not. */
import { spawn } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { formatSignerKey } from '@exeat/log'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readSigner } from '../../src/keys/signer.ts'
import { by, exchange, expectProblem, pinnedWorkspace, refused, type Site, site } from './support.ts'
import { governanceFiles, hour, optOut, start } from '../use/support.ts'

let at: Site
beforeEach(async () => { at = await site() })
afterEach(async () => at.close())

const file = (...path: string[]): string => join(at.data, ...path)
const keyFile = (purpose: string): string => file('keys', readdirSync(file('keys')).find((name) => name.startsWith(purpose)) ?? '')

describe('a sound server', () => {
  test('starts with one entry, says who it is, and stops', async () => {
    const running = await at.start()
    expect(running).toMatchObject({ origin: 'log.acme.example', key: at.founded.logKey, singleFounder: false, socket: file('admin.sock') })
    expect(at.told).toEqual([])
    expect(statSync(running.socket).mode & 0o777).toBe(0o600)
    await at.stop()
    expect(existsSync(running.socket)).toBe(false)
    expect((await at.start()).size).toBeGreaterThan(1)
  })
  test('starts once on a folder, and again when the first has gone', async () => {
    const first = await at.start()
    at.server = undefined
    await refused(at.start(), 'SERVER_RUNNING')
    await first.stop()
    await at.start()
  })
  test('replaces the socket of a dead server', async () => {
    const dead = spawn(process.execPath, ['-e', `require('net').createServer().listen(${JSON.stringify(file('admin.sock'))}, () => console.log('up'))`])
    await new Promise((resolve) => { dead.stdout.once('data', resolve) })
    dead.kill('SIGKILL')
    await new Promise((resolve) => { dead.once('close', resolve) })
    expect(existsSync(file('admin.sock'))).toBe(true)
    await at.start()
    expect((await at.ask('/healthz')).status).toBe(200)
  })
  test('finishes what it has begun before it stops, and takes nothing more', async () => {
    const { socket } = await at.start()
    const running = Array.from({ length: 6 }, (_, i) => at.ask('/v1/opt-outs', { method: 'POST', body: { document: optOut(`last-${i}`) }, headers: by('alice') }).catch(() => undefined))
    await new Promise((resolve) => { setImmediate(resolve) })
    const [replies] = await Promise.all([Promise.all(running), at.server?.stop()])
    await expect(exchange({ socketPath: socket, path: '/healthz', agent: false })).rejects.toThrow()
    await at.start()
    const listed = ((await at.ask('/v1/opt-outs')).json() as { items: { name: string }[] }).items.map(({ name }) => name)
    for (const [i, reply] of replies.entries()) if (reply?.status === 201) expect(listed).toContain(`last-${i}`)
  })
  test('without pins in the workspace it runs, and says that nothing can be honoured', async () => {
    at.repository.commit({ '.exeat/workspace.yaml': governanceFiles['.exeat/workspace.yaml'] })
    await at.start()
    expect(at.told).toMatchObject([{ code: 'WORKSPACE_PINS' }])
  })
  test('while the protected ref cannot be read it serves the log, is not ready, and judges nothing', async () => {
    renameSync(at.repository.dir, `${at.repository.dir}-away`)
    await at.start()
    expect((await at.ask('/log/checkpoint')).status).toBe(200)
    expect((await at.ask('/readyz')).status).toBe(503)
    expect((await at.ask('/v1/opt-outs', { method: 'POST', body: { document: optOut('x') }, headers: by('alice') })).status).toBeGreaterThanOrEqual(500)
    renameSync(`${at.repository.dir}-away`, at.repository.dir)
  })
  test('a workspace that pins other keys later makes it unready', async () => {
    await at.start()
    at.repository.commit({ '.exeat/workspace.yaml': pinnedWorkspace(at.founded).split('\n').slice(0, -2).join('\n') })
    await at.ask('/v1/synchronise', { method: 'POST' })
    await expect.poll(async () => (await at.ask('/readyz')).json(), { timeout: 60_000 }).toMatchObject({ status: 503, code: 'WORKSPACE_PINS' })
  })
  test('a clock that goes back refuses what grants', async () => {
    await at.start()
    await at.ask('/v1/synchronise', { method: 'POST' })
    at.clock.now -= hour
    const reply = await at.ask('/v1/opt-outs', { method: 'POST', body: { document: optOut('x') }, headers: by('alice') })
    expectProblem(reply, 503, 'CLOCK_BEHIND')
    expectProblem(await at.ask('/v1/bundle'), 503, 'CLOCK_BEHIND')
  })
})

describe('killed', () => {
  const child = `${import.meta.dirname}/serve-child.ts`
  const spawned = () => new Promise<ReturnType<typeof spawn>>((resolve, reject) => {
    const made = spawn(process.execPath, [child, at.data], { stdio: ['ignore', 'pipe', 'pipe'] })
    let failed = ''
    made.stderr.on('data', (piece: Buffer) => { failed += piece.toString() })
    made.stdout.once('data', () => { resolve(made) })
    made.once('close', () => { reject(new Error(failed)) })
  })
  test('during acts, it starts again; what was acknowledged stands, and a repetition is one act', async () => {
    const running = await spawned()
    const socket = file('admin.sock')
    // The process has the machine's clock, whatever day it is.
    const since = Date.now() - start
    const names = Array.from({ length: 24 }, (_, i) => `killed-${i}`)
    const send = (name: string) => exchange({
      socketPath: socket, method: 'POST', path: '/v1/opt-outs', agent: false, headers: { 'content-type': 'application/json', ...by('alice', `kill-${name}`) },
    }, Buffer.from(JSON.stringify({ document: optOut(name, { from: since, until: since + 48 * hour }) })))
    const acknowledged = new Map<string, number>()
    await Promise.all(names.map(async (name) => {
      const reply = await send(name).catch(() => undefined)
      if (reply?.status !== 201) return
      acknowledged.set(name, reply.json()['index'] as number)
      if (acknowledged.size === 5) running.kill('SIGKILL')
    }))
    expect(acknowledged.size).toBeGreaterThanOrEqual(5)
    await at.start({ now: Date.now })
    for (const name of names) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const reply = await send(name)
      expect(reply.status, reply.text).toBe(201)
      if (acknowledged.has(name)) expect(reply.json()['index']).toBe(acknowledged.get(name))
    }
    expect(((await at.ask('/v1/opt-outs?limit=200')).json()['items'] as unknown[]).length).toBe(names.length)
  })
})

describe('refuses to start', () => {
  test('without a folder, or without its configuration', async () => {
    await refused(at.start({ data: file('nowhere') }), 'DATA_MISSING')
    rmSync(file('server.json'))
    await refused(at.start(), 'DATA_MISSING')
  })
  test.each([
    ['an unknown key', (config: object) => ({ ...config, extra: 1 })],
    ['no origin', (config: object) => ({ ...config, origin: undefined })],
    ['another version', (config: object) => ({ ...config, schemaVersion: 2 })],
    ['a token in place of its hash', (config: object) => ({ ...config, points: [{ name: 'x', sha256: 'exeat_point_x' }] })],
    ['a rate of nothing', (config: object) => ({ ...config, limits: { point: { perSecond: 0, burst: 1 } } })],
    ['a forge that nobody knows', (config: object) => ({ ...config, forge: { kind: 'gitea', repository: 'acme/exeat' } })],
    ['a forge at an address that is none', (config: object) => ({ ...config, forge: { kind: 'github', repository: 'acme/exeat', api: 'http://forge.example' } })],
    ['a forge and no token', (config: object) => ({ ...config, forge: { kind: 'github', repository: 'acme/exeat' } })],
    ['nothing', () => null],
  ])('with a configuration that has %s', async (_, change) => {
    at.configure(change as never)
    await refused(at.start(), 'CONFIG_INVALID')
  })
  test('with a configuration that is no JSON, or names a key twice', async () => {
    for (const text of ['{', '{"kind":"ServerConfig","kind":"ServerConfig"}', '']) {
      writeFileSync(file('server.json'), text)
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await refused(at.start(), 'CONFIG_INVALID')
    }
  })
  test('with a token of a forge that is none', async () => {
    at.configure((config) => ({ ...config, forge: { kind: 'github', repository: 'acme/exeat' } }))
    writeFileSync(file('keys/forge.token'), 'two words', { mode: 0o600 })
    await refused(at.start(), 'KEY_UNREADABLE')
    writeFileSync(file('keys/forge.token'), 'ghs_aTokenOfTheForge', { mode: 0o644 })
    chmodSync(file('keys/forge.token'), 0o644)
    await refused(at.start(), 'KEY_OPEN')
  })
  test('where others may enter the folder', async () => {
    chmodSync(at.data, 0o755)
    await refused(at.start(), 'DATA_OPEN')
  })
  test.each(['log', 'bundle', 'webhook', 'pseudonym'])('where others may read the %s key', async (purpose) => {
    chmodSync(keyFile(purpose), 0o644)
    await refused(at.start(), 'KEY_OPEN')
  })
  test.each(['log', 'bundle', 'webhook', 'pseudonym'])('without the %s key, behind a link to it, or with no key in it', async (purpose) => {
    const path = keyFile(purpose)
    renameSync(path, `${path}.away`)
    await refused(at.start(), 'KEY_UNREADABLE')
    symlinkSync(`${path}.away`, path)
    await refused(at.start(), 'KEY_UNREADABLE')
    rmSync(path)
    mkdirSync(path)
    await refused(at.start(), 'KEY_UNREADABLE')
    rmSync(path, { recursive: true })
    writeFileSync(path, 'no key\n', { mode: 0o600 })
    await refused(at.start(), 'KEY_UNREADABLE')
  })
  test('with another log\'s key, or another bundle key', async () => {
    const other = await site({ origin: 'log.acme.example' })
    try {
      const own = readSigner(keyFile('log'))
      rmSync(keyFile('log'))
      writeFileSync(file('keys', 'log.key'), `${formatSignerKey(readSigner(join(other.data, 'keys', 'log.key')))}\n`, { mode: 0o600 })
      await refused(at.start(), 'STORE_IDENTITY')
      rmSync(file('keys', 'log.key'))
      writeFileSync(file('keys', 'log.key'), `${formatSignerKey(own)}\n`, { mode: 0o600 })
      writeFileSync(keyFile('bundle'), `${formatSignerKey(readSigner(keyFile('webhook')))}\n`, { mode: 0o600 })
      await refused(at.start(), 'KEY_OTHER')
    } finally {
      await other.close()
    }
  })
  test('with a log key of another name', async () => {
    writeFileSync(file('keys', 'log.key'), `${formatSignerKey(readSigner(keyFile('bundle')))}\n`, { mode: 0o600 })
    await refused(at.start(), 'KEY_OTHER')
  })
  test('where the port is taken', async () => {
    const taken = createServer()
    await new Promise<void>((resolve) => { taken.listen(0, '127.0.0.1', resolve) })
    const address = taken.address()
    await refused(at.start({ listen: { host: '127.0.0.1', port: typeof address === 'object' ? address?.port ?? 0 : 0 } }), 'LISTEN_FAILED')
    taken.close()
    await at.start()
  })
  test('where the workspace is another, or pins another log or other keys', async () => {
    const pinned = pinnedWorkspace(at.founded)
    at.repository.commit({ '.exeat/workspace.yaml': pinned.replace('id: acme-1', 'id: acme-2') })
    await refused(at.start(), 'WORKSPACE_OTHER')
    at.repository.commit({ '.exeat/workspace.yaml': pinned.replace('origin: log.acme.example', 'origin: log.globex.example') })
    await refused(at.start(), 'WORKSPACE_PINS')
    at.repository.commit({ '.exeat/workspace.yaml': pinned.split('\n').slice(0, -2).join('\n') })
    await refused(at.start(), 'WORKSPACE_PINS')
  })
})

describe('a database that is not what was signed', () => {
  const tamper = (sql: string): void => {
    const database = new DatabaseSync(file('log.sqlite'))
    const triggers = database.prepare("SELECT name FROM sqlite_master WHERE type = 'trigger'").all().map(({ name }) => String(name))
    for (const name of triggers) database.exec(`DROP TRIGGER ${name}`)
    database.exec(sql)
    database.close()
  }

  test('with its newest entry gone', async () => {
    await at.start()
    await at.ask('/v1/synchronise', { method: 'POST' })
    await at.stop()
    tamper('DELETE FROM entry WHERE idx = (SELECT max(idx) FROM entry)')
    await refused(at.start(), 'HEAD_INCONSISTENT')
  })
  test('as it was before', async () => {
    cpSync(file('log.sqlite'), file('older.sqlite'))
    await at.start()
    await at.ask('/v1/synchronise', { method: 'POST' })
    await at.stop()
    rmSync(file('log.sqlite'))
    renameSync(file('older.sqlite'), file('log.sqlite'))
    await refused(at.start(), 'HEAD_NOT_EXTENDED')
  })
  test('without the head that is held outside', async () => {
    rmSync(file('head.sqlite'))
    await refused(at.start(), 'STORE_MISSING')
  })
  test('whose entry 0 has another body, or none', async () => {
    tamper("UPDATE body SET bytes = zeroblob(100) WHERE kind = 'event'")
    await refused(at.start(), 'GENESIS_INVALID')
    tamper("DELETE FROM body WHERE kind = 'event'")
    await refused(at.start(), 'GENESIS_INVALID')
  })
  test('in an old entry starts, is found out by the whole reading, and grants nothing more', async () => {
    at.configure((config) => ({ ...config, limits: { acts: { perSecond: 10_000, burst: 10_000 } } }))
    await at.start()
    // Until the first bundle is full and away from the right edge, which alone is checked at the start.
    for (let round = 0; round < 4; round++) {
      const names = Array.from({ length: 40 }, (_, i) => `old-${round}-${i}`)
      // oxlint-disable-next-line no-await-in-loop -- nobody has more than fifty requests waiting
      await Promise.all(names.map((name) => at.ask('/v1/opt-outs', { method: 'POST', body: { document: optOut(name) }, headers: by('alice') })))
      // oxlint-disable-next-line no-await-in-loop
      await Promise.all(names.map((name) => at.ask(`/v1/opt-outs/${name}/withdrawal`, { method: 'POST', body: { reason: 'mended' }, headers: by('alice') })))
    }
    await at.ask('/v1/opt-outs', { method: 'POST', body: { document: optOut('old-0') }, headers: by('alice') })
    expect((await at.ask('/v1/status')).json()['size']).toBeGreaterThan(270)
    const { binding } = (await at.ask('/v1/opt-outs/old-0')).json() as { binding: unknown }
    await at.stop()
    tamper("UPDATE entry SET entry = CAST(replace(CAST(entry AS TEXT), '\"v\":1', '\"v\":2') AS BLOB) WHERE idx = 20")
    await at.start()
    await expect.poll(() => at.told, { timeout: 60_000, interval: 20 }).toMatchObject([{ code: 'LOG_DIFFERS' }])
    expectProblem(await at.ask('/readyz'), 503, 'LOG_DIFFERS')
    expectProblem(await at.ask('/v1/opt-outs/old-0/approvals', { method: 'POST', body: { signed: binding }, headers: by('bob') }), 503, 'LOG_DIFFERS')
    expectProblem(await at.ask('/v1/bundle'), 503, 'LOG_DIFFERS')
    expectProblem(await at.ask('/v1/decisions', { method: 'POST', body: { repository: 'acme/payments', commit: '1'.repeat(40), reports: [{ name: 'a', text: '{}' }] } }), 503, 'LOG_DIFFERS')
    expectProblem(await at.ask('/access/v1/evaluation', { method: 'POST', body: { subject: { type: 'service', id: 'acme/payments' }, action: { name: 'bypass' }, resource: { type: 'finding', id: 'trivy/X' } } }), 503, 'LOG_DIFFERS')
    expect((await at.ask('/v1/opt-outs/old-0/withdrawal', { method: 'POST', body: { reason: 'mended' }, headers: by('alice') })).status).toBe(200)
  })
})
