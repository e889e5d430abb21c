import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { changedTiles, decodeBundle, decodeTile, encodeBundle, encodeTile, parseTilePath, tilePath, tilesOf, widthAt } from '../src/index.ts'
import type { Tile } from '../src/index.ts'
import { leafOf, no, utf8, yes } from './support.ts'

describe('paths', () => {
  const spelled: readonly [Tile, string][] = [
    [{ level: 0, index: 0, width: 256 }, 'tile/0/000'],
    [{ level: 0, index: 1_234_067, width: 256 }, 'tile/0/x001/x234/067'],
    [{ level: 'entries', index: 1_234_067, width: 7 }, 'tile/entries/x001/x234/067.p/7'],
    [{ level: 1, index: 999, width: 255 }, 'tile/1/999.p/255'],
    [{ level: 63, index: 1000, width: 1 }, 'tile/63/x001/000.p/1'],
    [{ level: 2, index: 2 ** 53 - 1, width: 256 }, 'tile/2/x009/x007/x199/x254/x740/991'],
  ]

  test.each(spelled)('%j is %s, both ways', (tile, path) => {
    expect(tilePath(tile)).toBe(path)
    expect(yes(parseTilePath(path))).toEqual(tile)
  })

  test.each([
    '', 'tile', 'tile/', 'tile/0', 'tile/0/', 'tile/0/0', 'tile/0/00', 'tile/0/0000', 'tile/0/x000', 'tile/0/000/', '/tile/0/000', ' tile/0/000', 'tile/0/000 ',
    'tile/00/000', 'tile/01/000', 'tile/64/000', 'tile/100/000', 'tile/-1/000', 'tile/+1/000', 'tile/1e1/000', 'tile/data/000', 'tile/Entries/000',
    'tile/0/x000/001', 'tile/0/001/002', 'tile/0/x001/x002', 'tile/0/X001/002', 'tile/0/x1/002', 'tile/0/x001//002', 'tile/0/x0001/002', 'tile/0/../000',
    'tile/0/000.p', 'tile/0/000.p/', 'tile/0/000.p/0', 'tile/0/000.p/01', 'tile/0/000.p/256', 'tile/0/000.p/257', 'tile/0/000.p/999', 'tile/0/000.p/1/',
    'tile/0/000.p/1\n', 'tile/0/000\n', 'tile/0/٠٠٠', 'tile/0/x009/x007/x199/x254/x740/992', 'tile/0/x001/x009/x007/x199/x254/x740/991', 'tile/0/000?x=1',
    `tile/0/${'x001/'.repeat(5000)}001`,
  ])('refuses %j', (path) => {
    expect(no(parseTilePath(path))).toBe('TILE_PATH')
  })

  test('every tile has one path that reads back', () => {
    const tile = fc.record({
      level: fc.oneof(fc.constant('entries' as const), fc.integer({ min: 0, max: 63 })),
      index: fc.oneof(fc.maxSafeNat(), fc.nat(5000)),
      width: fc.integer({ min: 1, max: 256 }),
    })
    fc.assert(fc.property(tile, (tile) => {
      expect(yes(parseTilePath(tilePath(tile)))).toEqual(tile)
    }))
  })
})

