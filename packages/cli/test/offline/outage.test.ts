import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { builtCommand } from '../built.ts'
import { countedUses, json } from '../log-world.ts'
import { checked, mail, offlineWorld, type OfflineWorld, rememberedUses, shiftClock } from './world.ts'

const main = builtCommand()
const hour = 3_600_000
let world: OfflineWorld
let path: string

beforeAll(async () => { world = await offlineWorld(main) }, 120_000)
afterAll(async () => {
  await world.remove()
  delete process.env['NODE_OPTIONS']
})

const away = { exit: 1, stdout: '', stderr: expect.stringContaining('BUNDLE_UNREACHABLE') as string }

test('attack-28: while the server is up, or the bundle of an earlier run still serves, a grant excuses nothing', async () => {
  path = world.prepare()
  world.grant(path, 'ann', 'ben')
  expect(world.gateDown()).toMatchObject({ exit: 2, stderr: expect.stringContaining('OFFLINE_NOT_ENTERED') as string })
  await world.stop()
  expect(world.gateDown()).toMatchObject({ exit: 2, stderr: expect.stringContaining('BUNDLE_FROM_CACHE') as string })
  expect(world.gateDown('--no-cache')).toMatchObject(away)
  world.mergeBeside({ '.exeat/offline': null })
}, 120_000)

test('attack-28: two people let the exact findings of one commit through while the server is down, and every output says `unlogged`', () => {
  shiftClock(world.state.replace(/state$/, ''), 2 * hour)
  expect(world.gateDown()).toMatchObject(away)
  path = world.prepare()
  world.grant(path, 'ann', 'ben')
  const ran = world.gateDown('--format', 'json')
  expect(ran.exit, ran.stderr).toBe(0)
  expect(ran.stderr).toContain('warning[OFFLINE_USED]')
  expect(checked(ran, 'gate-result')).toMatchObject({
    mode: 'log', evidence: 'user-signed', summary: { outcome: 'passed', excused: 1, unlogged: 1 },
    unlogged: { grants: [{ file: path, signedBy: [mail('ann'), mail('ben')] }] },
  })
  expect(json(ran)).not.toHaveProperty('log')
  expect(rememberedUses(world)).toHaveLength(1)
  for (const format of ['table', 'markdown', 'github', 'junit', 'sarif']) {
    const told = world.gateDown('--format', format)
    expect(told.exit, told.stderr).toBe(0)
    expect(told.stdout, format).toContain('unlogged')
  }
  expect(rememberedUses(world)).toHaveLength(1)
}, 120_000)

test('attack-28: the same grant excuses nothing elsewhere: another environment, another commit', () => {
  expect(world.exeat(['gate', 'trivy.json', '--env', 'staging'])).toMatchObject({ exit: 1, stderr: expect.stringMatching(/BUNDLE_UNREACHABLE[\s\S]*OFFLINE_OTHER/) as string })
  world.git('checkout', '--quiet', 'main')
  expect(world.gateDown()).toMatchObject({ exit: 1, stderr: expect.stringMatching(/BUNDLE_UNREACHABLE[\s\S]*OFFLINE_OTHER/) as string })
  world.git('checkout', '--quiet', '--detach', world.commit)
}, 120_000)

