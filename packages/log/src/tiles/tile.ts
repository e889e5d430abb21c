/** Tiles of C2SP tlog-tiles: which there are in a tree, and what they hold. */
import { ok, refuse, type Answer } from '../codes.ts'
import { concatBytes } from '../bytes/bytes.ts'
import { HASH_SIZE } from '../tree/hash.ts'
import { splitHashes } from '../tree/range.ts'
import { isSize } from '../tree/size.ts'

/** Hashes in a full tile, entries in a full bundle. */
export const TILE_WIDTH = 256

/** Levels of the tree that one tile spans. */
export const TILE_HEIGHT = 8

/** A tile of hashes (`level` 0 to 63) or a bundle of entries (`entries`), full or partial. */
export interface Tile {
  readonly level: number | 'entries'
  readonly index: number
  /** 1 to 256; 256 is a full tile. */
  readonly width: number
}

/** How many hashes stand at a tile level in a tree of `size`: floor(size / 256^level). */
export const hashesAtLevel = (level: number, size: number): number => Math.floor(size / TILE_WIDTH ** level)

/** The highest tile level that a tree of `size` has; -1 for the empty tree. */
export function topLevel(size: number): number {
  let level = -1
  while (hashesAtLevel(level + 1, size) > 0) level += 1
  return level
}

/** The width of a tile in a tree of `size`: 256 where full, 0 where the tree does not reach it. */
export function widthAt(level: number, index: number, size: number): number {
  return Math.max(0, Math.min(TILE_WIDTH, hashesAtLevel(level, size) - index * TILE_WIDTH))
}

/**
 * The tiles and bundles that a tree of size `to` has and one of size `from` has not, bundles first, then level by level, each in order:
 * what to write when a log grows. A tile that grew is listed at its new width. Lazy: growth may be long. None where `to` is not larger.
 */
export function* changedTiles(from: number, to: number): Generator<Tile, void, undefined> {
  if (!isSize(from) || !isSize(to)) return
  yield* changedAt('entries', from, to)
  for (let level = 0; level <= topLevel(to); level++) yield* changedAt(level, from, to)
}

/** Every tile and bundle of a tree. */
export const tilesOf = (size: number): Generator<Tile, void, undefined> => changedTiles(0, size)

function* changedAt(level: Tile['level'], from: number, to: number): Generator<Tile, void, undefined> {
  const before = hashesAtLevel(level === 'entries' ? 0 : level, from)
  const after = hashesAtLevel(level === 'entries' ? 0 : level, to)
  if (after <= before) return
  for (let index = Math.floor(before / TILE_WIDTH); index * TILE_WIDTH < after; index++) {
    yield { level, index, width: Math.min(TILE_WIDTH, after - index * TILE_WIDTH) }
  }
}

/** The bytes of a tile: 1 to 256 hashes end to end. */
export function encodeTile(hashes: readonly Uint8Array[]): Uint8Array {
  return concatBytes(hashes)
}

/** A tile's hashes; refuses any other number of bytes than `width` hashes take. */
export function decodeTile(bytes: Uint8Array, width: number): Answer<readonly Uint8Array[]> {
  if (bytes.length === width * HASH_SIZE) return ok(splitHashes(bytes))
  return refuse('TILE_LENGTH', `a tile of width ${width} has ${width * HASH_SIZE} bytes, and there are ${bytes.length}`)
}
