/** The server decides, and somebody else holds what it signed against the run. */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Ajv2020 from 'ajv/dist/2020.js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { builtCommand } from './built.ts'
import { countedUses, json, logWorld, type World } from './log-world.ts'
import type { Ran } from './session.ts'

const main = builtCommand()
const schemas = fileURLToPath(new URL('../../../schemas/output/', import.meta.url))
const ajv = new Ajv2020.default({ allErrors: true, strict: true, allowUnionTypes: true })
for (const name of readdirSync(schemas)) ajv.addSchema(JSON.parse(readFileSync(join(schemas, name), 'utf8')) as object)

let world: World
beforeAll(async () => { world = await logWorld(main) }, 60_000)
afterAll(async () => { await world.remove() })

const decide = (...args: readonly string[]): Ran => world.exeat(['decide', 'trivy.json', '--env', 'development', ...args])
const hold = (...args: readonly string[]): Ran => world.exeat(['decide', 'trivy.json', '--env', 'development', '--verify', 'decision.json', ...args], { EXEAT_SERVER: '' })

function checked(ran: Ran) {
  const value = json(ran)
  const validate = ajv.getSchema('https://exeat.dev/schemas/output/decision-result.v1.json')
  expect(validate?.(value), JSON.stringify(validate?.errors?.slice(0, 3))).toBe(true)
  return value
}

test('what blocks is signed, and what explains it is said', { timeout: 60_000 }, () => {
  const ran = decide()
  expect(ran).toMatchObject({ exit: 2, stdout: expect.stringMatching(/BLOCKED {2}1 finding\n\n {2}trivy\/CVE-2019-12900[^]*way out {2}an opt-out is possible\n {6}\$ exeat explain[^]*asked by somebody at the administrative socket[^]*holds {4}until /) as string })
  const value = checked(decide('--format', 'json'))
  expect(value).toMatchObject({ exit: 2, preview: false, summary: { blocked: 1 }, reports: [{ name: 'trivy.json', digest: createHash('sha256').update(readFileSync(join(world.dir, 'trivy.json'))).digest('hex') }], blocked: [{ control: 'trivy/CVE-2019-12900' }] })
})

test('what it signs is for whoever lets the change in: of this run, and of no other', { timeout: 120_000 }, () => {
  world.activate('one')
  expect(decide('-o', 'decision.json')).toMatchObject({ exit: 0, stdout: expect.stringMatching(/^PASSED {3}nothing blocks\n {2}findings 5: 4 passed, 1 excused[^]*file {5}decision\.json\n$/) as string })
  expect(countedUses(world, 'one')).toBe(1)
  expect(checked(hold('--format', 'json'))).toMatchObject({ exit: 0, path: 'decision.json', summary: { excused: 1 }, decisions: expect.arrayContaining([expect.objectContaining({ outcome: 'excused', optOut: expect.objectContaining({ name: 'one' }) as object })]) as object })
  expect(hold()).toMatchObject({ exit: 0, stdout: expect.stringContaining('1 excused') as string })

  const refused = (code: string) => ({ exit: 3, stdout: '', stderr: expect.stringContaining(code) as string })
  expect(hold('--proven')).toMatchObject(refused('DECISION_UNPROVEN'))
  expect(hold('--workflow', 'a'.repeat(40))).toMatchObject(refused('DECISION_UNPROVEN'))
  expect(hold('--commit', 'a'.repeat(40))).toMatchObject(refused('DECISION_OTHER_RUN'))
  expect(world.exeat(['decide', 'trivy.json', '--env', 'production', '--verify', 'decision.json'])).toMatchObject(refused('DECISION_OTHER_RUN'))
  expect(world.exeat(['decide', 'trivy.json', '--verify', 'decision.json'])).toMatchObject(refused('DECISION_OTHER_RUN'))
  writeFileSync(join(world.dir, 'other.json'), `${readFileSync(join(world.dir, 'trivy.json'), 'utf8')}\n`)
  expect(world.exeat(['decide', 'other.json', '--env', 'development', '--verify', 'decision.json'])).toMatchObject(refused('DECISION_OTHER_REPORTS'))
  const text = readFileSync(join(world.dir, 'decision.json'), 'utf8')
  const { payload, ...rest } = JSON.parse(text) as { readonly payload: string }
  const forged = Buffer.from(Buffer.from(payload, 'base64').toString('utf8').replace('"preview":false', '"preview":true')).toString('base64')
  writeFileSync(join(world.dir, 'decision.json'), JSON.stringify({ payload: forged, ...rest }))
  expect(hold()).toMatchObject(refused('DSSE_'))
  writeFileSync(join(world.dir, 'decision.json'), text.slice(0, 200))
  expect(hold()).toMatchObject(refused('DSSE_MALFORMED'))
})

test('wrong words and missing things are told before anybody is asked', () => {
  const usage = { exit: 64, stdout: '', stderr: expect.stringContaining('USAGE') as string }
  for (const args of [['--commit', 'abc'], ['--proven'], ['--workflow', 'a'.repeat(40)]]) expect(decide(...args), args.join(' ')).toMatchObject(usage)
  for (const args of [['--workflow', 'main'], ['-o', 'x.json'], ['--server', 'https://exeat.example']]) expect(hold(...args), args.join(' ')).toMatchObject(usage)
  expect(world.exeat(['decide']).exit).toBe(64)
  expect(world.exeat(['decide', 'trivy.json', '--env', 'development', '--verify', 'nothing.json'])).toMatchObject({ stderr: expect.stringContaining('INPUT_UNREADABLE') as string })
  expect(world.exeat(['decide', 'nothing.json', '--env', 'development'])).toMatchObject({ stderr: expect.stringContaining('INPUT_UNREADABLE') as string })
  expect(world.exeat(['decide', 'trivy.json', '--env', 'developmnt'])).toMatchObject({ stderr: expect.stringContaining('did you mean `development`') as string })
})

test('without a server there is no decision', { timeout: 60_000 }, async () => {
  await world.stop()
  expect(decide('-o', 'later.json')).toMatchObject({ exit: 1, stdout: '' })
  expect(readdirSync(world.dir)).not.toContain('later.json')
  await world.start()
})
