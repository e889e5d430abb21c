/** Founding a log, opening it, and what is refused before it is tried. */
import { entryOperation, foundLog, openLog, sha256 } from '@exeat/server'
import { describe, expect, test } from 'vitest'
import {
  append, codeOf, finish, foundedLog, memoryKeeper, must, opened, operation, origin, recording, reopened, testOptions, testSigner, utf8, type StoreKind,
} from './log-store-kit.ts'

export function founding(kind: StoreKind): void {
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

export function refusing(kind: StoreKind): void {
  describe(`${kind.name}: what is refused before it is tried`, () => {
    test.each(['', 'a'.repeat(201), 'a\u0000b', 'a\nb', 'a\u202eb', '\ud800'])('the key %j', async (key) => {
      const { database, log } = await foundedLog(kind)
      expect(codeOf(await log.append(operation(key)))).toBe('APPEND_KEY')
      await finish(log, database)
    })

    test.each([0, 31, 33, 64])('a digest of %i bytes', async (length) => {
      const { database, log } = await foundedLog(kind)
      expect(codeOf(await log.append({ ...operation('a'), digest: new Uint8Array(length) }))).toBe('APPEND_DIGEST')
      await finish(log, database)
    })

    test.each([0, 65_536])('an entry of %i bytes', async (length) => {
      const { database, log } = await foundedLog(kind)
      expect(codeOf(await log.append(entryOperation('a', new Uint8Array(length))))).toBe('APPEND_ENTRY_SIZE')
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
