/** Which nodes a proof consists of. A node is a perfect subtree: `level` 0 is a leaf, `index` counts within the level. */
import { ok, refuse, type Answer } from '../codes.ts'
import { foldRight } from './range.ts'
import type { Sha256 } from './hash.ts'
import { bitLength, isSize, splitPoint } from './size.ts'

export interface TreeNode {
  readonly level: number
  readonly index: number
}

/** One hash of a proof: perfect subtrees from left to right, to be joined; more than one only at the tree's right edge. */
export type ProofPart = readonly TreeNode[]

/** The nodes of an audit path (RFC 6962 section 2.1.1), from the leaf's sibling to the root's child. */
export function inclusionPlan(index: number, size: number): Answer<readonly ProofPart[]> {
  if (!isSize(size) || !isSize(index) || index >= size) {
    return refuse('SIZE_INVALID', `there is no leaf \`${index}\` in a tree of size \`${size}\``)
  }
  const parts: ProofPart[] = []
  let [start, end] = [0, size]
  while (end - start > 1) {
    const middle = start + splitPoint(end - start)
    parts.push(index < middle ? perfectNodes(middle, end) : perfectNodes(start, middle))
    if (index < middle) end = middle
    else start = middle
  }
  return ok(parts.reverse())
}

/** The nodes of a consistency proof (RFC 6962 section 2.1.2). Empty for equal sizes; a proof from the empty tree does not exist. */
export function consistencyPlan(from: number, to: number): Answer<readonly ProofPart[]> {
  if (!isSize(from) || !isSize(to) || from < 1 || from > to) {
    return refuse('SIZE_INVALID', `there is no consistency proof from size \`${from}\` to size \`${to}\``)
  }
  const parts: ProofPart[] = []
  let [start, end] = [0, to]
  while (from !== end) {
    const middle = start + splitPoint(end - start)
    parts.push(from <= middle ? perfectNodes(middle, end) : perfectNodes(start, middle))
    if (from <= middle) end = middle
    else start = middle
  }
  if (start > 0) parts.push(perfectNodes(start, end))
  return ok(parts.reverse())
}

/** Splits `[start, end)` into perfect subtrees, from left to right. `start` is a multiple of every subtree's size, as it is within RFC 6962's recursion. */
export function perfectNodes(start: number, end: number): readonly TreeNode[] {
  const nodes: TreeNode[] = []
  for (let at = start; at < end; ) {
    const level = bitLength(end - at) - 1
    nodes.push({ level, index: at / 2 ** level })
    at += 2 ** level
  }
  return nodes
}

/** The hash of a node, or undefined where the reader does not have it. */
export type NodeReader = (node: TreeNode) => Uint8Array | undefined

/** The hashes of a planned proof; refuses where a node is missing. */
export function proofOf(sha256: Sha256, plan: readonly ProofPart[], read: NodeReader): Answer<readonly Uint8Array[]> {
  const proof: Uint8Array[] = []
  for (const part of plan) {
    const hashes: Uint8Array[] = []
    for (const node of part) {
      const hash = read(node)
      if (hash === undefined) return refuse('RESOURCE_MISSING', `the node ${node.index} of level ${node.level} is missing`)
      hashes.push(hash)
    }
    const joined = foldRight(sha256, hashes)
    if (joined !== undefined) proof.push(joined)
  }
  return ok(proof)
}
