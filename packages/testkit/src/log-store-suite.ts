/** The contract of `LogStore`, against a real database. Every implementation of `LogTables` is run through it. */
import { encodeReceipt, fsck, leafHash, openTree, verifyReceipt } from '@exeat/log'
import { checkExtends, foundLog, openLog, sha256, storeCodes, verifySignature, type LogStore } from '@exeat/server'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { logStoreFaults } from './log-store-faults.ts'
import {
  append, codeOf, cutBack, foundedLog, leavesOf, memoryKeeper, must, opened, operation, origin, recording, reopened, testOptions, testSigner,
  tileByDefinition, utf8, type StoreKind,
} from './log-store-kit.ts'

export function logStoreSuite(kind: StoreKind): void {
  founding(kind)
  appending(kind)
  repeating(kind)
  applying(kind)
  refusing(kind)
  reading(kind)
  concurrency(kind)
  tampering(kind)
  forking(kind)
  guarding(kind)
  logStoreFaults(kind)
}

async function finish(log: LogStore, database: { readonly drop: () => Promise<void> }): Promise<void> {
  await log.close()
  await database.drop()
}

function founding(kind: StoreKind): void {
  describe(`${kind.name}: founding and opening`, () => {
    test('an empty log has a signed head', async () => {
      const { database, log } = await foundedLog(kind)
      const head = await log.head()
      expect(head.size).toBe(0)
      expect(opened(head.checkpoint)).toMatchObject({ origin, size: 0, root: new Uint8Array(sha256(new Uint8Array(0))) })
      expect(log.status()).toEqual({ state: 'open' })
      await finish(log, database)
    })

    test('a log is founded once', async () => {
      const { database, log } = await foundedLog(kind)
      const tables = await database.open()
      expect(codeOf(await foundLog(tables, testOptions({ signer: testSigner(9) })))).toBe('STORE_EXISTS')
      await tables.close()
      await finish(log, database)
    })

    test('a log is not founded where a head is held outside already', async () => {
      const outside = memoryKeeper()
      outside.held = utf8('the head of another log')
      const database = await kind.create()
      const tables = await database.open()
      expect(codeOf(await foundLog(tables, testOptions({ outside })))).toBe('STORE_EXISTS')
      await tables.close()
      await database.drop()
    })

    test('opening founds nothing', async () => {
      const database = await kind.create()
      const tables = await database.open()
      expect(codeOf(await openLog(tables, testOptions()))).toBe('STORE_MISSING')
      expect(await tables.reader.identity()).toBeUndefined()
      await tables.close()
      await database.drop()
    })

    test.each([
      ['another key', { signer: testSigner(2) }], ['another origin', { origin: 'log.example/other', signer: testSigner(1, 'log.example/other') }],
    ])('the log of %s is refused', async (_, options) => {
      const { database, log } = await foundedLog(kind)
      const tables = await database.open()
      expect(codeOf(await openLog(tables, testOptions(options)))).toBe('STORE_IDENTITY')
      await tables.close()
      await finish(log, database)
    })

    test('what was appended is there after opening again', async () => {
      const { database, log } = await foundedLog(kind)
      const [first] = await append(log, 'a', 'b')
      await log.close()
      const again = await reopened(database)
      expect((await again.head()).size).toBe(2)
      expect(must(await again.append(operation('a')))).toEqual(first)
      expect(await append(again, 'c')).toMatchObject([{ index: 2 }])
      await finish(again, database)
    })

    test('a connection that is gone is answered, not thrown', async () => {
      const database = await kind.create()
      const tables = await database.open()
      await tables.close()
      expect(codeOf(await openLog(tables, testOptions()))).toBe('STORE_UNREADABLE')
      expect(codeOf(await foundLog(tables, testOptions()))).toBe('STORE_UNREADABLE')
      await database.drop()
    })
  })
}

