/** The witness over HTTP, and the client that asks it: both sides of C2SP tlog-witness against each other, and the client against liars. */
import { createServer, request as httpRequest, type RequestListener, type Server } from 'node:http'
import { addCosignature, cosign, fetchTransport, type CosignRequest, type HttpAnswer, type WitnessAddress } from '@exeat/client/log'
import { formatVerifierKey, openNote, signatureOf } from '@exeat/log'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { must } from '../../../testkit/src/log-store-kit.ts'
import { createWitness, signerOf, verifySignature, witnessServer } from '../../src/witness/index.ts'
import { bodyOf, consistency, growth, leaves, logKey, origin, publicPart, signedHead, testWitness, witnessKey, witnessOptions, type TestWitness } from './kit.ts'

const servers: Server[] = []

async function listen(server: Server): Promise<string> {
  servers.push(server)
  await new Promise<void>((done) => { server.listen(0, '127.0.0.1', done) })
  const address = server.address()
  return typeof address === 'object' && address !== null ? `http://127.0.0.1:${address.port}` : ''
}

let tested: TestWitness
let url = ''
beforeEach(async () => {
  tested = testWitness()
  url = await listen(witnessServer(tested.witness, witnessKey()))
})
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close()
    server.closeAllConnections()
  }
  tested.end()
})

const send = (method: 'GET' | 'POST', path: string, body?: Uint8Array): Promise<HttpAnswer> =>
  fetchTransport({ method, url: `${url}${path}`, maxBytes: 10_000, timeout: 60_000, ...(body === undefined ? {} : { body }) })
const textOf = ({ body }: HttpAnswer): string => Buffer.from(body).toString('utf8')

describe('over HTTP', () => {
  test('signs, and says what it keeps', async () => {
    const first = await send('POST', '/add-checkpoint', growth(0, 3))
    expect([first.status, textOf(first)]).toEqual([200, expect.stringMatching(/^— witness\.example\/w \S+\n$/)])
    const second = await send('POST', '/add-checkpoint', growth(0, 4))
    expect([second.status, second.headers.get('content-type'), textOf(second)]).toEqual([409, 'text/x.tlog.size', '3\n'])
    expect((await send('POST', '/add-checkpoint', growth(3, 9, 'fork'))).status).toBe(422)
    expect((await send('POST', '/add-checkpoint', bodyOf(3, [], signedHead(leaves(3), { key: logKey(7) })))).status).toBe(403)
    expect((await send('POST', '/add-checkpoint', bodyOf(0, [], signedHead(leaves(3), { name: 'x' })))).status).toBe(404)
    expect((await send('POST', '/add-checkpoint', Buffer.from('old\n\n'))).status).toBe(400)
  })

  test('shows its key, and whether it is well', async () => {
    expect(textOf(await send('GET', '/vkey'))).toBe(`${formatVerifierKey(witnessKey())}\n`)
    expect(textOf(await send('GET', '/healthz'))).toBe('ok\n')
    const failing = createWitness(witnessOptions({ ...tested.state, swap: () => { throw new Error('injected') } }))
    url = await listen(witnessServer(failing, witnessKey()))
    expect((await send('POST', '/add-checkpoint', growth(0, 3))).status).toBe(503)
    expect((await send('GET', '/healthz')).status).toBe(503)
  })

  test.for([['GET', '/add-checkpoint', 405], ['POST', '/vkey', 405], ['GET', '/', 404], ['POST', '/add-checkpoint/', 404], ['GET', '/../add-checkpoint', 405]] as const)('%s %s: %d', async ([method, path, status]) => {
    expect((await send(method, path)).status).toBe(status)
  })

  test('reads no more than its limit, announced or not', async () => {
    expect((await send('POST', '/add-checkpoint', Buffer.alloc(200_000, 0x61))).status).toBe(413)
    const status = await new Promise<number | undefined>((done, failed) => {
      const request = httpRequest(`${url}/add-checkpoint`, { method: 'POST', headers: { 'transfer-encoding': 'chunked' } }, (answer) => {
        done(answer.statusCode)
        request.destroy()
      })
      request.on('error', failed)
      const more = (): void => { while (!request.destroyed && request.write(Buffer.alloc(16_384, 0x61))); }
      request.on('drain', more)
      more()
    })
    expect(status).toBe(413)
  })

  test('two hundred requests at once, of two forks: one history is signed', async () => {
    const answers = await Promise.all(Array.from({ length: 200 }, async (_, i) => {
      const [size, salt] = [1 + (i % 20), i % 2 === 0 ? '' : 'fork']
      const { status } = await send('POST', '/add-checkpoint', growth(0, size, salt))
      return { status, size, salt }
    }))
    const signed = answers.filter(({ status }) => status === 200)
    expect(signed).toHaveLength(1)
    expect(tested.state.read(origin)?.size).toBe(signed[0]?.size)
  })
})

