/** The whole way of an opt-out over the administrative socket, and what points read over the network. */
import { openCheckpoint, parseVerifierKey } from '@exeat/log'
import { bundleSchema, dsseSchema } from '@exeat/verify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openApiText } from '../../../../tools/openapi.ts'
import { readFileSync } from 'node:fs'
import { isPage } from '../../src/http/pages.ts'
import { createApp } from '../../src/http/app.ts'
import { addRoutes, type Services } from '../../src/http/routes.ts'
import { sha256, verifySignature } from '../../src/store/ed25519.ts'
import { by, expectProblem, origin, type Site, site } from '../main/support.ts'
import { fileOf, hour, optOut } from '../use/support.ts'
import { document } from './conform.ts'

let at: Site
beforeAll(async () => {
  at = await site()
  await at.start()
})
afterAll(async () => at.close())

const post = (path: string, body: unknown, headers = by('alice')) => at.ask(path, { method: 'POST', body, headers })
const binding = async (name: string) => ((await at.ask(`/v1/opt-outs/${name}`)).json() as { binding: unknown }).binding

describe('an opt-out', () => {
  test('is asked for, approved, merged, activated, used and revoked; each act has a receipt', async () => {
    const asked = await post('/v1/opt-outs', { document: optOut('log4j') })
    expect(asked.status).toBe(201)
    const { optOut: { uid } } = asked.json() as { optOut: { uid: string } }
    expect(asked.headers['location']).toBe(`/v1/opt-outs/${uid}`)
    expect(asked.json()['evidence']).toBe('operator-asserted')
    at.clock.now += hour
    const approved = await post('/v1/opt-outs/log4j/approvals', { signed: await binding('log4j') }, by('bob'))
    expect(approved.json()).toMatchObject({ optOut: { phase: 'approved' } })
    at.repository.commit({ [fileOf('log4j')]: JSON.stringify(optOut('log4j')) })
    const active = await post(`/v1/opt-outs/${uid}/activation`, { signed: await binding('log4j') }, by('dave'))
    expect(active.json()).toMatchObject({ optOut: { phase: 'active', inForce: true } })
    const used = await at.ask('/v1/uses', { method: 'POST', body: { uses: [{ uid, point: 'gate/1001/test', subject: 'commit:1' }] }, over: 'network' })
    expect(used.json()).toEqual({ results: [{ uid, outcome: 'counted' }] })
    const ended = await post('/v1/opt-outs/log4j/revocation', { reason: 'it is mended' }, by('carol'))
    expect(ended.json()).toMatchObject({ optOut: { phase: 'revoked' } })
    const { index, receipt } = ended.json() as { index: number; receipt: string }
    expect((await at.ask(`/v1/receipts/${index}`)).json()).toMatchObject({ index })
    expect(receipt).toContain(`index ${index}\n`)
    expect((await at.ask(`/v1/entries/${index}`, { over: 'network' })).json()).toMatchObject({ index, leaf: { type: 'dev.exeat.optout.revoked.v1', uid } })
  })

  test('two acts of one key and content get one answer; of one key and another content none', async () => {
    const headers = by('alice')
    const first = await post('/v1/opt-outs', { document: optOut('twice') }, headers)
    const again = await post('/v1/opt-outs', { document: optOut('twice') }, headers)
    expect(again.status).toBe(201)
    expect(again.json()['index']).toBe(first.json()['index'])
    expectProblem(await post('/v1/opt-outs', { document: optOut('thrice') }, headers), 409, 'APPEND_KEY_REUSED')
  })

  test('a rejection, a withdrawal, a review of nothing, an erasure too early', async () => {
    await post('/v1/opt-outs', { document: optOut('rejected') })
    expect((await post('/v1/opt-outs/rejected/rejection', { reason: 'no' }, by('bob'))).json()).toMatchObject({ optOut: { phase: 'rejected' } })
    const { optOut: { uid } } = (await post('/v1/opt-outs', { document: optOut('withdrawn') })).json() as { optOut: { uid: string } }
    expectProblem(await post('/v1/erasures', { uid, reason: 'asked for' }), 409, 'ERASE_TOO_EARLY')
    expect((await post('/v1/opt-outs/withdrawn/withdrawal', { reason: 'no need' })).json()).toMatchObject({ optOut: { phase: 'withdrawn' } })
    expectProblem(await post('/v1/opt-outs/withdrawn/review', { verdict: 'justified', reason: 'x' }, by('bob')), 409, 'REVIEW_NOT_DUE')
  })

  test('an emergency needs a stronger factor than a typed name', async () => {
    const body = { document: optOut('fire', { category: 'emergency', environments: ['production'], until: 4 * hour }), team: 'sre' }
    expectProblem(await post('/v1/emergencies', body, by('dave')), 403, 'EVIDENCE_TOO_WEAK')
  })

  test('concurrent activations: one wins, the others are told', async () => {
    await post('/v1/opt-outs', { document: optOut('raced') })
    await post('/v1/opt-outs/raced/approvals', { signed: await binding('raced') }, by('bob'))
    at.repository.commit({ [fileOf('raced')]: JSON.stringify(optOut('raced')) })
    const signed = await binding('raced')
    const replies = await Promise.all(Array.from({ length: 8 }, () => post('/v1/opt-outs/raced/activation', { signed }, by('dave'))))
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(1)
    for (const reply of replies.filter(({ status }) => status !== 200)) expectProblem(reply, 409, 'WRONG_PHASE')
  })

  test('the list pages by a link', async () => {
    const first = await at.ask('/v1/opt-outs?limit=2', { over: 'network' })
    const link = /^<(\/v1\/opt-outs\?[^>]+)>; rel="next"$/.exec(String(first.headers['link']))?.[1] ?? ''
    const second = await at.ask(link, { over: 'network' })
    const names = [first, second].flatMap((reply) => (reply.json() as { items: { name: string }[] }).items.map(({ name }) => name))
    expect(names).toHaveLength(4)
    expect(names).toEqual([...names].sort())
  })
})

