import { afterEach, describe, expect, test } from 'vitest'
import { builtCommand } from '../built.ts'
import { digestsOf, gitWorld, type GitWorld, optOutText } from './world.ts'

const main = builtCommand()
const worlds: GitWorld[] = []
const opened = (...args: readonly [Readonly<Record<string, string>>?]): GitWorld => {
  const world = gitWorld(main, ...args)
  worlds.push(world)
  return world
}
afterEach(() => { for (const { repository } of worlds.splice(0)) repository.remove() })

describe('the whole way', () => {
  test('blocked, approved, activated, excused, taken away', async () => {
    const world = opened()
    expect(world.gate().exit).toBe(2)
    world.merge({ '.exeat/hotfix.yaml': optOutText() })
    const asked = world.gate()
    expect(asked.exit).toBe(2)
    expect(asked.stdout.replace(/\s+/g, ' ')).toContain('no approval is shown')
    const approval = await world.act('approve', 'bob')
    world.merge(approval, { by: 'bob' })
    expect(world.gate().exit).toBe(2)
    world.merge(await world.act('activate', 'carol', { approvals: [...digestsOf(approval)] }), { by: 'carol' })
    const excused = world.gate()
    expect(excused.stderr).toBe('')
    expect(excused.stdout).toContain('user-signed')
    expect(excused.exit).toBe(0)
    world.merge({}, { remove: ['.exeat/hotfix.yaml'] })
    expect(world.gate().exit).toBe(2)
  })
})