function appending(kind: StoreKind): void {
  describe(`${kind.name}: appending`, () => {
    test('each answer carries a signed checkpoint under which its entry is proven', async () => {
      const { database, log } = await foundedLog(kind)
      const keys = ['a', 'b', 'c', 'd', 'e']
      for (const key of keys) {
        const { index, checkpoint } = must(await log.append(operation(key)))
        expect(index).toBe(keys.indexOf(key))
        const head = opened(checkpoint)
        const tree = must(await openTree(sha256, log, head))
        const receipt = must(encodeReceipt({ index, proof: must(await tree.inclusionProof(index)), checkpoint }))
        const trust = { origin, log: [testSigner()] as const, witnesses: { atLeast: 0, keys: [] } }
        const leaf = leafHash(sha256, operation(key).entry)
        expect(must(verifyReceipt(sha256, verifySignature, receipt, leaf, trust))).toMatchObject({ index })
      }
      await finish(log, database)
    })

    test('what arrives together is committed together, at most 256 at once, in the order of the calls', async () => {
      const { database, log } = await foundedLog(kind)
      const keys = Array.from({ length: 700 }, (_, i) => `key-${i}`)
      const answers = await append(log, ...keys)
      expect(answers.map(({ index }) => index)).toEqual(keys.map((_, i) => i))
      expect([...new Set(answers.map(({ checkpoint }) => opened(checkpoint).size))]).toEqual([256, 512, 700])
      await finish(log, database)
    })

    test('the bytes are taken at the call: what the caller changes later is not stored', async () => {
      const { database, log } = await foundedLog(kind)
      const entry = utf8('before')
      const answer = log.append({ key: 'a', entry })
      entry.set(utf8('after!'))
      must(await answer)
      expect(Buffer.from((await log.entry(0))?.entry ?? []).toString()).toBe('before')
      await finish(log, database)
    })

    test('entries of one byte, of every byte and of 65,535 bytes come back as they were', async () => {
      const { database, log } = await foundedLog(kind)
      const entries = [Uint8Array.of(0), Uint8Array.from({ length: 256 }, (_, i) => i), new Uint8Array(65_535).fill(0xff)]
      for (const [i, entry] of entries.entries()) must(await log.append({ key: `key-${i}`, entry }))
      for (const [i, entry] of entries.entries()) expect(Buffer.compare((await log.entry(i))?.entry ?? new Uint8Array(0), entry)).toBe(0)
      expect(await fsck(sha256, log, await log.head())).toMatchObject({ ok: true })
      await finish(log, database)
    })

    test('closing finishes what was accepted, and refuses what comes later', async () => {
      const { database, log } = await foundedLog(kind)
      const answers = Promise.all(Array.from({ length: 600 }, (_, i) => log.append(operation(`key-${i}`))))
      const closed = log.close()
      expect(codeOf(await log.append(operation('late')))).toBe('STORE_CLOSED')
      await closed
      await log.close()
      expect((await answers).map(codeOf).every((code) => code === 'ok')).toBe(true)
      const again = await reopened(database)
      expect((await again.head()).size).toBe(600)
      await finish(again, database)
    })

    test('more than ten thousand waiting operations are refused, and the others stand', async () => {
      const { database, log } = await foundedLog(kind)
      const answers = await Promise.all(Array.from({ length: 10_050 }, (_, i) => log.append(operation(`key-${i}`))))
      const codes = answers.map(codeOf)
      expect(codes.filter((code) => code === 'STORE_BUSY')).toHaveLength(50)
      expect((await log.head()).size).toBe(10_000)
      await finish(log, database)
    })
  })
}

function repeating(kind: StoreKind): void {
  describe(`${kind.name}: idempotency`, () => {
    test('the same key and bytes get the same answer and are applied once', async () => {
      const { database, log } = await foundedLog(kind)
      const first = must(await log.append(recording('a')))
      await append(log, 'b')
      expect(must(await log.append(recording('a')))).toEqual(first)
      expect((await log.record('done', 'a'))?.version).toBe(1)
      expect((await log.head()).size).toBe(2)
      await finish(log, database)
    })

    test('the same key twice in one batch is one entry, with one answer', async () => {
      const { database, log } = await foundedLog(kind)
      const answers = await Promise.all(['a', 'b', 'a', 'a'].map((key) => log.append(recording(key))))
      const [first, , second, third] = answers.map(must)
      expect([second, third]).toEqual([first, first])
      expect((await log.head()).size).toBe(2)
      await finish(log, database)
    })

    test('the same key with other bytes is refused, in one batch and later', async () => {
      const { database, log } = await foundedLog(kind)
      const other = { key: 'a', entry: utf8('other bytes') }
      const answers = await Promise.all([log.append(operation('a')), log.append(other)])
      expect(answers.map(codeOf)).toEqual(['ok', 'APPEND_KEY_REUSED'])
      expect(codeOf(await log.append(other))).toBe('APPEND_KEY_REUSED')
      expect((await log.head()).size).toBe(1)
      await finish(log, database)
    })

    test('the key of an operation that was refused is free again', async () => {
      const { database, log } = await foundedLog(kind)
      const refused = log.append(operation('a', { apply: () => ({ code: 'NO', message: 'no' }) }))
      const answers = await Promise.all([refused, log.append(operation('a'))])
      expect(answers.map(codeOf)).toEqual(['NO', 'ok'])
      await finish(log, database)
    })
  })
}

