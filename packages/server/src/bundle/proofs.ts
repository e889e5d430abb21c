/** Many inclusion proofs under one head: each tile is read and hashed up once, however many proofs pass through it. */
import { decodeTile, inclusionPlan, nodeHash, proofOf, TILE_HEIGHT, tilePath, widthAt, type TileReader, type TreeHead, type TreeNode } from '@exeat/log'
import { sha256 } from '../store/ed25519.ts'

/** Of each index, RFC 6962 audit path from the leaf's sibling to the root's child. Throws where the store lacks a tile that its head demands. */
export async function inclusionProofs(reader: TileReader, { size }: TreeHead, indexes: readonly number[]): Promise<ReadonlyMap<number, readonly Uint8Array[]>> {
  const plans = new Map(indexes.map((index) => [index, taken(inclusionPlan(index, size))]))
  const tiles = new Map<string, Pyramid>()
  for (const plan of plans.values()) {
    for (const node of plan.flat()) {
      const { key, level, index } = tileOf(node)
      // oxlint-disable-next-line no-await-in-loop -- one connection: reads one after the other whatever is asked
      if (!tiles.has(key)) tiles.set(key, await readTile(reader, level, index, size))
    }
  }
  const hashOf = (node: TreeNode): Uint8Array | undefined => {
    const { key, index } = tileOf(node)
    const height = node.level % TILE_HEIGHT
    return tiles.get(key)?.[height]?.[node.index - index * 2 ** (TILE_HEIGHT - height)]
  }
  return new Map([...plans].map(([index, plan]) => [index, taken(proofOf(sha256, plan, hashOf))]))
}

/** A tile's hashes, and above them, level by level, those of the pairs that are whole. */
type Pyramid = readonly (readonly Uint8Array[])[]

function tileOf({ level, index }: TreeNode): { readonly key: string; readonly level: number; readonly index: number } {
  const tileLevel = Math.floor(level / TILE_HEIGHT)
  const tileIndex = Math.floor(index / 2 ** (TILE_HEIGHT - (level % TILE_HEIGHT)))
  return { key: `${tileLevel}/${tileIndex}`, level: tileLevel, index: tileIndex }
}

async function readTile(reader: TileReader, level: number, index: number, size: number): Promise<Pyramid> {
  const width = widthAt(level, index, size)
  const path = tilePath({ level, index, width })
  const bytes = await reader.readTile(path)
  if (bytes === undefined) throw new Error(`the store has no \`${path}\``)
  const levels: (readonly Uint8Array[])[] = [taken(decodeTile(bytes, width))]
  for (let below = levels[0] ?? []; below.length > 1;) {
    const above: Uint8Array[] = []
    for (let i = 0; i + 1 < below.length; i += 2) above.push(nodeHash(sha256, below[i] as Uint8Array, below[i + 1] as Uint8Array))
    levels.push(above)
    below = above
  }
  return levels
}

function taken<T>(answer: { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: { readonly message: string } }): T {
  if (!answer.ok) throw new Error(answer.problem.message)
  return answer.value
}