describe('asked by a log', () => {
  const request = (size: number, from: number, salt = ''): CosignRequest => ({
    checkpoint: signedHead(leaves(size, salt)), from, prove: async (held) => ({ ok: true, value: consistency(leaves(size, salt), held) }),
  })
  const ask = (asked: CosignRequest, address: Partial<WitnessAddress> = {}) =>
    cosign({ url, key: publicPart(witnessKey()), ...address }, asked, { transport: fetchTransport, verify: verifySignature, timeout: 60_000 })
  const code = async (answer: ReturnType<typeof ask>): Promise<string> => {
    const { ok, ...rest } = await answer
    return ok ? 'ok' : (rest as { problem: { code: string } }).problem.code
  }

  test('gives a line that makes the checkpoint one of a witness', async () => {
    const { checkpoint } = request(6, 0)
    const cosigned = must(await ask(request(6, 0)))
    expect(cosigned).toMatchObject({ size: 6, time: 1_800_000_000 })
    const both = must(addCosignature(checkpoint, cosigned.signature))
    expect(must(addCosignature(both, cosigned.signature))).toEqual(both)
    expect(must(openNote(both, [publicPart(logKey()), publicPart(witnessKey())], verifySignature)).verified).toHaveLength(2)
  })

  test.for([[0, 'what was never asked'], [2, 'less than it keeps'], [3, 'what it keeps'], [5, 'more than it keeps'], [6, 'the size itself']] as const)('from %d: %s', async ([from]) => {
    must(await ask(request(3, 0)))
    expect(must(await ask(request(6, from))).size).toBe(6)
    expect(must(await ask(request(6, 6))).size).toBe(6)
  })

  test('says when the log was cut back or forked', async () => {
    must(await ask(request(9, 0)))
    expect(await code(ask(request(8, 8)))).toBe('WITNESS_AHEAD')
    expect(await code(ask(request(9, 9, 'fork')))).toBe('WITNESS_INCONSISTENT')
    expect(await code(ask(request(10, 9, 'fork')))).toBe('WITNESS_INCONSISTENT')
    expect(must(await ask(request(10, 0))).size).toBe(10)
  })

  test('says when the log or its key is not known there', async () => {
    expect(await code(ask({ ...request(3, 0), checkpoint: signedHead(leaves(3), { key: logKey(9) }) }))).toBe('WITNESS_REFUSED')
    expect(await code(ask({ ...request(3, 0), checkpoint: signedHead(leaves(3), { name: 'x' }) }))).toBe('WITNESS_REFUSED')
    expect(await code(ask({ ...request(3, 0), checkpoint: Buffer.from('rubbish') }))).toBe('NOTE_MALFORMED')
  })

  test('passes on that its own proof cannot be had', async () => {
    must(await ask(request(3, 0)))
    expect(await code(ask({ ...request(6, 3), prove: async () => ({ ok: false, problem: { code: 'RESOURCE_MISSING', message: 'gone' } }) }))).toBe('RESOURCE_MISSING')
  })

  const line = (key = witnessKey(), of = 3): string => {
    const text = Buffer.from(signedHead(leaves(of))).toString('utf8').split('\n\n')[0]
    const { name, id, signature } = must(signatureOf(`${text}\n`, key, signerOf(key.seed), 5))
    return `— ${name} ${Buffer.concat([id, signature]).toString('base64')}\n`
  }

  /** The same line with one bit of its signature changed. */
  const forged = (text: string): string => {
    const [dash, name, base64 = ''] = text.trim().split(' ')
    const bytes = Buffer.from(base64, 'base64')
    bytes[40] = (bytes[40] ?? 0) ^ 1
    return `${dash} ${name} ${bytes.toString('base64')}\n`
  }

  test.for<readonly [string, string, RequestListener]>([
    ['the signature of another witness', 'WITNESS_SIGNATURE', (_, response) => { response.end(line(witnessKey(51, 'witness.example/v'))) }],
    ['a forged one under its name', 'WITNESS_SIGNATURE', (_, response) => { response.end(forged(line())) }],
    ['its signature of another head', 'WITNESS_SIGNATURE', (_, response) => { response.end(line(witnessKey(), 4)) }],
    ['a page', 'WITNESS_UNREACHABLE', (_, response) => { response.end('<!doctype html>') }],
    ['nothing', 'WITNESS_UNREACHABLE', (_, response) => { response.end() }],
    ['an error', 'WITNESS_UNREACHABLE', (_, response) => { response.writeHead(500).end() }],
    ['a redirect', 'WITNESS_UNREACHABLE', (_, response) => { response.writeHead(307, { location: 'http://127.0.0.1:1/' }).end() }],
    ['a conflict without a size', 'WITNESS_UNREACHABLE', (_, response) => { response.writeHead(409, { 'content-type': 'text/x.tlog.size' }).end('many\n') }],
    ['a conflict of another type', 'WITNESS_UNREACHABLE', (_, response) => { response.writeHead(409).end('1\n') }],
    ['too much', 'WITNESS_UNREACHABLE', (_, response) => { response.end(Buffer.alloc(1e6, 0x61)) }],
  ])('believes no %s', async ([, wanted, listener]) => {
    const liar = await listen(createServer(listener))
    expect(await code(ask(request(3, 0), { url: liar }))).toBe(wanted)
  })

  test('gives up on a witness whose size keeps changing, on one that hangs, and on one that is not there', async () => {
    let calls = 0
    const moving = await listen(createServer((_, response) => { response.writeHead(409, { 'content-type': 'text/x.tlog.size' }).end(`${1 + ((calls += 1) % 2)}\n`) }))
    expect(await code(ask(request(3, 0), { url: moving }))).toBe('WITNESS_CONFLICT')
    const hanging = await listen(createServer(() => {}))
    const answer = await cosign({ url: hanging, key: publicPart(witnessKey()) }, request(3, 0), { transport: fetchTransport, verify: verifySignature, timeout: 50 })
    expect(answer).toMatchObject({ ok: false, problem: { code: 'WITNESS_UNREACHABLE', message: expect.stringContaining('within 50 ms') } })
    expect(await code(ask(request(3, 0), { url: 'http://127.0.0.1:1' }))).toBe('WITNESS_UNREACHABLE')
  })
})
