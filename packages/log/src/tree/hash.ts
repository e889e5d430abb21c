/** Hashes of RFC 6962 section 2.1 (RFC 9162 section 2.1.1), over the SHA-256 that the caller brings. */

/** SHA-256, synchronous: node:crypto in Node, a library in the browser. Gives 32 new bytes and keeps no hold on its argument. */
export type Sha256 = (bytes: Uint8Array) => Uint8Array

export const HASH_SIZE = 32

const leafPrefix = 0x00
const nodePrefix = 0x01

/** Inputs are built in place: a new array of more than 64 bytes for each costs a multiple of the hash itself. Each call fills what it hashes. */
const node = new Uint8Array(1 + 2 * HASH_SIZE)
const leaf = new Uint8Array(1 + 65_535)

/** SHA-256(0x00 ‖ entry). */
export function leafHash(sha256: Sha256, entry: Uint8Array): Uint8Array {
  const input = entry.length < leaf.length ? leaf.subarray(0, 1 + entry.length) : new Uint8Array(1 + entry.length)
  input[0] = leafPrefix
  input.set(entry, 1)
  return sha256(input)
}

/** SHA-256(0x01 ‖ left ‖ right). */
export function nodeHash(sha256: Sha256, left: Uint8Array, right: Uint8Array): Uint8Array {
  node[0] = nodePrefix
  node.set(left, 1)
  node.set(right, 1 + HASH_SIZE)
  return sha256(node)
}

/** SHA-256 of nothing: the root of the tree without leaves. */
export function emptyRoot(sha256: Sha256): Uint8Array {
  return sha256(new Uint8Array(0))
}

export const isHash = (bytes: Uint8Array): boolean => bytes.length === HASH_SIZE
