/** `POST /v1/decisions` at a running server: who may ask, and how much. What a damaged log answers stands with the other tests of damage (`main/start`). */
import { largestReports } from '@exeat/core/wire'
import { bundlePins, verifyDecision } from '@exeat/verify'
import type { Instant } from '@exeat/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readGovernance } from '@exeat/git'
import { sha256, verifySignature } from '../../src/store/ed25519.ts'
import { by, expectProblem, type Reply, type Site, site } from '../main/support.ts'
import { fileOf, optOut } from '../use/support.ts'
import { commit, digestOf, request, sarif } from '../decisions/support.ts'
import { requestLimits } from '../../src/http/guard.ts'

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

const text = sarif(['LOG4J'])
const decide = (body: unknown = request(text, { environment: 'test' }), asked: Parameters<Site['ask']>[1] = {}): Promise<Reply> => at.ask('/v1/decisions', { method: 'POST', body, ...asked })

describe('at the socket', () => {
  test('a run is decided, and what comes of it holds against the workspace at the protected ref', async () => {
    const reply = await decide()
    expect(reply.status).toBe(200)
    expect(reply.headers['cache-control']).toBe('no-store')
    const { workspace } = await readGovernance({ dir: at.repository.dir, sha256, ref: 'main' })
    const pins = bundlePins(workspace.document, sha256)
    if (!pins.ok) throw new Error(pins.problem.message)
    const run = { now: at.clock.now as Instant, repository: '1001', commit, environment: 'test', reports: [digestOf(text)], proven: false }
    const verified = verifyDecision(Buffer.from(JSON.stringify(reply.json()['decision'])), pins.value, run, { sha256, verify: verifySignature })
    expect(verified).toMatchObject({ ok: true, value: { decision: { exit: 0, caller: { kind: 'operator' }, decisions: [{ outcome: 'excused', optOut: { name: 'log4j' } }] } } })
    expect(reply.json()['blocked']).toEqual([])
  })
  test('what blocks is told with the way out', async () => {
    expect((await decide(request(sarif(['OTHER']), { environment: 'test' }))).json()).toMatchObject({ blocked: [{ control: 'trivy/OTHER', findings: 1, wayOut: { possible: true, approve: '1 of security' } }] })
  })
  test('a report that cannot be read is a refusal, never an answer', async () => {
    expectProblem(await decide(request('[]', { environment: 'test' })), 422, 'REPORT_AMBIGUOUS')
    expectProblem(await decide(request(text, { environment: 'nowhere' })), 422, 'DECISION_FACTS')
    expectProblem(await decide(request('', { reports: [{ name: 'a', base64: '*' }] })), 422, 'DECISION_REPORTS')
  })
  test.each<readonly [string, unknown]>([
    ['no reports', { reports: [] }], ['no member at all', {}], ['a member more', { ...request(text), exit: 0 }], ['a report in both forms', request('', { reports: [{ name: 'a', text: '', base64: '' } as never] })],
    ['a report in neither', { reports: [{ name: 'a' }] }], ['an abbreviated commit', request(text, { commit: '1111111' })], ['a nonce that is none', request(text, { nonce: 'x' })],
    ['a prototype', '{"__proto__":{"reports":[]},"reports":[]}'], ['101 reports', request('', { reports: Array.from({ length: 101 }, (_, i) => ({ name: `${i}`, text: '' })) })],
  ])('%s is no request', async (_, body) => { expectProblem(await decide(body), 400, 'REQUEST_INVALID') })
})

describe('over the network', () => {
  test('a point, somebody unknown and a token that is none are told nothing', async () => {
    expectProblem(await decide(undefined, { over: 'network' }), 403, 'CALLER_REFUSED')
    expectProblem(await decide(undefined, { over: 'network', token: null }), 401, 'NOT_SIGNED_IN_HERE')
    expectProblem(await decide(undefined, { over: 'network', token: 'aaaa.bbbb.cccc' }), 401, 'WORKLOAD_TOKEN')
  })
  test('nobody sends a large body who may not ask', async () => {
    expectProblem(await decide('x'.repeat(requestLimits.body * 2), { over: 'network' }), 403, 'CALLER_REFUSED')
  })
})

describe('bounds', () => {
  test('larger than other requests may be, and no larger than reports may be', async () => {
    const padded = (size: number): string => `${text}${' '.repeat(size - text.length)}`
    expect((await decide(request(padded(requestLimits.body * 3), { environment: 'test' }))).status).toBe(200)
    expectProblem(await decide(request(padded(largestReports + 1), { environment: 'test' })), 413, 'INPUT_TOO_LARGE')
    expectProblem(await decide('x'.repeat(largestReports * 1.5 + 1)), 413, 'REQUEST_TOO_LARGE')
    expectProblem(await at.ask('/v1/uses', { method: 'POST', body: 'x'.repeat(requestLimits.body + 1) }), 413, 'REQUEST_TOO_LARGE')
  })
  test('of many at once some are told to come back, and the others are answered', async () => {
    const replies = await Promise.all(Array.from({ length: 12 }, () => decide()))
    const busy = replies.filter(({ status }) => status !== 200)
    for (const reply of busy) {
      expectProblem(reply, 503, 'DECISIONS_BUSY')
      expect(reply.headers['retry-after']).toBe('1')
    }
    expect(busy.length).toBeGreaterThan(0)
    expect(busy.length).toBeLessThanOrEqual(10)
    expect((await decide()).status).toBe(200)
  })
})
