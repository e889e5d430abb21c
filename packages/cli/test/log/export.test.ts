import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
/** `exeat log export`: a folder that is a whole log at every moment, whatever interrupts it, and that holds nothing unproven. */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fsck, openCheckpoint } from '@exeat/log'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { sha256, verifySignature } from '../../src/log/crypto.ts'
import { folderLog } from '../../src/log/source.ts'
import { exeat, type Ran } from './command.ts'
import { checkpointOf, filesHandler, filesOf, must, origin, removeFolder, serve, temporaryFolder, testKey, testLog, type TestServer, vkey, writeFiles } from './support.ts'

const key = vkey()
let cwd = ''
let files: Map<string, Uint8Array> = new Map()
let server: TestServer
let refuse: (path: string) => boolean = () => false

beforeEach(async () => {
  cwd = temporaryFolder()
  files = filesOf(testLog(700))
  refuse = () => false
  server = await serve((request, response, path) => {
    if (refuse(path)) response.writeHead(500).end()
    else filesHandler(() => files)(request, response, path)
  })
})
afterEach(async () => {
  await server.close()
  removeFolder(cwd)
})

const run = (...more: readonly string[]): Promise<Ran> => exeat({ cwd }, 'log', 'export', 'mirror', '--log', server.url, '--key', key, ...more)
const mirrored = (): readonly string[] => readdirSync(join(cwd, 'mirror'), { recursive: true, withFileTypes: true }).filter((each) => each.isFile())
  .map((each) => join(each.parentPath, each.name).slice(join(cwd, 'mirror').length + 1)).sort()

/** What a reader who comes now finds: a whole log of so many entries. */
async function wholeLog(): Promise<number> {
  const reader = folderLog(join(cwd, 'mirror'))
  const { checkpoint } = must(openCheckpoint(readFileSync(join(cwd, 'mirror/checkpoint')), { origin, log: [testKey()], witnesses: { atLeast: 0, keys: [] } }, verifySignature))
  expect(await fsck(sha256, reader, checkpoint)).toMatchObject({ ok: true })
  return checkpoint.size
}

describe('an export', () => {
  test('is the log, file by file', async () => {
    expect(await run()).toMatchObject({ exit: 0, stdout: expect.stringContaining('serves 700 entries') })
    expect(mirrored()).toEqual([...files.keys()].sort())
    for (const [path, bytes] of files) expect(readFileSync(join(cwd, 'mirror', path)).equals(Buffer.from(bytes))).toBe(true)
  })

  test('grows with the log, asks only for what is new, and drops what the full tile stands in for', async () => {
    for (const size of [0, 1, 255, 256, 257, 700, 1024, 70_000]) {
      files = filesOf(testLog(size))
      expect(await run()).toMatchObject({ exit: 0 })
      expect(await wholeLog()).toBe(size)
    }
    expect(mirrored()).not.toContain('tile/0/000.p/255')
    server.asked.splice(0)
    expect(await run()).toMatchObject({ exit: 0, stdout: expect.stringContaining('nothing new: mirror serves 70000 entries') })
    expect(server.asked.filter((path) => path.startsWith('tile/entries/'))).toEqual([])
  })

  test('can be exported from', async () => {
    await run()
    expect(await exeat({ cwd }, 'log', 'export', 'second', '--log', 'mirror', '--key', key)).toMatchObject({ exit: 0 })
    expect(await exeat({ cwd }, 'log', 'verify', '--log', 'second', '--key', key)).toMatchObject({ exit: 0 })
  })

  test('takes what it needs from full tiles where the log has dropped the partial ones', async () => {
    const later = filesOf(testLog(1024))
    const partial = [...files.keys()].filter((path) => path.includes('.p/') && !path.startsWith('tile/1'))
    for (const path of partial) files.delete(path)
    files = new Map([...later, ...files])
    expect(await run()).toMatchObject({ exit: 0 })
    expect(await wholeLog()).toBe(700)
    for (const path of partial) expect(readFileSync(join(cwd, 'mirror', path)).length).toBeGreaterThan(0)
  })
})

describe('an export that is interrupted', () => {
  test('at any file serves what it did before, and is taken up', async () => {
    await run()
    const before = new Set(mirrored())
    cpSync(join(cwd, 'mirror'), join(cwd, 'as-it-was'), { recursive: true })
    files = filesOf(testLog(1600))
    const paths = [...files.keys()].filter((path) => path.startsWith('tile/') && !before.has(path))
    expect(paths.length).toBeGreaterThan(10)
    for (const path of [...paths, 'checkpoint']) {
      rmSync(join(cwd, 'mirror'), { recursive: true })
      cpSync(join(cwd, 'as-it-was'), join(cwd, 'mirror'), { recursive: true })
      refuse = (asked) => asked === path
      expect(await run()).toMatchObject({ exit: 1 })
      expect(await wholeLog()).toBe(700)
      refuse = () => false
      expect(await run()).toMatchObject({ exit: 0 })
      expect(await wholeLog()).toBe(1600)
    }
  })

  test('and leaves files cut short by a power cut: they are fetched again', async () => {
    await run()
    const log = testLog(1600)
    files = filesOf(log)
    const lost = [...files].filter(([path]) => path.startsWith('tile/') && !mirrored().includes(path))
    expect(lost.length).toBeGreaterThan(5)
    for (const [path, bytes] of lost) {
      mkdirSync(dirname(join(cwd, 'mirror', path)), { recursive: true })
      writeFileSync(join(cwd, 'mirror', path), bytes.subarray(0, 100))
    }
    expect(await run()).toMatchObject({ exit: 0 })
    expect(await wholeLog()).toBe(1600)
    expect(await exeat({ cwd }, 'log', 'verify', '--full', '--log', 'mirror', '--key', key)).toMatchObject({ exit: 0 })
  })
})

