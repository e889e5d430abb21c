/** The real server and a real witness, each a process: what the server shows under `/log` is what the commands read and Go confirms. */
import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { describeWith, findTool, type TemporaryRepository } from '@exeat/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { base } from '../base.ts'
import { sessionRepository } from '../session.ts'
import { exeat, type Ran } from './command.ts'
import { type Running, startExeat } from './process.ts'
import { removeFolder, temporaryFolder } from './support.ts'

const checkLog = resolve(import.meta.dirname, '../../../../tools/check-log')

describeWith('git', 'a server and its witness', () => {
  const cwd = temporaryFolder()
  const running: Running[] = []
  let repository: TemporaryRepository
  let key = ''
  let witnessKey = ''
  let url = ''

  beforeAll(async () => {
    repository = sessionRepository(base)
    const founded = await exeat({ cwd }, 'init', '--server', '--data', 'data', '--origin', 'log.example/real', '--repository', repository.dir, '--ref', 'main', '--founder', 'alice', '--founder', 'bob')
    key = /log key +(\S+)/.exec(founded.stdout)?.[1] ?? ''
    if (founded.exit !== 0 || key === '') throw new Error(founded.stdout + founded.stderr)
    witnessKey = (await exeat({ cwd }, 'witness', '--init', '--name', 'witness.example/w', '--key', 'w.key', '--state', 'w.state')).stdout.trim()
    const witness = await startExeat(cwd, ['witness', '--key', 'w.key', '--state', 'w.state', '--log', key, '--listen', '127.0.0.1:0'], /listens on (http:\S+)\n/)
    running.push(witness)
    const server = await startExeat(cwd, ['serve', '--data', 'data', '--listen', '127.0.0.1:0', '--witness', `${witness.told}=${witnessKey}`], /on (http:\/\/\S+) and /)
    running.push(server)
    url = `${server.told}/log`
  })
  afterAll(async () => {
    for (const { child, ended } of running) {
      child.kill('SIGTERM')
      await ended
    }
    repository.remove()
    removeFolder(cwd)
  })

  const log = (command: string, ...more: readonly string[]): Promise<Ran> => exeat({ cwd }, 'log', command, ...more)

  test('publishes the key that it was founded with', async () => {
    expect(await log('key', '--log', url)).toMatchObject({ exit: 0, stdout: `${key}\n` })
  })

  test.for(['HTTP', 'its socket'])('is verified in full over %s', async (way) => {
    expect(await log('verify', '--log', way === 'HTTP' ? url : 'unix:data/admin.sock', '--key', key, '--full')).toMatchObject({ exit: 0 })
  })

  test('has its heads cosigned', async () => {
    const verify = (): Promise<Ran> => log('verify', '--log', url, '--key', key, '--witness', witnessKey)
    let ran = await verify()
    for (let tries = 0; ran.exit !== 0 && tries < 600; tries++) {
      await pause(100)
      ran = await verify()
    }
    expect([ran.exit, ran.stdout]).toEqual([0, expect.stringContaining('1 of 1, 1 asked for; witness.example/w')])
  })

  test('shows leaves, gives receipts, and is exported whole', async () => {
    const shown = JSON.parse((await log('show', '--log', url, '--key', key, '--from', '0', '--format', 'json')).stdout) as { entries: { leaf: Record<string, unknown> }[] }
    expect(shown.entries[0]?.leaf).toMatchObject({ type: 'dev.exeat.workspace.changed.v1', body: expect.stringMatching(/^[0-9a-f]{64}$/) })
    expect(Object.keys(shown.entries[0]?.leaf ?? {}).sort()).toEqual(['actor', 'body', 'id', 'time', 'type', 'uid', 'v'])
    expect(await log('prove', '0', '--log', url, '--key', key, '-o', 'receipt')).toMatchObject({ exit: 0 })
    expect(await log('check', 'receipt', '--key', key)).toMatchObject({ exit: 0 })
    expect(await log('export', 'mirror', '--log', url, '--key', key)).toMatchObject({ exit: 0 })
    expect(await log('verify', '--log', 'mirror', '--key', key)).toMatchObject({ exit: 0 })
    const go = findTool('go')
    if (go === undefined) return
    const checked = spawnSync(go, ['run', '.', '-receipt', `${cwd}/receipt`, `${cwd}/mirror`, key], { cwd: checkLog, encoding: 'utf8' })
    expect([checked.status, checked.stdout]).toEqual([0, expect.stringContaining('receipt of entry 0')])
  })
})
