/** Gates that record, and a simulation of what they recorded: the same answer as from the files. */
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Simulation, simulationSchema } from '@exeat/core/impact'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { builtCommand } from '../built.ts'
import { logWorld, optOut, type World } from '../log-world.ts'
import { plainEnvironment } from '../session.ts'

const namespaces = spawnSync('unshare', ['--user', '--map-current-user', '--net', 'true']).status === 0
const main = builtCommand()
let world: World
beforeAll(async () => { world = await logWorld(main) }, 60_000)
afterAll(async () => world.remove())

async function configure(change: (config: Record<string, unknown>) => unknown): Promise<void> {
  const file = join(world.data, 'server.json')
  writeFileSync(file, JSON.stringify(change(JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>)))
  await world.stop()
  await world.start()
}
const record = (...args: readonly string[]) => world.exeat(['gate', 'trivy.json', '--env', 'development', '--record', ...args])
function shown(...args: readonly string[]): Simulation {
  const ran = world.exeat(['simulate', '--optout', 'libbz2', '--format', 'json', ...args])
  expect(ran.exit, ran.stderr).toBe(0)
  return simulationSchema.parse(JSON.parse(ran.stdout))
}

describe.skipIf(!namespaces)('simulate --history', { timeout: 120_000 }, () => {
  test('a server that keeps nothing is told, and changes no answer of the gate', async () => {
    const plain = world.exeat(['gate', 'trivy.json', '--env', 'development'])
    const ran = record()
    expect(ran).toMatchObject({ exit: plain.exit, stdout: plain.stdout })
    expect(ran.stderr).toMatch(/RUN_NOT_RECORDED: the run was not recorded: HISTORY_OFF/)
    await world.stop()
    expect(record().stderr).toContain('RUN_NOT_RECORDED')
    expect(world.exeat(['gate', 'trivy.json', '--env', 'development', '--record'], { EXEAT_SERVER: '' }).stderr).toContain('needs a server')
  })
  test('answers as the files do, and says what it rests on', async () => {
    await configure((config) => ({ ...config, history: { days: 30, runs: 10 } }))
    world.merge({ '.exeat/libbz2.yaml': optOut('libbz2') })
    expect(world.exeat(['simulate', '--optout', 'libbz2', '--history'])).toMatchObject({ exit: 64, stderr: expect.stringContaining('INPUT_NONE') as string })
    for (const _ of [1, 2]) expect(record().stderr).not.toContain('RUN_NOT_RECORDED')
    const { history, ...recorded } = shown('--history')
    expect(history).toMatchObject({ runs: 1, asserted: 1, left: 0 })
    expect(recorded.opened.total).toBeGreaterThan(0)
    expect({ ...recorded, now: '', at: '' }).toEqual({ ...shown('trivy.json', '--env', 'development'), now: '', at: '' })
    expect(world.exeat(['simulate', '--optout', 'libbz2', '--history']).stdout).toMatch(/recorded from 2\S+ to 2\S+: 1 run, 1 where somebody says/)
  })
  test('each run is replayed where it was made, and those of places that are gone are left out', () => {
    expect(shown('--history', '--env', 'development').history).toMatchObject({ runs: 1 })
    expect(world.exeat(['simulate', '--optout', 'libbz2', '--history', '--env', 'production']).exit).toBe(64)
    expect(world.exeat(['simulate', '--optout', 'libbz2', '--history', '--repo', 'acme/nothing']).exit).toBe(64)
  })
  test('leaves nothing behind, and takes nothing besides', () => {
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith('exeat-history-'))).toEqual([])
    for (const args of [['trivy.json', '--history'], ['--history', '--each'], ['--history', '--since', 'monday'], ['--since', '30d', 'trivy.json'], ['--history', '--with', 'gitleaks']]) {
      expect(world.exeat(['simulate', '--optout', 'libbz2', ...args]).exit, args.join(' ')).toBe(64)
    }
    const gate = (...args: readonly string[]) => spawnSync(process.execPath, [main, 'gate', 'trivy.json', ...args], { cwd: world.dir, encoding: 'utf8', env: plainEnvironment() }).status
    expect([gate('--record', '--now', '2035-01-01T00:00:00Z'), gate('--server', 'https://exeat.example')]).toEqual([64, 64])
  })
})
