/** Servers that lie, and networks that cut: what a point or a person is then told, and that nothing is granted. */
import { createServer, type IncomingMessage, request as httpRequest, type Server, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { notHonoured } from '../src/trust/logged.ts'
import { builtCommand } from './built.ts'
import { countedUses, logWorld, optOut, type World } from './log-world.ts'
import type { Ran } from './session.ts'

const main = builtCommand()
let world: World
let proxy: Server | undefined

beforeAll(async () => {
  world = await logWorld(main)
  world.activate('honest')
}, 60_000)
afterAll(async () => { await world.remove() })
afterEach(() => {
  proxy?.closeAllConnections()
  proxy?.close()
  proxy = undefined
})

type Change = (path: string, answer: { readonly status: number; readonly body: Buffer }) => { readonly status: number; readonly body: Buffer | string; readonly type?: string } | 'cut'

/** Stands before the real server's socket and changes what it answers; answers its own address and what was asked of it. */
async function between(change: Change): Promise<{ readonly url: string; readonly asked: string[] }> {
  const asked: string[] = []
  proxy = createServer((incoming, outgoing) => {
    asked.push(`${incoming.method ?? ''} ${incoming.url ?? ''}`)
    void pass(incoming, outgoing, change)
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  return { url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, asked }
}

async function pass(incoming: IncomingMessage, outgoing: ServerResponse, change: Change): Promise<void> {
  const { method, url = '', headers } = incoming
  const onward = httpRequest({ socketPath: world.socket, method, path: url, headers: { ...headers, host: 'localhost' } })
  incoming.pipe(onward)
  const [answer] = await once(onward, 'response') as [IncomingMessage]
  const pieces: Buffer[] = []
  for await (const piece of answer as AsyncIterable<Buffer>) pieces.push(piece)
  const body = Buffer.concat(pieces)
  const changed = change(url, { status: answer.statusCode ?? 0, body })
  if (changed === 'cut') {
    outgoing.destroy()
    return
  }
  outgoing.writeHead(changed.status, { 'content-type': changed.type ?? answer.headers['content-type'] ?? 'application/json' }).end(changed.body)
}

const gateAt = (url: string, ...more: readonly string[]): Promise<Ran> => world.exeatLater(['gate', 'trivy.json', '--env', 'development', '--bundle', url, '--no-cache', ...more])

test('a log that does not show that it extends what was seen: honoured, and said', async () => {
  expect((await gateAt(world.url)).exit).toBe(0)
  world.merge({ 'src.txt': 'grown' })
  expect((await gateAt(world.url)).exit).toBe(0)
  const { url } = await between((path, answer) => (path.startsWith('/log/') ? { status: 404, body: '' } : answer))
  const ran = await gateAt(url)
  expect(ran, ran.stderr).toMatchObject({ exit: 0, stderr: expect.stringContaining('warning[LOG_UNPROVEN]') as string })
  // Nor is it what the next run is held against.
  expect((await gateAt(url)).stderr).toContain('warning[LOG_UNPROVEN]')
  expect((await gateAt(world.url)).stderr).not.toContain('LOG_UNPROVEN')
})

test('a server that says its log was tampered with is not away: no earlier bundle stands in', async () => {
  let code = 'STORE_BUSY'
  const { url } = await between((path, answer) => {
    const body = JSON.stringify({ type: `https://exeat.dev/errors#${code}`, title: 'x', status: 503, code, detail: 'no bundle is made' })
    return path.startsWith('/v1/bundle') ? { status: 503, body, type: 'application/problem+json' } : answer
  })
  const kept = (to: string): Promise<Ran> => world.exeatLater(['gate', 'trivy.json', '--env', 'development', '--bundle', to])
  expect((await kept(world.url)).exit).toBe(0)
  expect(await kept(url)).toMatchObject({ exit: 0, stderr: expect.stringContaining('BUNDLE_FROM_CACHE') as string })
  code = 'LOG_DIFFERS'
  expect(await kept(url)).toMatchObject({ exit: 2, stdout: '', stderr: expect.stringContaining('error[LOG_DIFFERS]') as string })
})

test('a document that is not what would be signed is not signed', async () => {
  world.merge({ '.exeat/opt-outs/changed.yaml': optOut('changed') })
  expect(world.exeat(['request', 'changed', '--actor', 'alice']).exit).toBe(0)
  const { url, asked } = await between((path, { status, body }) => ({ status, body: path === '/v1/opt-outs/changed' ? body.toString().replaceAll('The image is rebuilt', 'The image was rebuilt') : body }))
  const ran = await world.exeatLater(['approve', 'changed', '--actor', 'bob', '--yes', '--server', url])
  expect(ran, ran.stderr).toMatchObject({ exit: 3, stderr: expect.stringContaining('SHOWN_DIFFERS') as string })
  expect(asked).toEqual(['GET /v1/opt-outs/changed'])
})

test('an act whose answer was lost on the way is done once', async () => {
  world.merge({ '.exeat/opt-outs/lost.yaml': optOut('lost') })
  let lost = 0
  const { url, asked } = await between((path, answer) => (path === '/v1/opt-outs' && lost++ === 0 ? 'cut' : answer))
  const ran = await world.exeatLater(['request', 'lost', '--actor', 'alice', '--server', url])
  expect(ran, ran.stderr).toMatchObject({ exit: 0, stdout: expect.stringContaining('REQUESTED') as string })
  expect(asked).toEqual(['POST /v1/opt-outs', 'POST /v1/opt-outs'])
  expect(world.exeat(['status', 'lost']).stdout).toMatch(/log\s+entry \d+\n/)
})

test('uses whose answer was lost on the way are counted once', async () => {
  world.merge({ 'src.txt': 'one more' })
  const before = countedUses(world, 'honest')
  const { url } = await between((path, answer) => (path === '/v1/uses' ? 'cut' : answer))
  const ran = await gateAt(url)
  expect(ran, ran.stderr).toMatchObject({ exit: 0, stderr: expect.stringContaining('warning[USE_SPOOLED]') as string })
  expect((await gateAt(world.url)).exit).toBe(0)
  expect(countedUses(world, 'honest')).toBe(before + 1)
})

test.for(['{"results":[]}', `{"results":[{"uid":"${'0'.repeat(64)}","outcome":"counted"}]}`, '{"results":[{"uid":"x","outcome":"counted"}]}'])('uses that the server answers with %s wait on', async (body) => {
  world.merge({ 'src.txt': body })
  const before = countedUses(world, 'honest')
  const { url } = await between((path, answer) => (path === '/v1/uses' ? { status: 200, body } : answer))
  const ran = await gateAt(url)
  expect(ran, ran.stderr).toMatchObject({ exit: 0, stderr: expect.stringContaining('warning[USE_SPOOLED]') as string })
  expect((await gateAt(world.url)).exit).toBe(0)
  expect(countedUses(world, 'honest')).toBe(before + 1)
})

test('an opt-out whose uses are limited excuses nothing on such an answer', async () => {
  world.exeat(['revoke', 'honest', '--actor', 'bob', '--reason', 'done'])
  world.activate('limited', { limits: '{ findings: 1, uses: 5 }' })
  const { url } = await between((path, answer) => (path === '/v1/uses' ? { status: 200, body: '{"results":[]}' } : answer))
  expect(await gateAt(url)).toMatchObject({ exit: 2, stderr: expect.stringContaining('warning[USE_NOT_COUNTED]: opt-out `limited` excuses nothing here: the server did not answer for it') as string })
  expect((await gateAt(world.url)).exit).toBe(0)
})

test('a bundle that answers another request is none in a protected environment', async () => {
  let earlier: Buffer | undefined
  const { url } = await between((path, answer) => {
    if (!path.startsWith('/v1/bundle')) return answer
    const body = earlier ?? answer.body
    earlier = answer.body
    return { ...answer, body }
  })
  const production = ['gate', 'trivy.json', '--env', 'production', '--bundle', url]
  expect((await world.exeatLater(production)).exit).toBe(2)
  expect(await world.exeatLater(production)).toMatchObject({ exit: 3, stdout: '', stderr: expect.stringContaining('BUNDLE_NONCE') as string })
})

test('a server that answers with something else excuses nothing', async () => {
  for (const body of ['', '<html>', '{"payloadType":"x"}', 'null']) {
    // oxlint-disable-next-line no-await-in-loop -- one proxy after the other
    const { url } = await between((path, answer) => (path.startsWith('/v1/bundle') ? { status: 200, body } : answer))
    // oxlint-disable-next-line no-await-in-loop
    expect(await gateAt(url), body).toMatchObject({ exit: 1, stdout: '', stderr: expect.stringContaining('API_ANSWER') as string })
    proxy?.close()
  }
})

test('opt-outs that are wrong are told one by one, and very many in a few lines', () => {
  const problem = (n: number) => ({ uid: n.toString(16).padStart(64, '0'), problem: { code: 'OPTOUT_DIGEST' as const, message: 'it differs' } })
  expect(notHonoured([{ ...problem(1), name: 'one' }])).toEqual([{ code: 'OPTOUT_DIGEST', message: 'opt-out `one` is not honoured: it differs' }])
  const many = notHonoured(Array.from({ length: 500 }, (_, n) => problem(n)))
  expect(many).toHaveLength(21)
  expect(many.at(-1)?.message).toBe('480 more opt-outs of the bundle are not honoured')
  expect(notHonoured([])).toEqual([])
})

test('an opt-out whose repository came to mean another one is refused alone, and that is said', async () => {
  world.exeat(['revoke', 'limited', '--actor', 'bob', '--reason', 'done'])
  world.activate('moved')
  expect((await gateAt(world.url)).exit).toBe(0)
  const path = '.exeat/workspace.yaml'
  world.merge({ [path]: readFileSync(join(world.dir, path), 'utf8').replace('repositoryId: "1001"', 'repositoryId: "1002"') })
  const ran = await gateAt(world.url)
  expect(ran.exit, `${ran.stdout}${ran.stderr}`).toBe(2)
  expect(ran.stderr).toContain('warning[OPTOUT_DIGEST]: opt-out `moved` is not honoured')
})