function applying(kind: StoreKind): void {
  describe(`${kind.name}: state`, () => {
    test('an operation that is refused or throws is undone alone', async () => {
      const { database, log } = await foundedLog(kind)
      const half = (key: string, end: () => undefined | { code: string; message: string }) => operation(key, {
        apply: async (transaction) => {
          must(await transaction.put('half', key, utf8('half'), 0).then((done) => (done.ok ? { ok: true, value: done } as const : done)))
          return end()
        },
      })
      const answers = await Promise.allSettled([
        log.append(recording('a')),
        log.append(half('b', () => ({ code: 'NO', message: 'no' }))),
        log.append(half('c', () => { throw new Error('thrown in apply') })),
        log.append(recording('d')),
      ])
      expect(answers.map((each) => (each.status === 'fulfilled' ? codeOf(each.value) : String(each.reason)))).toEqual(['ok', 'NO', 'Error: thrown in apply', 'ok'])
      expect((await log.head()).size).toBe(2)
      expect((await log.entry(1))?.key).toBe('d')
      expect([await log.record('half', 'b'), await log.record('half', 'c')]).toEqual([undefined, undefined])
      expect((await log.record('done', 'd'))?.version).toBe(1)
      await finish(log, database)
    })

    test('of two that change one record at once exactly one wins', async () => {
      const { database, log } = await foundedLog(kind)
      const taking = (key: string) => operation(key, {
        apply: async (transaction) => {
          const done = await transaction.put('seat', 'only', utf8(key), 0)
          return done.ok ? undefined : done.problem
        },
      })
      const answers = await Promise.all(['a', 'b', 'c'].map((key) => log.append(taking(key))))
      expect(answers.map(codeOf)).toEqual(['ok', 'STATE_VERSION', 'STATE_VERSION'])
      expect(await log.record('seat', 'only')).toEqual({ version: 1, value: expect.anything() })
      await finish(log, database)
    })

    test('a record is changed from the version that was read, seen within the transaction and unseen outside until it is committed', async () => {
      const { database, log } = await foundedLog(kind)
      const seen: unknown[] = []
      const counting = (key: string, expected?: number) => operation(key, {
        apply: async (transaction) => {
          const before = await transaction.record('count', 'all')
          const done = await transaction.put('count', 'all', utf8(key), expected ?? before?.version ?? 0)
          seen.push([transaction.index, before?.version, (await transaction.record('count', 'all'))?.version, (await log.record('count', 'all'))?.version])
          return done.ok ? undefined : done.problem
        },
      })
      must(await log.append(counting('a')))
      await Promise.all([log.append(counting('b')), log.append(counting('c'))])
      expect(seen).toEqual([[0, undefined, 1, undefined], [1, 1, 2, 1], [2, 2, 3, 1]])
      expect(codeOf(await log.append(counting('d', 2)))).toBe('STATE_VERSION')
      expect(Buffer.from((await log.record('count', 'all'))?.value ?? []).toString()).toBe('c')
      await finish(log, database)
    })

    test('a transaction is over with its operation, and what was not awaited still belongs to it', async () => {
      const { database, log } = await foundedLog(kind)
      let kept: (() => Promise<unknown>) | undefined
      must(await log.append(operation('a', {
        apply: (transaction) => {
          void transaction.put('late', 'a', utf8('1'), 0)
          kept = () => transaction.put('late', 'b', utf8('1'), 0)
          return undefined
        },
      })))
      expect((await log.record('late', 'a'))?.version).toBe(1)
      await expect(kept?.()).rejects.toThrow('the transaction is over')
      expect(await log.record('late', 'b')).toBeUndefined()
      await finish(log, database)
    })

    test.each([['', 'a', 0], ['a', '', 0], ['a'.repeat(201), 'a', 0], ['a', 'line\nbreak', 0], ['a', 'b', -1], ['a', 'b', 0.5], ['a', 'b', Number.NaN]])(
      'the record %j/%j at version %j is none', async (recordKind, key, expected) => {
        const { database, log } = await foundedLog(kind)
        const answer = await log.append(operation('a', {
          apply: async (transaction) => {
            const done = await transaction.put(recordKind, key, utf8('1'), expected)
            return done.ok ? undefined : done.problem
          },
        }))
        expect(codeOf(answer)).toBe('STATE_INVALID')
        expect((await log.head()).size).toBe(0)
        await finish(log, database)
      })

    test('keys that name properties of every object are keys like others', async () => {
      const { database, log } = await foundedLog(kind)
      for (const key of ['__proto__', 'constructor', 'toString', "'; DROP TABLE entry; --", 'ключ', '鍵', '%', '\\']) must(await log.append(recording(key)))
      expect((await log.record('done', '__proto__'))?.version).toBe(1)
      expect((await log.entryOf('constructor'))?.index).toBe(1)
      expect((await log.entryOf("'; DROP TABLE entry; --"))?.index).toBe(3)
      await finish(log, database)
    })
  })
}

