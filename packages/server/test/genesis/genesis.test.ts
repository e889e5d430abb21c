/** Founding a server, what refuses it, what a failure leaves, and replacing its keys. */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { commitment, decodeEvent, decodeLeaf } from '@exeat/core/entry'
import { parseVerifierKey } from '@exeat/log'
import { bundleSchema, dsseSchema, verifyDelegation } from '@exeat/verify'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { temporaryFolder, temporaryRepository, type TemporaryRepository } from '../../../testkit/src/index.ts'
import { foundServer, type FoundOptions } from '../../src/genesis/found.ts'
import { startServer } from '../../src/main/start.ts'
import { rotateKey, type RotateOptions } from '../../src/genesis/rotate.ts'
import { defaultDataFolder } from '../../src/config/folder.ts'
import { lockFolder } from '../../src/config/lock.ts'
import { readRandomKey } from '../../src/keys/random.ts'
import { sha256, verifySignature } from '../../src/store/ed25519.ts'
import { createHeadFile } from '../../src/store/sqlite/head-file.ts'
import { refused, type Site, site } from '../main/support.ts'
import { governanceFiles, start } from '../use/support.ts'

const pinned = (texts: readonly string[]) => texts.map((text) => {
  const key = parseVerifierKey(sha256, text)
  if (!key.ok) throw new Error(key.problem.message)
  return key.value
})

