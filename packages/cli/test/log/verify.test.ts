/** Every way in which a log can go wrong behind a good key, found out by `exeat log verify` with the checkpoint that it kept. */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { encodeBundle } from '@exeat/log'
import { foundLog, openLog } from '@exeat/server'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { sqlite } from '../../../server/test/sqlite-kind.ts'
import { append, cutBack, must, operation, testOptions } from '../../../testkit/src/log-store-kit.ts'
import { exeat, type Ran } from './command.ts'
import {
  checkpointOf, entryOf, filesHandler, filesOf, origin, removeFolder, serve, temporaryFolder, testKey, testLog, type TestServer, vkey, writeFiles,
} from './support.ts'

const key = vkey()
let cwd = ''
let files: Map<string, Uint8Array> = new Map()
let server: TestServer

beforeEach(async () => {
  cwd = temporaryFolder()
  files = filesOf(testLog(700))
  server = await serve(filesHandler(() => files))
})
afterEach(async () => {
  await server.close()
  removeFolder(cwd)
})

const savedFile = (): string => join(cwd, 'state/exeat/checkpoints/log.example%2Ftest.checkpoint')
const verify = (...more: readonly string[]): Promise<Ran> => exeat({ cwd }, 'log', 'verify', '--log', server.url, '--key', key, ...more)

/** Verifies the honest log first, so that a checkpoint is kept; then what is served is another thing. */
async function afterHonestRun(served: Map<string, Uint8Array>, ...more: readonly string[]): Promise<{ readonly codes: readonly string[]; readonly exit: number; readonly json: Record<string, unknown> }> {
  expect(await verify()).toMatchObject({ exit: 0 })
  const kept = readFileSync(savedFile())
  files = served
  const ran = await verify('--format', 'json', ...more)
  expect(readFileSync(savedFile()).equals(kept)).toBe(true)
  const json = JSON.parse(ran.stdout) as Record<string, unknown>
  return { exit: ran.exit, codes: ((json['findings'] ?? json['problems']) as { code: string }[]).map(({ code }) => code), json }
}

describe('a log that changed behind a good key', () => {
  test('the newest entries deleted', async () => {
    expect(await afterHonestRun(filesOf(testLog(699)))).toMatchObject({ exit: 2, codes: ['LOG_TRUNCATED'] })
  })

  test('everything deleted', async () => {
    expect(await afterHonestRun(filesOf(testLog(0)))).toMatchObject({ exit: 2, codes: ['LOG_TRUNCATED'] })
  })

  test('an old entry edited where it is stored', async () => {
    const served = new Map(files)
    const entries = Array.from({ length: 256 }, (_, i) => entryOf(256 + i, i === 44 ? 'forged' : ''))
    served.set('tile/entries/001', must(encodeBundle(entries)))
    const found = await afterHonestRun(served)
    expect(found).toMatchObject({ exit: 2, codes: ['ENTRY_MISMATCH', 'TILE_MISMATCH', 'ROOT_MISMATCH'] })
    expect(found.json['findings']).toMatchObject([{ entry: 300, path: 'tile/entries/001' }, {}, {}])
  })

  test('an old entry edited, and every tile above it', async () => {
    const served = filesOf(testLog(700, { changed: new Map([[300, 'forged']]) }))
    served.set('checkpoint', checkpointOf(testLog(700)))
    expect(await afterHonestRun(served)).toMatchObject({ exit: 2, codes: ['ROOT_MISMATCH'] })
  })

  test('an old entry edited, every tile above it, and the head signed anew at another size', async () => {
    expect(await afterHonestRun(filesOf(testLog(900, { changed: new Map([[300, 'forged']]) })))).toMatchObject({ exit: 2, codes: ['LOG_REWRITTEN'] })
  })

  test.for([[701, 'LOG_REWRITTEN'], [5000, 'LOG_REWRITTEN'], [700, 'LOG_SPLIT_VIEW'], [3, 'LOG_TRUNCATED']] as const)('the whole log replaced by one of %d entries: %s', async ([size, code]) => {
    expect(await afterHonestRun(filesOf(testLog(size, { salt: 'other' })))).toMatchObject({ exit: 2, codes: [code] })
  })

  test('the whole log replaced under another key', async () => {
    expect(await afterHonestRun(filesOf(testLog(800, { seed: 9 })))).toMatchObject({ exit: 2, codes: ['NOTE_UNSIGNED'] })
  })

  test('two heads: one for us, one for somebody else', async () => {
    writeFileSync(join(cwd, 'theirs.checkpoint'), checkpointOf(testLog(600, { salt: 'other' })))
    const found = await afterHonestRun(filesOf(testLog(800)), '--since', 'theirs.checkpoint')
    expect(found).toMatchObject({ exit: 2, codes: ['LOG_SPLIT_VIEW'] })
    expect(found.json).toMatchObject({ extends: [{ from: 'saved', size: 700 }], kept: { updated: false } })
    expect(readFileSync(String(found.json['evidence']))).toEqual(Buffer.from(checkpointOf(testLog(800))))
  })

  test('two heads served in turn', async () => {
    const [one, other] = [filesOf(testLog(900)), filesOf(testLog(950, { salt: 'other' }))]
    expect(await verify()).toMatchObject({ exit: 0 })
    files = one
    expect(await verify()).toMatchObject({ exit: 0 })
    files = other
    expect((await verify()).stdout).toContain('LOG_REWRITTEN')
    files = one
    expect(await verify()).toMatchObject({ exit: 0 })
  })

  test.for(['checkpoint', 'tile/entries/001', 'tile/entries/002.p/188', 'tile/0/001', 'tile/0/002.p/188', 'tile/1/000.p/2'])('%s missing', async (path) => {
    const served = new Map(files)
    served.delete(path)
    const found = await afterHonestRun(served)
    expect(found.exit).toBe(path === 'checkpoint' ? 1 : 2)
    expect(found.codes).toContain(path === 'checkpoint' ? 'LOG_UNREACHABLE' : 'RESOURCE_MISSING')
  })

  test('grown honestly: extended, and kept', async () => {
    expect(await verify()).toMatchObject({ exit: 0 })
    files = filesOf(testLog(1500))
    const ran = await verify()
    expect(ran.stdout).toContain('extends    the 700 entries verified here before')
    expect(readFileSync(savedFile())).toEqual(Buffer.from(checkpointOf(testLog(1500))))
    expect(readdirSync(join(cwd, 'state/exeat/checkpoints')).sort()).toEqual(['log.example%2Ftest.checkpoint', 'log.example%2Ftest.vkey'])
  })
})