function refusing(kind: StoreKind): void {
  describe(`${kind.name}: what is refused before it is tried`, () => {
    test.each(['', 'a'.repeat(201), 'a\u0000b', 'a\nb', 'a\u202eb', '\ud800'])('the key %j', async (key) => {
      const { database, log } = await foundedLog(kind)
      expect(codeOf(await log.append({ key, entry: utf8('entry') }))).toBe('APPEND_KEY')
      await finish(log, database)
    })

    test.each([0, 65_536])('an entry of %i bytes', async (length) => {
      const { database, log } = await foundedLog(kind)
      expect(codeOf(await log.append({ key: 'a', entry: new Uint8Array(length) }))).toBe('APPEND_ENTRY_SIZE')
      await finish(log, database)
    })

    test.each([['a second earlier', 1_700_000_000_000 - 1000], ['no number', Number.NaN], ['no whole number', 0.5], ['not finite', Number.POSITIVE_INFINITY]])(
      'a clock that is %s: nothing but what only takes away', async (_, instant) => {
        let clock = 1_700_000_000_000
        const { database, log } = await foundedLog(kind, testOptions({ now: () => clock }))
        await append(log, 'a')
        clock = instant
        expect(codeOf(await log.append(operation('b')))).toBe('CLOCK_BEHIND')
        const mixed = await Promise.all([log.append(operation('c')), log.append({ ...recording('d'), restricts: true })])
        expect(mixed.map(codeOf)).toEqual(['CLOCK_BEHIND', 'ok'])
        expect(await log.head()).toMatchObject({ size: 2, at: 1_700_000_000_000 })
        expect(must(await log.append(operation('a'))).index).toBe(0)
        clock = 1_700_000_000_000
        expect(codeOf(await log.append(operation('b')))).toBe('ok')
        await finish(log, database)
      })

    test('clocks of replicas may differ by what is allowed, and the head\'s time still never goes back', async () => {
      let clock = 1_700_000_000_000
      const { database, log } = await foundedLog(kind, testOptions({ now: () => clock, skew: 50 }))
      await append(log, 'a')
      clock -= 50
      await append(log, 'b')
      expect((await log.head()).at).toBe(1_700_000_000_000)
      clock -= 1
      expect(codeOf(await log.append(operation('c')))).toBe('CLOCK_BEHIND')
      await finish(log, database)
    })
  })
}

