/** What authors and lists are told of opt-outs that people sign. */
import { afterEach, expect, test } from 'vitest'
import { builtCommand } from '../built.ts'
import { type Ran, runExeat } from '../session.ts'
import { digestsOf, gitWorld, type GitWorld, optOutText, startFiles } from './world.ts'

const main = builtCommand()
const worlds: GitWorld[] = []
const opened = (files = startFiles): GitWorld => {
  const world = gitWorld(main, files)
  worlds.push(world)
  world.merge({ '.exeat/hotfix.yaml': optOutText() })
  return world
}
afterEach(() => { for (const { repository } of worlds.splice(0)) repository.remove() })
const exeat = (world: GitWorld, ...args: readonly string[]): Ran => runExeat(main, args, world.repository.dir)
const lint = (world: GitWorld, ...args: readonly string[]): string => exeat(world, 'lint', ...args).stdout

test('an author is told of no missing people, which a work tree cannot show; the branch tells', () => {
  const world = opened()
  const here = exeat(world, 'lint')
  expect(here).toMatchObject({ exit: 0 })
  expect(`${here.stdout}${here.stderr}`).not.toMatch(/LINT_REFUSED|FILE_IGNORED/)
  expect(lint(world, '--ref', 'origin/main')).toContain('no approval is shown')
})

test('where no file says whose keys are whose, nobody can sign, and the author hears of it', () => {
  const { '.exeat/allowed_signers': _, ...files } = startFiles
  expect(lint(opened(files))).toContain('no approval is shown')
})

test('every wrong line of the signers is an error, here and on the branch', () => {
  const world = opened()
  world.repository.write('.exeat/allowed_signers', `* ${'ssh-ed25519 AAAA'}\n# fine\nbob ssh-dss AAAA\n`)
  const here = exeat(world, 'lint')
  expect(here.exit).toBe(3)
  for (const place of ['allowed_signers:1', 'allowed_signers:3']) expect(here.stdout).toContain(place)
  world.merge({})
  expect(exeat(world, 'lint', '--ref', 'origin/main')).toMatchObject({ exit: 3 })
})

test('lists and explanations say what is signed', async () => {
  const world = opened()
  expect(exeat(world, 'list').stdout).toContain('1 refused')
  const approval = await world.act('approve', 'bob')
  world.merge(approval, { by: 'bob' })
  world.merge(await world.act('activate', 'carol', { approvals: [...digestsOf(approval)] }), { by: 'carol' })
  expect(exeat(world, 'list').stdout).toContain('1 active')
  expect(lint(world, '--ref', 'origin/main')).not.toContain('LINT_REFUSED')
  const explained = exeat(world, 'explain', 'trivy/CVE-2021-44228', '--env', 'staging', '--repo', 'acme/payments', '--path', 'services/ledger/pom.xml')
  expect(explained.stdout).toContain('excused')
  expect(explained.stdout.replace(/\s+/g, ' ')).toContain('needs SSH signatures merged into the protected branch, or the log')
})
