import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { builtCommand } from './built.ts'
import { countedUses, json, logWorld, stateFiles, type World } from './log-world.ts'

const main = builtCommand()
let world: World

beforeAll(async () => {
  world = await logWorld(main)
  world.activate('away')
}, 60_000)
afterAll(async () => { await world.remove() })

test('while the server is away the last good bundle stands in, and each use is told once when it is back', async () => {
  expect(world.gate().exit).toBe(0)
  expect(countedUses(world, 'away')).toBe(1)
  await world.stop()

  world.merge({ 'src.txt': '1' })
  for (const _ of [1, 2]) {
    const ran = world.gate('--format', 'json')
    expect(ran.exit, ran.stderr).toBe(0)
    expect(ran.stderr).toContain('warning[BUNDLE_FROM_CACHE]')
    expect(json(ran)).toMatchObject({ log: { source: 'cache', uses: [{ state: 'spooled', acknowledged: false }] } })
    expect(stateFiles(world, 'uses')).toHaveLength(1)
  }
  const table = world.gate()
  expect(table.stdout.replaceAll(/\s+/g, ' ')).toContain('1 waiting on this machine to be counted (best effort)')
  world.merge({ 'src.txt': '2' })
  expect(world.gate().exit).toBe(0)
  expect(stateFiles(world, 'uses')).toHaveLength(2)

  await world.start()
  expect(world.gate().exit).toBe(0)
  expect(stateFiles(world, 'uses')).toEqual([])
  expect(countedUses(world, 'away')).toBe(3)
  expect(world.gate().exit).toBe(0)
  expect(countedUses(world, 'away')).toBe(3)
}, 120_000)

test('what lies in the spool and is no use of Exeat is left alone; a use that the server refuses is told of and not sent again', async () => {
  await world.stop()
  world.merge({ 'src.txt': '3' })
  expect(world.gate().exit).toBe(0)
  const [path = ''] = stateFiles(world, 'uses')
  const stray = join(dirname(path), `${'0'.repeat(64)}.json`)
  writeFileSync(stray, readFileSync(path))
  await world.start()
  expect(world.exeat(['revoke', 'away', '--actor', 'bob', '--reason', 'fixed']).exit).toBe(0)
  const ran = world.gate()
  expect(ran).toMatchObject({ exit: 2, stderr: expect.stringContaining('warning[USE_REFUSED]') as string })
  expect(stateFiles(world, 'uses')).toEqual([stray])
  expect(world.gate().stderr).toBe('')
}, 120_000)

test('without a bundle nothing is excused: none kept, none wanted, or a protected environment', async () => {
  await world.stop()
  const away = { exit: 1, stdout: '', stderr: expect.stringContaining('BUNDLE_UNREACHABLE') as string }
  expect(world.gate('--no-cache')).toMatchObject(away)
  expect(world.exeat(['gate', 'trivy.json', '--env', 'production'])).toMatchObject(away)
  expect(world.exeat(['gate', 'trivy.json', '--env', 'development'], { XDG_CACHE_HOME: join(world.state, 'nothing') })).toMatchObject(away)
  expect(world.exeat(['gate', 'trivy.json', '--env', 'development'], { CI: 'true' })).toMatchObject(away)
  for (const args of [['status'], ['request', 'away', '--actor', 'alice'], ['bundle', '-o', 'never.bundle']]) {
    expect(world.exeat(args)).toMatchObject({ exit: 1, stderr: expect.stringContaining('API_UNREACHABLE') as string })
  }
  await world.start()
  expect(world.gate().exit).toBe(2)
}, 120_000)