function reading(kind: StoreKind): void {
  describe(`${kind.name}: reading`, () => {
    test('tiles and bundles of every width are those of the definition, and none beyond the log', async () => {
      const { database, log } = await foundedLog(kind)
      const size = 600
      await append(log, ...Array.from({ length: size }, (_, i) => `key-${i}`))
      const leaves = await leavesOf(log, size)
      const name = (level: string, index: number, width: number): string => `tile/${level}/${`${index}`.padStart(3, '0')}${width === 256 ? '' : `.p/${width}`}`
      for (const [level, index, most] of [[0, 0, 256], [0, 1, 256], [0, 2, 88], [1, 0, 2]] as const) {
        for (const width of [1, 2, most - 1, most].filter((each) => each > 0 && each <= most)) {
          const stored = await log.readTile(name(`${level}`, index, width))
          expect(Buffer.compare(stored ?? new Uint8Array(0), tileByDefinition(leaves, level, index, width))).toBe(0)
        }
        if (most < 256) expect(await log.readTile(name(`${level}`, index, most + 1))).toBeUndefined()
      }
      expect((await log.readTile('tile/entries/002.p/88'))?.length).toBe(88 * 2 + Array.from({ length: 88 }, (_, i) => `entry of key-${512 + i}`).join('').length)
      for (const path of ['tile/entries/002.p/89', 'tile/0/003', 'tile/1/000', 'tile/2/000.p/1', 'tile/0/002.p/0', 'tile/0/2', 'tile/63/x009/x007/x199/x254/x740/991', 'checkpoint', '../head', '']) {
        expect(await log.readTile(path)).toBeUndefined()
      }
      await finish(log, database)
    })

    test('entries by index and key, checkpoints by size; nothing for what is not there', async () => {
      const { database, log } = await foundedLog(kind)
      await append(log, 'a', 'b')
      await append(log, 'c')
      expect(await log.entry(1)).toMatchObject({ index: 1, key: 'b' })
      expect(await log.entryOf('c')).toMatchObject({ index: 2, key: 'c' })
      expect([0, 2, 3].map((size) => size)).toEqual(await Promise.all([0, 2, 3].map(async (size) => opened(must({ ok: true, value: await log.checkpointAt(size) ?? new Uint8Array(0) })).size)))
      for (const index of [-1, 3, 0.5, Number.NaN, 2 ** 53]) expect(await log.entry(index)).toBeUndefined()
      for (const size of [-1, 1, 4, Number.NaN]) expect(await log.checkpointAt(size)).toBeUndefined()
      for (const key of ['d', '', '\u0000']) expect([await log.entryOf(key), await log.record('done', key), await log.record(key, 'a')]).toEqual([undefined, undefined, undefined])
      await finish(log, database)
    })
  })
}

function concurrency(kind: StoreKind): void {
  test(`${kind.name}: any number of writers on any number of connections: no gap, no double, one root`, async () => {
    const plans = fc.array(fc.record({ store: fc.nat({ max: 2 }), count: fc.integer({ min: 1, max: 40 }), serial: fc.boolean() }), { minLength: 1, maxLength: 8 })
    await fc.assert(fc.asyncProperty(plans, async (callers) => {
      const { database, log } = await foundedLog(kind)
      const stores = [log, await reopened(database), await reopened(database)]
      const indices = await Promise.all(callers.map(async ({ store, count, serial }, caller) => {
        const keys = Array.from({ length: count }, (_, i) => `caller-${caller}-${i}`)
        const own = stores[store] ?? log
        if (!serial) return (await append(own, ...keys)).map(({ index }) => index)
        const taken: number[] = []
        for (const key of keys) taken.push(...(await append(own, key)).map(({ index }) => index))
        return taken
      }))
      const total = indices.flat().length
      expect(indices.flat().toSorted((a, b) => a - b)).toEqual(Array.from({ length: total }, (_, i) => i))
      for (const own of indices) expect(own).toEqual(own.toSorted((a, b) => a - b))
      const heads = await Promise.all(stores.map(async (store) => opened((await store.head()).checkpoint)))
      expect(heads).toEqual(heads.map(() => heads[0]))
      expect(heads[0]?.size).toBe(total)
      expect(await fsck(sha256, stores[1] ?? log, heads[0] ?? { size: 0, root: new Uint8Array(0) })).toMatchObject({ ok: true })
      for (const store of stores) expect(await store.verifyHead()).toEqual({ ok: true })
      for (const store of stores) await store.close()
      await database.drop()
    }), { numRuns: 6 })
  })
}

