/** HTTP over a Unix socket has the same limits as HTTP elsewhere. */
import { createServer, type RequestListener, type Server } from 'node:http'
import { join } from 'node:path'
import type { HttpAnswer, HttpRequest } from '@exeat/client/log'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { unixTransport } from '../../src/log/unix-transport.ts'
import { removeFolder, temporaryFolder } from './support.ts'

let cwd = ''
let server: Server
beforeEach(() => { cwd = temporaryFolder() })
afterEach(() => {
  server.close()
  server.closeAllConnections()
  removeFolder(cwd)
})

async function ask(listener: RequestListener, more: Partial<HttpRequest> = {}): Promise<HttpAnswer> {
  server = createServer(listener)
  const path = join(cwd, 'socket')
  await new Promise<void>((done) => { server.listen(path, done) })
  return unixTransport(path)({ method: 'GET', url: 'http://localhost/log/x?y=1', maxBytes: 100, timeout: 60_000, ...more })
}

test('asks for path and query, posts bytes, gives what comes back', async () => {
  const answer = await ask((request, response) => {
    let body = ''
    request.on('data', (part: Buffer) => { body += part.toString() })
    request.on('end', () => { response.writeHead(418, { 'X-Two': ['a', 'b'] }).end(`${request.method} ${request.url} ${request.headers.host} ${request.headers['x-mine']} ${body}`) })
  }, { method: 'POST', body: Buffer.from('bytes'), headers: { 'x-mine': 'v' } })
  expect([answer.status, answer.headers.get('x-two'), Buffer.from(answer.body).toString()]).toEqual([418, 'a, b', 'POST /log/x?y=1 localhost v bytes'])
})

test('follows no redirect', async () => {
  expect((await ask((_, response) => { response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end() })).status).toBe(302)
})

test.for<readonly [string, RequestListener]>([
  ['more than the', (_, response) => { response.end(Buffer.alloc(101)) }],
  ['more than the', (_, response) => { response.writeHead(200, { 'content-length': 1e9 }).flushHeaders() }],
  ['aborted', (_, response) => {
    response.writeHead(200, { 'content-length': 50 }).write('x')
    response.socket?.end()
  }],
  ['hang up', (_, response) => { response.socket?.destroy() }],
])('refuses a bad answer: %s, %#', async ([said, listener]) => {
  await expect(ask(listener)).rejects.toThrow(said)
})

test.for<readonly [string, RequestListener]>([['nothing', () => {}], ['no end', (_, response) => { response.write('x') }]])('waits no longer than it is told to: %s', async ([, listener]) => {
  await expect(ask(listener, { timeout: 50 })).rejects.toThrow('no whole answer came within 50 ms')
})

test('says that there is no socket', async () => {
  server = createServer()
  await expect(unixTransport(join(cwd, 'none'))({ method: 'GET', url: 'http://localhost/', maxBytes: 1, timeout: 60_000 })).rejects.toThrow('ENOENT')
})
