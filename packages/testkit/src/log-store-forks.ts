/** Heads that a log signed before, and that it must go on from. */
import { describe, expect, test } from 'vitest'
import {
  append, codeOf, cutBack, finish, foundedLog, manyKeys, memoryKeeper, must, opened, operation, reopened, testOptions, textAt, utf8, type StoreKind,
} from './log-store-kit.ts'

export function forking(kind: StoreKind): void {
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
      expect(await textAt(again, 0)).toBe('entry of a')
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
      await append(other.log, ...manyKeys.slice(0, size))
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
