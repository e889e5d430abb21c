import { describe, expect, test } from 'vitest'
import { differences, encodeBundle, fsck, leafHash } from '../src/index.ts'
import type { LogFinding, TileReader } from '../src/index.ts'
import { bundleOf, filesOf, plant, readerOf, rootIn } from './forest.ts'
import { flip, leafOf, sha256, utf8, yes } from './support.ts'

const forest = plant(66_000)
const headOf = (size: number) => ({ size, root: rootIn(forest, 0, size) })

/** Three levels of tiles, for what must be seen on its way up; two, for the rest. */
const large = 65_536 + 300
const small = 5 * 256 + 44
const honest = filesOf(forest, small)
const honestLarge = filesOf(forest, large)

const brief = ({ code, path, entry }: LogFinding): readonly unknown[] => [code, path, entry]
type Change = readonly [string, Uint8Array | undefined]
const changedFiles = (files: ReadonlyMap<string, Uint8Array>, changes: readonly Change[]): TileReader => {
  const all = new Map<string, Uint8Array | undefined>([...files, ...changes])
  return { readTile: (path) => all.get(path) }
}
const changed = (...changes: readonly Change[]): TileReader => changedFiles(honest, changes)
const check = async (reader: TileReader, head = headOf(small)) => (await fsck(sha256, reader, head)).findings.map((finding) => brief(finding))
const checkLarge = async (...changes: readonly Change[]) => check(changedFiles(honestLarge, changes), headOf(large))
const fileIn = (files: ReadonlyMap<string, Uint8Array>, path: string): Uint8Array => {
  const bytes = files.get(path)
  if (bytes === undefined) throw new Error(`the honest log has no ${path}`)
  return bytes
}
const file = (path: string): Uint8Array => fileIn(honest, path)
const largeFile = (path: string): Uint8Array => fileIn(honestLarge, path)

