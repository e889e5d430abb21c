import { describe, expect, test } from 'vitest'
import { openTree, rootOfLeaves, tilePath, verifyConsistency, verifyInclusion } from '../src/index.ts'
import type { TileReader, VerifiedTree } from '../src/index.ts'
import { bundleOf, filesOf, plant, readerOf, rootIn } from './forest.ts'
import { flip, leafOf, no, sha256, utf8, yes } from './support.ts'

const forest = plant(70_000)
const headOf = (size: number) => ({ size, root: rootIn(forest, 0, size) })
const openAt = async (size: number, files = filesOf(forest, size)): Promise<VerifiedTree> => yes(await openTree(sha256, readerOf(files), headOf(size)))

describe('a log read through its tiles', () => {
  const sizes = [1, 2, 255, 256, 257, 258, 511, 512, 513, 1000, 65_280, 65_535, 65_536, 65_537, 65_793, 70_000]

  test.each(sizes)('size %i: leaves, entries and proofs of both kinds', async (size) => {
    const tree = await openAt(size)
    const { root } = headOf(size)
    for (const index of new Set([0, 1, 254, 255, 256, 257, 511, size >> 1, 65_279, 65_280, 65_535, 65_536, size - 2, size - 1])) {
      if (index < 0 || index >= size) continue
      expect(yes(await tree.leaf(index))).toEqual(leafOf(index))
      expect(yes(await tree.entry(index))).toEqual(utf8(`entry ${index}`))
      const proof = yes(await tree.inclusionProof(index))
      expect(verifyInclusion(sha256, { index, size, leaf: leafOf(index), proof, root })).toEqual({ ok: true })
    }
    for (const from of sizes.filter((from) => from <= size)) {
      const proof = yes(await tree.consistencyProof(from))
      expect(verifyConsistency(sha256, { from, to: size, fromRoot: headOf(from).root, toRoot: root, proof })).toEqual({ ok: true })
    }
  })

  test('proofs in the smaller trees that the log once was', async () => {
    const tree = await openAt(1000)
    const proof = yes(await tree.inclusionProof(300, 301))
    expect(verifyInclusion(sha256, { index: 300, size: 301, leaf: leafOf(300), proof, root: headOf(301).root })).toEqual({ ok: true })
    const older = yes(await tree.consistencyProof(100, 301))
    expect(verifyConsistency(sha256, { from: 100, to: 301, fromRoot: headOf(100).root, toRoot: headOf(301).root, proof: older })).toEqual({ ok: true })
  })

  test('more tiles than are kept, in any order, each verified when it comes back', async () => {
    const size = 100 * 256
    const files = filesOf(forest, size)
    const tree = await openAt(size, files)
    for (const bundle of [...Array.from({ length: 100 }, (_, i) => i), 0, 99, 50]) expect(yes(await tree.leaf(bundle * 256 + 7))).toEqual(leafOf(bundle * 256 + 7))
    files.set('tile/0/001', flip(files.get('tile/0/001') ?? new Uint8Array(0), 0))
    expect(no(await tree.leaf(256))).toBe('TILE_MISMATCH')
  })

  test('bundles', async () => {
    const tree = await openAt(1000)
    expect(yes(await tree.entries(0))).toHaveLength(256)
    expect(yes(await tree.entries(3))).toHaveLength(232)
    expect(no(await tree.entries(4))).toBe('SIZE_INVALID')
  })

  test.each([-1, 0.5, 1000, Number.NaN, 2 ** 53])('index %d is outside', async (index) => {
    const tree = await openAt(1000)
    for (const answer of [tree.leaf(index), tree.entry(index), tree.inclusionProof(index), tree.entries(index + 0.25), tree.consistencyProof(index + 1)]) {
      expect(no(await answer)).toBe('SIZE_INVALID')
    }
    expect(no(await tree.inclusionProof(0, 1001))).toBe('SIZE_INVALID')
    expect(no(await tree.consistencyProof(1, 1001))).toBe('SIZE_INVALID')
  })

  test('the empty log has its root and nothing else', async () => {
    const tree = await openAt(0, new Map())
    expect(no(await tree.leaf(0))).toBe('SIZE_INVALID')
    expect(no(await openTree(sha256, readerOf(new Map()), { size: 0, root: leafOf(0) }))).toBe('ROOT_MISMATCH')
  })

  test('a head out of bounds is refused', async () => {
    const reader = readerOf(new Map())
    expect(no(await openTree(sha256, reader, { size: -1, root: leafOf(0) }))).toBe('SIZE_INVALID')
    expect(no(await openTree(sha256, reader, { size: 2 ** 53, root: leafOf(0) }))).toBe('SIZE_INVALID')
    expect(no(await openTree(sha256, reader, { size: 1, root: new Uint8Array(12) }))).toBe('HASH_LENGTH')
  })

  test('a full tile stands in for a partial one that is gone', async () => {
    const older = headOf(300)
    const tree = yes(await openTree(sha256, readerOf(filesOf(forest, 70_000)), older))
    expect(yes(await tree.entry(299))).toEqual(utf8('entry 299'))
    expect(no(await tree.entry(300))).toBe('SIZE_INVALID')
  })
})

