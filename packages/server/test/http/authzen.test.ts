/** OpenID AuthZEN at a running server: the specification's own requests, who may ask, and what hostile callers get. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { EvaluationAnswer } from '../../src/authzen/answer.ts'
import { cut, mostEvaluations, semantics } from '../../src/authzen/evaluations.ts'
import { requestLimits } from '../../src/http/guard.ts'
import { by, expectProblem, type Reply, type Site, site } from '../main/support.ts'
import { day, fileOf, optOut, start } from '../use/support.ts'

interface Case { readonly name: string; readonly section: string; readonly path: string; readonly body: unknown; readonly status: number; readonly codes?: readonly string[] }
const cases = JSON.parse(readFileSync(new URL('../../../../vectors/authzen/requests.json', import.meta.url), 'utf8')) as readonly Case[]
if (cases.length < 30) throw new Error('the cases of the specification are not all there')

let at: Site
beforeAll(async () => {
  at = await site()
  await at.start()
  const post = (path: string, body: unknown, who: string): Promise<Reply> => at.ask(path, { method: 'POST', body, headers: by(who) })
  const binding = async (): Promise<unknown> => ((await at.ask('/v1/opt-outs/log4j')).json() as { binding: unknown }).binding
  await post('/v1/opt-outs', { document: optOut('log4j') }, 'alice')
  await post('/v1/opt-outs/log4j/approvals', { signed: await binding() }, 'bob')
  at.repository.commit({ [fileOf('log4j')]: JSON.stringify(optOut('log4j')) })
  const { status, text } = await post('/v1/opt-outs/log4j/activation', { signed: await binding() }, 'dave')
  if (status !== 200) throw new Error(text)
})
afterAll(async () => at.close())

const subject = { type: 'service', id: 'acme/payments' }
const bypass = { subject, action: { name: 'bypass' }, context: { environment: 'test' } }
const finding = (rule: string, properties: object = {}) => ({ type: 'finding', id: `trivy/${rule}`, properties: { severity: 'high', path: 'pom.xml', ...properties } })
const ask = (path: string, body: unknown, asked: Parameters<Site['ask']>[1] = {}): Promise<Reply> => at.ask(`/access/v1/${path}`, { method: 'POST', body, over: 'network', ...asked })
const one = async (over: object): Promise<EvaluationAnswer> => (await ask('evaluation', { ...bypass, resource: finding('LOG4J'), ...over })).json() as unknown as EvaluationAnswer
const answersOf = (reply: Reply): readonly EvaluationAnswer[] => (reply.json() as unknown as { evaluations: readonly EvaluationAnswer[] }).evaluations

describe('the specification\'s own requests', () => {
  test.each(cases)('$section: $name', async ({ path, body, status, codes }) => {
    const reply = await ask(path, body, { headers: { 'x-request-id': 'bfe9eb29-ab87-4ca3-be83-a1d5d8305716' } })
    expect([reply.status, reply.headers['x-request-id']], reply.text).toEqual([status, 'bfe9eb29-ab87-4ca3-be83-a1d5d8305716'])
    if (status !== 200) return expectProblem(reply, status, 'REQUEST_INVALID')
    const list = 'evaluations' in reply.json() ? answersOf(reply) : [reply.json() as unknown as EvaluationAnswer]
    expect(list.map(({ context }) => context.code)).toEqual(codes)
    expect(list.every(({ decision }) => !decision)).toBe(true)
    return expect(reply.headers['content-type']).toContain('application/json')
  })
})

describe('an answer', () => {
  test('is true for an excuse, and says by which opt-out, why, until when, and how long it may be held', async () => {
    expect(await one({})).toEqual({ decision: true, context: {
      code: 'OPTOUT_APPLIES', outcome: 'excused', control: 'trivy/LOG4J', fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      reason_user: { en: 'opt-out `log4j` applies until 2026-11-24T10:00:00Z' }, reasons: [{ code: 'OPTOUT_APPLIES', message: 'opt-out `log4j` applies until 2026-11-24T10:00:00Z' }],
      optOut: { name: 'log4j', uid: expect.stringMatching(/^[0-9a-f]{64}$/) as string, category: 'waiver', reason: 'The fix breaks log4j.', owner: 'alice@acme.example', evidence: 'operator-asserted' },
      until: '2026-11-24T10:00:00Z', notAfter: '2026-11-22T10:10:00Z',
    } })
    expect(((await at.ask('/v1/opt-outs/log4j')).json()['uses'] as { counted: number }).counted).toBe(0)
  })
  test('is false for a block, with the way out', async () => {
    expect(await one({ resource: finding('OTHER') })).toMatchObject({ decision: false, context: { code: 'NO_OPTOUT', outcome: 'blocked', nearest: [], wayOut: { possible: true, approve: '1 of security', command: expect.stringContaining('exeat explain trivy/OTHER') as string } } })
    expect(await one({ context: { environment: 'production' } })).toMatchObject({ decision: false, context: { code: 'FACT_UNPROVEN', nearest: [{ optOut: 'log4j' }] } })
    expect(await one({ context: {} })).toMatchObject({ decision: false })
    expect(await one({ subject: { type: 'service', id: 'acme/ledger' } })).toMatchObject({ decision: false, context: { code: 'OPTOUT_OTHER_TARGET' } })
  })
  test('has the environment from the resource too, and the subject by any name whose repository is said', async () => {
    expect(await one({ context: {}, resource: finding('LOG4J', { environment: 'test' }) })).toMatchObject({ decision: true })
    expect(await one({ resource: finding('LOG4J', { environment: 'production' }) })).toMatchObject({ decision: false, context: { code: 'EVALUATION_INVALID' } })
    expect(await one({ subject: { type: 'workload', id: 'spiffe://acme.example/ledger-writer', properties: { repository: 'acme/payments' } } })).toMatchObject({ decision: true })
    expect(await one({ subject: { type: 'workload', id: 'acme/ledger', properties: { repository: 'acme/payments' } } })).toMatchObject({ decision: false, context: { code: 'DECISION_FACTS' } })
    expect(await one({ resource: { type: 'finding', id: 'my own number 7', properties: { tool: 'Trivy', rule: 'LOG4J' } } })).toMatchObject({ decision: true })
  })
})

describe('several at once', () => {
  const several = { ...bypass, evaluations: ['OTHER', 'LOG4J', 'NONE', 'LOG4J'].map((rule) => ({ resource: finding(rule) })) }
  test.each([['execute_all', [false, true, false, true]], ['deny_on_first_deny', [false]], ['permit_on_first_permit', [false, true]]])('%s', async (evaluations_semantic, wanted) => {
    const reply = await ask('evaluations', { ...several, options: { evaluations_semantic } })
    expect(answersOf(reply).map(({ decision }) => decision)).toEqual(wanted)
  })
  test('where nothing decides early every answer is told, and an error is a denial', () => {
    const [yes, no] = [{ decision: true }, { decision: false }] as unknown as readonly [EvaluationAnswer, EvaluationAnswer]
    expect(semantics.map((semantic) => [cut([yes, yes], semantic).length, cut([no, no], semantic).length, cut([yes, no], semantic).length, cut([], semantic).length])).toEqual([[2, 2, 2, 0], [2, 1, 2, 0], [1, 2, 1, 0]])
  })
  test('an evaluation overrides what stands beside the list', async () => {
    const reply = await ask('evaluations', { ...bypass, resource: finding('LOG4J'), evaluations: [{}, { context: { environment: 'production' } }, { subject: { type: 'service', id: 'acme/nothing' } }] })
    expect(answersOf(reply).map(({ decision, context }) => `${decision} ${context.code}`)).toEqual(['true OPTOUT_APPLIES', 'false FACT_UNPROVEN', 'false DECISION_FACTS'])
  })
  test('without any it is the single one', async () => {
    expect((await ask('evaluations', { ...bypass, resource: finding('LOG4J') })).json()).toMatchObject({ decision: true })
  })
  test('more than are taken', async () => {
    expectProblem(await ask('evaluations', { ...bypass, evaluations: Array.from({ length: mostEvaluations + 1 }, () => ({})) }), 400, 'REQUEST_INVALID')
    expectProblem(await ask('evaluations', { ...bypass, resource: finding('LOG4J'), evaluations: Array.from({ length: 17 }, (_, i) => ({ subject: { type: 'service', id: `s${i}` } })) }), 400, 'REQUEST_INVALID')
  })
  test('ceilings hold over all of them: more matches than the opt-out may excuse, and none is', async () => {
    const paths = (count: number): unknown => ({ ...bypass, evaluations: Array.from({ length: count }, (_, i) => ({ resource: finding('LOG4J', { path: `p${i}.xml` }) })) })
    expect(answersOf(await ask('evaluations', paths(3))).map(({ decision }) => decision)).toEqual([true, true, true])
    expect(answersOf(await ask('evaluations', paths(4))).map(({ context }) => context.code)).toEqual(Array.from({ length: 4 }, () => 'OPTOUT_OVER_LIMIT'))
  })
})

describe('hostile input', () => {
  test.each<readonly [string, object, string]>([
    ['another severity than there is', { severity: 'fatal' }, 'EVALUATION_INVALID'], ['a path that leaves the repository', { path: '../../etc/passwd' }, 'EVALUATION_INVALID'], ['an absolute path', { path: '/etc/passwd' }, 'EVALUATION_INVALID'],
    ['a line that is none', { line: 0 }, 'EVALUATION_INVALID'], ['an image without a digest', { image: 'nginx:latest' }, 'EVALUATION_INVALID'], ['a fingerprint that is none', { fingerprint: 'x' }, 'EVALUATION_INVALID'],
    ['a fingerprint that is another\'s', { fingerprint: 'a'.repeat(64) }, 'EVALUATION_FINGERPRINT'], ['a tool without a rule', { tool: 'trivy' }, 'EVALUATION_INVALID'], ['a rule that is a list', { tool: 'trivy', rule: ['LOG4J'] }, 'EVALUATION_INVALID'],
    ['a tool of the prototype', { tool: '__proto__', rule: 'LOG4J' }, 'TOOL_UNKNOWN'], ['a pattern for a rule', { tool: 'trivy', rule: '*' }, 'NO_OPTOUT'], ['an environment that is a number', { environment: 7 }, 'EVALUATION_INVALID'],
  ])('%s', async (_, properties, code) => { expect(await one({ resource: finding('LOG4J', properties) })).toMatchObject({ decision: false, context: { code } }) })
  test.each<readonly [string, unknown]>([
    ['a key twice', `{"subject":${JSON.stringify(subject)},"subject":{},"action":{"name":"bypass"},"resource":${JSON.stringify(finding('LOG4J'))}}`],
    ['a prototype', `{"__proto__":${JSON.stringify({ ...bypass, resource: finding('LOG4J') })}}`], ['no JSON', '{'], ['nothing', ''],
    ['nested without end', `{"context":${'['.repeat(100)}${']'.repeat(100)}}`], ['a decision of its own, and nothing else', { decision: true }],
  ])('%s is no request', async (_, body) => {
    const reply = await ask('evaluation', body, { headers: { 'x-request-id': 'again' } })
    expectProblem(reply, 400, 'REQUEST_INVALID')
    expect(reply.headers['x-request-id']).toBe('again')
  })
  test('facts that are said twice, or otherwise than they can be', async () => {
    for (const context of [{ commit: '123' }, { environment: ['test'] }, { environment: '' }]) expect(await one({ context })).toMatchObject({ decision: false, context: { code: 'EVALUATION_INVALID' } })
    expect(await one({ context: { environment: 'nowhere' } })).toMatchObject({ decision: false, context: { code: 'DECISION_FACTS' } })
  })
  test('too large, of another type, by another method', async () => {
    expectProblem(await ask('evaluation', 'x'.repeat(requestLimits.body + 1)), 413, 'REQUEST_TOO_LARGE')
    expectProblem(await ask('evaluation', '{}', { headers: { 'content-type': 'text/plain' } }), 415, 'REQUEST_MEDIA_TYPE')
    expectProblem(await at.ask('/access/v1/evaluation', { over: 'network' }), 405, 'REQUEST_METHOD')
    expectProblem(await at.ask('/access/v1/search/subject', { method: 'POST', body: {}, over: 'network' }), 404, 'RESOURCE_UNKNOWN')
  })
})

describe('who may ask', () => {
  test('whoever may have a bundle; nobody unknown, and each hears their own identifier', async () => {
    const headers = { 'x-request-id': 'mine' }
    for (const path of ['evaluation', 'evaluations']) {
      const nobody = await ask(path, { ...bypass, resource: finding('LOG4J') }, { token: null, headers })
      expectProblem(nobody, 401, 'TOKEN_MISSING')
      expect([nobody.headers['x-request-id'], nobody.headers['www-authenticate']]).toEqual(['mine', 'Bearer realm="exeat"'])
      expectProblem(await ask(path, {}, { token: 'x'.repeat(40) }), 401, 'TOKEN_UNKNOWN')
      expect((await ask(path, { ...bypass, resource: finding('LOG4J') }, { over: 'socket' })).json()).toMatchObject({ decision: true })
    }
    expect((await ask('evaluation', { ...bypass, resource: finding('LOG4J') })).headers['x-request-id']).toBeUndefined()
  })
  test('an identifier comes back as it came, whatever characters a header may have', async () => {
    for (const id of ['a', '<script>alert(1)</script>', 'x'.repeat(2000), 'é ÿ', '"; b=c']) {
      const reply = await ask('evaluation', { ...bypass, resource: finding('LOG4J') }, { headers: { 'x-request-id': id } })
      // Node hands the bytes of a header on as they were: here those of UTF-8.
      expect([reply.status, Buffer.from(String(reply.headers['x-request-id']), 'latin1').toString('utf8')]).toEqual([200, id])
    }
  })
  test('where evaluations are found is told to anybody, where the workspace has an address', async () => {
    expectProblem(await at.ask('/.well-known/authzen-configuration', { over: 'network', token: null }), 404, 'RESOURCE_UNKNOWN')
  })
})

/** Last: the clock does not go back. */
test('ends with the opt-out', async () => {
  at.clock.now = start + 2 * day
  expect(await one({})).toMatchObject({ decision: false, context: { code: 'OPTOUT_LAPSED' } })
})
