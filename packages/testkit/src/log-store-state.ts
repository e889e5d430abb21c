/** State that changes with the log. */
import type { StateReader } from '@exeat/server'
import { describe, expect, test } from 'vitest'
import { codeOf, finish, foundedLog, must, operation, problemOf, recording, textAt, utf8, type StoreKind } from './log-store-kit.ts'

export function applying(kind: StoreKind): void {
  describe(`${kind.name}: state`, () => {
    test('an operation that is refused or throws is undone alone', async () => {
      const { database, log } = await foundedLog(kind)
      const half = (key: string, end: () => undefined | { code: string; message: string }) => operation(key, {
        change: async (transaction) => {
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
      expect(await textAt(log, 1)).toBe('entry of d')
      expect([await log.record('half', 'b'), await log.record('half', 'c')]).toEqual([undefined, undefined])
      expect((await log.record('done', 'd'))?.version).toBe(1)
      await finish(log, database)
    })

    test('what an operation that is undone changed at once, listed, put and removed leaves its neighbours as they were', async () => {
      const { database, log } = await foundedLog(kind)
      const puts = (key: string, name: string, expected: number) => operation(key, { change: async (transaction) => problemOf(await transaction.put('done', name, utf8(key), expected)) })
      const undone = operation('undone', { records: [{ kind: 'done', key: 'a' }, { kind: '\u0000', key: 'b' }], change: async (transaction) => {
        await transaction.put('done', 'a', utf8('lost'), 2)
        await transaction.put('done', 'b', utf8('lost'), 0)
        await transaction.keep('lost', 'body', utf8('lost'))
        expect((await transaction.records('done', { limit: 9 })).map(({ key, version }) => [key, version])).toEqual([['a', 3], ['b', 1], ['c', 1]])
        await transaction.remove('done', 'a', 3)
        await transaction.put('done', 'a', utf8('lost'), 0)
        await transaction.remove('done', 'c', 1)
        expect((await transaction.records('done', { limit: 9 })).map(({ key, version }) => [key, version])).toEqual([['a', 1], ['b', 1]])
        return { code: 'NO', message: 'no' }
      } })
      const answers = await Promise.all([puts('1', 'a', 0), puts('2', 'a', 1), puts('3', 'c', 0), undone, puts('4', 'a', 2), puts('5', 'b', 1), puts('6', 'c', 1)].map((each) => log.append(each)))
      expect(answers.map(codeOf)).toEqual(['ok', 'ok', 'ok', 'NO', 'ok', 'STATE_VERSION', 'ok'])
      expect((await log.records('done', { limit: 9 })).map(({ key, version, value }) => [key, version, Buffer.from(value).toString()])).toEqual([['a', 3, '4'], ['c', 2, '6']])
      expect(await log.body('lost', 'body')).toBeUndefined()
      await finish(log, database)
    })

    test('of two that change one record at once exactly one wins', async () => {
      const { database, log } = await foundedLog(kind)
      const taking = (key: string) => operation(key, {
        change: async (transaction) => {
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
        change: async (transaction) => {
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
        change: (transaction) => {
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
          change: async (transaction) => {
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
      expect((await log.operationOf('constructor'))?.index).toBe(1)
      expect((await log.operationOf("'; DROP TABLE entry; --"))?.index).toBe(3)
      await finish(log, database)
    })
  })
}

/** Pages through a kind. */
async function keysOf(reader: StateReader, kind: string, limit: number): Promise<readonly string[]> {
  const keys: string[] = []
  for (;;) {
    const after = keys.at(-1)
    const page = await reader.records(kind, after === undefined ? { limit } : { after, limit })
    if (page.length === 0) return keys
    expect(page.length).toBeLessThanOrEqual(limit)
    keys.push(...page.map(({ key }) => key))
  }
}

export function listing(kind: StoreKind): void {
  describe(`${kind.name}: records listed and removed`, () => {
    test('in the order of their keys\' bytes, a page at a time, in a transaction as it stands there', async () => {
      const { database, log } = await foundedLog(kind)
      const keys = ['a', 'B', 'b', 'Z', 'ä', '10', '9', ' ', '%', '_', '\uffee', '😀', '__proto__', 'a b', 'ab', '\'']
      const others = operation('others', { change: async (transaction) => problemOf(await transaction.put('other', 'a', utf8('a'), 0)) })
      for (const answer of await Promise.all([...keys.map((key) => log.append(recording(key))), log.append(others)])) must(answer)
      const wanted = keys.toSorted((a, b) => Buffer.compare(utf8(a), utf8(b)))
      for (const limit of [1, 3, keys.length, 1000]) expect(await keysOf(log, 'done', limit)).toEqual(wanted)
      expect(await log.records('other', { limit: 10 })).toEqual([{ key: 'a', version: 1, value: expect.anything() }])
      expect(await log.records('done', { after: 'between', limit: 2 })).toMatchObject([{ key: 'ä' }, { key: '\uffee' }])
      expect([await log.records('none', { limit: 1 }), await log.records('\u0000', { limit: 1 })]).toEqual([[], []])
      must(await log.append(operation('within', { change: async (transaction) => {
        must({ ok: true, value: await transaction.put('done', 'c', utf8('c'), 0) })
        must({ ok: true, value: await transaction.remove('done', 'a', 1) })
        const changed = [...wanted.filter((key) => key !== 'a'), 'c'].toSorted((a, b) => Buffer.compare(utf8(a), utf8(b)))
        expect(await keysOf(transaction, 'done', 5)).toEqual(changed)
        expect((await log.records('done', { limit: 1000 })).length).toBe(keys.length)
        return undefined
      } })))
      await finish(log, database)
    })

    test.each([{ limit: 0 }, { limit: 1001 }, { limit: 1.5 }, { limit: Number.NaN }, { limit: 1, after: '\u0000' }, { limit: 1, after: '\ud800' }])(
      'the page %j is none, and asking for it harms nothing', async (page) => {
        const { database, log } = await foundedLog(kind)
        await expect(log.records('done', page)).rejects.toThrow(RangeError)
        const asking = log.append(operation('a', { change: async (transaction) => { await transaction.records('done', page); return undefined } }))
        const others = Promise.all([log.append(recording('b')), log.append(recording('c'))])
        await expect(asking).rejects.toThrow(RangeError)
        expect((await others).map(codeOf)).toEqual(['ok', 'ok'])
        await finish(log, database)
      })

    test('a record is removed at the version that was read, and begins at 1 again', async () => {
      const { database, log } = await foundedLog(kind)
      const removing = (key: string, expected: number) =>
        operation(key, { change: async (transaction) => problemOf(await transaction.remove('done', 'a', expected)) })
      expect(codeOf(await log.append(removing('too early', 1)))).toBe('STATE_VERSION')
      must(await log.append(recording('a')))
      const answers = await Promise.all([2, 0, -1, 1, 1].map((expected, i) => log.append(removing(`remove ${i}`, expected))))
      expect(answers.map(codeOf)).toEqual(['STATE_VERSION', 'STATE_INVALID', 'STATE_INVALID', 'ok', 'STATE_VERSION'])
      expect(await log.record('done', 'a')).toBeUndefined()
      const putAgain = operation('again', { change: async (transaction) => problemOf(await transaction.put('done', 'a', utf8('new'), 0)) })
      must(await log.append(putAgain))
      expect(await log.record('done', 'a')).toMatchObject({ version: 1 })
      await finish(log, database)
    })

    test('a value too large to be kept is refused', async () => {
      const { database, log } = await foundedLog(kind)
      const large = operation('a', { change: async (transaction) => problemOf(await transaction.put('large', 'a', new Uint8Array(8 * 1024 * 1024 + 1), 0)) })
      expect(codeOf(await log.append(large))).toBe('STATE_INVALID')
      await finish(log, database)
    })
  })
}