/** What somebody who owns the database may do behind the program's back, and the start-up check sees. */
const edits: readonly (readonly [string, (literal: StoreKind['literal']) => string])[] = [
  ['the newest entry is deleted', () => 'DELETE FROM entry WHERE idx = 299'],
  ['an old entry is deleted', () => 'DELETE FROM entry WHERE idx = 7'],
  ['an entry is added behind the head', (literal) => `INSERT INTO entry (idx, key, leaf, entry) VALUES (300, 'x', ${literal('00'.repeat(32))}, ${literal('00')})`],
  ['the newest entry is edited', (literal) => `UPDATE entry SET entry = ${literal('00')} WHERE idx = 299`],
  ['a leaf at the edge is edited', (literal) => `UPDATE entry SET leaf = ${literal('00'.repeat(32))} WHERE idx = 299`],
  ['a hash at the edge is edited', (literal) => `UPDATE tile_hash SET hash = ${literal('00'.repeat(32))} WHERE level = 1 AND idx = 0`],
  ['a hash at the edge is deleted', () => 'DELETE FROM tile_hash WHERE level = 1 AND idx = 0'],
  ['the head\'s size is edited', () => 'UPDATE head SET size = 299'],
  ['the head\'s root is edited', (literal) => `UPDATE head SET root = ${literal('00'.repeat(32))}`],
  ['the head\'s range is edited', (literal) => `UPDATE head SET frontier = ${literal('00'.repeat(128))}`],
  ['the head\'s range is cut', () => 'UPDATE head SET frontier = substr(frontier, 1, 32)'],
  ['the head is deleted', () => 'DELETE FROM head'],
  ['the newest checkpoint is deleted', () => 'DELETE FROM checkpoint WHERE size = 300'],
  ['all checkpoints are deleted', () => 'DELETE FROM checkpoint'],
  ['the newest checkpoint\'s note is another\'s', () => 'UPDATE checkpoint SET note = (SELECT note FROM checkpoint WHERE size = 0) WHERE size = 300'],
  ['the newest checkpoint\'s note is no note', (literal) => `UPDATE checkpoint SET note = ${literal('00')} WHERE size = 300`],
  ['the newest checkpoint\'s root is edited', (literal) => `UPDATE checkpoint SET root = ${literal('00'.repeat(32))} WHERE size = 300`],
  ['a checkpoint is added that repeats the newest under another size', () => 'INSERT INTO checkpoint (size, root, note) SELECT 301, root, note FROM checkpoint WHERE size = 300'],
  ['a checkpoint is added', (literal) => `INSERT INTO checkpoint (size, root, note) VALUES (301, ${literal('00'.repeat(32))}, ${literal('00')})`],
]

const threeHundred = Array.from({ length: 300 }, (_, i) => `key-${i}`)

function tampering(kind: StoreKind): void {
  describe(`${kind.name}: a database that was edited`, () => {
    test.each(edits)('%s: read-only, and it says what differs', async (_, sql) => {
      const { database, log } = await foundedLog(kind)
      await append(log, ...threeHundred)
      await log.close()
      await database.tamper(sql(kind.literal))
      const again = await reopened(database)
      expect(again.status()).toMatchObject({ state: 'read-only', problem: { code: 'HEAD_INCONSISTENT' } })
      expect(codeOf(await again.verifyHead())).toBe('HEAD_INCONSISTENT')
      expect(codeOf(await again.append(operation('more')))).toBe('HEAD_INCONSISTENT')
      expect((await again.entry(1))?.key).toBe('key-1')
      await finish(again, database)
    })

    const seenByAppend = edits.filter(([what]) => /head's r|checkpoint is|checkpoints are|head is|checkpoint's root/.test(what))
    test.each(seenByAppend)('%s while it is open: the next append notices, and stores nothing', async (_, sql) => {
      const { database, log } = await foundedLog(kind)
      await append(log, ...threeHundred)
      await database.tamper(sql(kind.literal))
      expect(codeOf(await log.append(operation('more')))).toBe('HEAD_INCONSISTENT')
      expect(log.status()).toMatchObject({ state: 'read-only' })
      expect(await log.entry(300)).toBeUndefined()
      await finish(log, database)
    })

    test('an old entry that was edited is found by reading the whole log, though the start-up check cannot see it', async () => {
      const { database, log } = await foundedLog(kind)
      await append(log, ...threeHundred)
      const saved = opened((await log.head()).checkpoint)
      await database.tamper(`UPDATE entry SET entry = ${kind.literal('00')} WHERE idx = 7`)
      expect(await log.verifyHead()).toEqual({ ok: true })
      expect(await fsck(sha256, log, saved)).toMatchObject({ ok: false, first: { code: 'ENTRY_MISMATCH', entry: 7 } })
      await finish(log, database)
    })

    test('its newest entries cut off without a trace: a saved checkpoint shows it', async () => {
      const { database, log } = await foundedLog(kind)
      await append(log, ...threeHundred.slice(0, 200))
      await append(log, ...threeHundred.slice(200))
      const saved = opened((await log.head()).checkpoint)
      await cutBack(kind, database, log, 200)
      await log.close()
      const again = await reopened(database)
      expect(again.status()).toEqual({ state: 'open' })
      expect(codeOf(await checkExtends(again, await again.head(), saved))).toBe('HEAD_NOT_EXTENDED')
      await finish(again, database)
    })

    test('the whole log replaced by another of the same key: a saved checkpoint shows it', async () => {
      const { database, log } = await foundedLog(kind)
      const other = await foundedLog(kind)
      await append(log, ...threeHundred)
      await append(other.log, ...threeHundred.toReversed(), 'more')
      const saved = opened((await log.head()).checkpoint)
      expect(await checkExtends(log, await log.head(), saved)).toEqual({ ok: true })
      expect(codeOf(await checkExtends(other.log, await other.log.head(), saved))).toBe('HEAD_NOT_EXTENDED')
      await finish(log, database)
      await finish(other.log, other.database)
    })
  })
}