describe('which tiles there are', () => {
  test('the example of the specification: 70,000 leaves', () => {
    const tiles = [...tilesOf(70_000)].filter(({ level }) => level !== 'entries')
    const full = (level: number) => tiles.filter((tile) => tile.level === level && tile.width === 256).length
    const partial = tiles.filter(({ width }) => width < 256).map((tile) => tilePath(tile))
    expect([full(0), full(1), full(2)]).toEqual([273, 1, 0])
    expect(partial).toEqual(['tile/0/273.p/112', 'tile/1/001.p/17', 'tile/2/000.p/1'])
  })

  test('256 leaves make a full tile and a partial one above; empty tiles are never listed', () => {
    expect([...tilesOf(256)].map((tile) => tilePath(tile))).toEqual(['tile/entries/000', 'tile/0/000', 'tile/1/000.p/1'])
    expect([...tilesOf(0)]).toEqual([])
  })

  test('partial width is floor(s / 256^l) mod 256, at every boundary', () => {
    for (const size of [255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 16_777_216, 2 ** 53 - 1]) {
      for (const { level, width } of lastTiles(size)) {
        const rest = Number(BigInt(size) / 256n ** BigInt(level) % 256n)
        expect(width).toBe(rest === 0 ? 256 : rest)
      }
    }
  })

  /** The last tile of each level, without listing the others. */
  function* lastTiles(size: number): Generator<{ level: number; width: number }> {
    for (let level = 0; 256 ** level <= size; level++) {
      const hashes = Math.floor(size / 256 ** level)
      yield { level, width: widthAt(level, Math.ceil(hashes / 256) - 1, size) }
    }
  }

  test('growth lists what the larger tree has and the smaller has not', () => {
    const size = fc.oneof(fc.nat(2000), fc.nat(140_000), fc.constantFrom(255, 256, 257, 65_535, 65_536, 65_537))
    fc.assert(fc.property(size, size, (a, b) => {
      const [from, to] = [Math.min(a, b), Math.max(a, b)]
      const before = new Set([...tilesOf(from)].map((tile) => tilePath(tile)))
      const after = [...tilesOf(to)].map((tile) => tilePath(tile))
      expect([...changedTiles(from, to)].map((tile) => tilePath(tile))).toEqual(after.filter((path) => !before.has(path)))
    }), { numRuns: 60 })
  })

  test.each([[5, 5], [6, 5], [-1, 5], [0, 0.5], [0, Number.NaN], [0, 2 ** 53]])('nothing changes from %d to %d', (from, to) => {
    expect([...changedTiles(from, to)]).toEqual([])
  })
})

describe('contents', () => {
  test('a tile is its hashes, and no other number of bytes is one', () => {
    const hashes = Array.from({ length: 5 }, (_, i) => leafOf(i))
    const bytes = encodeTile(hashes)
    expect(bytes).toHaveLength(160)
    expect(yes(decodeTile(bytes, 5))).toEqual(hashes)
    for (const length of [0, 1, 159, 161, 128, 192, 8192]) expect(no(decodeTile(new Uint8Array(length), 5))).toBe('TILE_LENGTH')
  })

  test('a decoded tile does not change with the bytes it came from', () => {
    const bytes = Buffer.from(encodeTile([leafOf(1)]))
    const [hash] = yes(decodeTile(bytes, 1))
    bytes.fill(0)
    expect(hash).toEqual(leafOf(1))
  })

  test('a bundle gives its entries back', () => {
    const entry = fc.uint8Array({ maxLength: 400 })
    fc.assert(fc.property(fc.array(entry, { maxLength: 256 }), (entries) => {
      expect(yes(decodeBundle(yes(encodeBundle(entries)), entries.length))).toEqual(entries)
    }), { numRuns: 50 })
  })

  test('an entry may have 65,535 bytes and not one more', () => {
    expect(yes(decodeBundle(yes(encodeBundle([new Uint8Array(65_535)])), 1))[0]).toHaveLength(65_535)
    expect(no(encodeBundle([new Uint8Array(1), new Uint8Array(65_536)]))).toBe('ENTRY_SIZE')
  })

  test('a bundle that is cut anywhere, goes on, or has another width is refused', () => {
    const bytes = yes(encodeBundle([utf8('one'), utf8(''), utf8('three')]))
    for (let length = 0; length < bytes.length; length++) expect(no(decodeBundle(bytes.subarray(0, length), 3))).toBe('BUNDLE_MALFORMED')
    expect(no(decodeBundle(new Uint8Array([...bytes, 0]), 3))).toBe('BUNDLE_MALFORMED')
    expect(no(decodeBundle(new Uint8Array([...bytes, 0, 0]), 3))).toBe('BUNDLE_MALFORMED')
    for (const width of [0, 1, 2, 4, 256]) expect(no(decodeBundle(bytes, width))).toBe('BUNDLE_MALFORMED')
  })
})
