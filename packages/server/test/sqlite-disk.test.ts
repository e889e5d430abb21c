/** What SQLite leaves on the disk: where that is full, and where something was erased. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fsck } from '@exeat/log'
import { describe, expect, test } from 'vitest'
import { append, codeOf, markDone, must, opened, operation, testOptions, textAt, utf8 } from '../../testkit/src/log-store-kit.ts'
import type { LogStore, Operation, Transaction } from '../src/ports/log.ts'
import { sha256 } from '../src/store/ed25519.ts'
import { entryOperation } from '../src/store/entry-operation.ts'
import { openLog } from '../src/store/log.ts'
import { openDatabase } from '../src/store/sqlite/database.ts'
import { openSqliteTables, sqliteTables } from '../src/store/sqlite/index.ts'
import { foundedAt, temporaryDatabase } from './sqlite-kind.ts'

const largeOperation = (key: string): Operation => entryOperation(key, utf8(`entry of ${key}`.padEnd(20_000)), markDone(key))

/** Appends large entries until one is refused; the keys that were acknowledged. */
async function fill(log: LogStore): Promise<readonly string[]> {
  const keys: string[] = []
  for (;;) {
    const answers = await Promise.all(Array.from({ length: 5 }, (_, i) => log.append(largeOperation(`key-${keys.length + i}`))))
    const code = codeOf(answers[0] ?? { ok: true, value: undefined })
    if (code !== 'ok') {
      expect(answers.map(codeOf)).toEqual(answers.map(() => 'STORE_FULL'))
      return keys
    }
    keys.push(...answers.map((_, i) => `key-${keys.length + i}`))
    if (keys.length > 10_000) throw new Error('it never fills')
  }
}

async function stands(log: LogStore, keys: readonly string[]): Promise<void> {
  for (const [index, key] of keys.entries()) expect((await textAt(log, index))?.trimEnd()).toBe(`entry of ${key}`)
  expect((await log.head()).size).toBe(keys.length)
  expect((await log.record('done', `key-${keys.length}`))).toBeUndefined()
  expect(await fsck(sha256, log, opened((await log.head()).checkpoint))).toMatchObject({ ok: true })
}

describe('a full disk', () => {
  test('by the page limit: nothing acknowledged is lost, nothing else is stored, and it goes on once there is room', async () => {
    const { path, drop } = temporaryDatabase()
    await (await foundedAt(path)).close()
    const writing = must(openDatabase(path, 'write'))
    writing.exec('PRAGMA max_page_count = 400')
    const log = must(await openLog(sqliteTables(path, writing, must(openDatabase(path, 'read'))), testOptions()))
    const keys = await fill(log)
    expect(keys.length).toBeGreaterThan(20)
    await stands(log, keys)
    expect(log.status()).toEqual({ state: 'open' })
    writing.exec('PRAGMA max_page_count = 4000')
    await append(log, 'more')
    expect((await log.head()).size).toBe(keys.length + 1)
    await log.close()
    drop()
  })

  const mountable = process.platform === 'linux' && process.getuid?.() === 0 && mounts()
  test.skipIf(!mountable)(`by the disk itself${mountable ? '' : ' (skipped: no tmpfs can be mounted)'}`, async () => {
    const { folder, drop } = temporaryDatabase()
    expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', folder]).status).toBe(0)
    try {
      const path = join(folder, 'log.db')
      const ballast = join(folder, 'ballast')
      const log = await foundedAt(path)
      writeFileSync(ballast, new Uint8Array(600_000))
      const keys = await fill(log)
      expect(keys.length).toBeGreaterThan(4)
      await stands(log, keys)
      await log.close()
      rmSync(ballast)
      const again = must(await openLog(must(openSqliteTables(path)), testOptions()))
      expect(again.status()).toEqual({ state: 'open' })
      await stands(again, keys)
      await append(again, 'more')
      await again.close()
    } finally {
      spawnSync('umount', [folder])
      drop()
    }
  })
})

function mounts(): boolean {
  const { folder, drop } = temporaryDatabase()
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder]).status === 0
  if (mounted) spawnSync('umount', [folder])
  drop()
  return mounted
}

