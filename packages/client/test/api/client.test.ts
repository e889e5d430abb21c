import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import fc from 'fast-check'
import { apiClient, type ApiClient, ApiError, fetchTransport, isAway } from '../../src/index.ts'

const digest = 'a'.repeat(64)
const view = {
  uid: digest, name: 'one', phase: 'proposed', review: 'none', inForce: false, merged: true, window: { from: '2026-01-01T00:00:00.000Z', until: '2026-01-02T00:00:00.000Z' },
  controls: ['trivy/CVE-1'], repositories: [], environments: [], reason: 'r', category: 'waiver', owner: 'o', requester: { iss: 'i', sub: 's' }, approvals: [], missing: [],
  renewal: 0, uses: { counted: 0, limit: null }, critical: true, binding: { optOut: digest, terms: digest, impact: null }, entries: [1],
}
const acted = { optOut: view, index: 1, receipt: 'r', evidence: 'operator-asserted' }

interface Seen { readonly method: string; readonly url: string; readonly headers: IncomingMessage['headers']; readonly body: string }

let server: Server
let base: string
let seen: Seen[] = []
let answer: (request: Seen, response: ServerResponse) => void
let client: ApiClient

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = ''
    request.on('data', (piece: Buffer) => { body += piece.toString() })
    request.on('end', () => {
      const one = { method: request.method ?? '', url: request.url ?? '', headers: request.headers, body }
      seen.push(one)
      answer(one, response)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})
beforeEach(() => {
  seen = []
  client = apiClient({ transport: fetchTransport, base: `${base}/below/`, name: 'test', token: 'secret', actor: 'alice', timeout: 5_000 })
})

const json = (value: unknown, status = 200, type = 'application/json') => (_: Seen, response: ServerResponse): void => {
  response.writeHead(status, { 'content-type': type })
  response.end(typeof value === 'string' ? value : JSON.stringify(value))
}
const refusal = async (promise: Promise<unknown>): Promise<ApiError> => {
  const error: unknown = await promise.then(() => { throw new Error('it was answered') }, (cause: unknown) => cause)
  if (!(error instanceof ApiError)) throw error
  return error
}

describe('what goes out', () => {
  test('every act: path, body, who acts and its key', async () => {
    answer = json(acted, 201)
    const signed = view.binding
    await client.request({ document: { a: 1 } }, 'k1')
    await client.emergency({ document: {}, team: 't' }, 'k2')
    await client.approve('a b/c', signed, 'k3')
    await client.activate('one', signed, 'k4')
    await client.reject('one', 'why', 'k5')
    await client.withdraw('one', 'why', 'k6')
    await client.revoke('one', 'why', 'k7')
    await client.review('one', { verdict: 'justified', reason: 'why' }, 'k8')
    expect(seen.map(({ method, url, body, headers }) => [method, url, JSON.parse(body) as unknown, headers['idempotency-key']])).toEqual([
      ['POST', '/below/v1/opt-outs', { document: { a: 1 } }, 'k1'],
      ['POST', '/below/v1/emergencies', { document: {}, team: 't' }, 'k2'],
      ['POST', '/below/v1/opt-outs/a%20b%2Fc/approvals', { signed }, 'k3'],
      ['POST', '/below/v1/opt-outs/one/activation', { signed }, 'k4'],
      ['POST', '/below/v1/opt-outs/one/rejection', { reason: 'why' }, 'k5'],
      ['POST', '/below/v1/opt-outs/one/withdrawal', { reason: 'why' }, 'k6'],
      ['POST', '/below/v1/opt-outs/one/revocation', { reason: 'why' }, 'k7'],
      ['POST', '/below/v1/opt-outs/one/review', { verdict: 'justified', reason: 'why' }, 'k8'],
    ])
    for (const { headers } of seen) expect(headers).toMatchObject({ 'exeat-actor': 'alice', authorization: 'Bearer secret', 'content-type': 'application/json' })
  })

  test('reads, uses and erasures', async () => {
    const answers: Readonly<Record<string, unknown>> = {
      '/below/v1/opt-outs/one': view, '/below/v1/opt-outs?phase=active&limit=2': { items: [view], next: 'n' }, '/below/v1/uses': { results: [{ uid: digest, outcome: 'counted' }] },
      '/below/v1/erasures': { index: 3, erased: [] }, '/below/v1/decisions': { decision: { payloadType: 't', payload: 'e30=', signatures: [{ keyid: 'k', sig: 's' }] }, blocked: [] }, '/below/v1/entries/3': { index: 3, leaf: {}, body: { state: 'erased' } }, '/below/v1/receipts/3': { index: 3, receipt: 'r' },
      [`/below/v1/documents/Impact/${digest}`]: { kind: 'Impact' }, '/below/v1/opt-outs': { items: [] },
      '/below/v1/status': { workspace: 'w', origin: 'o', size: 1, root: 'r', at: '2026-01-01T00:00:00.000Z', state: 'open', founders: [], singleFounder: true },
      '/below/v1/bundle?audience=1001&nonce=00112233445566778899aabbccddeeff&protected=true': { payloadType: 't', payload: '', signatures: [{ keyid: 'k', sig: 's' }] },
    }
    answer = (request, response) => { json(answers[request.url] ?? 'unknown', request.url in answers ? 200 : 404)(request, response) }
    expect(await client.optOut('one')).toEqual(view)
    expect(await client.optOuts({ phase: 'active', limit: 2 })).toEqual({ items: [view], next: 'n' })
    expect(await client.optOuts()).toEqual({ items: [] })
    expect((await client.claimUses([{ uid: digest, point: 'p', subject: 's' }])).results).toHaveLength(1)
    const { decision, blocked } = await client.decide({ reports: [{ name: 'r', text: '{}' }] })
    expect([JSON.parse(Buffer.from(decision).toString()), blocked]).toEqual([{ payloadType: 't', payload: 'e30=', signatures: [{ keyid: 'k', sig: 's' }] }, []])
    expect((await client.erase({ uid: digest, reason: 'asked' }, 'k')).index).toBe(3)
    expect((await client.entry(3)).body.state).toBe('erased')
    expect((await client.receipt(3)).receipt).toBe('r')
    expect(await client.document('Impact', digest)).toEqual({ kind: 'Impact' })
    expect((await client.status()).state).toBe('open')
    const bytes = await client.bundle({ audience: '1001', nonce: '00112233445566778899aabbccddeeff', protected: 'true' })
    expect(JSON.parse(Buffer.from(bytes).toString())).toMatchObject({ payloadType: 't' })
  })
})

