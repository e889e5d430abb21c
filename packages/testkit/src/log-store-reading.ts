/** Reading tiles, entries and checkpoints, and what many writers leave to be read. */
import { fsck } from '@exeat/log'
import { sha256 } from '@exeat/server'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { append, finish, foundedLog, leavesOf, must, opened, operation, reopened, textAt, tileByDefinition, type StoreKind } from './log-store-kit.ts'

export function reading(kind: StoreKind): void {
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
      expect([(await log.entry(1))?.index, await textAt(log, 1)]).toEqual([1, 'entry of b'])
      expect(await log.operationOf('c')).toEqual({ index: 2, count: 1, digest: new Uint8Array(operation('c').digest) })
      expect([0, 2, 3].map((size) => size)).toEqual(await Promise.all([0, 2, 3].map(async (size) => opened(must({ ok: true, value: await log.checkpointAt(size) ?? new Uint8Array(0) })).size)))
      for (const index of [-1, 3, 0.5, Number.NaN, 2 ** 53]) expect(await log.entry(index)).toBeUndefined()
      for (const size of [-1, 1, 4, Number.NaN]) expect(await log.checkpointAt(size)).toBeUndefined()
      for (const key of ['d', '', '\u0000']) expect([await log.operationOf(key), await log.record('done', key), await log.record(key, 'a')]).toEqual([undefined, undefined, undefined])
      await finish(log, database)
    })
  })
}

export function concurrency(kind: StoreKind): void {
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
