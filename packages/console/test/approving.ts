/** Approving what is critical: the beginning of the code is typed from another screen, here the terminal. */
import type { Person } from '@exeat/testkit/browser'
import type { World } from '../../cli/test/log-world.ts'

/** As the terminal shows it. */
export function terminalCode(world: Pick<World, 'exeat'>, name: string): string {
  const { stdout, stderr } = world.exeat(['status', name])
  const code = /compare\s+(\S+)/.exec(stdout)?.[1]
  if (code === undefined) throw new Error(`the terminal shows no code: ${stdout}${stderr}`)
  return code
}

/** On the page of this opt-out. */
export async function typeAndApprove(page: Person['page'], world: Pick<World, 'exeat'>, name: string): Promise<void> {
  await page.getByLabel('First 5 characters of the code').fill(terminalCode(world, name).slice(0, 5))
  await page.getByRole('button', { name: 'Approve…' }).click()
}
