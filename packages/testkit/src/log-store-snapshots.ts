/** Several reads as of one commit. */
import { fsck } from '@exeat/log'
import { sha256, type LogReader } from '@exeat/server'
import { describe, expect, test } from 'vitest'
import { append, cosigned, finish, foundedLog, manyKeys, must, opened, operation, problemOf, utf8, type StoreKind } from './log-store-kit.ts'

/** An entry with a record and a body of its key, and a count of all. */
const counted = (key: string) => operation(key, {
  change: async (transaction) => {
    const before = await transaction.record('count', 'all')
    return problemOf(await transaction.put('key', key, utf8(key), 0)) ?? problemOf(await transaction.keep('key', key, utf8(key)))
      ?? problemOf(await transaction.put('count', 'all', utf8(key), before?.version ?? 0))
  },
})

/** The size that each kind of reading shows. */
async function sizes(reader: LogReader): Promise<readonly number[]> {
  const head = await reader.head()
  const bodies = await Promise.all(manyKeys.slice(0, 40).map((key) => reader.body('key', key)))
  let entries = 0
  while ((await reader.entry(entries)) !== undefined) entries += 1
  const listed = await reader.records('key', { limit: 1000 })
  const count = (await reader.record('count', 'all'))?.version ?? 0
  return [head.size, count, listed.length, bodies.filter((each) => each !== undefined).length, entries, opened(head.checkpoint).size]
}

export function snapshots(kind: StoreKind): void {
  describe(`${kind.name}: a snapshot`, () => {
    test('shows one commit throughout, while writers go on', async () => {
      const { database, log } = await foundedLog(kind)
      for (const key of manyKeys.slice(0, 3)) must(await log.append(counted(key)))
      await log.snapshot(async (reader) => {
        expect(await sizes(reader)).toEqual([3, 3, 3, 3, 3, 3])
        for (const key of manyKeys.slice(3, 6)) must(await log.append(counted(key)))
        expect(await log.addCosignatures(3, [cosigned('w')])).toEqual({ ok: true })
        expect(await sizes(reader)).toEqual([3, 3, 3, 3, 3, 3])
        expect(await reader.readTile('tile/0/000.p/3')).toBeDefined()
        expect([await reader.readTile('tile/0/000.p/4'), await reader.operationOf('key-5'), await reader.checkpointAt(6), await reader.latestCosigned()])
          .toEqual([undefined, undefined, undefined, undefined])
        expect(await fsck(sha256, reader, await reader.head())).toMatchObject({ ok: true, size: 3 })
        expect(await sizes(log)).toEqual([6, 6, 6, 6, 6, 6])
      })
      expect(await log.snapshot(sizes)).toEqual([6, 6, 6, 6, 6, 6])
      await finish(log, database)
    })

    test('shows what is erased later, and the erasure does not wait for it', async () => {
      const { database, log } = await foundedLog(kind)
      must(await log.append(counted('a')))
      await log.snapshot(async (reader) => {
        expect(await reader.body('key', 'a')).toBeDefined()
        must(await log.append(operation('erase', { change: async (transaction) => { await transaction.erase('key', 'a'); return undefined } })))
        expect([await reader.body('key', 'a'), await log.body('key', 'a')].map((each) => each !== undefined)).toEqual([true, false])
      })
      expect(await log.snapshot((reader) => reader.body('key', 'a'))).toBeUndefined()
      await finish(log, database)
    })

    test('many at once each show one commit', async () => {
      const { database, log } = await foundedLog(kind)
      const writing = (async () => {
        for (const key of manyKeys.slice(0, 40)) must(await log.append(counted(key)))
      })()
      const seen = await Promise.all(Array.from({ length: 20 }, () => log.snapshot(sizes)))
      await writing
      for (const each of seen) expect(each).toEqual(each.map(() => each[0]))
      expect(await log.snapshot(sizes)).toEqual([40, 40, 40, 40, 40, 40])
      await finish(log, database)
    })

    test('a throw within is passed on, and leaves nothing open', async () => {
      const { database, log } = await foundedLog(kind)
      await append(log, 'a')
      const failing = Array.from({ length: 12 }, (_, i) => log.snapshot(async (reader) => {
        await reader.head()
        throw new Error(`thrown in ${i}`)
      }))
      const results = await Promise.allSettled(failing)
      expect(results.map((each) => (each.status === 'rejected' ? String(each.reason) : 'done'))).toEqual(results.map((_, i) => `Error: thrown in ${i}`))
      await append(log, 'b')
      expect(await log.snapshot(async (reader) => (await reader.head()).size)).toBe(2)
      await finish(log, database)
    })

    test('is over with its reading', async () => {
      const { database, log } = await foundedLog(kind)
      const kept = await log.snapshot(async (reader) => ({ reader }))
      await expect(kept.reader.head()).rejects.toThrow('the snapshot is over')
      await expect(kept.reader.readTile('tile/0/000')).rejects.toThrow('the snapshot is over')
      await finish(log, database)
    })

    test('one that runs is finished before the log is closed, and none begins afterwards', async () => {
      const { database, log } = await foundedLog(kind)
      await append(log, 'a')
      const begun = Promise.withResolvers<undefined>()
      const gate = Promise.withResolvers<undefined>()
      const running = log.snapshot(async (reader) => {
        begun.resolve(undefined)
        await gate.promise
        return (await reader.head()).size
      })
      await begun.promise
      const closed = log.close()
      gate.resolve(undefined)
      expect(await running).toBe(1)
      await closed
      await expect(log.snapshot((reader) => reader.head())).rejects.toThrow()
      await database.drop()
    })
  })
}
