/** An emergency that nobody would hear of is none: by the policies and the workspace of the protected ref, whatever a change says. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { temporaryFolder } from '../../../testkit/src/git.ts'
import { must } from '../../../testkit/src/log-store-kit.ts'
import { openSqliteIdentity } from '../../src/store/sqlite/identity.ts'
import { sqlite } from '../sqlite-kind.ts'
import { peopleWorkspace, tappedPolicy } from '../identity/people.ts'
import { codesOf, eventsOf } from '../use/support.ts'
import { declared, worlds } from './world.ts'

const folder = temporaryFolder()
afterAll(() => { rmSync(folder, { recursive: true, force: true }) })
let made = 0
const world = worlds({ ...sqlite, rows: async () => must(openSqliteIdentity(join(folder, `${made += 1}.sqlite`))) })

const workspaceFile = '.exeat/workspace.yaml'
const policyFile = '.exeat/policies/trivy.yaml'
const silent = tappedPolicy().replace('  alerts: [pager]\n', '')
const pager = 'name: pager, url: "https://pager.acme.example/hook"'

test.each([
  ['no policy names a sink', { [policyFile]: silent }],
  ['its sink is one that nothing can be sent to', { [workspaceFile]: peopleWorkspace().replace(pager, 'name: pager, url: "http://pager.acme.example/hook"') }],
  ['its sink is no address at all', { [workspaceFile]: peopleWorkspace().replace(pager, 'name: pager, url: "pager"') }],
])('attack-27: is refused where %s, before anybody taps, and nothing is entered', async (_, files) => {
  const at = await world(files)
  expect(await codesOf(declared(at, 'fire'))).toEqual(['ALARM_UNHEARD'])
  expect((await eventsOf(at.log)).filter(({ type }) => type.includes('emergency'))).toEqual([])
  expect(await at.log.records('alarm', { limit: 1 })).toEqual([])
})

test('attack-27: a challenge that was made while somebody would have heard is worth nothing once nobody would', async () => {
  const at = await world()
  const { fire } = await import('./world.ts')
  const asked = { document: fire(at, 'fire'), team: 'sre' }
  const actor = await at.tapping('ann', { purpose: 'emergency', asked })
  at.merge({ [policyFile]: silent })
  expect((await codesOf(at.useCases.emergency(actor, asked, 'k')))[0]).toMatch(/ALARM_UNHEARD|CONTENT_CHANGED/)
  expect((await eventsOf(at.log)).filter(({ type }) => type.includes('emergency'))).toEqual([])
})

test('attack-27: another policy that covers it may name the sink, and a change that is not merged takes none away', async () => {
  const loud = tappedPolicy().replace('name: trivy', 'name: loud').replace('alerts: [pager]', 'alerts: [chat]')
  const at = await world({ [policyFile]: silent, '.exeat/policies/loud.yaml': loud })
  at.repository.git('checkout', '--quiet', '-b', 'change')
  at.merge({ [workspaceFile]: peopleWorkspace().replace(/ {2}alerts:.*\n/, ''), '.exeat/policies/loud.yaml': loud.replace('  alerts: [chat]\n', '') })
  await declared(at, 'fire')
  expect((await at.deliver()).map(({ url }) => url)).toEqual(['https://chat.acme.example/hook'])
})