describe('the store of a real server, tampered with by its owner', () => {
  async function realLog() {
    const database = await sqlite.create()
    const tables = await database.open()
    expect(await foundLog(tables, testOptions())).toEqual({ ok: true })
    const log = must(await openLog(tables, testOptions()))
    await append(log, ...Array.from({ length: 600 }, (_, i) => `e-${i}`))
    const shown = await serve((_, response, path) => {
      const reading = path === 'checkpoint' ? log.head().then(({ checkpoint }) => checkpoint) : Promise.resolve(log.readTile(path))
      reading.then((bytes) => response.writeHead(bytes === undefined ? 404 : 200).end(bytes), () => response.writeHead(500).end())
    })
    const check = (): Promise<Ran> => exeat({ cwd }, 'log', 'verify', '--log', shown.url, '--key', key)
    const end = async (): Promise<void> => {
      await shown.close()
      await log.close()
      await database.drop()
    }
    return { database, log, check, end }
  }

  test('cut back to an earlier backup', async () => {
    const { database, log, check, end } = await realLog()
    expect(await check()).toMatchObject({ exit: 0 })
    must(await log.append(operation('one more')))
    expect(await check()).toMatchObject({ exit: 0 })
    await cutBack(sqlite, database, log, 600)
    expect((await check()).stdout).toContain('error[LOG_TRUNCATED]: the log has 600 entries, and had 601')
    await end()
  })

  test('an old entry edited in its table', async () => {
    const { database, check, end } = await realLog()
    expect(await check()).toMatchObject({ exit: 0 })
    await database.tamper("UPDATE entry SET entry = CAST('forged' AS BLOB) WHERE idx = 17")
    const ran = await check()
    expect(ran.exit).toBe(2)
    expect(ran.stdout).toContain('error[ENTRY_MISMATCH]: entry 17')
    await end()
  })
})

