/** `exeat watch` and `exeat sinks`, as people type them: the built command, a server process, and a sink on this machine. */
import Ajv2020 from 'ajv/dist/2020.js'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { builtCommand } from './built.ts'
import { json, logWorld, type World } from './log-world.ts'

const main = builtCommand()
const schema = JSON.parse(readFileSync(fileURLToPath(new URL('../../../schemas/output/sinks.v1.json', import.meta.url)), 'utf8')) as object

let world: World
let sink: Server
let heard: { readonly type: string; readonly data: { readonly entry: number } }[] = []
let status = 204

beforeAll(async () => {
  sink = createServer((request, reply) => {
    let body = ''
    request.setEncoding('utf8').on('data', (piece: string) => { body += piece }).on('end', () => {
      if (status === 204) heard.push(JSON.parse(body) as (typeof heard)[number])
      reply.writeHead(status).end()
    })
  })
  await new Promise<void>((resolve) => { sink.listen(0, '127.0.0.1', resolve) })
  world = await logWorld(main)
  await configure([{ name: 'siem', kind: 'webhook', url: `http://127.0.0.1:${(sink.address() as AddressInfo).port}/hook?token=hidden` }])
}, 60_000)
afterAll(async () => {
  await world.remove()
  sink.closeAllConnections()
  sink.close()
})

async function configure(sinks: readonly object[]): Promise<void> {
  await world.stop()
  const file = join(world.data, 'server.json')
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')) as object, alarms: { allow: ['127.0.0.1/32'] }, sinks }))
  await world.start()
}

describe('exeat watch', () => {
  test('tells what happened and what happens, in words and by name, and survives a server that goes and comes back', { timeout: 90_000 }, async () => {
    world.activate('first')
    const watching = world.exeatTold(['watch', '--after', '0', '--types', 'optout.*', '--count', '7'], (said) => (said.includes('in force') ? said : undefined))
    await watching.told
    await world.stop()
    await new Promise((resolve) => { setTimeout(resolve, 300) })
    await world.start()
    world.activate('second')
    expect(world.exeat(['revoke', 'second', '--reason', 'fixed \u001B[31mnow\u202E', '--actor', 'alice'])).toMatchObject({ exit: 0 })
    const { exit, stdout, stderr } = await watching.ended
    expect([exit, stderr.split('\n').filter((line) => line !== '').length]).toEqual([0, 1])
    expect(stderr).toContain('it is tried again')
    const lines = stdout.trimEnd().split('\n')
    expect(lines.map((line) => line.split(/ {2,}/).slice(1, 3))).toEqual([
      ['optout.proposed', 'first'], ['optout.approved', 'first'], ['optout.activated', 'first'],
      ['optout.renewed', 'second'], ['optout.approved', 'second'], ['optout.activated', 'second'], ['optout.revoked', 'second'],
    ])
    expect(lines[1]).toMatch(/approved by bob/)
    expect(lines[6]).toMatch(/revoked by alice.*fixed/)
    expect(stdout).not.toMatch(/[\u001B\u202E]/)
  })

  test('as JSON: a CloudEvent a line, over the network by the token of a point as well', { timeout: 60_000 }, () => {
    const ran = world.exeat(['watch', '--after', '0', '--types', 'optout.proposed', '--count', '1', '--format', 'json', '--server', world.url])
    expect(ran, ran.stderr).toMatchObject({ exit: 0 })
    expect(JSON.parse(ran.stdout)).toMatchObject({ specversion: '1.0', type: 'dev.exeat.optout.proposed.v1', sequence: expect.stringMatching(/^\d{16}$/) as string, data: { asked: { name: 'first' } } })
  })

  test.each([
    [['--types', 'nothing.*'], 3, 'REQUEST_INVALID'], [['--after', '999999'], 3, 'EVENTS_AHEAD'], [['--after', '-1'], 64, 'USAGE'], [['--count', '0'], 64, 'USAGE'], [['--count', 'x'], 64, 'USAGE'],
    [['--server', 'unix:/nowhere/admin.sock'], 1, 'API_UNREACHABLE'], [['--server', 'http://127.0.0.1:1'], 1, 'API_UNREACHABLE'],
  ] as const)('%j ends with %i', (args, exit, code) => {
    expect(world.exeat(['watch', ...args], { EXEAT_TOKEN: world.token })).toMatchObject({ exit, stderr: expect.stringContaining(code) as string })
  })
  test('a token that is not known ends it: to go on would hide it', () => {
    expect(world.exeat(['watch', '--server', world.url], { EXEAT_TOKEN: 'forged' })).toMatchObject({ exit: 3, stderr: expect.stringContaining('TOKEN_UNKNOWN') as string })
  })
})