describe('a bundle', () => {
  const get = (query = '', headers: Record<string, string> = {}) => at.ask(`/v1/bundle${query}`, { over: 'network', headers })

  test('is signed by the key that the founders delegated to', async () => {
    const envelope = dsseSchema.parse((await get()).json())
    const bundle = bundleSchema.parse(JSON.parse(Buffer.from(envelope.payload, 'base64').toString('utf8')))
    expect(bundle).toMatchObject({ origin, workspace: 'acme-1', audience: '*' })
  })
  test('is not sent again while the one held is good for half its life; afterwards it is', async () => {
    const etag = String((await get()).headers['etag'])
    expect((await get('', { 'if-none-match': etag })).status).toBe(304)
    expect((await get('', { 'if-none-match': `"x", ${etag}` })).status).toBe(304)
    at.clock.now += hour / 2 + 1
    expect((await get('', { 'if-none-match': etag })).status).toBe(200)
  })
  test('of another audience or of a protected environment is another one', async () => {
    const etag = String((await get()).headers['etag'])
    expect((await get('?protected=true', { 'if-none-match': etag })).status).toBe(200)
    expect((await get('?audience=1001', { 'if-none-match': etag })).status).toBe(200)
  })
  test('with a nonce is always new, and kept by nobody', async () => {
    const etag = String((await get()).headers['etag'])
    const reply = await get(`?nonce=${'ab'.repeat(16)}`, { 'if-none-match': etag })
    expect(reply.status).toBe(200)
    expect(reply.headers['cache-control']).toBe('no-store')
    expect(reply.headers['etag']).toBeUndefined()
  })
  test('changes with what is revoked', async () => {
    await post('/v1/opt-outs', { document: optOut('changing') })
    await post('/v1/opt-outs/changing/approvals', { signed: await binding('changing') }, by('bob'))
    at.repository.commit({ [fileOf('changing')]: JSON.stringify(optOut('changing')) })
    await post('/v1/opt-outs/changing/activation', { signed: await binding('changing') }, by('dave'))
    const etag = String((await get()).headers['etag'])
    await post('/v1/opt-outs/changing/revocation', { reason: 'mended' }, by('bob'))
    expect((await get('', { 'if-none-match': etag })).status).toBe(200)
  })
  test.each(['?nonce=short', '?nonce=XYZ', '?protected=yes', '?audience=', '?other=1'])('%s is refused', async (query) => {
    expectProblem(await get(query), 400, 'REQUEST_INVALID')
  })
})

describe('the log', () => {
  const get = (path: string) => at.ask(path, { over: 'network', token: null })

  test('shows its checkpoint, key, tiles and proofs to anybody', async () => {
    const [checkpoint, vkey] = [await get('/log/checkpoint'), await get('/log/vkey')]
    const key = parseVerifierKey(sha256, vkey.text.trim())
    if (!key.ok) throw new Error(key.problem.message)
    const opened = openCheckpoint(checkpoint.bytes, { origin, log: [key.value], witnesses: { atLeast: 0, keys: [] } }, verifySignature)
    if (!opened.ok) throw new Error(opened.problem.message)
    const { size } = opened.value.checkpoint
    expect(checkpoint.headers['cache-control']).toBe('public, max-age=5')
    expect((await get(`/log/tile/0/000.p/${size}`)).bytes).toHaveLength(32 * size)
    expect((await get('/log/tile/entries/000.p/1')).headers['content-type']).toBe('application/octet-stream')
    expect((await get('/log/proof/inclusion?index=0')).json()).toMatchObject({ size })
    expect((await get('/log/proof/consistency?from=1&to=2')).json()).toMatchObject({ size: 2 })
    expect((await get('/log/cosigned-checkpoint')).status).toBe(404)
  })
  test.each([
    '/log/tile/0/999', '/log/tile/0/0', '/log/tile/0/000.p/0', '/log/tile/0/000.p/256', '/log/tile/64/000', '/log/tile/-1/000', '/log/tile/', '/log/tile/entries/',
    '/log/tile/0/000.p/1/', '/log/tile/0/000.P/1', '/log/tile/0/%2e%2e/%2e%2e/data/server.json', '/log/tile/0/..%2f..%2fserver.json', '/log/tile/0/000%00', '/log/tile/0/x000/001',
    '/log/tile/0/000.p/1%0a', '/log/tile/0/x999/x999/x999/x999/x999/999',
  ])('%s is no tile', async (path) => { expectProblem(await at.ask(path, { over: 'network', token: null, conforms: false }), 404, 'RESOURCE_UNKNOWN') })
  test.each([
    ['/log/proof/inclusion?index=999999', 422], ['/log/proof/inclusion?index=0&size=999999', 404], ['/log/proof/inclusion', 400], ['/log/proof/inclusion?index=-1', 400],
    ['/log/proof/inclusion?index=01', 400], ['/log/proof/inclusion?index=1e3', 400], ['/log/proof/inclusion?index=99999999999999999', 400],
    ['/log/proof/consistency?from=0', 422], ['/log/proof/consistency?from=2&to=1', 422], ['/log/proof/consistency?from=1&other=1', 400],
  ])('%s answers %i', async (path, status) => { expect((await get(path)).status).toBe(status) })
})