describe('a hostile or broken server', () => {
  const closing: TestServer[] = []
  afterEach(async () => {
    for (const each of closing.splice(0)) await each.close()
  })

  /** What the command says of a log of which one path is answered otherwise. */
  async function withAnswer(path: string, respond: Parameters<typeof serve>[0]): Promise<Ran> {
    const hostile = await serve((request, response, asked) => {
      if (asked === path) respond(request, response, asked)
      else filesHandler(() => files)(request, response, asked)
    })
    closing.push(hostile)
    return exeat({ cwd }, 'log', 'verify', '--log', hostile.url, '--key', key)
  }

  test.for(['checkpoint', 'tile/0/001'])('an answer without end for %s', async (path) => {
    const ran = await withAnswer(path, (_, response) => {
      const more = (): void => { while (!response.destroyed && response.write(Buffer.alloc(65_536, 0x41))); }
      response.on('drain', more)
      more()
    })
    expect(ran.exit).toBe(1)
    expect(ran.stderr).toContain('more than the')
  })

  test('an answer that announces too much, and one that is cut short', async () => {
    const huge = await withAnswer('tile/0/001', (_, response) => { response.writeHead(200, { 'content-length': 1e12 }).flushHeaders() })
    expect([huge.exit, huge.stderr]).toEqual([1, expect.stringContaining('more than the 8192')])
    const short = await withAnswer('tile/0/001', (_, response) => {
      response.writeHead(200, { 'content-length': 8192 }).write(Buffer.alloc(100))
      response.socket?.end()
    })
    expect([short.exit, short.stderr]).toEqual([1, expect.stringContaining('RESOURCE_UNREADABLE')])
  })

  test.for([['tile/0/001', 'TILE_LENGTH'], ['tile/entries/001', 'BUNDLE_MALFORMED'], ['tile/1/000.p/2', 'TILE_LENGTH']] as const)('%s cut short, or something else altogether: %s', async ([path, code]) => {
    for (const bytes of [files.get(path)?.subarray(0, -1), Buffer.from('<!doctype html>'), Buffer.alloc(0)]) {
      const ran = await withAnswer(path, (_, response) => { response.end(bytes) })
      expect([ran.exit, ran.stdout]).toEqual([2, expect.stringContaining(code)])
    }
  })

  test('a tile of another place in the log', async () => {
    const ran = await withAnswer('tile/0/001', (_, response) => { response.end(files.get('tile/0/000')) })
    expect([ran.exit, ran.stdout]).toEqual([2, expect.stringContaining('ENTRY_MISMATCH')])
  })

  test('a page in place of the checkpoint', async () => {
    const ran = await withAnswer('checkpoint', (_, response) => { response.end('<!doctype html><title>Sign in</title>\n\n') })
    expect([ran.exit, ran.stderr]).toEqual([3, expect.stringContaining('NOTE_MALFORMED')])
  })

  test('the checkpoint of another log, signed by the same key', async () => {
    const other = { ...testLog(700), origin: 'log.example/other' }
    const ran = await withAnswer('checkpoint', (_, response) => { response.end(checkpointOf(other)) })
    expect([ran.exit, ran.stdout]).toEqual([2, expect.stringContaining('CHECKPOINT_ORIGIN')])
  })

  test('a checkpoint whose signature was changed', async () => {
    const text = Buffer.from(files.get('checkpoint') ?? '').toString('utf8').replace(/\n700\n/, '\n701\n')
    const ran = await withAnswer('checkpoint', (_, response) => { response.end(text) })
    expect([ran.exit, ran.stdout]).toEqual([2, expect.stringContaining('NOTE_SIGNATURE')])
  })

  test('a redirect is not followed', async () => {
    const ran = await withAnswer('checkpoint', (_, response) => { response.writeHead(302, { location: `${server.url}/checkpoint` }).end() })
    expect([ran.exit, ran.stderr]).toEqual([1, expect.stringContaining('which is not followed')])
    expect(server.asked).toEqual([])
  })

  test('a server that fails, and one that is not there', async () => {
    const failing = await withAnswer('tile/entries/000', (_, response) => { response.writeHead(500).end() })
    expect([failing.exit, failing.stderr]).toEqual([1, expect.stringContaining('RESOURCE_UNREADABLE')])
    const gone = await exeat({ cwd }, 'log', 'verify', '--log', 'http://127.0.0.1:1/log', '--key', key)
    expect([gone.exit, gone.stderr]).toEqual([1, expect.stringContaining('LOG_UNREACHABLE')])
    expect(() => readFileSync(savedFile())).toThrow('ENOENT')
  })

  test('a server that asks to wait is waited for', async () => {
    let refusals = 2
    const ran = await withAnswer('tile/entries/000', (request, response, path) => {
      if ((refusals -= 1) >= 0) response.writeHead(429, { 'retry-after': '0' }).end()
      else filesHandler(() => files)(request, response, path)
    })
    expect(ran).toMatchObject({ exit: 0 })
  })

  test('one tile unreadable beside one tampered with is tampering', async () => {
    files.set('tile/entries/000', files.get('tile/entries/001') ?? Buffer.alloc(0))
    const ran = await withAnswer('tile/entries/002.p/188', (_, response) => { response.writeHead(500).end() })
    expect([ran.exit, ran.stdout]).toEqual([2, expect.stringContaining('ENTRY_MISMATCH')])
  })
})