describe('exeat sinks', () => {
  // Nothing waits for the command: this process is the sink.
  const lag = async () => (json(await world.exeatLater(['sinks', '--format', 'json']))['items'] as readonly { readonly lag: number }[])[0]?.lag

  test('tells how far each is, and sends again what it is told to', { timeout: 60_000 }, async () => {
    // What it was owed while this process was busy comes first.
    expect((await world.exeatLater(['sinks', 'resume', 'siem'])).exit).toBe(0)
    await expect.poll(lag, { timeout: 20_000, interval: 200 }).toBe(0)
    const before = heard.length
    const { next } = (json(await world.exeatLater(['sinks', '--format', 'json']))['items'] as readonly { readonly next: number }[])[0] ?? { next: 0 }
    const again = await world.exeatLater(['sinks', 'replay', 'siem', '--from', String(next - 2), '--format', 'json'])
    expect(again, again.stderr).toMatchObject({ exit: 0 })
    const validate = new Ajv2020.default({ strict: false, validateFormats: false }).compile(schema)
    expect(validate(json(again)), JSON.stringify(validate.errors?.slice(0, 3))).toBe(true)
    await expect.poll(() => heard.length, { timeout: 20_000 }).toBeGreaterThan(before + 1)
    expect(heard.slice(before).map(({ data }) => data.entry)).toEqual([next - 2, next - 1])
  })

  test('one that fails makes it exit 1 and says why, and shows no address', { timeout: 60_000 }, async () => {
    status = 500
    expect(await world.exeatLater(['revoke', 'first', '--reason', 'fixed', '--actor', 'alice'])).toMatchObject({ exit: 0 })
    await expect.poll(async () => (await world.exeatLater(['sinks'])).stdout, { timeout: 20_000, interval: 200 }).toMatch(/siem +webhook +failing +1 +0 +0[^]*it answered 500/)
    expect(await world.exeatLater(['sinks'])).toMatchObject({ exit: 1, stdout: expect.not.stringContaining('hidden') as string })
    status = 204
    expect(await world.exeatLater(['sinks', 'resume', 'siem'])).toMatchObject({ exit: 0 })
    await expect.poll(async () => (await world.exeatLater(['sinks'])).exit, { timeout: 20_000, interval: 200 }).toBe(0)
  })

  test('what is none is refused', { timeout: 60_000 }, async () => {
    expect(await world.exeatLater(['sinks', 'resume', 'none'])).toMatchObject({ exit: 3, stderr: expect.stringContaining('RESOURCE_UNKNOWN') as string })
    expect(await world.exeatLater(['sinks', 'replay', 'siem', '--from', 'x'])).toMatchObject({ exit: 64 })
    expect(await world.exeatLater(['sinks', 'replay', 'siem', '--from', '5', '--to', '2'])).toMatchObject({ exit: 3, stderr: expect.stringContaining('REQUEST_INVALID') as string })
    expect(await world.exeatLater(['sinks', 'replay', 'siem', '--from', '1', '--server', world.url])).toMatchObject({ exit: 3, stderr: expect.stringContaining('CALLER_REFUSED') as string })
  })
})

test('where there are none, it says how to name one', { timeout: 60_000 }, async () => {
  await configure([])
  expect(await world.exeatLater(['sinks'])).toMatchObject({ exit: 0, stdout: expect.stringContaining('There are no sinks') as string })
  heard = []
})
