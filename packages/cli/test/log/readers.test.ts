/** `exeat log key`, `show`, `prove` and `check`: what they print is proven, or they print nothing. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseReceipt, encodeReceipt } from '@exeat/log'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { exeat, type Ran } from './command.ts'
import { checkpointOf, entryOf, filesHandler, filesOf, must, removeFolder, serve, temporaryFolder, testKey, testLog, type TestServer, vkey } from './support.ts'

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

const log = (command: string, ...more: readonly string[]): Promise<Ran> => exeat({ cwd }, 'log', command, ...more)
const read = (command: string, ...more: readonly string[]): Promise<Ran> => log(command, '--log', server.url, '--key', key, ...more)

describe('key', () => {
  test('is the one that signed, alone on standard output', async () => {
    expect(await log('key', '--log', server.url)).toMatchObject({ exit: 0, stdout: `${key}\n`, stderr: expect.stringContaining('compare it with what its operator told you') })
  })

  test('of several, those that signed', async () => {
    files.set('vkey', Buffer.from(`${vkey(testKey(2))}\n${key}\n`))
    expect(await log('key', '--log', server.url)).toMatchObject({ exit: 0, stdout: `${key}\n` })
  })

  test.for<readonly [string, () => string]>([['another', () => `${vkey(testKey(2))}\n`], ['rubbish', () => 'rubbish'], ['nothing', () => ''], ['one whose id is wrong', () => key.replace(/\+.{8}\+/, '+00000000+')]])('%s published', async ([, text]) => {
    files.set('vkey', Buffer.from(text()))
    expect(await log('key', '--log', server.url)).toMatchObject({ exit: 3, stdout: '', stderr: expect.stringContaining('LOG_NO_KEY') })
  })

  test('not published, not reachable', async () => {
    files.delete('vkey')
    expect(await log('key', '--log', server.url)).toMatchObject({ exit: 3, stderr: expect.stringContaining('LOG_NO_KEY') })
    expect(await log('key', '--log', 'http://127.0.0.1:1')).toMatchObject({ exit: 1, stderr: expect.stringContaining('LOG_UNREACHABLE') })
  })

  test('of the logs verified here', async () => {
    expect(await log('key')).toMatchObject({ exit: 64, stderr: expect.stringContaining('no log was verified here yet') })
    await read('verify')
    expect(await log('key')).toMatchObject({ exit: 0, stdout: `${key}\n` })
  })
})

describe('show', () => {
  test('the newest, or from an index, across bundles', async () => {
    expect((await read('show', '--limit', '2')).stdout).toMatch(/index +time +type +opt-out +actor +body\n +698 .*\n +699 .*optout\.activated\.v1.*\n\nentries 698 to 699 of 700/)
    const ran = JSON.parse((await read('show', '--from', '250', '--limit', '300', '--format', 'json')).stdout) as { entries: { index: number; leaf: { id: string } }[] }
    expect(ran.entries.map(({ index, leaf }) => [index, leaf.id])).toEqual(Array.from({ length: 300 }, (_, i) => [250 + i, `e-${250 + i}`]))
    expect((await read('show', '--from', '699', '--limit', '50')).stdout).toContain('entries 699 to 699 of 700')
    expect((await read('show', '--from', '700')).stdout).toContain('no entry from 700 on of 700')
  })

  test('leaves that are no JSON, or hostile', async () => {
    const hostile = ['\u001b[31mred', '{"type":"\\u001b[2J\\u202e","time":{"x":1},"__proto__":{"uid":"x"},"uid":"u\\n::error::"}', '[1]', 'null', '{"type":', '\u0000']
    files = filesOf({ ...testLog(0), entries: hostile.map((text) => Buffer.from(text)) })
    const { exit, stdout } = await read('show')
    expect(exit).toBe(0)
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/)
    const json = JSON.parse((await read('show', '--format', 'json')).stdout) as { entries: { bytes?: string }[] }
    expect(json.entries.map(({ bytes }) => bytes === undefined)).toEqual([false, true, false, false, false, false])
  })

  test('nothing of a log that does not prove it', async () => {
    files.set('tile/entries/000', files.get('tile/entries/001') ?? Buffer.alloc(0))
    expect(await read('show', '--from', '0')).toMatchObject({ exit: 2, stdout: '', stderr: expect.stringContaining('ENTRY_MISMATCH') })
    expect(await exeat({ cwd }, 'log', 'show', '--log', server.url, '--key', vkey(testKey(2)))).toMatchObject({ exit: 2, stdout: '' })
  })

  test.for([['--from', 'x'], ['--from', '-1'], ['--limit', '1.5'], ['--from', '99999999999999999']] as const)('%s %s is wrong usage', async (more) => {
    expect(await read('show', ...more)).toMatchObject({ exit: 64 })
  })
})

describe('prove and check', () => {
  const check = (file: string, ...more: readonly string[]): Promise<Ran> => log('check', file, '--key', key, ...more)

  beforeEach(async () => {
    await read('prove', '300', '-o', 'receipt')
    await server.close()
  })

  test('offline, with the entry that came along or the one given', async () => {
    expect(await check('receipt')).toMatchObject({ exit: 0, stdout: expect.stringContaining('PROVEN  entry 300 stands among the 700 of log.example/test') })
    writeFileSync(join(cwd, 'leaf'), entryOf(300))
    expect(await check('receipt', '--leaf', 'leaf')).toMatchObject({ exit: 0 })
    expect(JSON.parse((await check('receipt', '--format', 'json')).stdout)).toMatchObject({ kind: 'ReceiptCheck', index: 300, size: 700, leaf: { id: 'e-300' } })
  })

  test('not for another entry, index, key, checkpoint or witness', async () => {
    writeFileSync(join(cwd, 'leaf'), entryOf(301))
    expect(await check('receipt', '--leaf', 'leaf')).toMatchObject({ exit: 2, stderr: expect.stringContaining('INCLUSION_MISMATCH') })
    const receipt = must(parseReceipt(readFileSync(join(cwd, 'receipt'))))
    const changed = async (more: Partial<typeof receipt>): Promise<Ran> => {
      writeFileSync(join(cwd, 'changed'), must(encodeReceipt({ ...receipt, ...more })))
      return check('changed')
    }
    expect(await changed({ index: 301 })).toMatchObject({ exit: 2 })
    expect(await changed({ extra: entryOf(301) })).toMatchObject({ exit: 2 })
    expect(await changed({ proof: receipt.proof.slice(1) })).toMatchObject({ exit: 2 })
    expect(await changed({ checkpoint: checkpointOf(testLog(700, { salt: 'other' })) })).toMatchObject({ exit: 2 })
    expect(await changed({ checkpoint: checkpointOf(testLog(700, { seed: 2 })) })).toMatchObject({ exit: 2 })
    expect(await log('check', 'receipt', '--key', vkey(testKey(2)))).toMatchObject({ exit: 2 })
    expect(await check('receipt', '--witness', vkey(testKey(3, 'w', 'cosignature/v1')))).toMatchObject({ exit: 2, stderr: expect.stringContaining('WITNESS_QUORUM') })
  })

  test('not where it is no receipt, or brings no entry', async () => {
    const { index, proof, checkpoint } = must(parseReceipt(readFileSync(join(cwd, 'receipt'))))
    writeFileSync(join(cwd, 'bare'), must(encodeReceipt({ index, proof, checkpoint })))
    expect(await check('bare')).toMatchObject({ exit: 3, stderr: expect.stringContaining('--leaf FILE') })
    writeFileSync(join(cwd, 'rubbish'), 'rubbish')
    expect(await check('rubbish')).toMatchObject({ exit: 3, stderr: expect.stringContaining('RECEIPT_MALFORMED') })
    writeFileSync(join(cwd, 'huge'), Buffer.alloc(3_000_000))
    expect(await check('huge')).toMatchObject({ exit: 3 })
    expect(await check('missing')).toMatchObject({ exit: 3, stderr: expect.stringContaining('INPUT_UNREADABLE') })
  })
})

test('prove: an index outside, a log that lies, nothing half-written', async () => {
  expect(await read('prove', '700')).toMatchObject({ exit: 3, stderr: expect.stringContaining('`700` lies outside the tree of size 700') })
  files.set('tile/0/000', files.get('tile/0/001') ?? Buffer.alloc(0))
  expect(await read('prove', '3', '-o', 'out')).toMatchObject({ exit: 2, stderr: expect.stringContaining('TILE_MISMATCH') })
  expect(() => readFileSync(join(cwd, 'out'))).toThrow('ENOENT')
})
