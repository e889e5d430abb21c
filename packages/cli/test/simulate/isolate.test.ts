/** The child of a simulation reaches nothing. Each attempt is made without isolation too, so that it is known to be one that works. */
import { spawnSync } from 'node:child_process'
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Ended, type IsolatedRun, runIsolated } from '../../src/simulate/isolate.ts'

const namespaces = spawnSync('unshare', ['--user', '--map-current-user', '--net', 'true']).status === 0
if (!namespaces) process.stderr.write('skipped: this machine lets nobody make user namespaces\n')

const child = (script: string, more: Partial<IsolatedRun> = {}): Promise<Ended> =>
  runIsolated({ stdin: '', handles: [], memory: 64, seconds: 60, isolation: true, program: ['-e', script], ...more })
const said = (ended: Ended): string => (ended.kind === 'answered' ? ended.stdout : JSON.stringify(ended))

describe.skipIf(!namespaces)('a child of a simulation', () => {
  let listener: Server
  let port = 0
  let folder = ''
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'exeat-isolate-'))
    writeFileSync(join(folder, 'file'), 'content')
    listener = createServer((socket) => { socket.destroy() })
    await new Promise<void>((ready) => { listener.listen(0, '127.0.0.1', ready) })
    const address = listener.address()
    port = typeof address === 'object' && address !== null ? address.port : 0
  })
  afterAll(() => {
    listener.close()
    rmSync(folder, { recursive: true, force: true })
  })

  test('connects to nothing, not even to this machine', async () => {
    const connect = `const s = require('net').connect(${port}, '127.0.0.1'); s.on('connect', () => { console.log('connected'); s.destroy() }); s.on('error', (e) => console.log(e.code))`
    expect(said(await child(connect, { isolation: false }))).toBe('connected\n')
    expect(said(await child(connect))).toMatch(/^E(?:NETUNREACH|CONNREFUSED|HOSTUNREACH)\n$/)
  })

  test('has no environment and no interface', async () => {
    const script = 'console.log(JSON.stringify([process.env, require("os").networkInterfaces()]))'
    process.env['EXEAT_TEST_SECRET'] = 'secret'
    expect(said(await child(script))).toBe('[{},{}]\n')
    delete process.env['EXEAT_TEST_SECRET']
  })

  test('reads the files it was handed, opens no other, and writes none', async () => {
    const path = join(folder, 'file')
    const handle = openSync(path, 'r')
    try {
      expect(said(await child('console.log(require("fs").readFileSync(3, "utf8"))', { handles: [handle] }))).toBe('content\n')
      expect(said(await child(`try { require("fs").readFileSync(${JSON.stringify(path)}) } catch (e) { console.log(e.code) }`))).toBe('ERR_ACCESS_DENIED\n')
      expect(said(await child(`try { require("fs").writeFileSync(${JSON.stringify(`${path}2`)}, "x") } catch (e) { console.log(e.code) }`))).toBe('ERR_ACCESS_DENIED\n')
      expect(existsSync(`${path}2`)).toBe(false)
    } finally {
      closeSync(handle)
    }
  })

  test('cannot write even to a file that it was handed', async () => {
    const path = join(folder, 'written')
    const handle = openSync(path, 'w')
    try {
      const script = 'try { require("fs").writeSync(3, "x") } catch (e) { console.log(e.code) }; process.on("SIGXFSZ", () => {})'
      expect(said(await child(`process.on("SIGXFSZ", () => {}); ${script}`, { handles: [handle] }))).toBe('EFBIG\n')
    } finally {
      closeSync(handle)
    }
  })

  test('starts no program', async () => {
    expect(said(await child('try { require("child_process").execFileSync("/bin/true") } catch (e) { console.log(e.code) }'))).toBe('ERR_ACCESS_DENIED\n')
  })

  test('is ended when it takes too much memory, on the heap or beside it', async () => {
    expect(await child('const all = []; for (;;) all.push(new Array(1e5).fill({}).map(() => ({ a: 1 })))')).toEqual({ kind: 'too-large' })
    expect(await child('const all = []; for (;;) all.push(Buffer.alloc(16 * 1024 * 1024, 1))')).toEqual({ kind: 'too-large' })
  }, 60_000)

  test('is ended when it takes too long', async () => {
    expect(await child('for (;;);', { seconds: 1 })).toEqual({ kind: 'too-long' })
  })

  test('that crashes is no answer', async () => {
    expect(await child('process.exit(7)')).toMatchObject({ kind: 'failed' })
  })
})
