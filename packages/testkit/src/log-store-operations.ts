/** Operations that make several entries under the lock, or are refused and still record something. */
import { fsck } from '@exeat/log'
import { sha256, type Operation, type Transaction } from '@exeat/server'
import { describe, expect, test } from 'vitest'
import {
  append, codeOf, entryOf, finish, foundedLog, memoryKeeper, must, opened, operation, recording, reopened, testOptions, textAt, utf8, type StoreKind,
} from './log-store-kit.ts'

const refusal = { code: 'CONTENT_CHANGED', message: 'what was approved has changed', hint: 'ask again' }

const making = (key: string, ...entries: readonly Uint8Array[]): Operation => ({ ...operation(key), apply: () => ({ ok: true, entries }) })

/** Refused, with two entries and a record that stay; `applied` counts how often. */
function stale(key: string, applied: { times: number } = { times: 0 }): Operation {
  return {
    ...operation(key),
    apply: async (transaction) => {
      applied.times += 1
      const before = await transaction.record('stale', key)
      must(await transaction.put('stale', key, utf8('stale'), before?.version ?? 0).then((done) => (done.ok ? { ok: true, value: done } as const : done)))
      return { ok: false, problem: refusal, entries: [utf8(`stale ${key}`), utf8(`stale ${key} too`)] }
    },
  }
}

export function operating(kind: StoreKind): void {
  several(kind)
  recorded(kind)
  stamped(kind)
}

function several(kind: StoreKind): void {
  describe(`${kind.name}: several entries an operation`, () => {
    test('they stand side by side, under one checkpoint and one key', async () => {
      const { database, log } = await foundedLog(kind)
      const sixteen = Array.from({ length: 16 }, (_, i) => entryOf(`b-${i}`))
      const answers = (await Promise.all([log.append(operation('a')), log.append(making('b', ...sixteen)), log.append(operation('c'))])).map(must)
      expect(answers.map(({ index, count }) => [index, count])).toEqual([[0, 1], [1, 16], [17, 1]])
      expect(opened(answers[1]?.checkpoint ?? new Uint8Array(0)).size).toBe(18)
      for (let i = 0; i < 16; i++) expect(await textAt(log, 1 + i)).toBe(`entry of b-${i}`)
      expect(await log.operationOf('b')).toEqual({ index: 1, count: 16, digest: new Uint8Array(operation('b').digest) })
      expect(await fsck(sha256, log, await log.head())).toMatchObject({ ok: true })
      expect(must(await log.append(making('b', utf8('other entries, same digest'))))).toEqual(answers[1])
      await finish(log, database)
    })

    test('a batch of them passes the width of a bundle, and the log still verifies', async () => {
      const { database, log } = await foundedLog(kind)
      const operations = Array.from({ length: 200 }, (_, i) => making(`key-${i}`, entryOf(`${i}`), entryOf(`${i} again`), Uint8Array.of(i)))
      const answers = await Promise.all(operations.map((each) => log.append(each)))
      expect(answers.map((answer) => must(answer).index)).toEqual(Array.from({ length: 200 }, (_, i) => 3 * i))
      expect(await fsck(sha256, log, opened((await log.head()).checkpoint))).toMatchObject({ ok: true, size: 600 })
      expect(await log.verifyHead()).toEqual({ ok: true })
      await finish(log, database)
    })

    test.each([
      ['none', [], 'APPEND_ENTRIES'], ['seventeen', Array.from({ length: 17 }, () => utf8('x')), 'APPEND_ENTRIES'],
      ['an empty one', [utf8('x'), new Uint8Array(0)], 'APPEND_ENTRY_SIZE'], ['one too long', [utf8('x'), new Uint8Array(65_536)], 'APPEND_ENTRY_SIZE'],
    ] as const)('%s: refused and undone alone', async (_, entries, code) => {
      const { database, log } = await foundedLog(kind)
      const wrong: Operation = {
        ...operation('a'),
        apply: async (transaction) => {
          await transaction.put('half', 'a', utf8('half'), 0)
          await transaction.keep('half', 'a', utf8('half'))
          return { ok: true, entries }
        },
      }
      expect((await Promise.all([log.append(wrong), log.append(recording('b'))])).map(codeOf)).toEqual([code, 'ok'])
      expect([await log.record('half', 'a'), await log.body('half', 'a'), await log.operationOf('a')]).toEqual([undefined, undefined, undefined])
      expect((await log.head()).size).toBe(1)
      await finish(log, database)
    })
  })
}

