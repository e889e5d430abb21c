/** What an auditor checks from files alone: everything that people signed, after the server and its database are gone. */
import { rmSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Acted, begin, evidence, exported, forget } from './evidence-world.ts'

let acted: Acted
beforeAll(async () => {
  acted = await begin()
  const ran = await exported(acted, '--bodies')
  console.log(ran)
  expect(ran.exit).toBe(0)
  await forget(acted)
}, 60_000)
afterAll(async () => {
  await acted.at.close()
  rmSync(acted.folder, { recursive: true, force: true })
})

test('all', async () => {
  const ran = await evidence(acted, '--all', '--from', 'export')
  console.log(ran.stdout, ran.stderr)
  expect(ran.exit).toBe(0)
})
