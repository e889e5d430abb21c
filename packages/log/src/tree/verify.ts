import { accepted, ok, refuse, type Answer, type Refusal, type Verdict } from '../codes.ts'
import { equalBytes, toHex } from '../bytes/bytes.ts'
import { isHash, nodeHash, type Sha256 } from './hash.ts'
import { allHashes } from './range.ts'
import { bitCount, half, isOdd, isSize } from './size.ts'

/** What an inclusion proof claims. */
export interface Inclusion {
  readonly index: number
  readonly size: number
  /** The leaf hash, never the entry. */
  readonly leaf: Uint8Array
  readonly proof: readonly Uint8Array[]
  readonly root: Uint8Array
}

/** What a consistency proof claims: the first `from` leaves of the tree with `toRoot` are the tree with `fromRoot`. */
export interface Consistency {
  readonly from: number
  readonly to: number
  readonly fromRoot: Uint8Array
  readonly toRoot: Uint8Array
  readonly proof: readonly Uint8Array[]
}

/** RFC 9162 section 2.1.3.2. Accepts exactly one number of hashes for an index and size, each of 32 bytes. */
export function verifyInclusion(sha256: Sha256, claim: Inclusion): Verdict {
  if (!isHash(claim.root)) return wrongLength('root', claim.root)
  const root = rootFromInclusion(sha256, claim)
  if (!root.ok) return root
  if (equalBytes(root.value, claim.root)) return accepted
  return refuse(
    'INCLUSION_MISMATCH',
    `the inclusion proof of leaf ${claim.index} leads to root ${toHex(root.value)}, and the tree of size ${claim.size} has ${toHex(claim.root)}`,
  )
}

/** The root that an inclusion proof leads to. */
export function rootFromInclusion(sha256: Sha256, claim: Omit<Inclusion, 'root'>): Answer<Uint8Array> {
  const { index, size, leaf, proof } = claim
  if (!isSize(size) || !isSize(index) || index >= size) {
    return refuse('SIZE_INVALID', `there is no leaf \`${index}\` in a tree of size \`${size}\``)
  }
  if (!isHash(leaf)) return wrongLength('leaf', leaf)
  if (!allHashes(proof)) return refuse('HASH_LENGTH', 'a hash of the proof is not 32 bytes long')
  let [node, last, hash] = [index, size - 1, leaf]
  for (const sibling of proof) {
    if (last === 0) return refuse('PROOF_LENGTH', `${proof.length} hashes are too many for leaf ${index} of ${size}`)
    if (isOdd(node) || node === last) {
      hash = nodeHash(sha256, sibling, hash)
      ;[node, last] = skipLeftEdge(node, last)
    } else {
      hash = nodeHash(sha256, hash, sibling)
    }
    ;[node, last] = [half(node), half(last)]
  }
  if (last !== 0) return refuse('PROOF_LENGTH', `${proof.length} hashes are too few for leaf ${index} of ${size}`)
  return ok(hash)
}

/** RFC 9162 section 2.1.4.2. A proof from the empty tree says nothing and is refused; so is one between equal sizes with any hash. */
export function verifyConsistency(sha256: Sha256, claim: Consistency): Verdict {
  const { from, to, fromRoot, toRoot, proof } = claim
  if (!isSize(from) || !isSize(to) || from < 1 || from > to) {
    return refuse('SIZE_INVALID', `there is no consistency proof from size \`${from}\` to size \`${to}\``)
  }
  if (!isHash(fromRoot)) return wrongLength('first root', fromRoot)
  if (!isHash(toRoot)) return wrongLength('second root', toRoot)
  if (!allHashes(proof)) return refuse('HASH_LENGTH', 'a hash of the proof is not 32 bytes long')
  if (from === to) return verifyEqualSizes(claim)
  const path = bitCount(from) === 1 ? [fromRoot, ...proof] : proof
  const roots = rootsFromConsistency(sha256, from, to, path)
  if (!roots.ok) return roots
  if (equalBytes(roots.value.from, fromRoot) && equalBytes(roots.value.to, toRoot)) return accepted
  return refuse('CONSISTENCY_MISMATCH', `the tree of size ${to} with root ${toHex(toRoot)} does not extend that of size ${from} with root ${toHex(fromRoot)}`)
}

function verifyEqualSizes({ from, fromRoot, toRoot, proof }: Consistency): Verdict {
  if (proof.length > 0) return refuse('PROOF_LENGTH', `${proof.length} hashes are too many between equal sizes`)
  if (equalBytes(fromRoot, toRoot)) return accepted
  return refuse('CONSISTENCY_MISMATCH', `two trees of size ${from} have the roots ${toHex(fromRoot)} and ${toHex(toRoot)}`)
}

interface Roots {
  readonly from: Uint8Array
  readonly to: Uint8Array
}

function rootsFromConsistency(sha256: Sha256, from: number, to: number, path: readonly Uint8Array[]): Answer<Roots> {
  let [node, last] = [from - 1, to - 1]
  while (isOdd(node)) [node, last] = [half(node), half(last)]
  const [seed, ...siblings] = path
  if (seed === undefined) return refuse('PROOF_LENGTH', `no hashes are too few between the sizes ${from} and ${to}`)
  let [older, newer] = [seed, seed]
  for (const sibling of siblings) {
    if (last === 0) return refuse('PROOF_LENGTH', `there are too many hashes between the sizes ${from} and ${to}`)
    if (isOdd(node) || node === last) {
      older = nodeHash(sha256, sibling, older)
      newer = nodeHash(sha256, sibling, newer)
      ;[node, last] = skipLeftEdge(node, last)
    } else {
      newer = nodeHash(sha256, newer, sibling)
    }
    ;[node, last] = [half(node), half(last)]
  }
  if (last !== 0) return refuse('PROOF_LENGTH', `there are too few hashes between the sizes ${from} and ${to}`)
  return ok({ from: older, to: newer })
}

/** At the right edge a node without a sibling rises unhashed: past the levels where it is a left child. */
function skipLeftEdge(node: number, last: number): [number, number] {
  let [up, upLast] = [node, last]
  while (!isOdd(up) && up !== 0) [up, upLast] = [half(up), half(upLast)]
  return [up, upLast]
}

function wrongLength(what: string, bytes: Uint8Array): Refusal {
  return refuse('HASH_LENGTH', `the ${what} is ${bytes.length} bytes long, not 32`)
}