describe('a folder', () => {
  const folderVerify = (...more: readonly string[]): Promise<Ran> => exeat({ cwd }, 'log', 'verify', '--log', 'mirror', '--key', key, ...more)

  test('any one byte changed in any file is found out', async () => {
    const log = testLog(400)
    const honest = filesOf(log)
    honest.delete('vkey')
    const paths = [...honest.keys()]
    writeFiles(join(cwd, 'mirror'), honest)
    expect(await folderVerify()).toMatchObject({ exit: 0 })
    await fc.assert(fc.asyncProperty(fc.constantFrom(...paths), fc.nat(), fc.integer({ min: 1, max: 255 }), async (path, at, flip) => {
      const bytes = Buffer.from(honest.get(path) ?? '')
      bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ flip
      writeFiles(join(cwd, 'mirror'), new Map([[path, bytes]]))
      const { exit } = await folderVerify('--full')
      writeFiles(join(cwd, 'mirror'), new Map([[path, honest.get(path) ?? bytes]]))
      expect([2, 3]).toContain(exit)
    }), { numRuns: 60 })
    expect(await folderVerify()).toMatchObject({ exit: 0 })
  })

  test('that is none, and one with a folder in a tile\'s place', async () => {
    expect(await folderVerify()).toMatchObject({ exit: 1, stderr: expect.stringContaining('LOG_UNREACHABLE') })
    files.delete('tile/0/000')
    files.set('tile/0/000/x', Buffer.alloc(1))
    writeFiles(join(cwd, 'mirror'), files)
    expect(await folderVerify()).toMatchObject({ exit: 1, stderr: expect.stringContaining('it is no file') })
  })

  test('quick finds what it looks at, and says what it does not', async () => {
    files.set('tile/entries/000', Buffer.from('rubbish'))
    writeFiles(join(cwd, 'mirror'), files)
    expect((await folderVerify('--quick')).stdout).toContain('--full reads all of them')
    expect(await folderVerify('--full')).toMatchObject({ exit: 2 })
    writeFiles(join(cwd, 'mirror'), new Map([['tile/entries/002.p/188', Buffer.from('rubbish')]]))
    expect(await folderVerify('--quick')).toMatchObject({ exit: 2, stdout: expect.stringContaining('BUNDLE_MALFORMED') })
  })

  test('a full tile stands in for a partial one', async () => {
    const [before, after] = [filesOf(testLog(300)), filesOf(testLog(512))]
    writeFiles(join(cwd, 'mirror'), new Map([...after, ['checkpoint', before.get('checkpoint') ?? Buffer.alloc(0)], ['tile/1/000.p/1', before.get('tile/1/000.p/1') ?? Buffer.alloc(0)]]))
    expect(await folderVerify()).toMatchObject({ exit: 0 })
  })
})

describe('a Unix socket', () => {
  test('serves a log as HTTP does', async () => {
    const socket = await serve(filesHandler(() => files), join(cwd, 'admin.sock'))
    expect(await exeat({ cwd }, 'log', 'verify', '--log', 'unix:admin.sock', '--key', key)).toMatchObject({ exit: 0 })
    await socket.close()
    expect(await exeat({ cwd }, 'log', 'verify', '--log', 'unix:admin.sock', '--key', key)).toMatchObject({ exit: 1 })
  })
})