describe('what the reader gives is not believed', () => {
  const size = 65_536 + 256 + 3
  const honest = filesOf(forest, size)

  /** Level-0 tiles and bundles that are read; every other tile lies above one of them. */
  const touched = [0, 1, 100, 254, 255, 256, 257]

  /** The first refusal, or undefined. */
  async function firstRefusal(reader: TileReader): Promise<string | undefined> {
    const opened = await openTree(sha256, reader, headOf(size))
    if (!opened.ok) return opened.problem.code
    for (const bundle of touched) {
      const entries = await opened.value.entries(bundle)
      if (!entries.ok) return entries.problem.code
    }
    return undefined
  }

  const replaced = (path: string, bytes: Uint8Array | undefined): TileReader => ({ readTile: (each) => (each === path ? bytes : honest.get(each)) })

  test('nothing is refused of an honest log', async () => {
    expect(await firstRefusal(readerOf(honest))).toBe(undefined)
  })

  const tiles = [...honest.keys()].filter((path) => !path.includes('entries') && !/^tile\/0\/(?!000|001|100|254|255|256|257)/.test(path))

  test.each(tiles)('%s with one bit turned', async (path) => {
    const bytes = honest.get(path) ?? new Uint8Array(0)
    for (const at of [0, bytes.length - 1, (bytes.length >> 6) << 5]) {
      expect(await firstRefusal(replaced(path, flip(bytes, at, 0x80)))).toBe(path.includes('.p/') ? 'ROOT_MISMATCH' : 'TILE_MISMATCH')
    }
  }, 60_000)

  test.each(tiles)('%s gone, cut, or longer', async (path) => {
    const bytes = honest.get(path) ?? new Uint8Array(0)
    expect(await firstRefusal(replaced(path, undefined))).toBe('RESOURCE_MISSING')
    expect(await firstRefusal(replaced(path, bytes.subarray(1)))).toBe('TILE_LENGTH')
    expect(await firstRefusal(replaced(path, new Uint8Array([...bytes, ...leafOf(0)])))).toBe('TILE_LENGTH')
    expect(await firstRefusal(replaced(path, new Uint8Array(0)))).toBe('TILE_LENGTH')
  }, 60_000)

  /** Forges a leaf and every full tile above it consistently, as far up as `upTo`: only the check against a parent finds it. */
  test.each([0, 1])('a forged leaf with its tiles rebuilt up to level %i', async (upTo) => {
    const forged = plant(size, (i) => leafOf(i === 5 ? 99_999 : i))
    const files = new Map(honest)
    for (let level = 0; level <= upTo; level++) files.set(tilePath({ level, index: 0, width: 256 }), filesOf(forged, size).get(`tile/${level}/000`) ?? new Uint8Array(0))
    const tree = yes(await openTree(sha256, readerOf(files), headOf(size)))
    expect(no(await tree.leaf(5))).toBe('TILE_MISMATCH')
    expect(no(await tree.inclusionProof(6))).toBe('TILE_MISMATCH')
    expect(yes(await tree.leaf(size - 1))).toEqual(leafOf(size - 1))
  })

  test('every tile forged together with the edge', async () => {
    const forged = plant(size, (i) => leafOf(i === 5 ? 99_999 : i))
    expect(await firstRefusal(readerOf(filesOf(forged, size)))).toBe('ROOT_MISMATCH')
  })

  test('a right tile in the place of another', async () => {
    expect(await firstRefusal(replaced('tile/0/001', honest.get('tile/0/002')))).toBe('TILE_MISMATCH')
  })

  test('an edited, missing, cut or swapped entry', async () => {
    const bundle = bundleOf(1, 256)
    expect(await firstRefusal(replaced('tile/entries/001', flip(bundle, 2)))).toBe('ENTRY_MISMATCH')
    expect(await firstRefusal(replaced('tile/entries/001', bundleOf(2, 256)))).toBe('ENTRY_MISMATCH')
    expect(await firstRefusal(replaced('tile/entries/001', undefined))).toBe('RESOURCE_MISSING')
    expect(await firstRefusal(replaced('tile/entries/001', bundle.subarray(0, bundle.length - 1)))).toBe('BUNDLE_MALFORMED')
    expect(await firstRefusal(replaced('tile/entries/001', bundleOf(1, 255)))).toBe('BUNDLE_MALFORMED')
  })

  test('a reader that throws or rejects is an answer', async () => {
    const boom = () => { throw new Error('disk on fire') }
    expect(await firstRefusal({ readTile: boom })).toBe('RESOURCE_UNREADABLE')
    expect(await firstRefusal({ readTile: async () => Promise.reject(new Error('timeout')) })).toBe('RESOURCE_UNREADABLE')
    expect(await firstRefusal({ readTile: async (path) => Promise.resolve(honest.get(path)) })).toBe(undefined)
  })

  test('a verified tile is kept as a copy: what the reader does to its bytes later changes nothing', async () => {
    const bytes = new Uint8Array(honest.get('tile/0/000') ?? [])
    const tree = yes(await openTree(sha256, replaced('tile/0/000', bytes), headOf(size)))
    yes(await tree.leaf(5))
    bytes.fill(0)
    expect(yes(await tree.leaf(6))).toEqual(leafOf(6))
    expect(rootOfLeaves(sha256, [leafOf(6)])).toEqual(leafOf(6))
  })
})
