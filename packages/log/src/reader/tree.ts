/** A log read through its tiles, each verified up to the root of a checkpoint before any of its hashes is used. */
import { ok, refuse, type Answer } from '../codes.ts'
import { equalBytes, toHex } from '../bytes/bytes.ts'
import { isHash, leafHash, type Sha256 } from '../tree/hash.ts'
import { consistencyPlan, inclusionPlan, proofOf, type ProofPart, type TreeNode } from '../tree/plan.ts'
import { appendLeaves, emptyRange, rangeRoot, rootOfLeaves } from '../tree/range.ts'
import { isSize } from '../tree/size.ts'
import { tilePath } from '../tiles/path.ts'
import { TILE_HEIGHT, TILE_WIDTH, topLevel, widthAt } from '../tiles/tile.ts'
import { readEntries, readHashes, type TileReader, type TreeHead } from './port.ts'

/** Everything a verified log answers. An answer is the log's own or a refusal, whatever the reader gives. */
export interface VerifiedTree {
  readonly head: TreeHead
  readonly leaf: (index: number) => Promise<Answer<Uint8Array>>
  readonly entry: (index: number) => Promise<Answer<Uint8Array>>
  /** The entries of bundle `index`, up to 256. */
  readonly entries: (index: number) => Promise<Answer<readonly Uint8Array[]>>
  /** In the tree of `size`, the head's by default. */
  readonly inclusionProof: (index: number, size?: number) => Promise<Answer<readonly Uint8Array[]>>
  /** From the tree of size `from` to that of `to`, the head's by default. */
  readonly consistencyProof: (from: number, to?: number) => Promise<Answer<readonly Uint8Array[]>>
}

type Hashes = readonly Uint8Array[]

/** Verified tiles kept: the path from a leaf to the root is at most seven. */
const keptTiles = 64

/** Reads the right edge and verifies it against the head, which must come from a verified checkpoint. */
export async function openTree(sha256: Sha256, reader: TileReader, head: TreeHead): Promise<Answer<VerifiedTree>> {
  if (!isSize(head.size)) return refuse('SIZE_INVALID', `the tree size \`${head.size}\` is no whole number from 0 to 2^53 - 1`)
  if (!isHash(head.root)) return refuse('HASH_LENGTH', `the root is ${head.root.length} bytes long, not 32`)
  const edge = await readEdge(sha256, reader, head)
  return edge.ok ? ok(verifiedTree(sha256, reader, head, edge.value)) : edge
}

/** The partial tiles by level, which together make the root and so prove one another. */
async function readEdge(sha256: Sha256, reader: TileReader, head: TreeHead): Promise<Answer<ReadonlyMap<number, Hashes>>> {
  const edge = new Map<number, Hashes>()
  const subtrees: Uint8Array[] = []
  for (let level = topLevel(head.size); level >= 0; level--) {
    const tile = edgeTile(level, head.size)
    if (tile.width === 0) continue
    const hashes = await readHashes(reader, tile)
    if (!hashes.ok) return hashes
    edge.set(level, hashes.value)
    subtrees.push(...appendLeaves(sha256, emptyRange, hashes.value).range.hashes)
  }
  const root = rangeRoot(sha256, { size: head.size, hashes: subtrees })
  if (equalBytes(root, head.root)) return ok(edge)
  return refuse('ROOT_MISMATCH', `the partial tiles of size ${head.size} lead to root ${toHex(root)}, and the checkpoint has ${toHex(head.root)}`)
}

/** The partial tile of a level; of width 0 where the level ends with a full one. */
export function edgeTile(level: number, size: number): { readonly level: number; readonly index: number; readonly width: number } {
  const index = Math.floor(size / TILE_WIDTH ** (level + 1))
  return { level, index, width: widthAt(level, index, size) }
}