describe('what stands beside it', () => {
  test('health, readiness, status', async () => {
    expect((await at.ask('/healthz', { over: 'network', token: null })).json()).toEqual({ status: 'ok' })
    expect((await at.ask('/readyz', { over: 'network', token: null })).json()).toMatchObject({ status: 'ready' })
    expect((await at.ask('/v1/status', { over: 'network' })).json()).toMatchObject({ origin, singleFounder: false, founders: ['alice', 'bob'], checked: { ok: true } })
  })
  test('the protected ref is read again when asked', async () => {
    const commit = at.repository.commit({ 'README.md': 'x' })
    expect((await at.ask('/v1/synchronise', { method: 'POST' })).json()).toEqual({ commit, changed: true })
    expect((await at.ask('/v1/synchronise', { method: 'POST' })).json()).toEqual({ commit, changed: false })
  })
  test('documents by digest; unknown ones, entries and opt-outs', async () => {
    const { binding: { optOut: digest } } = (await at.ask('/v1/opt-outs/log4j')).json() as { binding: { optOut: string } }
    expect((await at.ask(`/v1/documents/OptOut/${digest}`)).json()).toMatchObject({ kind: 'OptOut', metadata: { name: 'log4j' } })
    expectProblem(await at.ask(`/v1/documents/Workspace/${digest}`), 404, 'DOCUMENT_UNKNOWN')
    expectProblem(await at.ask(`/v1/documents/event/${digest}`), 400, 'REQUEST_INVALID')
    expectProblem(await at.ask('/v1/entries/100000'), 404, 'ENTRY_UNKNOWN')
    expectProblem(await at.ask('/v1/opt-outs/nobody'), 404, 'UNKNOWN_OPTOUT')
    expectProblem(await at.ask('/v1/opt-outs/__proto__'), 404, 'UNKNOWN_OPTOUT')
  })
})

test('an erasure takes what an ended opt-out said, and leaves its entries', async () => {
  const { optOut: { uid, entries: [index] } } = (await post('/v1/opt-outs', { document: optOut('erased') })).json() as { optOut: { uid: string; entries: number[] } }
  await post('/v1/opt-outs/erased/withdrawal', { reason: 'no need' })
  at.clock.now += 40 * 24 * hour
  const erased = await post('/v1/erasures', { uid, reason: 'asked for by a person' })
  expect(erased.json()).toMatchObject({ erased: expect.arrayContaining([expect.objectContaining({ kind: 'event' })]) as unknown })
  expect((await at.ask(`/v1/entries/${index ?? -1}`)).json()).toMatchObject({ index, body: { state: 'erased' } })
  expect((await at.ask(`/v1/receipts/${index ?? -1}`)).status).toBe(200)
})

describe('the description', () => {
  test('is what the routes say', () => { expect(readFileSync(new URL('../../../../docs/openapi.json', import.meta.url), 'utf8')).toBe(openApiText()) })
  test('is served', async () => { expect((await at.ask('/openapi.json', { over: 'network', token: null })).json()).toEqual(document) })
  test('every route of the application stands in it, and nothing else', () => {
    const unused = (): never => { throw new Error('nothing is asked') }
    const nothing: unknown = new Proxy(unused, { get: () => nothing })
    const edge = { people: {} as never, receivers: {} as never, points: [], pointSeen: unused, monotonic: () => 0, damage: unused, stopping: unused, report: unused }
    const app = createApp(edge, (added) => { addRoutes(added, nothing as Services) })
    const served = app.routes.filter(({ method, path }) => method !== 'ALL' && !isPage(path)).map(({ method, path }) => `${method.toLowerCase()} ${path.replace('/log/tile/*', '/log/tile/{path}').replaceAll(/:(\w+)/g, '{$1}')}`)
    const described = Object.entries(document.paths).flatMap(([path, operations]) => Object.keys(operations).map((method) => `${method} ${path}`))
    expect([...new Set(served)].sort()).toEqual(described.sort())
  })
})
