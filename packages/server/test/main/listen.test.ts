/** Clients that take their time, and more of them than there is room for. */
import { connect } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { newApp } from '../../src/http/parts.ts'
import { bounds, type Bounds, httpServer, type Listener, listenNetwork } from '../../src/main/listen.ts'

let listener: Listener | undefined
afterEach(async () => listener?.drain(0))

const brief: Bounds = { ...bounds, head: 100, whole: 200, checkEvery: 20 }

async function listening(within: Bounds): Promise<number> {
  const app = newApp()
  app.onError(() => new Response(null, { status: 400 }))
  app.post('/', async (c) => c.text(await c.req.text()))
  app.get('/', (c) => c.text('here'))
  listener = await listenNetwork(httpServer(app, 'network', { bounds: within }), '127.0.0.1', 0)
  const address = listener.address()
  return typeof address === 'string' ? 0 : address.port
}

/** All that comes back until the server ends the connection. */
function said(port: number, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port })
    let text = ''
    socket.on('data', (piece: Buffer) => { text += piece.toString('latin1') })
    socket.on('error', () => {})
    socket.on('close', () => { resolve(text) })
    socket.write(bytes)
  })
}

test.each([
  ['a head that never ends', 'GET / HTTP/1.1\r\nhost: x\r\n'],
  ['a body that never ends', 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc'],
  ['a chunked body that never ends', 'POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n'],
])('%s is cut off, and told so', async (_, bytes) => {
  const text = await said(await listening(brief), bytes)
  expect(text).toContain('HTTP/1.1 408 Request Timeout')
  expect(JSON.parse(text.split('\r\n\r\n')[1] ?? '')).toMatchObject({ status: 408, code: 'REQUEST_SLOW' })
})

test('who says nothing at all is cut off', async () => {
  expect(await said(await listening(brief), '')).toContain('408')
})

test('more connections than there is room for are closed, and the others served', async () => {
  const port = await listening({ ...bounds, connections: 2 })
  const held = await Promise.all([0, 1].map(() => new Promise<ReturnType<typeof connect>>((resolve) => {
    const socket = connect({ host: '127.0.0.1', port }, () => { resolve(socket) })
  })))
  // The server has seen both once it has answered on one of them.
  const answered = new Promise<string>((resolve) => { held[1]?.once('data', (piece: Buffer) => { resolve(piece.toString('latin1')) }) })
  held[1]?.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
  expect(await answered).toContain('200 OK')
  expect(await said(port, 'GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')).toBe('')
  for (const socket of held) socket.destroy()
})