function verifiedTree(sha256: Sha256, reader: TileReader, head: TreeHead, edge: ReadonlyMap<number, Hashes>): VerifiedTree {
  const hashesOf = verifiedTiles(sha256, reader, head, edge)

  async function nodeOf(node: TreeNode): Promise<Answer<Uint8Array>> {
    const width = 2 ** (node.level % TILE_HEIGHT)
    const position = node.index * width
    const tile = await hashesOf(Math.floor(node.level / TILE_HEIGHT), Math.floor(position / TILE_WIDTH))
    const start = position % TILE_WIDTH
    return tile.ok ? ok(rootOfLeaves(sha256, tile.value.slice(start, start + width))) : tile
  }

  async function entries(index: number): Promise<Answer<readonly Uint8Array[]>> {
    const leaves = await hashesOf(0, index)
    if (!leaves.ok) return leaves
    const found = await readEntries(reader, index, leaves.value.length)
    if (!found.ok) return found
    const wrong = found.value.findIndex((entry, i) => !equalBytes(leafHash(sha256, entry), leaves.value[i] ?? entry))
    return wrong < 0 ? found : refuse('ENTRY_MISMATCH', `entry ${index * TILE_WIDTH + wrong} does not hash to its leaf`)
  }

  async function prove(plan: Answer<readonly ProofPart[]>, size: number): Promise<Answer<readonly Uint8Array[]>> {
    if (size > head.size) return outside(size, head.size)
    if (!plan.ok) return plan
    const read = new Map<TreeNode, Uint8Array>()
    for (const node of plan.value.flat()) {
      const hash = await nodeOf(node)
      if (!hash.ok) return hash
      read.set(node, hash.value)
    }
    return proofOf(sha256, plan.value, (node) => read.get(node))
  }

  const within = (index: number): boolean => isSize(index) && index < head.size
  return {
    head,
    entries: async (index) => (isSize(index) && within(index * TILE_WIDTH) ? entries(index) : outside(index * TILE_WIDTH, head.size)),
    leaf: async (index) => (within(index) ? nodeOf({ level: 0, index }) : outside(index, head.size)),
    entry: async (index) => {
      if (!within(index)) return outside(index, head.size)
      const bundle = await entries(Math.floor(index / TILE_WIDTH))
      return bundle.ok ? pick(bundle.value, index) : bundle
    },
    inclusionProof: async (index, size = head.size) => prove(inclusionPlan(index, size), size),
    consistencyProof: async (from, to = head.size) => prove(consistencyPlan(from, to), to),
  }
}

/** Every full tile is held against the hash that its parent has for it, up to a partial tile, which the root has proven (cf. CVE-2026-56865). */
function verifiedTiles(sha256: Sha256, reader: TileReader, head: TreeHead, edge: ReadonlyMap<number, Hashes>) {
  const kept = new Map<string, Hashes>()

  async function hashesOf(level: number, index: number): Promise<Answer<Hashes>> {
    const width = widthAt(level, index, head.size)
    const partial = edge.get(level)
    if (width < TILE_WIDTH) return partial === undefined || width === 0 ? outside(index, head.size) : ok(partial)
    const path = tilePath({ level, index, width })
    const known = kept.get(path)
    if (known !== undefined) return ok(known)
    const parent = await hashesOf(level + 1, Math.floor(index / TILE_WIDTH))
    if (!parent.ok) return parent
    const hashes = await readHashes(reader, { level, index, width })
    if (!hashes.ok) return hashes
    const root = rootOfLeaves(sha256, hashes.value)
    const wanted = parent.value[index % TILE_WIDTH]
    if (wanted === undefined || !equalBytes(root, wanted)) {
      return refuse('TILE_MISMATCH', `\`${path}\` hashes to ${toHex(root)}, and its parent says ${wanted === undefined ? 'nothing' : toHex(wanted)}`)
    }
    keep(path, hashes.value)
    return hashes
  }

  function keep(path: string, hashes: Hashes): void {
    const oldest = kept.keys().next()
    if (kept.size >= keptTiles && oldest.done !== true) kept.delete(oldest.value)
    kept.set(path, hashes)
  }

  return hashesOf
}

function pick(bundle: readonly Uint8Array[], index: number): Answer<Uint8Array> {
  const entry = bundle[index % TILE_WIDTH]
  return entry === undefined ? refuse('RESOURCE_MISSING', `entry ${index} is missing`) : ok(entry)
}

function outside(index: number, size: number): Answer<never> {
  return refuse('SIZE_INVALID', `\`${index}\` lies outside the tree of size ${size}`)
}
