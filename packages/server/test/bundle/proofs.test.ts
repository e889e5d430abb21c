import { appendLeaves, emptyRange, encodeTile, leafHash, openTree, parseTilePath, rangeRoot, TILE_WIDTH, type TileReader, verifyInclusion } from '@exeat/log'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { inclusionProofs } from '../../src/bundle/proofs.ts'
import { sha256 } from '../../src/store/ed25519.ts'
import { must } from './world.ts'

const largest = 70_000
const leaves = Array.from({ length: largest }, (_, i) => leafHash(sha256, Buffer.from(`entry ${i}`)))
const { range, completed } = appendLeaves(sha256, emptyRange, leaves)
const upper = new Map<number, Uint8Array[]>()
for (const { level, hash } of completed) upper.set(level, [...upper.get(level)?.splice(0) ?? [], hash])
let read = 0
const reader: TileReader = {
  readTile: (path) => {
    read += 1
    const { level, index, width } = must(parseTilePath(path))
    const hashes = (level === 0 ? leaves : upper.get(Number(level)) ?? []).slice(index * TILE_WIDTH, index * TILE_WIDTH + width)
    return hashes.length === width ? encodeTile(hashes) : undefined
  },
}
const headAt = (size: number) => ({ size, root: size === largest ? rangeRoot(sha256, range) : rangeRoot(sha256, appendLeaves(sha256, emptyRange, leaves.slice(0, size)).range) })

test('every proof leads to the root, at any size, and is the one that a verified tree gives', async () => {
  await fc.assert(fc.asyncProperty(fc.oneof(fc.integer({ min: 1, max: 1200 }), fc.constantFrom(255, 256, 257, 511, 512, 65_535, 65_536, 65_537, largest)), fc.array(fc.nat(), { maxLength: 8 }), async (size, picks) => {
    const head = headAt(size)
    const indexes = picks.map((pick) => pick % size)
    const proofs = await inclusionProofs(reader, head, indexes)
    const tree = must(await openTree(sha256, reader, head))
    for (const index of indexes) {
      const proof = proofs.get(index) ?? []
      expect(verifyInclusion(sha256, { index, size, leaf: leaves[index] ?? new Uint8Array(0), proof, root: head.root })).toEqual({ ok: true })
      expect(proof).toEqual(must(await tree.inclusionProof(index)))
    }
  }), { numRuns: 60, seed: 20261123 })
})

test('each tile is read once', async () => {
  read = 0
  await inclusionProofs(reader, headAt(largest), Array.from({ length: 20_000 }, (_, i) => i * 3))
  expect(read).toBeLessThanOrEqual(274 + 2 + 1)
})

test('an index that the log does not have, or a tile that the store has lost', async () => {
  await expect(inclusionProofs(reader, headAt(10), [10])).rejects.toThrow('no leaf')
  await expect(inclusionProofs({ readTile: () => undefined }, headAt(10), [1])).rejects.toThrow('the store has no')
})
