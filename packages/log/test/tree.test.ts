import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  appendLeaves, consistencyPlan, decodeRange, emptyRange, emptyRoot, encodeRange, inclusionPlan, nodeHash, proofOf, rangeRoot, rootFromInclusion,
  rootOfLeaves, verifyConsistency, verifyInclusion,
} from '../src/index.ts'
import type { CompactRange, TreeNode } from '../src/index.ts'
import { plant, rootIn, subtree } from './forest.ts'
import { definedPath, definedRoot, definedSubproof, flip, leafOf, no, sha256, yes } from './support.ts'

const largest = 200_000
const forest = plant(largest)
const leaves = forest[0] ?? []
const read = (node: TreeNode): Uint8Array => subtree(forest, node.level, node.index)
const around = (size: number): readonly number[] => [-2, -1, 0, 1, 2].map((by) => size + by)
const boundaries = [256, 512, 65_280, 65_536, 65_792, 131_072, 196_608].flatMap(around)
const size = fc.oneof(fc.integer({ min: 1, max: 600 }), fc.integer({ min: 1, max: largest }), fc.constantFrom(...boundaries))

describe('compact range', () => {
  test('leaf by leaf, the root at every size up to 2,000, at every boundary and at the end is the defined one', () => {
    const checked = new Set([...Array.from({ length: 2001 }, (_, i) => i), ...boundaries, largest])
    let range: CompactRange = emptyRange
    const completed = []
    for (const [i, leaf] of leaves.entries()) {
      if (checked.has(i)) expect(rangeRoot(sha256, range)).toEqual(rootIn(forest, 0, i))
      const appended = appendLeaves(sha256, range, [leaf])
      completed.push(...appended.completed)
      range = appended.range
    }
    expect(range.size).toBe(largest)
    expect(rangeRoot(sha256, range)).toEqual(rootIn(forest, 0, largest))
    expect(completed.filter(({ level }) => level === 1)).toHaveLength(Math.floor(largest / 256))
    expect(completed.filter(({ level }) => level === 2)).toHaveLength(Math.floor(largest / 65_536))
    expect(completed.every(({ level, index, hash }) => Buffer.compare(hash, subtree(forest, 8 * level, index)) === 0)).toBe(true)
  })

  test('any cut into batches gives the same range and the same tile hashes', () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 700 }), { minLength: 1, maxLength: 8 }), (cuts) => {
      const total = cuts.reduce((sum, cut) => sum + cut, 0)
      let range: CompactRange = emptyRange
      const completed = []
      for (const cut of cuts) {
        const appended = appendLeaves(sha256, range, leaves.slice(range.size, range.size + cut))
        completed.push(...appended.completed)
        range = appended.range
      }
      expect({ range, completed }).toEqual(appendLeaves(sha256, emptyRange, leaves.slice(0, total)))
    }), { numRuns: 40 })
  })

  test('appending changes neither the range nor the leaves it was given', () => {
    const { range } = appendLeaves(sha256, emptyRange, leaves.slice(0, 7))
    const before = encodeRange(range)
    appendLeaves(sha256, range, leaves.slice(7, 20))
    expect(encodeRange(range)).toEqual(before)
    expect(range.hashes).toHaveLength(3)
  })

  test('the root of no leaves is SHA-256 of nothing', () => {
    expect(rootOfLeaves(sha256, [])).toEqual(emptyRoot(sha256))
  })

  test('a stored range reads back, and only with its own number of hashes', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 3000 }), fc.integer({ min: -40, max: 40 }), (size, by) => {
      const { range } = appendLeaves(sha256, emptyRange, leaves.slice(0, size))
      const bytes = encodeRange(range)
      expect(yes(decodeRange(size, bytes))).toEqual(range)
      const other = new Uint8Array(Math.max(0, bytes.length + by))
      if (other.length !== bytes.length) expect(no(decodeRange(size, other))).toBe('RANGE_INVALID')
    }), { numRuns: 50 })
    for (const size of [-1, 0.5, Number.NaN, Infinity, 2 ** 53]) expect(no(decodeRange(size, new Uint8Array(32)))).toBe('SIZE_INVALID')
  })
})