describe('what is kept', () => {
  test('is for its owner alone', async () => {
    await verify()
    expect(statSync(savedFile()).mode & 0o777).toBe(0o600)
    expect(statSync(join(cwd, 'state/exeat/checkpoints')).mode & 0o777).toBe(0o700)
  })

  test('is one file, whatever the origin is called', async () => {
    for (const name of ['..', '../../x', `a/${'b'.repeat(300)}`, '__proto__']) {
      const log = testLog(3, { name })
      files = filesOf(log)
      expect(await exeat({ cwd }, 'log', 'verify', '--log', server.url, '--key', vkey(log.key))).toMatchObject({ exit: 0 })
      files = filesOf({ ...log, entries: log.entries.slice(1) })
      expect(await exeat({ cwd }, 'log', 'verify', '--log', server.url, '--key', vkey(log.key))).toMatchObject({ exit: 2 })
    }
    expect(readdirSync(join(cwd, 'state/exeat'))).toEqual(['checkpoints'])
  })

  test.for([
    ['damaged', (bytes: Buffer) => bytes.subarray(0, 40)], ['empty', () => Buffer.alloc(0)], ['of another key', () => Buffer.from(checkpointOf(testLog(5, { seed: 4 })))],
    ['of another origin', () => Buffer.from(checkpointOf({ ...testLog(5), origin: 'x' }))],
  ] as const)('%s, is never replaced by itself', async ([, change]) => {
    await verify()
    const damaged = change(readFileSync(savedFile()))
    writeFileSync(savedFile(), damaged)
    expect(await verify()).toMatchObject({ exit: 3, stderr: expect.stringContaining('error[SAVED_CHECKPOINT]') })
    expect(readFileSync(savedFile()).equals(damaged)).toBe(true)
  })

  test('is compared again where another run kept something else meanwhile', async () => {
    let calls = 0
    const racing = await serve((request, response, path) => {
      if (path === 'checkpoint' && (calls += 1) === 1) {
        writeFiles(join(cwd, 'state/exeat/checkpoints'), new Map([['log.example%2Ftest.checkpoint', checkpointOf(testLog(900))]]))
      }
      filesHandler(() => files)(request, response, path)
    })
    const ran = await exeat({ cwd }, 'log', 'verify', '--log', racing.url, '--key', key)
    await racing.close()
    expect([ran.exit, ran.stdout]).toEqual([2, expect.stringContaining('LOG_TRUNCATED')])
    expect(readFileSync(savedFile())).toEqual(Buffer.from(checkpointOf(testLog(900))))
  })

  test('cannot be kept: verified, but not for next time', async () => {
    writeFileSync(join(cwd, 'file'), '')
    expect(await verify('--state', 'file')).toMatchObject({ exit: 1, stderr: expect.stringContaining('STATE_UNUSABLE') })
    const ran = await exeat({ cwd, env: { XDG_STATE_HOME: 'relative' } }, 'log', 'verify', '--log', server.url, '--key', key)
    expect(ran).toMatchObject({ exit: 1, stderr: expect.stringContaining('no home folder') })
    expect(await exeat({ cwd, env: { XDG_STATE_HOME: '', HOME: join(cwd, 'home') } }, 'log', 'verify', '--log', server.url, '--key', key)).toMatchObject({ exit: 0 })
    expect(readdirSync(join(cwd, 'home/.local/state/exeat/checkpoints'))).toHaveLength(2)
  })

  test('while a key is rotated, both are pinned', async () => {
    await verify()
    const rotated = { ...testLog(800), key: testKey(7) }
    files = filesOf(rotated)
    expect(await exeat({ cwd }, 'log', 'verify', '--log', server.url, '--key', vkey(rotated.key))).toMatchObject({ exit: 3 })
    expect(await exeat({ cwd }, 'log', 'verify', '--log', server.url, '--key', vkey(rotated.key), '--key', key)).toMatchObject({ exit: 0 })
  })
})

