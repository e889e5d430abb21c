/** What a stranger, a broken client or a slow one can send. */
import { connect } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { by, exchange, expectProblem, type Reply, type Site, site } from '../main/support.ts'
import { optOut } from '../use/support.ts'
import { conform } from './conform.ts'

let at: Site
beforeAll(async () => {
  at = await site()
  await at.start()
  // What governs is entered once, and not while something is counted.
  await at.ask('/v1/synchronise', { method: 'POST' })
})
afterAll(async () => at.close())

const sizeOf = async (): Promise<number> => (await at.ask('/v1/status')).json()['size'] as number
let before = 0
beforeEach(async () => { before = await sizeOf() })
// Nothing in this file may leave anything in the log.
afterEach(async () => {
  if (await sizeOf() !== before) throw new Error('the log has grown')
})

const post = (path: string, body: unknown, headers: Record<string, string> = {}) => at.ask(path, { method: 'POST', body, headers: { ...by('alice'), ...headers } })
const network = (path: string, asked: Parameters<Site['ask']>[1] = {}) => at.ask(path, { over: 'network', ...asked })

/** Bytes on a connection, and all that comes back until it is closed. */
function raw(bytes: string): Promise<string> {
  const { host, port } = at.server?.address ?? { host: '', port: 0 }
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port })
    let text = ''
    socket.on('data', (piece: Buffer) => { text += piece.toString('latin1') })
    socket.on('close', () => { resolve(text) })
    socket.on('error', reject)
    socket.write(bytes, 'latin1')
  })
}

function rawProblem(text: string, status: number, code: string): void {
  const [head = '', body = ''] = text.split('\r\n\r\n')
  expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
  expect(head.toLowerCase()).toContain('content-type: application/problem+json')
  expect(JSON.parse(body)).toMatchObject({ status, code })
}

describe('who may', () => {
  const paths = ['/v1/status', '/v1/opt-outs', '/v1/opt-outs/x', '/v1/bundle', '/v1/entries/0', '/v1/receipts/0', `/v1/documents/OptOut/${'a'.repeat(64)}`]
  test.each(paths)('%s asks for a token over the network', async (path) => {
    const none = await network(path, { token: null })
    expectProblem(none, 401, 'TOKEN_MISSING')
    expect(none.headers['www-authenticate']).toBe('Bearer realm="exeat"')
    for (const token of ['wrong', `${at.founded.pointToken}x`, at.founded.pointToken.slice(0, -1), at.founded.pointToken.toUpperCase()]) {
      const wrong = await network(path, { token })
      expectProblem(wrong, 401, 'TOKEN_UNKNOWN')
      expect(wrong.headers['www-authenticate']).toBe('Bearer realm="exeat", error="invalid_token"')
    }
  })
  test.each(['Basic abc', 'Bearer', 'Bearer ', 'bearer\ta', `Bearer ${'x'.repeat(600)}`])('an authorization of another form: %s', async (authorization) => {
    expectProblem(await network('/v1/status', { token: null, headers: { authorization } }), 401, 'TOKEN_UNKNOWN')
  })
  test('an unknown path below /v1 says nothing without a token', async () => {
    expectProblem(await network('/v1/nothing', { token: null }), 401, 'TOKEN_MISSING')
    expectProblem(await network('/v1/nothing'), 404, 'RESOURCE_UNKNOWN')
  })
  test.each([
    '/v1/opt-outs', '/v1/emergencies', '/v1/opt-outs/x/approvals', '/v1/opt-outs/x/activation', '/v1/opt-outs/x/rejection', '/v1/opt-outs/x/withdrawal', '/v1/opt-outs/x/revocation',
    '/v1/opt-outs/x/review', '/v1/erasures', '/v1/synchronise', '/v1/decisions', '/v1/links', '/v1/challenges', '/v1/api-keys',
  ])('attack-15: %s is taken from no enforcement point and no stranger, whatever name they state', async (path) => {
    expectProblem(await network(path, { method: 'POST', body: { document: optOut('x') }, headers: by('alice') }), 403, 'CALLER_REFUSED')
    expectProblem(await network(path, { method: 'POST', body: {}, token: null, headers: by('alice') }), 401, 'NOT_SIGNED_IN_HERE')
  })
  test('uses need a token', async () => {
    const body = { uses: [{ uid: 'a'.repeat(64), point: 'p', subject: 's' }] }
    expectProblem(await network('/v1/uses', { method: 'POST', body, token: null }), 401, 'TOKEN_MISSING')
    expect((await network('/v1/uses', { method: 'POST', body })).json()).toMatchObject({ results: [{ outcome: 'refused', code: 'UNKNOWN_OPTOUT' }] })
  })
})