describe('proofs against their definition', () => {
  test('every leaf of every tree up to 40 leaves, and every pair of sizes', () => {
    for (let size = 1; size <= 40; size++) {
      const some = leaves.slice(0, size)
      for (let index = 0; index < size; index++) expect(yes(proofOf(sha256, yes(inclusionPlan(index, size)), read))).toEqual(definedPath(index, some))
      for (let from = 1; from <= size; from++) expect(yes(proofOf(sha256, yes(consistencyPlan(from, size)), read))).toEqual(definedSubproof(from, some))
    }
  })

  test('inclusion up to 200,000 leaves verifies', () => {
    fc.assert(fc.property(size, fc.nat(), (size, at) => {
      const index = at % size
      const proof = yes(proofOf(sha256, yes(inclusionPlan(index, size)), read))
      expect(verifyInclusion(sha256, { index, size, leaf: leafOf(index), proof, root: rootIn(forest, 0, size) })).toEqual({ ok: true })
    }), { numRuns: 400 })
  })

  test('consistency up to 200,000 leaves verifies', () => {
    fc.assert(fc.property(size, size, (a, b) => {
      const [from, to] = [Math.min(a, b), Math.max(a, b)]
      const proof = yes(proofOf(sha256, yes(consistencyPlan(from, to)), read))
      const claim = { from, to, fromRoot: rootIn(forest, 0, from), toRoot: rootIn(forest, 0, to), proof }
      expect(verifyConsistency(sha256, claim)).toEqual({ ok: true })
    }), { numRuns: 400 })
  })

  test('a node that the reader lacks is named', () => {
    expect(no(proofOf(sha256, yes(inclusionPlan(3, 9)), () => undefined))).toBe('RESOURCE_MISSING')
  })
})

/** What a proof can be turned into; every one must be refused. */
const damage = fc.record({ kind: fc.constantFrom('flip', 'drop', 'add', 'double', 'swap', 'shorten', 'lengthen'), at: fc.nat(), bit: fc.integer({ min: 0, max: 7 }) })

function damaged(proof: readonly Uint8Array[], { kind, at, bit }: { kind: string; at: number; bit: number }): readonly Uint8Array[] | undefined {
  const i = proof.length === 0 ? 0 : at % proof.length
  const own = proof[i] ?? new Uint8Array(32)
  if (kind === 'add') return proof.toSpliced(at % (proof.length + 1), 0, new Uint8Array(32))
  if (proof.length === 0) return undefined
  if (kind === 'flip') return proof.with(i, flip(own, at % 32, 1 << bit))
  if (kind === 'drop') return proof.toSpliced(i, 1)
  if (kind === 'double') return proof.toSpliced(i, 0, own)
  if (kind === 'shorten') return proof.with(i, own.subarray(1))
  if (kind === 'lengthen') return proof.with(i, new Uint8Array([...own, 0]))
  const other = proof[(i + 1) % proof.length] ?? own
  return proof.length < 2 ? undefined : proof.with(i, other).with((i + 1) % proof.length, own)
}

describe('a damaged proof never verifies', () => {
  test('inclusion: hashes, their number and order, leaf, root, index', () => {
    fc.assert(fc.property(size, fc.nat(), damage, (size, at, how) => {
      const index = at % size
      const proof = yes(proofOf(sha256, yes(inclusionPlan(index, size)), read))
      const claim = { index, size, leaf: leafOf(index), proof, root: rootIn(forest, 0, size) }
      const wrong = damaged(proof, how)
      if (wrong !== undefined) no(verifyInclusion(sha256, { ...claim, proof: wrong }))
      expect(no(verifyInclusion(sha256, { ...claim, leaf: flip(claim.leaf, how.at % 32) }))).toBe('INCLUSION_MISMATCH')
      expect(no(verifyInclusion(sha256, { ...claim, root: flip(claim.root, how.at % 32) }))).toBe('INCLUSION_MISMATCH')
      const other = how.at % size
      if (other !== index) no(verifyInclusion(sha256, { ...claim, index: other }))
    }), { numRuns: 400 })
  })

  test('consistency: hashes, their number and order, both roots', () => {
    fc.assert(fc.property(size, size, damage, (a, b, how) => {
      const [from, to] = [Math.min(a, b), Math.max(a, b)]
      const proof = yes(proofOf(sha256, yes(consistencyPlan(from, to)), read))
      const claim = { from, to, fromRoot: rootIn(forest, 0, from), toRoot: rootIn(forest, 0, to), proof }
      const wrong = damaged(proof, how)
      if (wrong !== undefined) no(verifyConsistency(sha256, { ...claim, proof: wrong }))
      expect(no(verifyConsistency(sha256, { ...claim, fromRoot: flip(claim.fromRoot, how.at % 32) }))).toBe('CONSISTENCY_MISMATCH')
      expect(no(verifyConsistency(sha256, { ...claim, toRoot: flip(claim.toRoot, how.at % 32) }))).toBe('CONSISTENCY_MISMATCH')
    }), { numRuns: 400 })
  })

  test('a rewritten tree has no consistency proof from the old one', () => {
    const rewritten = plant(1000, (i) => leafOf(i === 17 ? 5000 : i))
    const proof = yes(proofOf(sha256, yes(consistencyPlan(300, 1000)), (node) => subtree(rewritten, node.level, node.index)))
    const claim = { from: 300, to: 1000, fromRoot: rootIn(forest, 0, 300), toRoot: rootIn(rewritten, 0, 1000), proof }
    expect(no(verifyConsistency(sha256, claim))).toBe('CONSISTENCY_MISMATCH')
  })
})

