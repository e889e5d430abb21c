import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { cacheDirectory, readGovernance } from '../src/index.ts'
import type { Governance } from '../src/index.ts'
import { readCache, writeCache } from '../src/cache.ts'
import type { CompiledGovernance } from '../src/compiled.ts'
import { governanceFiles, optOut, repositories, sha256 } from './support.ts'

const { repository, folder } = repositories()
const withCache = (dir: string, cacheDir: string): Promise<Governance> => readGovernance({ dir, ref: 'main', cacheDir, sha256 })
const body = (governance: Governance): object => ({ ...governance, cache: undefined })
const entriesOf = (dir: string): string[] => readdirSync(dir).map((name) => join(dir, name))
const only = (dir: string): string => entriesOf(dir)[0] ?? ''
/** A file as `writeCache` makes it, with any body. */
const sealed = (text: string): string => `exeat-compiled 2 ${crc32(text).toString(16).padStart(8, '0')}\n${text}`
const asRoot = process.getuid?.() === 0

describe('the compiled cache', () => {
  test('misses once, then gives the same', async () => {
    const [here, cache] = [repository(governanceFiles), join(folder(), 'deep', 'exeat')]
    const cold = await withCache(here.dir, cache)
    const warm = await withCache(here.dir, cache)
    expect([cold.cache, warm.cache]).toEqual(['miss', 'hit'])
    expect(body(warm)).toEqual(body(cold))
    expect(body(warm)).toEqual(body(await readGovernance({ dir: here.dir, ref: 'main', sha256 })))
  })

  test('keeps refused opt-outs, impacts and warnings', async () => {
    const here = repository({ ...governanceFiles, '.exeat/bad.yaml': optOut('bad').replace('waiver', 'x'), '.exeat/odd.txt': '' })
    const digest = (await readGovernance({ dir: here.dir, ref: 'main', sha256 })).optOuts[0]?.digest
    here.commit({ '.exeat/impacts/wrong.json': JSON.stringify({ schemaVersion: 1, kind: 'Impact', optOut: digest, fingerprints: ['1'.repeat(64)] }) })
    const cache = join(folder(), 'c')
    const cold = await withCache(here.dir, cache)
    const warm = await withCache(here.dir, cache)
    expect([warm.cache, warm.refused.length, warm.warnings.length]).toEqual(['hit', 1, 2])
    expect(warm.optOuts[0]?.impact).toEqual(new Set())
    expect(body(warm)).toEqual(body(cold))
  })

  test('is private: a folder for the user alone, and files too', async () => {
    const cache = join(folder(), 'exeat')
    await withCache(repository(governanceFiles).dir, cache)
    expect([lstatSync(cache).mode & 0o777, lstatSync(only(cache)).mode & 0o777]).toEqual([0o700, 0o600])
  })

  test('follows the tree, not the commit', async () => {
    const [here, cache] = [repository(governanceFiles), join(folder(), 'c')]
    await withCache(here.dir, cache)
    here.commit({ 'other.txt': 'x' })
    const other = await withCache(here.dir, cache)
    expect(other).toMatchObject({ cache: 'hit', source: { commit: here.git('rev-parse', 'HEAD') } })
    here.commit({ '.exeat/opt-outs/new.yaml': optOut('new') })
    const changed = await withCache(here.dir, cache)
    expect([changed.cache, changed.optOuts.length]).toEqual(['miss', 2])
  })

  test('still asks whether the branch is the protected one', async () => {
    const [here, cache] = [repository(governanceFiles), join(folder(), 'c')]
    await withCache(here.dir, cache)
    here.git('branch', 'loose')
    await expect(readGovernance({ dir: here.dir, ref: 'loose', cacheDir: cache, sha256 })).rejects.toThrow(/`loose`.*`main`/)
  })

  test('is not asked and not written for the work tree', async () => {
    const [here, cache] = [repository(governanceFiles), join(folder(), 'c')]
    const options = { dir: here.dir, worktree: true, cacheDir: cache, sha256 } as const
    await readGovernance(options)
    expect(() => readdirSync(cache)).toThrow()
  })

  test('does not keep a refusal', async () => {
    const [here, cache] = [repository({ ...governanceFiles, '.exeat/broken.yaml': 'a: [' }), join(folder(), 'c')]
    await expect(withCache(here.dir, cache)).rejects.toThrow()
    expect(readdirSync(cache)).toEqual([])
  })
})

