/** Drills from the command line: a server process, a sink on this machine, and people who hear it or do not. */
import Ajv2020 from 'ajv/dist/2020.js'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { builtCommand } from './built.ts'
import { json, logWorld, workspace, type World } from './log-world.ts'

const main = builtCommand()
const schema = JSON.parse(readFileSync(fileURLToPath(new URL('../../../schemas/output/drill-result.v1.json', import.meta.url)), 'utf8')) as object

let world: World
let sink: Server
let heard: string[]
let status: number

beforeAll(async () => {
  sink = createServer((request, reply) => {
    let body = ''
    request.on('data', (piece: Buffer) => { body += piece.toString('utf8') })
    request.on('end', () => {
      heard.push(body)
      reply.writeHead(status).end()
    })
  })
  await new Promise<void>((resolve) => { sink.listen(0, '127.0.0.1', resolve) })
  const { port } = sink.address() as AddressInfo
  world = await logWorld(main, 'acme/payments', { workspace: (id) => workspace(id, `http://127.0.0.1:${port}/`) })
  await world.stop()
  const file = join(world.data, 'server.json')
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')) as object, alarms: { allow: ['127.0.0.1/32'] } }))
  await world.start()
}, 60_000)
beforeEach(() => {
  heard = []
  status = 200
})
afterAll(async () => {
  await world.remove()
  sink.closeAllConnections()
  sink.close()
})

const schemaOk = (value: unknown): void => {
  const validate = new Ajv2020.default({ strict: false, validateFormats: false }).compile(schema)
  expect(validate(value), JSON.stringify(validate.errors?.slice(0, 3))).toBe(true)
}

test('attack-27: a drill that waits succeeds once somebody else acknowledged it', { timeout: 60_000 }, async () => {
  const { told, ended } = world.exeatTold(['drill', 'start', '--wait', '--within', '5m', '--actor', 'keeper'], (said) => /entry (\d+): waiting/.exec(said)?.[1])
  const entry = await told
  await expect.poll(() => heard.length, { timeout: 30_000 }).toBe(1)
  expect(JSON.parse(heard[0] ?? '')).toMatchObject({ type: 'dev.exeat.drill.started.v1', data: { drill: true, entry: Number(entry) } })
  expect(world.exeat(['drill', 'status'])).toMatchObject({ exit: 0, stdout: expect.stringMatching(/DRILL {2}entry \d+ of the log, running[^]*alarm +oncall, delivered[^]*heard +by nobody yet[^]*exeat drill ack/) as string })
  expect(world.exeat(['drill', 'start', '--actor', 'bob'])).toMatchObject({ exit: 3, stderr: expect.stringContaining('DRILL_RUNNING') as string })
  expect(world.exeat(['drill', 'ack', '--actor', 'keeper'])).toMatchObject({ exit: 3, stderr: expect.stringContaining('ALARM_OWN') as string })
  const acknowledged = world.exeat(['drill', 'ack', entry, '--actor', 'erin', '--format', 'json'])
  expect(acknowledged, acknowledged.stderr).toMatchObject({ exit: 0 })
  schemaOk(json(acknowledged))
  const ran = await ended
  expect(ran, ran.stderr).toMatchObject({ exit: 0, stdout: expect.stringMatching(/acknowledged[^]*heard +by erin/) as string })
  schemaOk(json(world.exeat(['drill', 'status', entry, '--format', 'json'])))
})

test('attack-27: one that nobody acknowledges fails, and says whom it reached', { timeout: 90_000 }, async () => {
  const ran = await world.exeatLater(['drill', 'start', '--wait', '--within', '15s', '--actor', 'keeper'])
  expect(ran).toMatchObject({ exit: 1, stdout: expect.stringMatching(/unacknowledged[^]*oncall, delivered/) as string, stderr: expect.stringContaining('DRILL_UNHEARD') as string })
  expect(world.exeat(['drill', 'ack', '--actor', 'erin'])).toMatchObject({ exit: 3, stderr: expect.stringContaining('DRILL_OVER') as string })
})

test('attack-27: one that reaches no sink fails as that', { timeout: 60_000 }, async () => {
  status = 500
  const ran = await world.exeatLater(['drill', 'start', '--wait', '--within', '2s', '--actor', 'keeper'])
  expect(ran).toMatchObject({ exit: 1, stdout: expect.stringMatching(/undelivered/) as string, stderr: expect.stringContaining('DRILL_UNDELIVERED') as string })
})

test('an auditor is told of drills as the server says them, each held against the others', { timeout: 60_000 }, () => {
  const told = world.exeat(['log', 'evidence', '--all', '--from', `unix:${world.socket}`, '--clone', '.', '--format', 'json'])
  expect(told.exit, told.stderr).toBe(0)
  const acts = (json(told)['acts'] as readonly { readonly type: string; readonly state: string }[]).filter(({ type }) => type.includes('.drill.'))
  expect(acts.map(({ type, state }) => [type.split('.')[3], state])).toEqual([['started', 'asserted'], ['acknowledged', 'asserted'], ['ended', 'asserted'], ['started', 'asserted'], ['ended', 'asserted'], ['started', 'asserted'], ['ended', 'asserted']])
})

test('wrong words are told', () => {
  for (const args of [['start', '--within', '0s'], ['start', '--within', '2d'], ['start', '--within', 'soon'], ['ack', 'x'], ['status', '-1'], ['nothing']]) expect(world.exeat(['drill', ...args, '--actor', 'keeper']).exit, args.join(' ')).toBe(64)
  expect(world.exeat(['drill', 'ack', '0', '--actor', 'erin'])).toMatchObject({ exit: 3, stderr: expect.stringContaining('DRILL_UNKNOWN') as string })
  expect(world.exeat(['drill', 'start'])).toMatchObject({ exit: 64, stderr: expect.stringContaining('NOT_SIGNED_IN') as string })
  expect(world.exeat(['emergency', 'ack', 'nothing', '--actor', 'erin'])).toMatchObject({ exit: 3, stderr: expect.stringContaining('UNKNOWN_OPTOUT') as string })
  expect(world.exeat(['drill', '--help'])).toMatchObject({ exit: 0, stdout: expect.stringContaining('exeat drill start --wait') as string })
})

test('a policy that permits emergencies and tells nobody is an error of lint', () => {
  expect(world.exeat(['lint'])).toMatchObject({ exit: 0 })
  const file = join(world.dir, '.exeat/policies.yaml')
  const text = readFileSync(file, 'utf8')
  writeFileSync(file, text.replace('  alerts: [oncall]\n', ''))
  expect(world.exeat(['lint'])).toMatchObject({ exit: 3, stdout: expect.stringMatching(/LINT_UNHEARD[^]*policies\.yaml:1/) as string })
  writeFileSync(file, text.replace('alerts: [oncall]', 'alerts: [nobody]'))
  expect(world.exeat(['lint'])).toMatchObject({ exit: 3, stdout: expect.stringContaining('ALERT_UNKNOWN') as string })
  writeFileSync(file, text)
})