/** Whether a text stands anywhere in the files of a database, used or not. */
const isOnDisk = (path: string, text: string): boolean =>
  ['', '-wal', '-journal'].some((end) => existsSync(path + end) && readFileSync(path + end).includes(text))

describe('what is erased', () => {
  const secret = `a person's name ${'who asked to be forgotten '.repeat(400)}`
  const changing = (key: string, change: (transaction: Transaction) => Promise<unknown>): Operation =>
    operation(key, { change: async (transaction) => { await change(transaction); return undefined } })
  const keeping = changing('keep', (transaction) => transaction.keep('document', 'secret', utf8(secret)))
  const erasing = changing('erase', (transaction) => transaction.erase('document', 'secret'))

  test('is in no file once the erasure is acknowledged', async () => {
    const { path, drop } = temporaryDatabase()
    const log = await foundedAt(path)
    must(await log.append(keeping))
    expect(isOnDisk(path, secret.slice(0, 500))).toBe(true)
    must(await log.append(erasing))
    expect([isOnDisk(path, 'a person'), isOnDisk(path, 'to be forgotten')]).toEqual([false, false])
    await log.close()
    drop()
  })

  test('is in a file no longer than a snapshot reads that began before', async () => {
    const { path, drop } = temporaryDatabase()
    const log = await foundedAt(path)
    must(await log.append(keeping))
    await log.snapshot(async (reader) => {
      await reader.head()
      must(await log.append(erasing))
      await append(log, 'meanwhile')
      expect(Buffer.from((await reader.body('document', 'secret')) ?? []).toString()).toBe(secret)
      expect(isOnDisk(path, 'to be forgotten')).toBe(true)
    })
    expect(isOnDisk(path, 'to be forgotten')).toBe(false)
    await log.close()
    drop()
  })

  test('by a process that was killed before it could empty the file goes with the next commit', async () => {
    const { path, folder, drop } = temporaryDatabase()
    const log = await foundedAt(path)
    must(await log.append(keeping))
    let copy = ''
    await log.snapshot(async (reader) => {
      await reader.head()
      must(await log.append(erasing))
      copy = join(folder, 'copy.db')
      for (const end of ['', '-wal']) writeFileSync(copy + end, readFileSync(path + end))
    })
    await log.close()
    expect(isOnDisk(copy, 'to be forgotten')).toBe(true)
    const again = must(await openLog(must(openSqliteTables(copy)), testOptions()))
    expect(await again.body('document', 'secret')).toBeUndefined()
    await append(again, 'after')
    expect(isOnDisk(copy, 'to be forgotten')).toBe(false)
    await again.close()
    drop()
  })
})

test('what SQLite has rolled back by itself is not gone on with', async () => {
  const { path, drop } = temporaryDatabase()
  await (await foundedAt(path)).close()
  const writing = must(openDatabase(path, 'write'))
  const { writer, close } = sqliteTables(path, writing, must(openDatabase(path, 'read')))
  await writer.begin()
  writing.exec('ROLLBACK')
  const late = [
    writer.savepoint(), writer.put('a', 'a', utf8('a'), 0), writer.put('a', 'a', utf8('a'), 1), writer.keep('a', 'a', utf8('a')), writer.erase('a', 'a'),
    writer.remove('a', 'a', 1), writer.insertEntries([{ index: 0, leaf: new Uint8Array(32), entry: utf8('a') }]),
    writer.insertOperations([{ key: 'a', digest: new Uint8Array(32), index: 0, count: 1, refusal: undefined }]),
    writer.insertTileHashes([{ level: 1, index: 0, hash: new Uint8Array(32) }]), writer.insertCheckpoint({ size: 1, root: new Uint8Array(32), note: utf8('a') }),
    writer.updateHead({ size: 1, root: new Uint8Array(32), frontier: utf8('a'), at: 2e12 }),
  ]
  for (const each of await Promise.allSettled(late)) expect(String(each.status === 'rejected' && each.reason)).toContain('has ended the transaction')
  expect(writing.isTransaction).toBe(false)
  await close()
  drop()
})