function forking(kind: StoreKind): void {
  describe(`${kind.name}: forks`, () => {
    test('an older database stays read-only until the newer one is back', async () => {
      const outside = memoryKeeper()
      const options = testOptions({ outside })
      const { database, log } = await foundedLog(kind, options)
      await append(log, 'a', 'b')
      await append(log, 'c')
      await cutBack(kind, database, log, 2)
      await log.close()
      const again = await reopened(database, options)
      expect(again.status()).toMatchObject({ state: 'read-only', problem: { code: 'HEAD_NOT_EXTENDED' } })
      expect(codeOf(await again.append(operation('d')))).toBe('HEAD_NOT_EXTENDED')
      expect((await again.entry(0))?.key).toBe('a')
      expect(opened(outside.held ?? new Uint8Array(0)).size).toBe(3)
      await finish(again, database)
    })

    test('a database restored while it is open: the next append notices', async () => {
      const { database, log } = await foundedLog(kind)
      await append(log, 'a', 'b')
      await append(log, 'c')
      await cutBack(kind, database, log, 2)
      expect(codeOf(await log.append(operation('d')))).toBe('HEAD_NOT_EXTENDED')
      expect(log.status()).toMatchObject({ state: 'read-only' })
      await finish(log, database)
    })

    test('a database restored and grown again by somebody else: noticed at the next append', async () => {
      const { database, log } = await foundedLog(kind)
      await append(log, 'a', 'b')
      await append(log, 'c')
      await cutBack(kind, database, log, 2)
      const fork = await reopened(database)
      await append(fork, 'x', 'y', 'z')
      expect(codeOf(await log.append(operation('d')))).toBe('HEAD_NOT_EXTENDED')
      await fork.close()
      await finish(log, database)
    })

    test('the head outside is gone, of another key, or of another log: read-only', async () => {
      const outside = memoryKeeper()
      const options = testOptions({ outside })
      const { database, log } = await foundedLog(kind, options)
      await append(log, 'a', 'b')
      const held = outside.held
      const other = await foundedLog(kind)
      await append(other.log, 'x', 'y')
      const foreign = (await other.log.head()).checkpoint
      await finish(other.log, other.database)
      await log.close()
      const cases = [[undefined, 'HEAD_OUTSIDE_MISSING'], [utf8('no note'), 'HEAD_NOT_EXTENDED'], [foreign, 'HEAD_NOT_EXTENDED']] as const
      for (const [wrong, code] of cases) {
        outside.held = wrong
        const again = await reopened(database, options)
        expect(again.status()).toMatchObject({ state: 'read-only', problem: { code } })
        await again.close()
      }
      outside.held = held
      const again = await reopened(database, options)
      expect(again.status()).toEqual({ state: 'open' })
      await finish(again, database)
    })

    test.each(['gone', 'foreign'] as const)('the head outside is %s while the log is open: stored, not acknowledged, and read-only', async (what) => {
      const outside = memoryKeeper()
      const { database, log } = await foundedLog(kind, testOptions({ outside }))
      await append(log, 'a', 'b')
      outside.held = what === 'gone' ? undefined : utf8('no note')
      expect(codeOf(await log.append(operation('c')))).toBe(what === 'gone' ? 'HEAD_OUTSIDE_MISSING' : 'HEAD_NOT_EXTENDED')
      expect(log.status()).toMatchObject({ state: 'read-only' })
      await finish(log, database)
    })

    test.each([1, 3, 5])('the head outside is that of another log of the same key, of size %i, while the log is open: not acknowledged', async (size) => {
      const other = await foundedLog(kind)
      await append(other.log, ...threeHundred.slice(0, size))
      const outside = memoryKeeper()
      const { database, log } = await foundedLog(kind, testOptions({ outside }))
      await append(log, 'a', 'b')
      const foreign = (await other.log.head()).checkpoint
      outside.held = foreign
      expect(codeOf(await log.append(operation('c')))).toBe('HEAD_NOT_EXTENDED')
      expect(log.status()).toMatchObject({ state: 'read-only', problem: { code: 'HEAD_NOT_EXTENDED' } })
      expect(outside.held).toBe(foreign)
      expect(codeOf(await log.append(operation('c')))).toBe('HEAD_NOT_EXTENDED')
      await finish(other.log, other.database)
      await finish(log, database)
    })

    test('a replica that was overtaken between its commit and the head outside leaves the later head there', async () => {
      const outside = memoryKeeper()
      const { database, log } = await foundedLog(kind, testOptions({ outside }))
      const gate = Promise.withResolvers<undefined>()
      const committed = Promise.withResolvers<undefined>()
      let waits = false
      const slow = { ...outside, swap: outside.swap, read: async () => {
        if (waits) {
          committed.resolve(undefined)
          await gate.promise
        }
        return outside.read()
      } }
      const overtaken = await reopened(database, testOptions({ outside: slow }))
      waits = true
      const first = overtaken.append(operation('a'))
      await committed.promise
      await append(log, 'b')
      gate.resolve(undefined)
      expect(must(await first).index).toBe(0)
      expect(opened(outside.held ?? new Uint8Array(0)).size).toBe(2)
      await overtaken.close()
      await finish(log, database)
    })

    test('replicas that share the head outside never move it back', async () => {
      const outside = memoryKeeper()
      const options = testOptions({ outside, skew: 1e12 })
      const { database, log } = await foundedLog(kind, options)
      const replica = await reopened(database, options)
      const keys = Array.from({ length: 60 }, (_, i) => `key-${i}`)
      await Promise.all(keys.map(async (key, i) => append(i % 2 === 0 ? log : replica, key)))
      expect(opened(outside.held ?? new Uint8Array(0)).size).toBe(60)
      await replica.close()
      await finish(log, database)
    })
  })
}

