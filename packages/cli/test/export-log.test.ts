/** `exeat export` in log trust: what the log shows to be active is written, and nothing before or after. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { builtCommand } from './built.ts'
import { countedUses, logWorld, type World } from './log-world.ts'
import type { Ran } from './session.ts'

const hour = 3_600_000
const main = builtCommand()
let world: World
beforeAll(async () => { world = await logWorld(main) }, 60_000)
afterAll(async () => { await world.remove() })

const exported = (): Ran => world.exeat(['export', '--to', 'trivy', 'trivy.json', '--env', 'development', '--trust', 'log'])
const rules = ({ stdout }: Ran): readonly string[] => stdout.match(/CVE-\d+-\d+/gu) ?? []

test('an opt-out is written from its activation to its revocation, and a use is claimed', () => {
  const before = exported()
  expect(before.exit, before.stderr).toBe(0)
  expect(rules(before)).toEqual([])
  world.activate('written', { until: 2 * hour })
  const during = exported()
  expect(during.exit, during.stderr).toBe(0)
  expect(rules(during)).toEqual(['CVE-2019-12900'])
  expect(during.stdout).toMatch(/expired_at: \S+\.999Z\n/u)
  expect(countedUses(world, 'written')).toBe(1)
  expect(world.exeat(['revoke', 'written', '--actor', 'bob', '--reason', 'fixed']).exit).toBe(0)
  const after = exported()
  expect(after.exit, after.stderr).toBe(0)
  expect(rules(after)).toEqual([])
}, 120_000)

test('an opt-out whose uses are counted is refused', () => {
  world.activate('counted', { limits: '{ findings: 1, uses: 2 }' })
  const ran = exported()
  expect(ran.exit, ran.stdout).toBe(3)
  expect(ran.stderr.replaceAll(/\s+/gu, ' ')).toContain('its uses are counted, and the tool counts none')
  expect(rules(ran)).toEqual([])
}, 120_000)