describe('witnesses', () => {
  const [one, two] = [testKey(21, 'witness.example/one', 'cosignature/v1'), testKey(22, 'witness.example/two', 'cosignature/v1')]
  const asked = ['--witness', vkey(one), '--witness', vkey(two)]

  test('that are asked for and did not sign', async () => {
    files.set('checkpoint', checkpointOf(testLog(700), 700, [one], 1_799_999_000))
    expect(await verify(...asked)).toMatchObject({ exit: 2, stdout: expect.stringContaining('WITNESS_QUORUM') })
    const ran = await verify(...asked, '--quorum', '1')
    expect([ran.exit, ran.stdout]).toEqual([0, expect.stringContaining('1 of 2, 1 asked for; witness.example/one 16 m 40 s ago')])
    files.set('checkpoint', checkpointOf(testLog(700), 700, [one, two], 2 ** 52))
    expect(await verify(...asked, '--format', 'json')).toMatchObject({ exit: 0, stdout: expect.stringContaining('9999-12-31T23:59:59Z') })
  })

  test('that lag behind: the head that they signed counts, and the newest must extend it', async () => {
    files = new Map([...filesOf(testLog(650)), ...files, ['cosigned-checkpoint', checkpointOf(testLog(650), 650, [one, two], 1_799_999_000)]])
    expect(await verify(...asked, '--format', 'json')).toMatchObject({ exit: 0, stdout: expect.stringContaining('"extends":[{"from":"cosigned","size":650}]') })
    expect(readFileSync(savedFile())).toEqual(Buffer.from(checkpointOf(testLog(700))))
    const again = await verify(...asked)
    expect([again.exit, again.stdout]).toEqual([0, expect.stringContaining('extends    the 650 entries that the witnesses signed\n  extends    the 700 entries verified here before')])
    const proven = await exeat({ cwd }, 'log', 'prove', '3', '--log', server.url, '--key', key, ...asked, '-o', 'receipt')
    expect([proven.exit, (await exeat({ cwd }, 'log', 'check', 'receipt', '--key', key, ...asked)).stdout]).toEqual([0, expect.stringContaining('among the 650')])
    files.set('cosigned-checkpoint', checkpointOf(testLog(650), 650, [one, two], 1_800_000_000 - 3601))
    expect(await verify(...asked)).toMatchObject({ exit: 2, stdout: expect.stringContaining('is more than an hour old') })
    expect(await verify(...asked, '--quorum', '0')).toMatchObject({ exit: 0 })
    files.set('cosigned-checkpoint', checkpointOf(testLog(650, { salt: 'other' }), 650, [one, two], 5))
    expect(await verify(...asked)).toMatchObject({ exit: 2, stdout: expect.stringContaining('LOG_SPLIT_VIEW') })
    files.set('cosigned-checkpoint', checkpointOf(testLog(650), 650, [one], 5))
    expect(await verify(...asked)).toMatchObject({ exit: 2, stdout: expect.stringContaining('WITNESS_QUORUM') })
  })

  test('that saw a larger log than is served as the newest', async () => {
    const later = filesOf(testLog(800))
    later.set('checkpoint', checkpointOf(testLog(700)))
    later.set('cosigned-checkpoint', checkpointOf(testLog(800), 800, [one, two], 5))
    files = later
    expect(await verify(...asked)).toMatchObject({ exit: 0, stdout: expect.stringContaining('entries    800') })
  })

  test('whose cosignature is another head\'s', async () => {
    const foreign = Buffer.from(checkpointOf(testLog(699), 699, [one], 5)).toString('utf8').split('\n').find((line) => line.includes('witness.example'))
    files.set('checkpoint', Buffer.concat([checkpointOf(testLog(700)), Buffer.from(`${foreign}\n`)]))
    expect(await verify(...asked)).toMatchObject({ exit: 2, stdout: expect.stringContaining('NOTE_SIGNATURE') })
  })
})

describe('wrong usage', () => {
  test.for([
    [['--key', 'nonsense']], [['--full', '--quick']], [['--witness', key]], [['--quorum', '1']], [['--quorum', '-1']], [['--quorum', 'x']], [['--key', key]],
    [['--key', vkey(testKey(2, 'log.example/other'))]], [['--key', vkey(testKey(2, origin, 'cosignature/v1'))]], [['--format', 'xml']], [['extra']],
  ] as const)('%j', async ([more]) => {
    expect(await verify(...more)).toMatchObject({ exit: 64, stderr: expect.stringContaining('error[USAGE]') })
  })

  test.for(['ftp://x/log', 'https://user:secret@x/log', 'https://x/log?x=1', 'https://'])('--log %s', async (place) => {
    expect(await exeat({ cwd }, 'log', 'verify', '--log', place, '--key', key)).toMatchObject({ exit: 64 })
  })

  test.for([['missing', 'cannot be read'], ['rubbish', 'no checkpoint of this log']] as const)('--since %s', async ([name, said]) => {
    writeFileSync(join(cwd, 'rubbish'), checkpointOf(testLog(5, { seed: 3 })))
    expect(await verify('--since', name)).toMatchObject({ exit: 3, stderr: expect.stringContaining(said) })
  })
})

test('progress shows on a terminal alone', async () => {
  const place = { cwd, env: { NO_COLOR: '1' } }
  expect((await exeat(place, 'log', 'verify', '--log', server.url, '--key', key)).stderr).toBe('')
  const watched = await exeat({ ...place, tty: true }, 'log', 'verify', '--log', server.url, '--key', key)
  expect(watched.stderr).toContain('100 %  700 of 700 entries')
  expect(watched.stderr.endsWith('\r\u001b[K')).toBe(true)
})