/** What the database refuses the program itself. */
const forbidden: readonly (readonly [string, (literal: StoreKind['literal']) => string])[] = [
  ['an entry is updated', (literal) => `UPDATE entry SET entry = ${literal('00')} WHERE idx = 0`],
  ['an entry is deleted', () => 'DELETE FROM entry WHERE idx = 1'],
  ['an entry of a known index is inserted', (literal) => `INSERT INTO entry (idx, key, leaf, entry) VALUES (1, 'x', ${literal('00'.repeat(32))}, ${literal('00')})`],
  ['a tile hash is deleted', () => 'DELETE FROM tile_hash'],
  ['a checkpoint is updated', (literal) => `UPDATE checkpoint SET root = ${literal('00'.repeat(32))} WHERE size = 0`],
  ['a checkpoint is deleted', () => 'DELETE FROM checkpoint WHERE size = 0'],
  ['the head is deleted', () => 'DELETE FROM head'],
  ['the identity is updated', () => "UPDATE identity SET origin = 'x'"],
  ['a record is deleted', () => 'DELETE FROM record'],
]

function guarding(kind: StoreKind): void {
  test.each(forbidden)(`${kind.name}: the database refuses that %s`, async (_, sql) => {
    const { database, log } = await foundedLog(kind)
    must(await log.append(recording('a')))
    await append(log, ...threeHundred)
    await expect(database.execute(sql(kind.literal))).rejects.toThrow()
    expect(await fsck(sha256, log, await log.head())).toMatchObject({ ok: true })
    expect(await log.verifyHead()).toEqual({ ok: true })
    await finish(log, database)
  })

  test(`${kind.name}: every refusal has a code of the table`, async () => {
    const { database, log } = await foundedLog(kind)
    const answer = await log.append({ key: '', entry: utf8('x') })
    expect(Object.keys(storeCodes)).toContain(codeOf(answer))
    await finish(log, database)
  })
}