describe('an entry that cannot be trusted is read as none, and written anew', () => {
  const cases: readonly (readonly [string, (file: string) => void])[] = [
    ['a flipped byte', (file) => { writeFileSync(file, readFileSync(file, 'utf8').replace('log4j', 'log5j')) }],
    ['half of it', (file) => { writeFileSync(file, readFileSync(file).subarray(0, 300)) }],
    ['nothing', (file) => { writeFileSync(file, '') }],
    ['no line', (file) => { writeFileSync(file, 'x'.repeat(500)) }],
    ['the header alone', (file) => { writeFileSync(file, readFileSync(file, 'utf8').split('\n')[0] ?? '') }],
    ['another format', (file) => { writeFileSync(file, readFileSync(file, 'utf8').replace('exeat-compiled 2', 'exeat-compiled 1')) }],
    ['sealed, of another tree', (file) => { writeFileSync(file, sealed(readFileSync(file, 'utf8').split('\n')[1]?.replace(/"tree":"[0-9a-f]+"/, `"tree":"${'0'.repeat(40)}"`) ?? '')) }],
    ['sealed, of another version', (file) => { writeFileSync(file, sealed(readFileSync(file, 'utf8').split('\n')[1]?.replace(/"version":"[^"]+"/, '"version":"9.9.9"') ?? '')) }],
    ['sealed, and not JSON', (file) => { writeFileSync(file, sealed('{')) }],
    ['sealed, and JSON of something else', (file) => { writeFileSync(file, sealed('null')) }],
    ['readable by others', (file) => { chmodSync(file, 0o644) }],
    ['writable by the group', (file) => { chmodSync(file, 0o660) }],
    ['a symbolic link to a good one', (file) => { renameSync(file, `${file}.moved`); symlinkSync(`${file}.moved`, file) }],
    ['a folder', (file) => { renameSync(file, `${file}.moved`); mkdirSync(file) }],
    ['a pipe', (file) => { renameSync(file, `${file}.moved`); execFileSync('mkfifo', ['-m', '600', file]) }],
    ...(asRoot ? [['of another user', (file: string) => { chownSync(file, 12_345, 12_345) }] as const] : []),
  ]
  test.each(cases)('%s', async (name, spoil) => {
    const [here, cache] = [repository(governanceFiles), join(folder(), 'c')]
    const cold = await withCache(here.dir, cache)
    const file = only(cache)
    spoil(file)
    const again = await withCache(here.dir, cache)
    expect(again.cache).toBe('miss')
    expect(body(again)).toEqual(body(cold))
    if (name !== 'a folder') expect((await withCache(here.dir, cache)).cache).toBe('hit')
  })
})

describe('a folder that others could write to is not used, and the run says so', () => {
  const refused = async (dir: string): Promise<Governance> => {
    const governance = await withCache(repository(governanceFiles).dir, dir)
    expect(governance.cache).toBe('off')
    expect(governance.warnings.map(({ code }) => code)).toEqual(['CACHE_REFUSED'])
    return governance
  }

  test.each([0o770, 0o707, 0o755, 0o777])('mode %o', async (mode) => {
    const dir = join(folder(), 'c')
    mkdirSync(dir)
    chmodSync(dir, mode)
    await refused(dir)
    expect(readdirSync(dir)).toEqual([])
  })

  test('a symbolic link, a file, a folder that cannot be made', async () => {
    const base = folder()
    mkdirSync(join(base, 'real'), { mode: 0o700 })
    symlinkSync(join(base, 'real'), join(base, 'link'))
    writeFileSync(join(base, 'file'), '')
    await refused(join(base, 'link'))
    await refused(join(base, 'file'))
    await refused(join(base, 'file', 'below'))
    expect(readdirSync(join(base, 'real'))).toEqual([])
  })

  test.skipIf(!asRoot)('of another user', async () => {
    const dir = join(folder(), 'c')
    mkdirSync(dir, { mode: 0o700 })
    chownSync(dir, 12_345, 12_345)
    await refused(dir)
  })
})

describe('its size', () => {
  const compiled = {} as CompiledGovernance
  const key = (index: number): { tree: string } => ({ tree: index.toString(16).padStart(40, '0') })

  test('is bounded: the oldest entries go, abandoned halves too, files of others stay', () => {
    const dir = folder()
    for (let index = 0; index < 64; index += 1) {
      writeCache(dir, key(index), compiled)
      for (const file of entriesOf(dir).filter((path) => path.includes(key(index).tree))) utimesSync(file, index + 1, index + 1)
    }
    writeFileSync(join(dir, '.old.tmp'), 'x')
    utimesSync(join(dir, '.old.tmp'), 1, 1)
    writeFileSync(join(dir, '.young.tmp'), 'x')
    writeFileSync(join(dir, 'notes.txt'), 'x')
    expect(readdirSync(dir)).toHaveLength(67)
    writeCache(dir, key(64), compiled)
    expect(readdirSync(dir).filter((name) => name.endsWith('.compiled'))).toHaveLength(64)
    expect(readCache(dir, key(0))).toBeUndefined()
    expect(readCache(dir, key(1))).toEqual({})
    expect(readCache(dir, key(64))).toEqual({})
    expect(readdirSync(dir).filter((name) => !name.endsWith('.compiled')).toSorted()).toEqual(['.young.tmp', 'notes.txt'])
  })

  test('knows versions apart', () => {
    const dir = folder()
    writeCache(dir, { tree: 'a', version: '1.0.0' }, compiled)
    expect(readCache(dir, { tree: 'a', version: '1.0.1' })).toBeUndefined()
    expect(readCache(dir, { tree: 'a', version: '1.0.0' })).toEqual({})
  })
})

test('the folder is the platform\'s, and none in CI unless it is named', () => {
  const home = { HOME: '/home/a' }
  expect(cacheDirectory(home, 'linux')).toBe('/home/a/.cache/exeat')
  expect(cacheDirectory({ ...home, XDG_CACHE_HOME: '/x' }, 'linux')).toBe('/x/exeat')
  expect(cacheDirectory({ ...home, XDG_CACHE_HOME: 'relative' }, 'linux')).toBe('/home/a/.cache/exeat')
  expect(cacheDirectory(home, 'darwin')).toBe('/home/a/Library/Caches/exeat')
  expect(cacheDirectory({ ...home, CI: 'true' }, 'linux')).toBeUndefined()
  expect(cacheDirectory({ ...home, CI: 'false' }, 'linux')).toBe('/home/a/.cache/exeat')
  expect(cacheDirectory({ ...home, CI: 'true', EXEAT_CACHE_DIR: '/named' }, 'linux')).toBe('/named')
  expect(cacheDirectory({ EXEAT_CACHE_DIR: '.exeat-cache' }, 'linux')).toBeUndefined()
  expect(cacheDirectory({}, 'linux')).toBeUndefined()
})

describe('a warm run', () => {
  /** Answers the files a run loaded and the gits it started, from a fresh process. */
  const traced = (dir: string, cache: string): { readonly loaded: readonly string[]; readonly gits: number; readonly outcome: string } => {
    const script = fileURLToPath(new URL('fixtures/warm.mjs', import.meta.url))
    const output = execFileSync(process.execPath, [script, dir, cache], { encoding: 'utf8', env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null' } })
    return JSON.parse(output) as ReturnType<typeof traced>
  }

  test('starts git twice and loads neither YAML, nor schemas, nor the slow path', () => {
    const [here, cache] = [repository(governanceFiles), join(folder(), 'c')]
    const heavy = /node_modules\/(?:[.]store\/)?(?:zod|yaml|canonicalize|re2js|@marcbachmann)|formats\/src|compile\.ts$|objects\.ts$/
    const cold = traced(here.dir, cache)
    expect(cold.outcome).toBe('miss')
    expect(cold.loaded.filter((url) => heavy.test(url)).length).toBeGreaterThan(50)
    const warm = traced(here.dir, cache)
    expect(warm).toMatchObject({ outcome: 'hit', gits: 2 })
    expect(warm.loaded.filter((url) => heavy.test(url))).toEqual([])
  })
})
