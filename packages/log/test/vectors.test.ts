/** The published vectors: RFC 6962 proofs of transparency-dev/merkle and the whole test log of transparency-dev/tessera. */
import { describe, expect, test } from 'vitest'
import {
  appendLeaves, changedTiles, decodeBundle, emptyRange, encodeBundle, encodeTile, formatCheckpoint, fsck, leafHash, openCheckpoint, parseSignerKey,
  rangeRoot, rootOfLeaves, signNote, tilePath, verifyConsistency, verifyInclusion,
} from '../src/index.ts'
import type { Trust } from '../src/index.ts'
import { base64, definedRoot, flip, hex, listVectors, no, publicKeyOf, readVector, sha256, sign, text, verify, vkey, yes } from './support.ts'

interface InclusionCase {
  readonly leafIdx: number
  readonly treeSize: number
  readonly root: string
  readonly leafHash: string
  readonly proof: readonly string[] | null
  readonly wantErr: boolean
}

interface ConsistencyCase {
  readonly size1: number
  readonly size2: number
  readonly root1: string
  readonly root2: string
  readonly proof: readonly string[] | null
  readonly wantErr: boolean
}

const load = <T>(folder: string, file: string): T => JSON.parse(text(readVector(`${folder}/${file}`))) as T

/** The published verdict is an acceptance; its roots are 12 bytes long and no SHA-256 hash, so the stricter length check refuses it. */
const refusedByLength = 'additional/sizes-are-equal-one-and-proof-is-empty.json'

describe('transparency-dev/merkle', () => {
  const inclusion = 'merkle/testdata/inclusion'
  const consistency = 'merkle/testdata/consistency'

  test.each(listVectors(inclusion, 98))('inclusion %s', (file) => {
    const { leafIdx, treeSize, root, leafHash, proof, wantErr } = load<InclusionCase>(inclusion, file)
    const claim = { index: leafIdx, size: treeSize, leaf: base64(leafHash), root: base64(root), proof: (proof ?? []).map((hash) => base64(hash)) }
    expect(verifyInclusion(sha256, claim).ok).toBe(!wantErr)
  })

  test.each(listVectors(consistency, 98))('consistency %s', (file) => {
    const { size1, size2, root1, root2, proof, wantErr } = load<ConsistencyCase>(consistency, file)
    const claim = { from: size1, to: size2, fromRoot: base64(root1), toRoot: base64(root2), proof: (proof ?? []).map((hash) => base64(hash)) }
    const verdict = verifyConsistency(sha256, claim)
    if (file === refusedByLength) expect(no(verdict)).toBe('HASH_LENGTH')
    else expect(verdict.ok).toBe(!wantErr)
  })

  test('both verdicts occur among the vectors', () => {
    const verdicts = (folder: string) => listVectors(folder, 98).map((file) => load<{ wantErr: boolean }>(folder, file).wantErr)
    for (const folder of [inclusion, consistency]) expect(new Set(verdicts(folder))).toEqual(new Set([true, false]))
  })
})

describe('RFC 6962 reference tree', () => {
  const entries = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'].map((each) => hex(each))
  const roots = new Map([
    [0, 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    [1, '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d'],
    [7, 'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c'],
    [8, '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328'],
  ])

  test.each([...roots])('root of %i leaves', (size, root) => {
    const leaves = entries.slice(0, size).map((entry) => leafHash(sha256, entry))
    expect(rootOfLeaves(sha256, leaves)).toEqual(hex(root))
    expect(definedRoot(leaves)).toEqual(hex(root))
  })
})

describe('transparency-dev/tessera test log', () => {
  const log = 'tessera/testdata/log'
  const files = listVectors(log, 47)
  const signerLine = 'PRIVATE+KEY+example.com/log/testdata+33d7b496+AeymY/SZAX0jZcJ8enZ5FY1Dz+wTML2yWSkK+9DSF3eg'
  const origin = 'example.com/log/testdata'
  const trust: Trust = {
    origin,
    log: [vkey(`${origin}+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx`)],
    witnesses: { atLeast: 0, keys: [] },
  }
  const entries = yes(decodeBundle(readVector(`${log}/tile/entries/000.p/15`), 15))
  const sizes = Array.from({ length: 16 }, (_, size) => size)

  test.each(sizes)('size %i: the same root, tiles, bundle and signed checkpoint', (size) => {
    const some = entries.slice(0, size)
    const leaves = some.map((entry) => leafHash(sha256, entry))
    const root = rangeRoot(sha256, appendLeaves(sha256, emptyRange, leaves).range)
    const files = [...changedTiles(Math.max(0, size - 1), size)]
    expect(files.map((tile) => tilePath(tile))).toEqual(size === 0 ? [] : [`tile/entries/000.p/${size}`, `tile/0/000.p/${size}`])
    for (const tile of files) {
      const bytes = tile.level === 'entries' ? yes(encodeBundle(some)) : encodeTile(leaves)
      expect(bytes).toEqual(readVector(`${log}/${tilePath(tile)}`))
    }
    const key = yes(parseSignerKey(sha256, publicKeyOf, signerLine))
    const note = yes(signNote(yes(formatCheckpoint({ origin, size, root, extensions: [] })), [key], sign, 0))
    expect(text(note)).toBe(text(readVector(`${log}/checkpoint.${size}`)))
  })

  test.each(files.filter((file) => file.startsWith('checkpoint')))('%s verifies, and no changed byte does', (file) => {
    const bytes = readVector(`${log}/${file}`)
    const { checkpoint } = yes(openCheckpoint(bytes, trust, verify))
    expect(checkpoint.origin).toBe(origin)
    for (let at = 0; at < bytes.length; at++) expect(openCheckpoint(flip(bytes, at), trust, verify).ok).toBe(false)
  })

  test.each(sizes)('fsck finds nothing at size %i', async (size) => {
    const { checkpoint } = yes(openCheckpoint(readVector(`${log}/checkpoint.${size}`), trust, verify))
    const known = new Set(files)
    const report = await fsck(sha256, { readTile: (path) => (known.has(path) ? readVector(`${log}/${path}`) : undefined) }, checkpoint)
    expect(report).toEqual({ ok: true, size, findings: [], total: 0 })
  })
})