describe('bounds and lengths', () => {
  const root = definedRoot(leaves.slice(0, 8))
  const wrongSizes = [-1, 0, 0.5, Number.NaN, Infinity, 2 ** 53, '8' as unknown as number]

  test.each(wrongSizes)('a size of %j is refused', (size) => {
    expect(no(verifyInclusion(sha256, { index: 0, size, leaf: leafOf(0), proof: [], root }))).toBe('SIZE_INVALID')
    expect(no(verifyConsistency(sha256, { from: size, to: 8, fromRoot: root, toRoot: root, proof: [] }))).toBe('SIZE_INVALID')
    expect(no(inclusionPlan(0, size))).toBe('SIZE_INVALID')
    expect(no(consistencyPlan(size, 8))).toBe('SIZE_INVALID')
  })

  test('an index at or past the size, and a shrinking log, are refused', () => {
    for (const index of [8, 9, -1, 1.5]) expect(no(rootFromInclusion(sha256, { index, size: 8, leaf: leafOf(0), proof: [] }))).toBe('SIZE_INVALID')
    expect(no(verifyConsistency(sha256, { from: 9, to: 8, fromRoot: root, toRoot: root, proof: [] }))).toBe('SIZE_INVALID')
    expect(no(consistencyPlan(9, 8))).toBe('SIZE_INVALID')
  })

  test('hashes of another length are refused before anything is hashed', () => {
    const short = new Uint8Array(31)
    const claim = { index: 0, size: 2, leaf: leafOf(0), proof: [leafOf(1)], root }
    for (const wrong of [{ leaf: short }, { root: short }, { proof: [short] }, { leaf: new Uint8Array(64) }]) {
      expect(no(verifyInclusion(sha256, { ...claim, ...wrong }))).toBe('HASH_LENGTH')
    }
    for (const wrong of [{ fromRoot: short }, { toRoot: short }, { proof: [short] }]) {
      expect(no(verifyConsistency(sha256, { from: 1, to: 2, fromRoot: root, toRoot: root, proof: [], ...wrong }))).toBe('HASH_LENGTH')
    }
  })
})

describe('sizes up to 2^53 - 1', () => {
  /** A tree of equal leaves has one root for each level, so its size costs nothing. */
  const uniform = [leafOf(0)]
  for (let level = 1; level <= 53; level++) uniform.push(nodeHash(sha256, uniform[level - 1] ?? leafOf(0), uniform[level - 1] ?? leafOf(0)))
  const readUniform = (node: TreeNode): Uint8Array => uniform[node.level] ?? new Uint8Array(0)

  function uniformRoot(size: number): Uint8Array {
    const level = Math.floor(Math.log2(size))
    const perfect = [level + 1, level, level - 1].find((each) => 2 ** each <= size) ?? 0
    const rest = size - 2 ** perfect
    return rest === 0 ? readUniform({ level: perfect, index: 0 }) : nodeHash(sha256, readUniform({ level: perfect, index: 0 }), uniformRoot(rest))
  }

  const huge = fc.oneof(fc.maxSafeNat(), fc.constantFrom(2 ** 53 - 1, 2 ** 52, 2 ** 52 + 1, 2 ** 52 - 1, 2 ** 32, 2 ** 32 + 1, 2 ** 31, 2 ** 31 - 1))
    .filter((size) => size > 0)

  test('proofs of both kinds verify there', () => {
    fc.assert(fc.property(huge, huge, (a, b) => {
      const [from, to] = [Math.min(a, b), Math.max(a, b)]
      const index = from === to ? to - 1 : from
      const inclusion = yes(proofOf(sha256, yes(inclusionPlan(index, to)), readUniform))
      expect(verifyInclusion(sha256, { index, size: to, leaf: leafOf(0), proof: inclusion, root: uniformRoot(to) })).toEqual({ ok: true })
      const consistency = yes(proofOf(sha256, yes(consistencyPlan(from, to)), readUniform))
      expect(verifyConsistency(sha256, { from, to, fromRoot: uniformRoot(from), toRoot: uniformRoot(to), proof: consistency })).toEqual({ ok: true })
    }), { numRuns: 300 })
  })
})