describe('what comes back', () => {
  test('a refusal keeps its code, hint, way out and further problems', async () => {
    answer = json({
      type: 't', title: 'T', status: 409, code: 'WRONG_PHASE', detail: 'it is over', hint: 'ask anew', wayOut: { command: 'exeat request one' },
      errors: [{ code: 'WRONG_PHASE', message: 'it is over' }, { code: 'OTHER', message: 'and this', at: { file: 'f' } }, { code: 'no code', message: 'x' }],
    }, 409, 'application/problem+json; charset=utf-8')
    const error = await refusal(client.optOut('one'))
    expect(error).toMatchObject({ status: 409, wayOut: { command: 'exeat request one' }, problems: [{ code: 'WRONG_PHASE', message: 'it is over', hint: 'ask anew' }, { code: 'OTHER', message: 'and this' }] })
    expect(error.problems).toHaveLength(2)
    expect(isAway(error)).toBe(false)
  })

  test.for([
    ['another shape', json({ ...view, phase: 'granted' })], ['an unknown member', json({ ...view, excused: true })], ['no JSON', json('<html>')], ['no UTF-8', (_: Seen, response: ServerResponse) => { response.end(Buffer.from([0xff])) }],
    ['a page that refuses', json('<html>', 403, 'text/html')], ['a problem without its code', json({ type: 't' }, 400, 'application/problem+json')],
    ['a code that is none', json({ type: 't', title: 'T', status: 400, code: '__proto__', detail: 'd' }, 400, 'application/problem+json')],
    ['another success', json(view, 202)],
  ] as const)('%s is no answer', async ([, reply]) => {
    answer = reply
    expect((await refusal(client.optOut('one'))).problems[0].code).toBe('API_ANSWER')
  })

  test('a redirect is not followed, to whatever origin', async () => {
    answer = (_, response) => { response.writeHead(307, { location: `${base}/elsewhere` }).end() }
    expect((await refusal(client.revoke('one', 'why', 'k'))).problems[0]).toMatchObject({ code: 'API_ANSWER', message: expect.stringContaining('redirect') as string })
    expect(seen.map(({ url }) => url)).toEqual(['/below/v1/opt-outs/one/revocation'])
  })

  test('an answer that is too long is refused before it is read', async () => {
    answer = (_, response) => { response.writeHead(200, { 'content-length': String(5 * 1024 * 1024) }).flushHeaders() }
    expect((await refusal(client.optOut('one'))).problems[0]).toMatchObject({ code: 'API_UNREACHABLE', message: expect.stringContaining('more than') as string })
  })

  test('any bytes end as an answer or an ApiError', async () => {
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(200, 201, 204, 400, 418, 500, 503), async (bytes, status) => {
      answer = (_, response) => { response.writeHead(status, { 'content-type': 'application/problem+json' }).end(Buffer.from(bytes)) }
      await refusal(client.status())
    }), { numRuns: 50 })
  })
})

describe('when the connection is lost', () => {
  test('an act is sent once more, under the same key', async () => {
    answer = (request, response) => {
      if (seen.length === 1) response.socket?.destroy()
      else json(acted, 201)(request, response)
    }
    expect((await client.approve('one', view.binding, 'key-1')).index).toBe(1)
    expect(seen.map(({ headers, body }) => [headers['idempotency-key'], body])).toEqual([['key-1', JSON.stringify({ signed: view.binding })], ['key-1', JSON.stringify({ signed: view.binding })]])
  })

  test('twice is enough', async () => {
    answer = (_, response) => { response.socket?.destroy() }
    const error = await refusal(client.approve('one', view.binding, 'key-1'))
    expect(error.problems[0].code).toBe('API_UNREACHABLE')
    expect(error.status).toBeUndefined()
    expect(isAway(error)).toBe(true)
    expect(seen).toHaveLength(2)
  })

  test('nobody is waited for longer than stated', async () => {
    answer = () => undefined
    const impatient = apiClient({ transport: fetchTransport, base, name: 'test', timeout: 50 })
    expect((await refusal(impatient.status())).problems[0]).toMatchObject({ code: 'API_UNREACHABLE', message: expect.stringContaining('50 ms') as string })
  })

  test('a server that cannot now is away; one that refuses is not', async () => {
    for (const [status, away] of [[429, true], [500, true], [503, true], [400, false], [401, false], [404, false]] as const) {
      answer = json({ type: 't', title: 'T', status, code: 'SOME_CODE', detail: 'd' }, status, 'application/problem+json')
      // oxlint-disable-next-line no-await-in-loop -- one server, one answer after the other
      expect(isAway(await refusal(client.status())), String(status)).toBe(away)
    }
    expect(isAway(new Error('anything else'))).toBe(false)
  })
})