function recorded(kind: StoreKind): void {
  describe(`${kind.name}: refused, and recorded`, () => {
    test('the entries and the state stay, and the caller gets the problem', async () => {
      const { database, log } = await foundedLog(kind)
      const answers = await Promise.all([log.append(operation('a')), log.append(stale('b')), log.append(operation('c'))])
      expect(answers[1]).toEqual({ ok: false, problem: refusal })
      expect([await textAt(log, 1), await textAt(log, 2), await textAt(log, 3)]).toEqual(['stale b', 'stale b too', 'entry of c'])
      expect((await log.record('stale', 'b'))?.version).toBe(1)
      expect(await log.operationOf('b')).toMatchObject({ index: 1, count: 2, refusal: 'CONTENT_CHANGED' })
      expect(await fsck(sha256, log, await log.head())).toMatchObject({ ok: true })
      await finish(log, database)
    })

    test('a repetition is refused with the same code and not applied: in the same batch, later, and after opening again', async () => {
      const applied = { times: 0 }
      const { database, log } = await foundedLog(kind)
      const answers = await Promise.all([stale('a', applied), stale('a', applied)].map((each) => log.append(each)))
      answers.push(await log.append(stale('a', applied)))
      await log.close()
      const again = await reopened(database)
      answers.push(await again.append(stale('a', applied)))
      expect(answers.map(codeOf)).toEqual(Array.from({ length: 4 }, () => 'CONTENT_CHANGED'))
      expect(answers[3]).toMatchObject({ problem: { message: expect.stringContaining('index 0') } })
      expect(applied.times).toBe(1)
      expect([(await again.head()).size, (await again.record('stale', 'a'))?.version]).toEqual([2, 1])
      await finish(again, database)
    })

    test('its key stands for nothing else any more', async () => {
      const { database, log } = await foundedLog(kind)
      await log.append(stale('a'))
      expect(codeOf(await log.append({ ...operation('a'), digest: new Uint8Array(32) }))).toBe('APPEND_KEY_REUSED')
      await finish(log, database)
    })

    test.each([['no entries', []], ['left out', undefined]] as const)('%s: undone, and the key is free', async (_, entries) => {
      const { database, log } = await foundedLog(kind)
      const refused: Operation = {
        ...operation('a'),
        apply: async (transaction) => {
          await transaction.put('half', 'a', utf8('half'), 0)
          return entries === undefined ? { ok: false, problem: refusal } : { ok: false, problem: refusal, entries }
        },
      }
      expect(await log.append(refused)).toEqual({ ok: false, problem: refusal })
      expect([(await log.head()).size, await log.record('half', 'a'), await log.operationOf('a')]).toEqual([0, undefined, undefined])
      expect(must(await log.append(operation('a'))).index).toBe(0)
      await finish(log, database)
    })

    test.each([[[new Uint8Array(0)], 'APPEND_ENTRY_SIZE'], [Array.from({ length: 17 }, () => utf8('x')), 'APPEND_ENTRIES']] as const)(
      'with entries that are none it is undone, and that is what its caller is told', async (entries, code) => {
        const { database, log } = await foundedLog(kind)
        expect(codeOf(await log.append({ ...operation('a'), apply: () => ({ ok: false, problem: refusal, entries }) }))).toBe(code)
        expect((await log.head()).size).toBe(0)
        await finish(log, database)
      })

    test('a refusal without a code of its own is an error of the program, undone', async () => {
      const { database, log } = await foundedLog(kind)
      const nameless: Operation = { ...operation('a'), apply: () => ({ ok: false, problem: { code: '', message: 'no' }, entries: [utf8('x')] }) }
      await expect(log.append(nameless)).rejects.toThrow('a refusal needs a code')
      expect((await log.head()).size).toBe(0)
      await finish(log, database)
    })

    test('is not told before the head outside covers it', async () => {
      const outside = memoryKeeper()
      const { database, log } = await foundedLog(kind, testOptions({ outside }))
      outside.fail = 'before'
      expect(codeOf(await log.append(stale('a')))).toBe('HEAD_OUTSIDE_FAILED')
      await log.close()
      const again = await reopened(database, testOptions({ outside }))
      expect(codeOf(await again.append(stale('a')))).toBe('CONTENT_CHANGED')
      expect(opened(outside.held ?? new Uint8Array(0)).size).toBe(2)
      await finish(again, database)
    })
  })
}

function stamped(kind: StoreKind): void {
  describe(`${kind.name}: the time of a batch`, () => {
    const stamping = (key: string, seen: number[], restricts = false): Operation =>
      operation(key, { restricts, change: ({ at }: Transaction) => { seen.push(at); return undefined } })

    test('is that of the head that covers its entries, and never earlier than the head before', async () => {
      let clock = 1_700_000_000_000
      const seen: number[] = []
      const { database, log } = await foundedLog(kind, testOptions({ now: () => clock, skew: 10 }))
      for (const step of [5, -10, 0, 20]) {
        clock += step
        must(await log.append(stamping(`key ${seen.length}`, seen)))
        expect((await log.head()).at).toBe(seen.at(-1))
      }
      expect(seen.map((at) => at - 1_700_000_000_000)).toEqual([5, 5, 5, 15])
      await finish(log, database)
    })

    test('stands still for what only takes away, while the clock is behind', async () => {
      let clock = 1_700_000_000_000
      const seen: number[] = []
      const { database, log } = await foundedLog(kind, testOptions({ now: () => clock }))
      await append(log, 'a')
      clock -= 1000
      expect((await Promise.all([log.append(stamping('b', seen)), log.append(stamping('c', seen, true))])).map(codeOf)).toEqual(['CLOCK_BEHIND', 'ok'])
      expect(seen).toEqual([1_700_000_000_000])
      await finish(log, database)
    })
  })
}
