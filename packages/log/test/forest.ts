/** Brute force beside the code under test: every perfect subtree of a tree of distinct leaves, level by level, and files made from them. */
import { encodeBundle, nodeHash, tilePath } from '../src/index.ts'
import type { TileReader } from '../src/index.ts'
import { leafOf, sha256, utf8, yes } from './support.ts'

/** `levels[k][i]` is the root of leaves i·2^k up to (i+1)·2^k. */
export type Forest = readonly (readonly Uint8Array[])[]

export function plant(size: number, leaf: (i: number) => Uint8Array = leafOf): Forest {
  const levels: Uint8Array[][] = [Array.from({ length: size }, (_, i) => leaf(i))]
  for (let below = levels[0] ?? []; below.length > 1; below = levels.at(-1) ?? []) {
    levels.push(Array.from({ length: Math.floor(below.length / 2) }, (_, i) => nodeHash(sha256, at(below, 2 * i), at(below, 2 * i + 1))))
  }
  return levels
}

function at(hashes: readonly Uint8Array[], i: number): Uint8Array {
  const hash = hashes[i]
  if (hash === undefined) throw new Error(`the forest has no hash ${i}`)
  return hash
}

export const subtree = (forest: Forest, level: number, index: number): Uint8Array => at(forest[level] ?? [], index)

/** RFC 6962's definition, its perfect parts looked up. */
export function rootIn(forest: Forest, start: number, end: number): Uint8Array {
  const size = end - start
  if (size === 0) return sha256(new Uint8Array(0))
  const level = Math.log2(size)
  if (Number.isInteger(level) && start % size === 0) return subtree(forest, level, start / size)
  let k = 1
  while (k * 2 < size) k *= 2
  return nodeHash(sha256, rootIn(forest, start, start + k), rootIn(forest, start + k, end))
}

/** The bytes of tile (level, index) of a tree, by the definition of tlog-tiles: MTH(D[(n·256+i)·256^l : (n·256+i+1)·256^l]). */
export function tileIn(forest: Forest, level: number, index: number, width: number): Uint8Array {
  return new Uint8Array(Buffer.concat(Array.from({ length: width }, (_, i) => subtree(forest, 8 * level, index * 256 + i))))
}

/** The files of a log of `size` entries named `entry 0`, `entry 1`, …; every tile at its width in that tree. */
export function filesOf(forest: Forest, size: number): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>()
  for (let level = 0; 256 ** level <= size; level++) {
    const hashes = Math.floor(size / 256 ** level)
    for (let index = 0; index * 256 < hashes; index++) {
      const width = Math.min(256, hashes - index * 256)
      files.set(tilePath({ level, index, width }), tileIn(forest, level, index, width))
      if (level === 0) files.set(tilePath({ level: 'entries', index, width }), bundleOf(index, width))
    }
  }
  return files
}

export const bundleOf = (index: number, width: number): Uint8Array =>
  yes(encodeBundle(Array.from({ length: width }, (_, i) => utf8(`entry ${index * 256 + i}`))))

export const readerOf = (files: ReadonlyMap<string, Uint8Array>): TileReader => ({ readTile: (path) => files.get(path) })
