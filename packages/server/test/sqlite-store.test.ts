/** What is SQLite's own: settings, schema, triggers, a full disk, many tiles, the head file. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fsck, leafHash, tilePath, tilesOf, encodeBundle } from '@exeat/log'
import { describe, expect, test } from 'vitest'
import {
  append, codeOf, cosigned, foundedLog, must, operation, problemOf, testOptions, tileByDefinition, utf8,
} from '../../testkit/src/log-store-kit.ts'
import { sha256 } from '../src/store/ed25519.ts'
import { entryOperation } from '../src/store/entry-operation.ts'
import { openLog } from '../src/store/log.ts'
import { checkVersion } from '../src/store/migrations.ts'
import { checkSettings, migrate, openDatabase, schemaVersion } from '../src/store/sqlite/database.ts'
import { createHeadFile, openHeadFile } from '../src/store/sqlite/head-file.ts'
import { openSqliteTables, prepareSqlite, sqliteTables } from '../src/store/sqlite/index.ts'
import { migrations } from '../src/store/sqlite/migrations/index.ts'
import { foundedAt, run, sqlite, temporaryDatabase } from './sqlite-kind.ts'

describe('opening', () => {
  test('creates nothing', () => {
    const { path, drop } = temporaryDatabase()
    expect(codeOf(openSqliteTables(path))).toBe('STORE_MISSING')
    expect(codeOf(openHeadFile(path))).toBe('STORE_MISSING')
    expect(existsSync(path)).toBe(false)
    drop()
  })

  test('an empty file is no log', () => {
    const { path, drop } = temporaryDatabase()
    const made = must(openDatabase(path, 'create'))
    made.close()
    expect(codeOf(openSqliteTables(path))).toBe('STORE_MISSING')
    drop()
  })

  test.each([['no database', 'not a database, but long enough to look like the header of one'], ['a folder', undefined]])('%s is unreadable', (_, content) => {
    const { path, drop } = temporaryDatabase()
    if (content === undefined) mkdirSync(path)
    else writeFileSync(path, content)
    for (const answer of [openSqliteTables(path), prepareSqlite(path), openHeadFile(path)]) expect(codeOf(answer)).toBe('STORE_UNREADABLE')
    drop()
  })

  test('a path with signs that mean something in a URL is a path', async () => {
    const { folder, drop } = temporaryDatabase()
    const path = join(folder, 'a?mode=memory&b#c%20 d.db')
    const log = await foundedAt(path)
    await append(log, 'a')
    await log.close()
    expect(existsSync(path)).toBe(true)
    drop()
  })

  test('a database that was taken out of write-ahead mode is refused', async () => {
    const { path, drop } = temporaryDatabase()
    await (await foundedAt(path)).close()
    run(path, 'PRAGMA journal_mode = DELETE')
    expect(codeOf(openSqliteTables(path))).toBe('STORE_NOT_DURABLE')
    drop()
  })

  test.each(['journal_mode', 'synchronous', 'recursive_triggers', 'foreign_keys', 'secure_delete', 'temp_store'])('the setting %s is read back and must be what it was set to', (name) => {
    const right: Record<string, unknown> = { journal_mode: 'wal', synchronous: 2, recursive_triggers: 1, foreign_keys: 1, secure_delete: 1, temp_store: 2 }
    expect(checkSettings((each) => right[each])).toEqual({ ok: true })
    for (const wrong of [0, 1, 'off', 'memory', undefined].filter((each) => each !== right[name])) {
      expect(codeOf(checkSettings((each) => (each === name ? wrong : right[each])))).toBe('STORE_NOT_DURABLE')
    }
  })
})

describe('the schema', () => {
  test('numbers its migrations from 1, without gaps', () => {
    expect(migrations.map(({ number }) => number)).toEqual(migrations.map((_, i) => i + 1))
  })

  test('preparing twice changes nothing', async () => {
    const { path, drop } = temporaryDatabase()
    const log = await foundedAt(path)
    await append(log, 'a')
    await log.close()
    expect(codeOf(prepareSqlite(path))).toBe('ok')
    const again = must(await openLog(must(openSqliteTables(path)), testOptions()))
    expect((await again.head()).size).toBe(1)
    await again.close()
    drop()
  })

  test('a newer database is refused, and neither opened nor migrated', async () => {
    const { path, drop } = temporaryDatabase()
    await (await foundedAt(path)).close()
    run(path, `INSERT INTO migration (number, name) VALUES (${migrations.length + 1}, 'later')`)
    expect(codeOf(openSqliteTables(path))).toBe('STORE_NEWER')
    expect(codeOf(prepareSqlite(path))).toBe('STORE_NEWER')
    drop()
  })

  test('an older database is refused until it is migrated; a migration that fails changes nothing', async () => {
    const { path, drop } = temporaryDatabase()
    const database = must(openDatabase(path, 'create'))
    const later = { number: migrations.length + 1, name: 'later', sql: 'CREATE TABLE later (id INTEGER)' }
    const broken = { ...later, sql: 'CREATE TABLE half (id INTEGER); CREATE TABLE entry (id INTEGER)' }
    expect(must(migrate(database, migrations))).toBe(migrations.length)
    expect(() => migrate(database, [...migrations, broken])).toThrow('already exists')
    expect(schemaVersion(database)).toBe(migrations.length)
    expect(database.prepare("SELECT count(*) AS n FROM sqlite_master WHERE name = 'half'").get()).toEqual({ n: 0 })
    expect(must(migrate(database, [...migrations, later]))).toBe(migrations.length + 1)
    expect(schemaVersion(database)).toBe(migrations.length + 1)
    expect(codeOf(checkVersion([...migrations, later, { ...later, number: later.number + 1 }], schemaVersion(database)))).toBe('STORE_OLDER')
    database.exec(`DELETE FROM migration; INSERT INTO migration VALUES (0, 'before the first')`)
    database.close()
    expect(codeOf(openSqliteTables(path))).toBe('STORE_MISSING')
    drop()
  })
})

const zeroes = "zeroblob(32)"

describe('the triggers refuse what a statement of the program could do', () => {
  test.each([
    `INSERT OR REPLACE INTO entry (idx, leaf, entry) VALUES (0, ${zeroes}, x'00')`,
    `REPLACE INTO entry (idx, leaf, entry) VALUES (299, ${zeroes}, x'00')`,
    `INSERT INTO entry (idx, leaf, entry) VALUES (301, ${zeroes}, x'00')`,
    `INSERT INTO entry (idx, leaf, entry) VALUES (0, ${zeroes}, x'00') ON CONFLICT DO UPDATE SET entry = x'00'`,
    `INSERT OR REPLACE INTO operation (key, digest, idx, count) VALUES ('a', ${zeroes}, 1, 1)`,
    `INSERT INTO operation (key, digest, idx, count) VALUES ('a', ${zeroes}, 1, 1) ON CONFLICT DO UPDATE SET idx = 1`,
    `INSERT INTO operation (key, digest, idx, count) VALUES ('beyond', ${zeroes}, 299, 2)`,
    "UPDATE operation SET refusal = 'x'",
    'DELETE FROM operation',
    "INSERT OR REPLACE INTO body (kind, digest, bytes) VALUES ('kept', 'a', x'00')",
    "UPDATE body SET bytes = x'00'",
    "UPDATE OR REPLACE body SET digest = 'b'",
    "INSERT OR REPLACE INTO cosignature (size, name, line) SELECT size, name, line FROM cosignature",
    "UPDATE cosignature SET size = 1",
    'DELETE FROM cosignature',
    'UPDATE OR REPLACE entry SET idx = 1 WHERE idx = 0',
    `INSERT OR REPLACE INTO tile_hash (level, idx, hash) VALUES (1, 0, ${zeroes})`,
    `UPDATE tile_hash SET hash = ${zeroes}`,
    `INSERT OR REPLACE INTO checkpoint (size, root, note) VALUES (0, ${zeroes}, x'00')`,
    `INSERT INTO checkpoint (size, root, note) VALUES (299, ${zeroes}, x'00')`,
    `INSERT OR REPLACE INTO head (id, size, root, frontier, at) VALUES (1, 1000, ${zeroes}, x'', 0)`,
    'UPDATE head SET size = size - 1',
    'UPDATE head SET at = at - 1, size = size + 1',
    "INSERT OR REPLACE INTO identity (id, origin, key) VALUES (1, 'x', 'y')",
    'UPDATE record SET version = version + 2',
    'UPDATE record SET version = version - 1',
    "UPDATE record SET version = version + 1, key = 'other'",
    "INSERT OR REPLACE INTO record (kind, key, version, value) VALUES ('done', 'a', 1, x'00')",
    "INSERT INTO record (kind, key, version, value) VALUES ('done', 'new', 2, x'00')",
  ])('%s', async (sql) => {
    const { path, drop } = temporaryDatabase()
    const log = await foundedAt(path)
    must(await log.append(operation('a', {
      change: async (transaction) => problemOf(await transaction.put('done', 'a', utf8('a'), 0)) ?? problemOf(await transaction.keep('kept', 'a', utf8('a'))),
    })))
    expect(await log.addCosignatures(1, [cosigned('w')])).toEqual({ ok: true })
    await append(log, ...Array.from({ length: 299 }, (_, i) => `key-${i}`))
    for (const recursive of ['ON', 'OFF']) {
      const database = new DatabaseSync(path)
      database.exec(`PRAGMA recursive_triggers = ${recursive}`)
      expect(() => { database.exec(sql) }).toThrow(/append-only|stays|grows|version/)
      database.close()
    }
    expect(await log.verifyHead()).toEqual({ ok: true })
    expect((await log.record('done', 'a'))?.version).toBe(1)
    await log.close()
    drop()
  })
})

test('whoever keeps the log in SQLite loads no driver for PostgreSQL', () => {
  const program = `
    await import('../src/index.ts')
    const { createRequire } = await import('node:module')
    console.log(JSON.stringify(Object.keys(createRequire(import.meta.url).cache)))`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], { cwd: import.meta.dirname, encoding: 'utf8' })
  expect(stderr).toBe('')
  expect((JSON.parse(stdout) as readonly string[]).filter((path) => /[\\/]pg[\\/]/.test(path))).toEqual([])
})

test('another process that holds the database: refused as busy, and alive', async () => {
  const { path, drop } = temporaryDatabase()
  await (await foundedAt(path)).close()
  const impatient = (mode: 'write' | 'read'): DatabaseSync => {
    const database = must(openDatabase(path, mode))
    database.exec('PRAGMA busy_timeout = 1')
    return database
  }
  const log = must(await openLog(sqliteTables(path, impatient('write'), impatient('read')), testOptions()))
  const other = new DatabaseSync(path)
  other.exec('BEGIN IMMEDIATE')
  expect(codeOf(await log.append(operation('a')))).toBe('STORE_BUSY')
  expect(log.status()).toEqual({ state: 'open' })
  other.exec('ROLLBACK')
  other.close()
  expect(must(await log.append(operation('a'))).index).toBe(0)
  await log.close()
  drop()
})

test('past 65,536 entries every tile and bundle is that of the definition, in batches of any size', async () => {
  const { database, log } = await foundedLog(sqlite)
  const size = 66_100
  const entry = (i: number): Uint8Array => utf8(`entry of ${i}`)
  const sizes = [1, 255, 256, 257, 100, 3, 4000, 9000]
  let at = 0
  for (let turn = 0; at < size; turn++) {
    const count = Math.min(size - at, sizes[turn % sizes.length] ?? 1)
    const from = at
    const answers = await Promise.all(Array.from({ length: count }, (_, i) => log.append(entryOperation(`${from + i}`, entry(from + i)))))
    expect(answers.every((answer, i) => answer.ok && answer.value.index === from + i)).toBe(true)
    at += count
  }
  const leaves = Array.from({ length: size }, (_, i) => leafHash(sha256, entry(i)))
  let compared = 0
  for (const tile of tilesOf(size)) {
    const { level, index, width } = tile
    const wanted = level === 'entries'
      ? must(encodeBundle(Array.from({ length: width }, (_, i) => entry(index * 256 + i))))
      : tileByDefinition(leaves, level, index, width)
    expect(Buffer.compare((await log.readTile(tilePath(tile))) ?? new Uint8Array(0), wanted)).toBe(0)
    compared += 1
  }
  expect(compared).toBe(2 * 259 + 2 + 1)
  const { root } = await log.head()
  expect(await fsck(sha256, log, { size, root })).toMatchObject({ ok: true })
  expect(await log.verifyHead()).toEqual({ ok: true })
  await log.close()
  await database.drop()
})

describe('the head file', () => {
  test('swaps only what is held, among all who opened it', async () => {
    const { path, drop } = temporaryDatabase()
    const keeper = must(createHeadFile(path))
    const other = must(openHeadFile(path))
    expect(await keeper.read()).toBeUndefined()
    expect(await keeper.swap(utf8('x'), utf8('a'))).toBe(false)
    expect(await keeper.swap(undefined, utf8('a'))).toBe(true)
    expect(await other.swap(undefined, utf8('b'))).toBe(false)
    expect(await other.swap(utf8('a'), utf8('b'))).toBe(true)
    expect(await keeper.swap(utf8('a'), utf8('c'))).toBe(false)
    expect(Buffer.from((await keeper.read()) ?? []).toString()).toBe('b')
    await keeper.close()
    await other.close()
    const again = must(openHeadFile(path))
    expect(Buffer.from((await again.read()) ?? []).toString()).toBe('b')
    await again.close()
    drop()
  })

  test('creating it again keeps what is held', async () => {
    const { path, drop } = temporaryDatabase()
    const keeper = must(createHeadFile(path))
    await keeper.swap(undefined, utf8('a'))
    await keeper.close()
    const again = must(createHeadFile(path))
    expect(await again.swap(undefined, utf8('b'))).toBe(false)
    await again.close()
    drop()
  })
})