test('attack-28: once the server is back nothing is excused by it, every run asks for it, and no other grant is honoured until it is entered', async () => {
  shiftClock(world.state.replace(/state$/, ''), 2 * hour + 600_000)
  await world.start()
  const ran = world.gateDown()
  expect(ran).toMatchObject({ exit: 2, stderr: expect.stringContaining('warning[OFFLINE_NOT_ENTERED]') as string })
  await world.stop()
  shiftClock(world.state.replace(/state$/, ''), 4 * hour)
  const next = world.prepare()
  world.grant(next, 'ann', 'cid')
  expect(world.gateDown()).toMatchObject({ exit: 1, stderr: expect.stringContaining('OFFLINE_LEFT_OUT') as string })

  await world.start()
  world.git('checkout', '--quiet', 'main')
  const entered = world.exeat(['offline', 'import', path, '--actor', 'keeper', '--format', 'json'])
  expect(entered.exit, entered.stderr).toBe(0)
  expect(checked(entered, 'act-result')).toMatchObject({ kind: 'ActResult', act: 'offline', evidence: 'user-signed', optOut: { phase: 'lapsed', review: 'due', requester: { iss: 'git', sub: mail('ann') } } })
  const again = world.exeat(['offline', 'import', path, '--actor', 'other', '--format', 'json'])
  expect(json(again)).toMatchObject({ index: json(entered)['index'] })
  world.git('checkout', '--quiet', '--detach', world.commit)

  const after = world.gateDown()
  expect(after.exit).toBe(2)
  expect(after.stderr).toContain(next)
  expect(after.stderr).not.toContain(path)
  expect(rememberedUses(world)).toEqual([])
  const { name } = json(entered)['optOut'] as { readonly name: string }
  expect(countedUses(world, name)).toBe(1)
}, 120_000)

test('attack-28: to be entered ends it: a replay in the next outage is refused, and its review is somebody else\'s', async () => {
  world.git('checkout', '--quiet', 'main')
  const later = world.exeat(['offline', 'import', pathOfOther(), '--actor', 'keeper', '--format', 'json'])
  expect(later.exit, later.stderr).toBe(0)
  expect(json(later)).toMatchObject({ optOut: { phase: 'revoked', inForce: false } })
  world.git('checkout', '--quiet', '--detach', world.commit)
  expect(world.gateDown().stderr).toBe('')
  await world.stop()
  shiftClock(world.state.replace(/state$/, ''), 4 * hour + 62 * 60_000)
  const replayed = world.gateDown()
  expect(replayed).toMatchObject({ exit: 1, stderr: expect.stringMatching(/OFFLINE_NOT_NOW/) as string })
  await world.start()
  const { name } = json(later)['optOut'] as { readonly name: string }
  expect(world.exeat(['review', name, '--actor', 'bob', '--verdict', 'justified', '--reason', 'it was down']).stderr).toContain('EVIDENCE_TOO_WEAK')
}, 120_000)

test('attack-28: a grant that is entered a month late is told by bundles from then on, so that points forget it', async () => {
  await world.stop()
  world.mergeBeside({ '.exeat/offline': null })
  shiftClock(world.state.replace(/state$/, ''), 8 * hour)
  const late = world.prepare()
  world.grant(late, 'ann', 'ben')
  expect(world.gateDown().exit).toBe(0)
  shiftClock(world.state.replace(/state$/, ''), 40 * 24 * hour)
  await world.start()
  expect(world.gateDown().stderr).toContain('OFFLINE_NOT_ENTERED')
  world.git('checkout', '--quiet', 'main')
  expect(world.exeat(['offline', 'import', late, '--actor', 'keeper']).stdout).toContain('ENTERED')
  world.git('checkout', '--quiet', '--detach', world.commit)
  expect(world.gateDown()).toMatchObject({ exit: 2, stderr: '' })
  expect(rememberedUses(world)).toEqual([])
}, 120_000)

function pathOfOther(): string {
  const found = world.git('ls-tree', '-r', '--name-only', 'main', '.exeat/offline').split('\n').filter((each) => each.endsWith('grant.json') && each !== path)
  const [other = ''] = found
  expect(readFileSync(join(world.dir, other), 'utf8')).toContain('exeat/offline/v1')
  return other
}

test('attack-28: an auditor is told which keys signed the grants, from the log alone, and that the branch tells whose they are', () => {
  const told = world.exeat(['log', 'evidence', '--all', '--from', `unix:${world.socket}`, '--clone', '.', '--format', 'json'])
  expect(told.exit, told.stderr).toBe(0)
  const acts = json(told)['acts'] as readonly { readonly type: string; readonly state: string; readonly because?: string }[]
  const entered = acts.filter(({ type }) => type.includes('emergency.activated'))
  expect(entered).toHaveLength(3)
  for (const each of entered) expect(each).toMatchObject({ state: 'asserted', because: expect.stringMatching(/`SHA256:\S+` and `SHA256:\S+` signed it offline/) as string })
}, 120_000)