describe('fsck', () => {
  test.each([0, 1, 255, 256, 257, 511, 512, 513, 65_280, 65_535, 65_536, 65_537, 65_793, large])('an honest log of %i entries has no differences', async (size) => {
    expect(await fsck(sha256, readerOf(filesOf(forest, size)), headOf(size))).toEqual({ ok: true, size, findings: [], total: 0 })
  })

  test('an asynchronous reader, and full tiles in the place of partial ones', async () => {
    expect((await fsck(sha256, { readTile: async (path) => Promise.resolve(honestLarge.get(path)) }, headOf(300))).ok).toBe(true)
  })

  test('an edited entry shows in its leaf, in every hash above it, and in the root', async () => {
    const entries = Array.from({ length: 256 }, (_, i) => utf8(i === 3 ? 'entry 771!' : `entry ${768 + i}`))
    expect(await checkLarge(['tile/entries/003', yes(encodeBundle(entries))])).toEqual([
      ['ENTRY_MISMATCH', 'tile/entries/003', 771],
      ['TILE_MISMATCH', 'tile/1/000', 768],
      ['TILE_MISMATCH', 'tile/2/000.p/1', 0],
      ['ROOT_MISMATCH', undefined, undefined],
    ])
  })

  test('an entry edited together with every tile above it shows in the root alone', async () => {
    const forged = plant(small, (i) => (i === 771 ? leafHash(sha256, utf8('entry 771!')) : leafOf(i)))
    const entries = Array.from({ length: 256 }, (_, i) => utf8(i === 3 ? 'entry 771!' : `entry ${768 + i}`))
    const files = new Map([...filesOf(forged, small), ['tile/entries/003', yes(encodeBundle(entries))] as const])
    expect(await check(readerOf(files))).toEqual([['ROOT_MISMATCH', undefined, undefined]])
  })

  test('an edited tile shows where it is, whatever its level, and the root is right', async () => {
    for (const [path, at, code, where, entry] of [
      ['tile/0/003', 32 * 5, 'ENTRY_MISMATCH', 'tile/entries/003', 773],
      ['tile/1/000', 32 * 5, 'TILE_MISMATCH', 'tile/1/000', 1280],
      ['tile/1/001.p/1', 31, 'TILE_MISMATCH', 'tile/1/001.p/1', 65_536],
      ['tile/2/000.p/1', 0, 'TILE_MISMATCH', 'tile/2/000.p/1', 0],
      ['tile/0/257.p/44', 0, 'ENTRY_MISMATCH', 'tile/entries/257.p/44', 65_792],
    ] as const) expect(await checkLarge([path, flip(largeFile(path), at)])).toEqual([[code, where, entry]])
  })

  test('all differences are reported, in the order of the entries', async () => {
    const reader = changed(['tile/0/004', flip(file('tile/0/004'), 0)], ['tile/0/002', flip(flip(file('tile/0/002'), 0), 8191)])
    expect(await check(reader)).toEqual([
      ['ENTRY_MISMATCH', 'tile/entries/002', 512],
      ['ENTRY_MISMATCH', 'tile/entries/002', 767],
      ['ENTRY_MISMATCH', 'tile/entries/004', 1024],
    ])
  })

  test('a missing, cut or unreadable bundle: its tile stands in, and the rest is checked', async () => {
    expect(await check(changed(['tile/entries/003', undefined]))).toEqual([['RESOURCE_MISSING', 'tile/entries/003', 768]])
    expect(await check(changed(['tile/entries/003', file('tile/entries/003').subarray(1)]))).toEqual([['BUNDLE_MALFORMED', 'tile/entries/003', 768]])
    const failing: TileReader = { readTile: (path) => { if (path === 'tile/entries/003') throw new Error('bad sector'); return honest.get(path) } }
    expect(await check(failing)).toEqual([['RESOURCE_UNREADABLE', 'tile/entries/003', 768]])
    expect(await check(changed(['tile/entries/005.p/44', undefined]))).toEqual([['RESOURCE_MISSING', 'tile/entries/005.p/44', 1280]])
  })

  test('a missing tile is recomputed', async () => {
    for (const [path, entry] of [['tile/0/003', 768], ['tile/1/000.p/5', 0], ['tile/0/005.p/44', 1280]] as const) {
      expect(await check(changed([path, undefined]))).toEqual([['RESOURCE_MISSING', path, entry]])
      expect(await check(changed([path, new Uint8Array(33)]))).toEqual([['TILE_LENGTH', path, entry]])
    }
  })

  test('a bundle missing with its tile: the tile above stands in; with that gone too, the root is unknown', async () => {
    const two = [['tile/entries/003', undefined], ['tile/0/003', undefined]] as const
    expect(await check(changed(...two))).toEqual([['RESOURCE_MISSING', 'tile/entries/003', 768], ['RESOURCE_MISSING', 'tile/0/003', 768]])
    const codes = (await check(changed(...two, ['tile/1/000.p/5', undefined]))).map(([code]) => code)
    expect(codes).toEqual(['RESOURCE_MISSING', 'RESOURCE_MISSING', 'RESOURCE_MISSING', 'ROOT_UNKNOWN'])
  })

  test('entries deleted, added, or in another order', async () => {
    expect((await check(readerOf(filesOf(forest, small - 1)))).at(-1)?.[0]).toBe('ROOT_UNKNOWN')
    expect((await check(readerOf(honest), { ...headOf(small), root: headOf(small - 1).root })).map(([code]) => code)).toEqual(['ROOT_MISMATCH'])
    const swapped = await check(changed(['tile/entries/003', bundleOf(4, 256)], ['tile/entries/004', bundleOf(3, 256)]))
    expect(swapped.filter(([code]) => code === 'ENTRY_MISMATCH')).toHaveLength(512)
    expect(swapped.at(-1)?.[0]).toBe('ROOT_MISMATCH')
  })

  test('findings are kept up to a number and all counted; the first is named', async () => {
    const report = await fsck(sha256, changed(['tile/entries/003', bundleOf(4, 256)]), headOf(small), 5)
    expect(report).toMatchObject({ ok: false, size: small, total: 258, first: { code: 'ENTRY_MISMATCH', entry: 768 } })
    expect(report.findings).toHaveLength(5)
    expect((await fsck(sha256, changed(['tile/entries/003', undefined]), headOf(small), 0)).first?.code).toBe('RESOURCE_MISSING')
  })

  test('a consumer may stop at the first difference, and nothing further is read', async () => {
    const read: string[] = []
    const reader: TileReader = { readTile: (path) => { read.push(path); return path === 'tile/entries/001' ? undefined : honest.get(path) } }
    for await (const finding of differences(sha256, reader, headOf(small))) {
      expect(finding.code).toBe('RESOURCE_MISSING')
      break
    }
    expect(read).toEqual(['tile/entries/000', 'tile/0/000', 'tile/entries/001'])
  })

  test.each([[{ size: -1, root: leafOf(0) }, 'SIZE_INVALID'], [{ size: 2 ** 53, root: leafOf(0) }, 'SIZE_INVALID'], [{ size: 1, root: new Uint8Array(1) }, 'HASH_LENGTH']])(
    'a head out of bounds: %j', async (head, code) => {
      expect((await check(readerOf(honest), head)).map(([each]) => each)).toEqual([code])
    })

  test('the empty log has the empty root', async () => {
    expect(await check(readerOf(new Map()), { size: 0, root: leafOf(0) })).toEqual([['ROOT_MISMATCH', undefined, undefined]])
  })
})