describe('an act without what it needs', () => {
  const request = (headers: Record<string, string>) => at.ask('/v1/opt-outs', { method: 'POST', body: { document: optOut('x') }, headers })
  test('no actor, or one that is none', async () => {
    expectProblem(await request({ 'idempotency-key': 'k' }), 400, 'ACTOR_MISSING')
    for (const name of ['', 'al ice', 'álice', 'a'.repeat(513)]) expectProblem(await request({ ...by(''), 'exeat-actor': name }), 400, 'ACTOR_MISSING')
  })
  test('no key, or one that is none', async () => {
    expectProblem(await request({ 'exeat-actor': 'alice' }), 400, 'IDEMPOTENCY_KEY')
    for (const key of ['', 'a b', 'k'.repeat(121), 'ü']) expectProblem(await request({ 'exeat-actor': 'alice', 'idempotency-key': key }), 400, 'IDEMPOTENCY_KEY')
  })
})

describe('a body', () => {
  test('that is too large, by its length and without one', async () => {
    const body = JSON.stringify({ document: { a: 'x'.repeat(1024 * 1024) } })
    expectProblem(await post('/v1/opt-outs', body), 413, 'REQUEST_TOO_LARGE')
    const { socket } = at.server ?? { socket: '' }
    const chunked = await exchange({ socketPath: socket, method: 'POST', path: '/v1/opt-outs', agent: false, headers: { 'content-type': 'application/json', 'transfer-encoding': 'chunked', ...by('alice') } }, Buffer.from(body))
    conform('POST', '/v1/opt-outs', chunked)
    expectProblem(chunked, 413, 'REQUEST_TOO_LARGE')
  })
  test('that is chunked and small enough is read', async () => {
    const { socket } = at.server ?? { socket: '' }
    const reply = await exchange({ socketPath: socket, method: 'POST', path: '/v1/opt-outs', agent: false, headers: { 'content-type': 'application/json', 'transfer-encoding': 'chunked', ...by('alice') } }, Buffer.from('{"document":{}}'))
    expectProblem(reply, 422, 'DOCUMENT_KIND')
  })
  test.each(['text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=latin1', 'multipart/form-data; boundary=x', 'application/jsonx', 'text/json', ''])('sent as `%s`', async (type) => {
    expectProblem(await post('/v1/opt-outs', { document: {} }, { 'content-type': type }), 415, 'REQUEST_MEDIA_TYPE')
  })
  test.each(['application/json', 'Application/JSON', 'application/json; charset=utf-8', 'application/json;charset="UTF-8"'])('sent as `%s` is read', async (type) => {
    expectProblem(await post('/v1/opt-outs', { document: {} }, { 'content-type': type }), 422, 'DOCUMENT_KIND')
  })
  test('that is compressed', async () => { expectProblem(await post('/v1/opt-outs', { document: {} }, { 'content-encoding': 'gzip' }), 415, 'REQUEST_MEDIA_TYPE') })
  test.each([
    ['nothing', ''], ['no JSON', '{'], ['two values', '{}{}'], ['a byte order mark', '\ufeff{}'], ['a key twice', '{"document":{},"document":{}}'], ['NaN', '{"document":{"a":NaN}}'],
    ['a lone surrogate', '{"document":{"a":"\\ud800"}}'], ['an endless nest', `{"document":${'['.repeat(500_000)}`], ['a nest', `{"document":{"a":${'['.repeat(40)}${']'.repeat(40)}}}`],
    ['an array', '[]'], ['null', 'null'], ['a number', '1'], ['an unknown member', '{"document":{},"other":1}'], ['a document that is text', '{"document":"x"}'],
    ['a polluting member', '{"__proto__":{"document":{}}}'], ['a constructor', '{"document":{},"constructor":{"prototype":{"a":1}}}'],
  ])('that is %s', async (_, body) => {
    expectProblem(await post('/v1/opt-outs', body), 400, 'REQUEST_INVALID')
    expect(({} as Record<string, unknown>)['a']).toBeUndefined()
  })
  test('that is no UTF-8', async () => { expectProblem(await post('/v1/opt-outs', Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d)), 400, 'REQUEST_INVALID') })
  test('on an act that knows another', async () => {
    for (const body of [{}, { signed: {} }, { signed: { optOut: 'x', terms: 'y', impact: null } }, { reason: 'x' }]) expectProblem(await post('/v1/opt-outs/x/approvals', body), 400, 'REQUEST_INVALID')
    for (const body of [{ reason: '' }, { reason: 'x'.repeat(4097) }, { reason: 1 }]) expectProblem(await post('/v1/opt-outs/x/revocation', body), 400, 'REQUEST_INVALID')
    for (const body of [{ uses: [] }, { uses: [{ uid: 'A'.repeat(64), point: 'p', subject: 's' }] }]) expectProblem(await post('/v1/uses', body), 400, 'REQUEST_INVALID')
  })
})

test('a client that goes away in the middle of a body is no failure of the server', async () => {
  const { host, port } = at.server?.address ?? { host: '', port: 0 }
  const socket = connect({ host, port })
  const head = `POST /v1/uses HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${at.founded.pointToken}\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{`
  await new Promise<void>((resolve) => { socket.write(head, () => { resolve() }) })
  socket.destroy()
  expect((await network('/healthz')).status).toBe(200)
  expect(at.told).toEqual([])
})

