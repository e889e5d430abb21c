/** `exeat witness` as a process: made once, run, stopped; and what it refuses to start with. */
import type { ChildProcess } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { addCosignature, cosign, fetchTransport } from '@exeat/client/log'
import { formatSignerKey, parseVerifierKey } from '@exeat/log'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { sha256, verifySignature } from '../../src/log/crypto.ts'
import { exeat, type Ran } from './command.ts'
import { type Running, startExeat } from './process.ts'
import { checkpointOf, filesHandler, filesOf, must, removeFolder, serve, temporaryFolder, testKey, testLog, vkey } from './support.ts'

let cwd = ''
const children: ChildProcess[] = []
beforeEach(() => { cwd = temporaryFolder() })
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  removeFolder(cwd)
})

const run = (...args: readonly string[]): Promise<Ran> => exeat({ cwd }, 'witness', '--key', 'w.key', '--state', 'w.state', ...args)
const init = (): Promise<Ran> => run('--init', '--name', 'witness.example/w')

async function start(): Promise<Running> {
  const running = await startExeat(cwd, ['witness', '--key', 'w.key', '--state', 'w.state', '--log', vkey(), '--listen', '127.0.0.1:0'], /listens on (http:\S+)\n/)
  children.push(running.child)
  return running
}

describe('a witness', () => {
  test('made, run, asked, killed, run again; its word counts in `log verify`', async () => {
    const made = await init()
    expect(made.exit).toBe(0)
    const key = must(parseVerifierKey(sha256, made.stdout.trim()))
    expect(key).toMatchObject({ name: 'witness.example/w', type: 'cosignature/v1' })
    expect(statSync(join(cwd, 'w.key')).mode & 0o777).toBe(0o600)

    const ask = (url: string, size: number, from: number) => cosign({ url, key }, {
      checkpoint: checkpointOf(testLog(size)), from, prove: async () => { throw new Error('not asked for') },
    }, { transport: fetchTransport, verify: verifySignature, timeout: 60_000 })
    const first = await start()
    const cosigned = must(await ask(first.told, 700, 0))
    first.child.kill('SIGKILL')
    await first.ended

    const second = await start()
    expect(must(await ask(second.told, 700, 0)).size).toBe(700)
    expect(await ask(second.told, 650, 650)).toMatchObject({ ok: false, problem: { code: 'WITNESS_AHEAD' } })
    second.child.kill('SIGTERM')
    expect(await second.ended).toBe(0)
    expect(second.said()).toMatch(/witness witness\.example\/w of log\.example\/test listens on .*\n\S+Z 409 log\.example\/test 700\n\S+Z 200 log\.example\/test\n\S+Z 409 /)

    const files = filesOf(testLog(700))
    const server = await serve(filesHandler(() => files))
    const verify = (): Promise<Ran> => exeat({ cwd }, 'log', 'verify', '--log', server.url, '--key', vkey(), '--witness', made.stdout.trim())
    expect(await verify()).toMatchObject({ exit: 2, stdout: expect.stringContaining('WITNESS_QUORUM') })
    files.set('checkpoint', must(addCosignature(checkpointOf(testLog(700)), cosigned.signature)))
    expect(await verify()).toMatchObject({ exit: 0, stdout: expect.stringContaining('1 of 1, 1 asked for') })
    await server.close()
  })

  test('is made once: neither key nor state is overwritten', async () => {
    await init()
    const key = readFileSync(join(cwd, 'w.key'))
    expect(await init()).toMatchObject({ exit: 3, stderr: expect.stringContaining('FILE_EXISTS') })
    rmSync(join(cwd, 'w.key'))
    expect(await init()).toMatchObject({ exit: 1, stderr: expect.stringContaining('WITNESS_STATE') })
    expect(existsSync(join(cwd, 'w.key'))).toBe(false)
    writeFileSync(join(cwd, 'w.key'), key, { mode: 0o600 })
  })

  const running = ['--log', vkey(), '--listen', '127.0.0.1:0']

  test('never makes a lost state anew', async () => {
    await init()
    rmSync(join(cwd, 'w.state'), { recursive: true })
    expect(await run(...running)).toMatchObject({ exit: 1, stderr: expect.stringContaining('WITNESS_STATE') })
    mkdirSync(join(cwd, 'w.state'))
    expect(await run(...running)).toMatchObject({ exit: 1, stderr: expect.stringContaining('WITNESS_STATE') })
    writeFileSync(join(cwd, 'w.state/cosigned.db'), 'rubbish')
    expect(await run(...running)).toMatchObject({ exit: 1, stderr: expect.stringContaining('WITNESS_STATE') })
  })

  test('starts with no key that others can read, nor with another one', async () => {
    await init()
    chmodSync(join(cwd, 'w.key'), 0o640)
    expect(await run(...running)).toMatchObject({ exit: 3, stderr: expect.stringContaining('is open to other users') })
    chmodSync(join(cwd, 'w.key'), 0o600)
    for (const text of ['', 'rubbish', formatSignerKey(testKey()), 'x'.repeat(9999)]) {
      writeFileSync(join(cwd, 'w.key'), text)
      const ran = await run(...running)
      expect([ran.exit, ran.stderr]).toEqual([3, expect.stringContaining('WITNESS_KEY')])
      expect(ran.stderr).not.toContain('PRIVATE+KEY+log')
    }
    rmSync(join(cwd, 'w.key'))
    expect(await run(...running)).toMatchObject({ exit: 3, stderr: expect.stringContaining('there is no such file') })
  })

  test('says where it cannot listen', async () => {
    await init()
    const busy = await serve(() => {})
    const place = busy.url.slice('http://'.length, -'/log'.length)
    expect(await run('--log', vkey(), '--listen', place)).toMatchObject({ exit: 1, stderr: expect.stringContaining('WITNESS_LISTEN') })
    await busy.close()
  })

  test.for([
    [['--init']], [['--init', '--name', 'a b']], [['--init', '--name', 'w', '--log', vkey()]], [['--log', vkey()]], [['--listen', '127.0.0.1:0']],
    [['--log', 'rubbish', '--listen', '127.0.0.1:0']], [['--log', vkey(testKey(5, 'w', 'cosignature/v1')), '--listen', '127.0.0.1:0']],
    [['--log', vkey(), '--listen', '7380']], [['--log', vkey(), '--listen', '127.0.0.1:70000']], [['--log', vkey(), '--listen', 'http://127.0.0.1:1']],
  ] as const)('wrong usage: %j', async ([args]) => {
    if (!args.some((word) => word === '--init')) await init()
    expect(await run(...args)).toMatchObject({ exit: 64, stderr: expect.stringContaining('error[USAGE]') })
    if (args.some((word) => word === '--init')) expect([existsSync(join(cwd, 'w.key')), existsSync(join(cwd, 'w.state'))]).toEqual([false, false])
  })
})