describe('nothing unproven is served', () => {
  test.for(['tile/entries/003', 'tile/0/003', 'tile/entries/004.p/76'])('%s changed where it comes from', async (path) => {
    await run()
    files = filesOf(testLog(1100))
    const bytes = Uint8Array.from(files.get(path) ?? [])
    bytes[50] = (bytes[50] ?? 0) ^ 1
    files.set(path, bytes)
    expect(await run()).toMatchObject({ exit: 2 })
    expect(await wholeLog()).toBe(700)
    files = filesOf(testLog(1100))
    expect(await run()).toMatchObject({ exit: 0 })
    expect(await wholeLog()).toBe(1100)
  })

  test.for([[300, '', 'LOG_TRUNCATED'], [900, 'other', 'LOG_REWRITTEN'], [700, 'other', 'LOG_SPLIT_VIEW']] as const)('a log of %d entries %s: %s', async ([size, salt, code]) => {
    await run()
    files = filesOf(testLog(size, { salt }))
    expect(await run()).toMatchObject({ exit: 2, stderr: expect.stringContaining(code) })
    expect(await wholeLog()).toBe(700)
  })

  test('a missing tile, a log that is not there', async () => {
    files.delete('tile/entries/001')
    expect(await run()).toMatchObject({ exit: 2, stderr: expect.stringContaining('RESOURCE_MISSING') })
    expect(mirrored()).not.toContain('checkpoint')
    files.delete('checkpoint')
    expect(await run()).toMatchObject({ exit: 1 })
  })
})

describe('another folder', () => {
  test('with something else in it, with another log, with a damaged export', async () => {
    writeFiles(join(cwd, 'mirror'), new Map([['thesis.doc', Buffer.from('x')]]))
    expect(await run()).toMatchObject({ exit: 3, stderr: expect.stringContaining('holds `thesis.doc`') })
    rmSync(join(cwd, 'mirror/thesis.doc'))
    writeFiles(join(cwd, 'mirror'), new Map([['checkpoint', checkpointOf(testLog(3, { seed: 8 }))]]))
    expect(await run()).toMatchObject({ exit: 3, stderr: expect.stringContaining('EXPORT_TARGET') })
    rmSync(join(cwd, 'mirror'), { recursive: true })
    writeFileSync(join(cwd, 'mirror'), 'a file')
    expect(await run()).toMatchObject({ exit: 3, stderr: expect.stringContaining('EXPORT_TARGET') })
  })

  test('that another run writes into at the same time', async () => {
    await run()
    files = filesOf(testLog(900))
    let done = false
    refuse = (path) => {
      if (path === 'tile/entries/003.p/132' && !done) {
        done = true
        writeFiles(join(cwd, 'mirror'), new Map([['checkpoint', checkpointOf(testLog(800))]]))
      }
      return false
    }
    expect(await run()).toMatchObject({ exit: 3, stderr: expect.stringContaining('replaced by another run') })
  })
})

describe('an export that watches', () => {
  test('adds what is new, outlives a log that is away, and ends at SIGTERM; at a log that was cut back it ends by itself', async () => {
    const watch = (): ChildProcess => spawn(process.execPath, [fileURLToPath(new URL('../../src/main.ts', import.meta.url)), 'log', 'export', 'mirror', '--log', server.url, '--key', key, '--watch', '--interval', '1'], { cwd, stdio: 'ignore' })
    const reaches = async (size: number): Promise<void> => { await expect.poll(() => wholeLog().catch(() => 0), { timeout: 20_000 }).toBe(size) }
    const child = watch()
    const ended = once(child, 'exit')
    await reaches(700)
    refuse = () => true
    files = filesOf(testLog(900))
    const asked = server.asked.length
    await expect.poll(() => server.asked.length, { timeout: 20_000 }).toBeGreaterThan(asked)
    refuse = () => false
    await reaches(900)
    child.kill('SIGTERM')
    expect((await ended)[0]).toBe(0)
    files = filesOf(testLog(300))
    expect((await once(watch(), 'exit'))[0]).toBe(2)
    expect(await wholeLog()).toBe(900)
  }, 60_000)

  test.for(['0', '-1', 'soon', '86401'])('wants an interval, and `%s` is none', async (interval) => {
    expect(await run('--interval', interval)).toMatchObject({ exit: 64 })
  })
})