describe('founding', () => {
  let folder: string
  let repository: TemporaryRepository
  beforeEach(() => {
    folder = temporaryFolder()
    repository = temporaryRepository(governanceFiles)
  })
  afterEach(() => {
    repository.remove()
    rmSync(folder, { recursive: true, force: true })
  })
  const found = (over: Partial<FoundOptions> = {}) => foundServer({
    data: join(folder, 'deep', 'data'), origin: 'log.acme.example', repository: repository.dir, ref: 'main', founders: ['alice', 'bob'], database: 'sqlite', now: () => start, ...over,
  })
  const nothing = (): void => { expect(readdirSync(folder, { recursive: true }).filter((name) => !['deep', 'head'].includes(String(name)))).toEqual([]) }

  test('writes everything for its owner alone, and nothing beside it', async () => {
    const { data } = await found()
    for (const name of readdirSync(data, { recursive: true, encoding: 'utf8' })) {
      const stat = statSync(join(data, name))
      expect(stat.mode & 0o777, name).toBe(stat.isDirectory() ? 0o700 : 0o600)
    }
    expect(statSync(data).mode & 0o777).toBe(0o700)
    expect(readdirSync(join(folder, 'deep'))).toEqual(['data'])
    expect(readdirSync(data).toSorted()).toEqual(['founders', 'head.sqlite', 'keys', 'log.sqlite', 'server.json'])
  })
  test('keeps no token, and no key in the configuration', async () => {
    const { data, pointToken } = await found()
    const config = readFileSync(join(data, 'server.json'), 'utf8')
    expect(config).not.toContain(pointToken)
    expect(config).not.toContain('PRIVATE')
    expect(pointToken).toMatch(/^exeat_point_[A-Za-z0-9_-]{43}$/)
  })
  test('every key and token is new', async () => {
    const [a, b] = [await found(), await found({ data: join(folder, 'other') })]
    const secrets = [a, b].flatMap(({ data }) => readdirSync(data, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.key')).map((name) => readFileSync(join(data, name), 'utf8').split('+').at(-1)))
    expect(new Set(secrets).size).toBe(secrets.length)
    expect(secrets.length).toBe(14)
    expect(a.pointToken).not.toBe(b.pointToken)
  })
  test('the workspace is that of the protected ref, of a folder or of a remote', async () => {
    expect((await found()).workspace).toBe('acme-1')
    const remote = await found({ data: join(folder, 'remote'), repository: `file://${repository.dir}` })
    expect(remote.workspace).toBe('acme-1')
    expect(readdirSync(join(folder, 'remote'))).toContain('repository.git')
  })
  test('the head may be held elsewhere', async () => {
    const head = join(folder, 'head')
    expect(await found({ head })).toMatchObject({ headElsewhere: true })
    expect(statSync(head).mode & 0o777).toBe(0o600)
  })
  test('a single founder is told so', async () => { expect(await found({ founders: ['alice'] })).toMatchObject({ singleFounder: true }) })

  test.each([
    ['', 'ORIGIN_INVALID'], ['https://log.acme.example', 'ORIGIN_INVALID'], ['log acme', 'ORIGIN_INVALID'], ['log+acme', 'ORIGIN_INVALID'], ['log/', 'ORIGIN_INVALID'], ['/log', 'ORIGIN_INVALID'],
    ['log?x', 'ORIGIN_INVALID'], ['log\nx', 'ORIGIN_INVALID'], ['l'.repeat(201), 'ORIGIN_INVALID'],
  ])('the origin `%s` is none', async (origin, code) => {
    await refused(found({ origin }), code)
    nothing()
  })
  test.each([[[]], [['alice', 'alice']], [['alice', 'Alice']], [['../alice']], [['al ice']], [['alice', '']], [['-alice']], [['.alice']], [['a+b']], [['álice']], [['a'.repeat(101)]], [Array.from({ length: 33 }, (_, i) => `f${i}`)]])(
    'the founders %j are none', async (founders) => {
      await refused(found({ founders }), 'FOUNDER_INVALID')
      nothing()
    })
  test.each(['', 'exeat.acme.example', 'ftp://exeat.acme.example', 'http://exeat.acme.example', 'https://exeat.acme.example/x', 'https://exeat.acme.example/?x', 'https://u@exeat.acme.example', 'https://10.0.0.1', 'https://[::1]', 'http://127.0.0.1:8080'])(
    'the address `%s` is none to sign in at', async (url) => {
      await refused(found({ publicUrl: url }), 'URL_INVALID')
      nothing()
    })
  test('the snippet names the relying party', async () => {
    expect((await found({ publicUrl: 'https://exeat.acme.example' })).snippet).toContain('identity:\n  relyingParty: { id: exeat.acme.example, origins: ["https://exeat.acme.example"] }\n')
  })
  test('where something stands already: a folder, an empty one, a file, a server', async () => {
    const data = join(folder, 'taken')
    mkdirSync(data)
    await refused(found({ data }), 'DATA_EXISTS')
    rmSync(data, { recursive: true })
    writeFileSync(data, '')
    await refused(found({ data }), 'DATA_EXISTS')
    await found()
    await refused(found(), 'DATA_EXISTS')
  })
  test('within a git work tree', async () => {
    await refused(found({ data: join(repository.dir, 'a', 'server') }), 'DATA_IN_WORK_TREE')
    expect(readdirSync(repository.dir).toSorted()).toEqual(['.exeat', '.git'])
  })
  test('where nothing can be written', async () => {
    writeFileSync(join(folder, 'file'), '')
    await refused(found({ data: join(folder, 'file', 'data') }), 'DATA_UNWRITABLE')
  })
  test('where the path of the socket would be longer than systems take', async () => {
    await refused(found({ data: join(folder, 'x'.repeat(100)) }), 'DATA_UNWRITABLE')
    nothing()
  })
  test('where the head file stands already, of another log or none', async () => {
    const head = join(folder, 'head')
    const made = createHeadFile(head)
    if (!made.ok) throw new Error(made.problem.message)
    await made.value.close()
    const before = readFileSync(head)
    await refused(found({ head }), 'DATA_EXISTS')
    expect(readFileSync(head)).toEqual(before)
  })
  test('without a repository, without a workspace in it, without the branch', async () => {
    await refused(found({ repository: folder }), 'REPOSITORY_MISSING')
    await refused(found({ ref: 'other' }), 'REF_MISSING')
    const bare = temporaryRepository({ 'README.md': 'x' })
    await refused(found({ repository: bare.dir }), 'GOVERNANCE_MISSING')
    bare.remove()
    nothing()
  })
  test('a failure in the middle leaves nothing that could be opened, and the next founding succeeds', async () => {
    let calls = 0
    const failing = () => {
      calls += 1
      if (calls === 3) throw new Error('the clock broke')
      return start
    }
    await expect(found({ now: failing, head: join(folder, 'head') })).rejects.toThrow('the clock broke')
    nothing()
    expect(readdirSync(folder)).not.toContain('head')
    await found({ head: join(folder, 'head') })
  })
  test('killed at any moment it leaves a whole server or none', async () => {
    const child = `${import.meta.dirname}/found-child.ts`
    for (let i = 0; i < 12; i++) {
      const [data, head] = [join(folder, `data-${i}`), join(folder, `head-${i}`)]
      // oxlint-disable-next-line no-await-in-loop -- one after the other, each a little later than the one before
      await new Promise<void>((resolve) => {
        const made = spawn(process.execPath, [child, data, repository.dir, head], { stdio: ['ignore', 'pipe', 'ignore'] })
        made.stdout.once('data', () => { setTimeout(() => { made.kill('SIGKILL') }, i * 40) })
        made.once('close', () => { resolve() })
      })
      const stands = existsSync(data)
      const start_ = startServer({ data, listen: { host: '127.0.0.1', port: 0 }, witnesses: [], now: Date.now, report: () => {} })
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      if (stands) await expect(start_.then((running) => running.stop())).resolves.toBeUndefined()
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      else await refused(start_, 'DATA_MISSING')
    }
  })
  test('two foundings at once: one stands', async () => {
    const results = await Promise.allSettled([found(), found(), found()])
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(readdirSync(join(folder, 'deep'))).toEqual(['data'])
  })
})

describe('entry 0', () => {
  let at: Site
  afterEach(async () => at.close())

  test('is the delegation, signed by the founders, as anybody can check', async () => {
    at = await site()
    await at.start()
    const entry = (await at.ask('/v1/entries/0')).json() as { leaf: object; body: { state: string; salt: string; event: string } }
    const leaf = decodeLeaf(JSON.stringify(entry.leaf))
    expect(leaf?.body).toBe(commitment(new Uint8Array(Buffer.from(entry.body.salt, 'base64')), new Uint8Array(Buffer.from(entry.body.event)), sha256))
    const event = decodeEvent(entry.body.event)
    if (!event.ok || event.event.type !== 'dev.exeat.workspace.changed.v1' || !('delegation' in event.event.data)) throw new Error('entry 0 is no delegation')
    const roots = pinned(at.founded.founders.map(({ key }) => key))
    const verified = verifyDelegation(event.event.data.delegation, { workspace: 'acme-1', origin: at.founded.origin, roots }, { sha256, verify: verifySignature })
    expect(verified).toMatchObject({ ok: true, value: { singleFounder: false, delegation: { epoch: 1, previous: null } } })
    const forged = verifyDelegation(event.event.data.delegation, { workspace: 'acme-1', origin: at.founded.origin, roots: roots.slice(0, 1) }, { sha256, verify: verifySignature })
    expect(forged).toMatchObject({ ok: false, problem: { code: 'DELEGATION_INVALID' } })
  })
  test('names nobody in the open: the actor is a pseudonym', async () => {
    at = await site()
    await at.start()
    const { leaf } = (await at.ask('/v1/entries/0')).json() as { leaf: { actor: string } }
    expect(leaf.actor).toMatch(/^[0-9a-f]{64}$/)
    expect(readRandomKey(join(at.data, 'keys', 'pseudonym.key'))).toHaveLength(32)
  })
  test('of a single founder says so wherever the server is asked', async () => {
    at = await site({ founders: ['alice'] })
    expect(await at.start()).toMatchObject({ singleFounder: true })
    expect((await at.ask('/v1/status')).json()).toMatchObject({ singleFounder: true, founders: ['alice'] })
  })
})

describe('rotation', () => {
  let at: Site
  beforeEach(async () => { at = await site() })
  afterEach(async () => at.close())
  const founderKeys = (): readonly string[] => at.founded.founders.map(({ file }) => file)
  const rotate = (over: Partial<RotateOptions> = {}) => rotateKey({ data: at.data, purpose: 'bundle', rootKeys: founderKeys(), now: () => at.clock.now, ...over })
  const bundleSigner = async (): Promise<string> => {
    const envelope = dsseSchema.parse((await at.ask('/v1/bundle')).json())
    expect(bundleSchema.parse(JSON.parse(Buffer.from(envelope.payload, 'base64').toString('utf8'))).origin).toBe(at.founded.origin)
    return envelope.signatures[0]?.keyid ?? ''
  }

  test('from its entry on the new key signs, and the old one is needed no more', async () => {
    await at.start()
    const before = await bundleSigner()
    await at.stop()
    const rotated = await rotate()
    expect(rotated).toMatchObject({ purpose: 'bundle', epoch: 2 })
    rmSync(rotated.oldFile)
    await at.start()
    expect(await bundleSigner()).not.toBe(before)
    expect(rotated.key).toContain(`+${await bundleSigner()}+`)
    expect((await at.ask(`/v1/entries/${rotated.index}`)).json()).toMatchObject({ leaf: { type: 'dev.exeat.workspace.changed.v1' } })
    await at.stop()
    expect(await rotate({ purpose: 'webhook' })).toMatchObject({ epoch: 3 })
    expect(await rotate()).toMatchObject({ epoch: 4 })
    await at.start()
  })
  test('the log\'s key stays', async () => { await refused(rotate({ purpose: 'log' }), 'ROTATE_LOG_KEY') })
  test('needs two founders, each once, and no others', async () => {
    const [alice = '', bob = ''] = founderKeys()
    const keys = readdirSync(join(at.data, 'keys'))
    for (const rootKeys of [[], [alice], [alice, alice], [alice, join(at.data, 'keys', 'log.key')]]) await refused(rotate({ rootKeys }), 'ROTATE_ROOTS')
    await refused(rotate({ rootKeys: [alice, `${bob}.away`] }), 'KEY_UNREADABLE')
    expect(readdirSync(join(at.data, 'keys'))).toEqual(keys)
    await at.start()
  })
  test('a rotation whose old key file is still the only one refuses to start', async () => {
    const rotated = await rotate()
    const id = /\+([0-9a-f]{8})\+/.exec(rotated.key)?.[1] ?? ''
    rmSync(join(at.data, 'keys', `bundle-${id}.key`))
    await refused(at.start(), 'KEY_UNREADABLE')
  })
  test('not while the server runs, and not twice at once', async () => {
    await at.start()
    await refused(rotate(), 'SERVER_RUNNING')
    await at.stop()
    const release = lockFolder(at.data)
    await refused(rotate(), 'SERVER_RUNNING')
    release()
    await rotate()
  })
})

test('the folder is where XDG says, and never below a relative path', () => {
  expect(defaultDataFolder({ XDG_DATA_HOME: '/srv/data' })).toBe('/srv/data/exeat/server')
  for (const stated of ['', 'relative', undefined]) expect(defaultDataFolder({ XDG_DATA_HOME: stated })).toMatch(/\.local\/share\/exeat\/server$/)
})