describe('a head', () => {
  const get = (headers: Record<string, string>, path = '/healthz') => network(path, { headers })
  test('with 10,000 bytes of headers', async () => {
    rawProblem(await raw(`GET /healthz HTTP/1.1\r\nhost: x\r\na: ${'x'.repeat(10_000)}\r\n\r\n`), 431, 'REQUEST_HEADERS')
  })
  test('with a hundred headers', async () => {
    expectProblem(await get(Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`x-${i}`, '1']))), 431, 'REQUEST_HEADERS')
  })
  test('with a long URL', async () => { expectProblem(await get({}, `/healthz?${'x'.repeat(3000)}`), 414, 'REQUEST_URL') })
  test('that is no HTTP', async () => {
    rawProblem(await raw('hello\r\n\r\n'), 400, 'REQUEST_INVALID')
    rawProblem(await raw('GET /healthz HTTP/9.9\r\nhost: x\r\n\r\n'), 400, 'REQUEST_INVALID')
    rawProblem(await raw('POST /v1/uses HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n'), 400, 'REQUEST_INVALID')
  })
  test('whose host is none', async () => {
    const text = await raw('GET /healthz HTTP/1.1\r\nhost: a/b\\c\r\nconnection: close\r\n\r\n')
    rawProblem(text, 400, 'REQUEST_INVALID')
  })
  test('of two requests at once is two requests', async () => {
    const text = await raw('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\nGET /log/vkey HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')
    expect(text.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2)
  })
  test('that asks for an upgrade gets an ordinary answer', async () => {
    expect(await raw('GET /healthz HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade, close\r\n\r\n')).toContain('{"status":"ok"}')
  })
})

describe('a method', () => {
  test.each([['PUT', '/v1/opt-outs', 'GET, HEAD, POST'], ['DELETE', '/v1/opt-outs/x', 'GET, HEAD'], ['PATCH', '/v1/status', 'GET, HEAD'], ['POST', '/log/checkpoint', 'GET, HEAD'], ['DELETE', '/log/tile/0/000', 'GET, HEAD'], ['OPTIONS', '/healthz', 'GET, HEAD'], ['GET', '/v1/uses', 'POST']])(
    '%s %s is not known', async (method, path, allow) => {
      const reply = await at.ask(path, { method, conforms: false })
      expectProblem(reply, 405, 'REQUEST_METHOD')
      expect(String(reply.headers['allow']).split(', ').sort().join(', ')).toBe(allow)
    })
  test('HEAD answers like GET, without a body', async () => {
    for (const path of ['/healthz', '/log/checkpoint', '/v1/status', '/log/tile/entries/000.p/1']) {
      const reply = await network(path, { method: 'HEAD' })
      expect(reply).toMatchObject({ status: 200, text: '' })
    }
    expect((await network('/log/tile/0/999', { method: 'HEAD' })).status).toBe(404)
  })
  test('TRACE and CONNECT give nothing back', async () => {
    expect((await network('/healthz', { method: 'TRACE', conforms: false })).status).toBe(405)
    expect(await raw('CONNECT x:1 HTTP/1.1\r\nhost: x\r\n\r\n')).not.toContain('200')
  })
  test('attack-31: every answer carries what browsers are told', async () => {
    for (const reply of [await network('/healthz'), await network('/nothing'), await network('/v1/status', { token: null })]) {
      expect(reply.headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'content-security-policy': "default-src 'none'; frame-ancestors 'none'", 'x-frame-options': 'DENY' })
    }
  })
})

describe('rates', () => {
  let limited: Site
  beforeAll(async () => {
    limited = await site()
    limited.configure((config) => ({ ...config, limits: { point: { perSecond: 0.001, burst: 3 }, address: { perSecond: 0.001, burst: 2 }, acts: { perSecond: 0.001, burst: 2 } } }))
    await limited.start()
  })
  afterAll(async () => limited.close())
  const tooMany = (reply: Reply): void => {
    expectProblem(reply, 429, 'REQUEST_RATE')
    expect(Number(reply.headers['retry-after'])).toBeGreaterThan(0)
  }

  test('a point has its own, and guesses of tokens count for the address', async () => {
    for (let i = 0; i < 3; i++) expect((await limited.ask('/v1/status', { over: 'network' })).status).toBe(200)
    tooMany(await limited.ask('/v1/status', { over: 'network' }))
    for (let i = 0; i < 2; i++) expect((await limited.ask('/v1/status', { over: 'network', token: `guess-${i}` })).status).toBe(401)
    tooMany(await limited.ask('/v1/status', { over: 'network', token: 'guess' }))
    tooMany(await limited.ask('/log/checkpoint', { over: 'network', token: null }))
  })
  test('acts have one for all; reads at the socket have none', async () => {
    for (let i = 0; i < 2; i++) expect((await limited.ask('/v1/synchronise', { method: 'POST' })).status).toBe(200)
    tooMany(await limited.ask('/v1/synchronise', { method: 'POST' }))
    for (let i = 0; i < 5; i++) expect((await limited.ask('/v1/status')).status).toBe(200)
  })
})
