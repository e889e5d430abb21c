/** Bodies beside the log: kept under their digests, and erasable. */
import { fsck } from '@exeat/log'
import { sha256, type LogStore, type Transaction } from '@exeat/server'
import { describe, expect, test } from 'vitest'
import { append, codeOf, finish, foundedLog, must, operation, problemOf, reopened, utf8, type StoreKind } from './log-store-kit.ts'

let made = 0

/** Appends one entry with this change. */
const changing = (log: LogStore, change: (transaction: Transaction) => Promise<Parameters<typeof problemOf>[0]>): ReturnType<LogStore['append']> =>
  log.append(operation(`change ${made += 1}`, { change: async (transaction) => problemOf(await change(transaction)) }))

const keep = (log: LogStore, kind: string, digest: string, bytes: Uint8Array): ReturnType<LogStore['append']> =>
  changing(log, (transaction) => transaction.keep(kind, digest, bytes))

async function erase(log: LogStore, kind: string, digest: string): Promise<boolean> {
  let there = false
  must(await changing(log, async (transaction) => {
    there = await transaction.erase(kind, digest)
    return { ok: true }
  }))
  return there
}

export function keeping(kind: StoreKind): void {
  describe(`${kind.name}: bodies`, () => {
    test('come back as they were kept, by kind and digest, in the transaction and after opening again', async () => {
      const { database, log } = await foundedLog(kind)
      const bodies = [new Uint8Array(0), Uint8Array.of(0), Uint8Array.from({ length: 256 }, (_, i) => i), new Uint8Array(8 * 1024 * 1024).fill(0xff)]
      for (const [i, bytes] of bodies.entries()) must(await keep(log, 'document', `digest-${i}`, bytes))
      must(await changing(log, async (transaction) => {
        expect(Buffer.from((await transaction.body('document', 'digest-2')) ?? []).equals(Buffer.from(bodies[2] ?? []))).toBe(true)
        return transaction.keep('impact', 'digest-2', utf8('of another kind'))
      }))
      await log.close()
      const again = await reopened(database)
      for (const [i, bytes] of bodies.entries()) expect(Buffer.compare((await again.body('document', `digest-${i}`)) ?? utf8('none'), bytes)).toBe(0)
      expect(Buffer.from((await again.body('impact', 'digest-2')) ?? []).toString()).toBe('of another kind')
      for (const wrong of ['digest-9', '', '\u0000']) {
        expect([await again.body('document', wrong), await again.body(wrong, 'digest-0')]).toEqual([undefined, undefined])
      }
      await finish(again, database)
    })

    test('the same bytes again are accepted, others under the same digest are not, and change nothing', async () => {
      const { database, log } = await foundedLog(kind)
      must(await keep(log, 'document', 'a', utf8('bytes')))
      must(await keep(log, 'document', 'a', utf8('bytes')))
      const wrong = [keep(log, 'document', 'a', utf8('other')), keep(log, 'document', 'a', new Uint8Array(0))]
      const answers = await Promise.all([...wrong, keep(log, 'document', 'b', utf8('b'))])
      expect(answers.map(codeOf)).toEqual(['BODY_CONFLICT', 'BODY_CONFLICT', 'ok'])
      expect(Buffer.from((await log.body('document', 'a')) ?? []).toString()).toBe('bytes')
      expect((await log.head()).size).toBe(3)
      await finish(log, database)
    })

    test.each([
      ['', 'a', 1], ['a', '', 1], ['a'.repeat(201), 'a', 1], ['a', 'line\nbreak', 1], ['a', '\ud800', 1], ['a', 'b', 8 * 1024 * 1024 + 1],
    ])('%j/%j of %i bytes is none', async (wrongKind, digest, length) => {
      const { database, log } = await foundedLog(kind)
      expect(codeOf(await keep(log, wrongKind, digest, new Uint8Array(length)))).toBe('STATE_INVALID')
      expect((await log.head()).size).toBe(0)
      await finish(log, database)
    })

    test('what an operation kept or erased before it was refused is as it was', async () => {
      const { database, log } = await foundedLog(kind)
      must(await keep(log, 'document', 'a', utf8('a')))
      const refused = changing(log, async (transaction) => {
        expect(await transaction.erase('document', 'a')).toBe(true)
        expect(await transaction.body('document', 'a')).toBeUndefined()
        await transaction.keep('document', 'b', utf8('b'))
        return { ok: false, problem: { code: 'STATE_VERSION', message: 'no' } }
      })
      expect((await Promise.all([refused, keep(log, 'document', 'c', utf8('c'))])).map(codeOf)).toEqual(['STATE_VERSION', 'ok'])
      expect((await Promise.all(['a', 'b', 'c'].map((digest) => log.body('document', digest)))).map((each) => each !== undefined)).toEqual([true, false, true])
      await finish(log, database)
    })

    test('an erased body is gone, once, and the log verifies as before', async () => {
      const { database, log } = await foundedLog(kind)
      must(await keep(log, 'document', 'a', utf8('a person')))
      await append(log, 'b')
      expect([await erase(log, 'document', 'a'), await erase(log, 'document', 'a')]).toEqual([true, false])
      expect([await erase(log, 'other', 'a'), await erase(log, '\u0000', '')]).toEqual([false, false])
      expect(await log.body('document', 'a')).toBeUndefined()
      expect(await fsck(sha256, log, await log.head())).toMatchObject({ ok: true, size: 6 })
      expect(await log.verifyHead()).toEqual({ ok: true })
      must(await keep(log, 'document', 'a', utf8('kept again')))
      expect(Buffer.from((await log.body('document', 'a')) ?? []).toString()).toBe('kept again')
      await finish(log, database)
    })
  })
}
