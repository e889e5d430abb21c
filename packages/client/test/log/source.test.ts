/** A log over HTTP: limits, statuses and waits, with a transport that answers as it is told. */
import { createServer, type RequestListener, type Server } from 'node:http'
import { afterEach, describe, expect, test } from 'vitest'
import { fetchTransport, httpLog, readCheckpoint, type HttpAnswer, type HttpRequest, type Transport } from '../../src/log/index.ts'

const answer = (status: number, body = '', headers: Readonly<Record<string, string>> = {}): HttpAnswer => ({ status, body: Buffer.from(body), headers: new Map(Object.entries(headers)) })

function told(...answers: readonly HttpAnswer[]): { readonly transport: Transport; readonly asked: HttpRequest[] } {
  const asked: HttpRequest[] = []
  return { asked, transport: async (request) => {
    asked.push(request)
    return answers[asked.length - 1] ?? answer(500)
  } }
}

describe('a log under a prefix', () => {
  test('asks below it, for no more than each file can have', async () => {
    const { transport, asked } = told(...Array.from({ length: 6 }, () => answer(200)))
    const log = httpLog('https://x.example/log///', transport)
    await log.readTile('tile/0/x001/234')
    await log.readTile('tile/3/000.p/7')
    await log.readTile('tile/entries/000.p/2')
    await readCheckpoint(log)
    expect(asked.map(({ url, maxBytes }) => [url, maxBytes])).toEqual([
      ['https://x.example/log/tile/0/x001/234', 8192], ['https://x.example/log/tile/3/000.p/7', 224], ['https://x.example/log/tile/entries/000.p/2', 131_074],
      ['https://x.example/log/checkpoint', 1_000_000],
    ])
  })

  test.for(['../../etc/passwd', 'tile/0/../../secret', 'checkpoint', 'tile/0/0', ''])('asks for no tile at `%s`', async (path) => {
    const { transport, asked } = told(answer(200))
    await expect(async () => httpLog('https://x.example/log', transport).readTile(path)).rejects.toThrow('is no tile path')
    expect(asked).toEqual([])
  })

  test.for([[404, undefined], [410, undefined], [200, 'x']] as const)('status %d', async ([status, wanted]) => {
    const read = await httpLog('https://x.example', told(answer(status, 'x')).transport).readTile('tile/0/000')
    expect(read === undefined ? undefined : Buffer.from(read).toString()).toBe(wanted)
  })

  test.for([0, 301, 302, 307, 400, 401, 403, 500, 502, 206, 204])('status %d is no answer', async (status) => {
    await expect(httpLog('https://x.example', told(answer(status, 'x', { location: 'https://evil.example/' })).transport).readTile('tile/0/000')).rejects.toThrow('the log answers with')
  })

  test('waits as it is told to, within bounds, and not for ever', async () => {
    const waits: number[] = []
    const pause = async (milliseconds: number): Promise<void> => { waits.push(milliseconds) }
    const busy = [answer(429, '', { 'retry-after': '3' }), answer(503), answer(429, '', { 'retry-after': '999999' }), answer(503, '', { 'retry-after': 'Mon, 23 Nov 2026 04:00:00 GMT' })]
    const patient = told(...busy, answer(200, 'x'))
    expect(await httpLog('https://x.example', patient.transport, { pause }).readTile('tile/0/000')).toEqual(Buffer.from('x'))
    expect(waits).toEqual([3000, 1000, 30_000, 4000])
    const never = told(...busy, answer(429), answer(200))
    await expect(httpLog('https://x.example', never.transport, { pause }).readTile('tile/0/000')).rejects.toThrow('status 429')
    await expect(httpLog('https://x.example', told(answer(503)).transport).readTile('tile/0/000')).rejects.toThrow('status 503')
  })
})

describe('fetch', () => {
  let server: Server | undefined
  afterEach(() => {
    server?.close()
    server?.closeAllConnections()
  })

  async function from(listener: RequestListener, more: Partial<HttpRequest> = {}): Promise<HttpAnswer> {
    const started = server = createServer(listener)
    await new Promise<void>((done) => { started.listen(0, '127.0.0.1', done) })
    const address = started.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    return fetchTransport({ method: 'GET', url: `http://127.0.0.1:${port}/`, maxBytes: 100, timeout: 60_000, ...more })
  }

  test('gives status, headers and body as they are, and follows nothing', async () => {
    const moved = await from((_, response) => { response.writeHead(302, { Location: '/elsewhere', 'X-Two': ['a', 'b'] }).end('body') })
    expect([moved.status, moved.headers.get('location'), moved.headers.get('x-two'), Buffer.from(moved.body).toString()]).toEqual([302, '/elsewhere', 'a, b', 'body'])
  })

  test('posts bytes, and asks for no compression', async () => {
    const seen = await from((request, response) => {
      request.setEncoding('latin1')
      let body = ''
      request.on('data', (part: string) => { body += part })
      request.on('end', () => { response.end(`${request.method} ${request.headers['accept-encoding']} ${body}`) })
    }, { method: 'POST', body: Buffer.from('bytes') })
    expect(Buffer.from(seen.body).toString()).toBe('POST identity bytes')
  })

  test('exactly the limit is enough, one byte more is too much, announced or not', async () => {
    expect((await from((_, response) => { response.end(Buffer.alloc(100)) })).body).toHaveLength(100)
    await expect(from((_, response) => { response.end(Buffer.alloc(101)) })).rejects.toThrow('101 bytes, more than the 100')
    await expect(from((_, response) => {
      response.write(Buffer.alloc(60))
      response.end(Buffer.alloc(41))
    })).rejects.toThrow('more than the 100 bytes')
  })

  test('a body that is compressed counts as what it becomes', async () => {
    const { gzipSync } = await import('node:zlib')
    await expect(from((_, response) => { response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(100_000))) })).rejects.toThrow('more than the 100 bytes')
  })

  test('a server that says nothing, and one that never ends', async () => {
    await expect(from(() => {}, { timeout: 50 })).rejects.toThrow('no whole answer came within 50 ms')
    await expect(from((_, response) => { response.write('x') }, { timeout: 50 })).rejects.toThrow('no whole answer came within 50 ms')
  })
})
