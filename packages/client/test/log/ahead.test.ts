import fc from 'fast-check'
import { TILE_WIDTH, tilePath, tilesOf } from '@exeat/log'
import { describe, expect, test } from 'vitest'
import { pathsInOrder, readAhead } from '../../src/log/ahead.ts'

describe('reading ahead', () => {
  test('asks for every tile and bundle of a log, once', () => {
    for (const size of [0, 1, 255, 256, 257, 65_535, 65_536, 65_537, 70_000, 131_072]) {
      expect([...pathsInOrder(size)].sort()).toEqual([...tilesOf(size)].map(tilePath).sort())
    }
  })

  test('gives what the reader gives, in whatever order it is asked, and never more than so many at once', async () => {
    await fc.assert(fc.asyncProperty(fc.nat(40), fc.integer({ min: 1, max: 8 }), fc.infiniteStream(fc.nat(3)), async (bundles, depth, stray) => {
      const size = bundles * TILE_WIDTH + 7
      let underWay = 0
      let most = 0
      const reader = readAhead({
        readTile: async (path) => {
          most = Math.max(most, underWay += 1)
          await Promise.resolve()
          underWay -= 1
          if (path === 'tile/0/002') throw new Error('unreadable')
          return path === 'tile/0/003' ? undefined : Buffer.from(path)
        },
      }, pathsInOrder(size), depth)
      for (const path of pathsInOrder(size)) {
        if (stray.next().value === 0) expect(await reader.readTile('tile/entries/x999/999')).toEqual(Buffer.from('tile/entries/x999/999'))
        if (path === 'tile/0/002') await expect(reader.readTile(path)).rejects.toThrow('unreadable')
        else expect(await reader.readTile(path)).toEqual(path === 'tile/0/003' ? undefined : Buffer.from(path))
      }
      expect(most).toBeLessThanOrEqual(depth + 1)
    }), { numRuns: 50 })
  })

  test('a failure that nobody asks for harms nobody', async () => {
    const reader = readAhead({ readTile: async (path) => { if (path === 'a') return undefined; throw new Error(path) } }, ['a', 'b', 'c'].values(), 3)
    expect(await reader.readTile('a')).toBeUndefined()
    await new Promise((done) => { setImmediate(done) })
  })
})
