import { ok, refuse, type Answer } from '../codes.ts'
import { concatBytes, copyBytes } from '../bytes/bytes.ts'
import { bitCount, half, isOdd, isSize } from './size.ts'
import { emptyRoot, HASH_SIZE, isHash, nodeHash, type Sha256 } from './hash.ts'

/** A tree's right edge: the root of each perfect subtree, from left to right, one for every bit set in `size`. Enough to append to the tree. */
export interface CompactRange {
  readonly size: number
  readonly hashes: readonly Uint8Array[]
}

/** A hash that stands in a tile of level 1 or above: the root of the full tile `index` of the level below. */
export interface TileHash {
  readonly level: number
  readonly index: number
  readonly hash: Uint8Array
}

export interface Appended {
  readonly range: CompactRange
  /** What became complete, in the order in which it did. Level 0, the leaf hashes themselves, is not repeated. */
  readonly completed: readonly TileHash[]
}

const tileHeight = 8

export const emptyRange: CompactRange = { size: 0, hashes: [] }

/** The tree with more leaves. `range` must be well-formed (`decodeRange`) and every hash 32 bytes long; neither is changed. */
export function appendLeaves(sha256: Sha256, range: CompactRange, leafHashes: readonly Uint8Array[]): Appended {
  const hashes = [...range.hashes]
  const completed: TileHash[] = []
  let size = range.size
  for (const leaf of leafHashes) {
    let hash = leaf
    let level = 0
    for (let rest = size; isOdd(rest); rest = half(rest)) {
      hash = nodeHash(sha256, hashes.pop() ?? hash, hash)
      level += 1
      if (level % tileHeight === 0) completed.push({ level: level / tileHeight, index: half(rest), hash })
    }
    hashes.push(hash)
    size += 1
  }
  return { range: { size, hashes }, completed }
}

/** The Merkle tree hash of the range's tree. */
export function rangeRoot(sha256: Sha256, range: CompactRange): Uint8Array {
  return foldRight(sha256, range.hashes) ?? emptyRoot(sha256)
}

/** Joins subtrees from the right, which is how RFC 6962 joins a perfect left part with whatever follows. Undefined for none. */
export function foldRight(sha256: Sha256, hashes: readonly Uint8Array[]): Uint8Array | undefined {
  let root: Uint8Array | undefined
  for (let i = hashes.length - 1; i >= 0; i--) {
    const left = hashes[i]
    if (left !== undefined) root = root === undefined ? left : nodeHash(sha256, left, root)
  }
  return root
}

/** The Merkle tree hash over these leaf hashes. */
export function rootOfLeaves(sha256: Sha256, leafHashes: readonly Uint8Array[]): Uint8Array {
  return rangeRoot(sha256, appendLeaves(sha256, emptyRange, leafHashes).range)
}

/** The range's hashes end to end, for a store that keeps the size beside them. */
export function encodeRange(range: CompactRange): Uint8Array {
  return concatBytes(range.hashes)
}

/** Refuses a size out of bounds (`SIZE_INVALID`) and bytes that are not one hash for every bit set in it (`RANGE_INVALID`). */
export function decodeRange(size: number, bytes: Uint8Array): Answer<CompactRange> {
  if (!isSize(size)) return refuse('SIZE_INVALID', `the tree size \`${size}\` is no whole number from 0 to 2^53 - 1`)
  const wanted = bitCount(size) * HASH_SIZE
  if (bytes.length !== wanted) {
    return refuse('RANGE_INVALID', `a compact range of size ${size} takes ${wanted} bytes, and there are ${bytes.length}`)
  }
  return ok({ size, hashes: splitHashes(bytes) })
}

/** Bytes cut into hashes, each its own copy; the length must be a multiple of 32. */
export function splitHashes(bytes: Uint8Array): Uint8Array[] {
  return Array.from({ length: Math.floor(bytes.length / HASH_SIZE) }, (_, i) => copyBytes(bytes, i * HASH_SIZE, (i + 1) * HASH_SIZE))
}

export const allHashes = (hashes: readonly Uint8Array[]): boolean => hashes.every(isHash)
