/** What a screen reader would meet on a page, by the rules of WCAG 2.2 as far as a machine checks them. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Person } from '@exeat/testkit/browser'
import { expect } from 'vitest'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** The checker would compile something, which the page's policy rightly refuses it: of that it complains. */
export async function expectReadable({ run, complaints }: Person): Promise<void> {
  const before = [...complaints]
  await run(axe)
  const { violations } = await run('axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"] })') as { violations: readonly { id: string; nodes: readonly { html: string }[] }[] }
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ''}`)).toEqual([])
  complaints.splice(0, complaints.length, ...before)
}
