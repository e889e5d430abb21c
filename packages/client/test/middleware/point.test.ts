/** Denials that a point in an API decides, against a real server: what lets a request in, and everything that must not. */
import { afterEach, describe, expect, test } from 'vitest'
import { start } from '../../../server/test/use/support.ts'
import type { PointOptions, Verdict } from '../../src/middleware/index.ts'
import { mostWaiting, usesOf } from '../../src/middleware/uses.ts'
import { ApiError } from '../../src/index.ts'
import { away, finding, kit, type Kit } from './kit.ts'

let it: Kit | undefined
afterEach(async () => {
  await it?.at.close()
  it = undefined
})
const opened = async (): Promise<Kit> => (it = await kit())
const minute = 60_000
const code = (verdict: Verdict): string => (verdict.allowed ? 'allowed' : verdict.problem.code)
const reported = ({ problems }: Kit): readonly string[] => problems.map((problem) => problem.code)
const denial = (rule: string, subject = 'deployment/ledger') => ({ findings: [finding(rule)], subject })

describe('a denial', () => {
  test('is excused by an active opt-out, and its use is told once over retries', async () => {
    const { activated, point, counted } = await opened()
    await activated('log4j')
    const api = await point()
    const verdict = await api.decide(denial('LOG4J'))
    expect(verdict).toMatchObject({ allowed: true, decisions: [{ outcome: 'excused', optOut: { name: 'log4j' } }], uses: [{ state: 'waiting' }] })
    await api.decide(denial('LOG4J'))
    expect(await api.flush()).toBe(0)
    expect(await counted('log4j')).toBe(1)
    await api.decide(denial('LOG4J', 'deployment/other'))
    expect(await api.flush()).toBe(0)
    expect(await counted('log4j')).toBe(2)
  })

  test('stands where nothing excuses it, with code, hint and the way out; nothing is used where one of several blocks', async () => {
    const { activated, point, counted } = await opened()
    await activated('log4j')
    const api = await point()
    const verdict = await api.decide({ findings: [finding('LOG4J'), finding('OTHER')], subject: 'x' })
    expect(verdict).toMatchObject({ allowed: false, problem: {
      type: 'https://exeat.dev/errors#REQUEST_BLOCKED', status: 403, code: 'REQUEST_BLOCKED', detail: '`trivy/OTHER`: no opt-out names this control', hint: expect.stringMatching(/^run: exeat explain trivy\/OTHER/) as string,
      wayOut: { documentation: 'https://exeat.dev/errors#REQUEST_BLOCKED', possible: true, approve: '1 of security' }, blocked: [{ control: 'trivy/OTHER', findings: 1 }],
    } })
    await api.flush()
    expect(await counted('log4j')).toBe(0)
  })

  test.each<readonly [string, unknown]>([
    ['no findings', { findings: [], subject: 'x' }], ['findings that are no list', { findings: 'x', subject: 'x' }], ['no subject', { findings: [finding('LOG4J')], subject: '' }], ['a subject of two lines', { findings: [finding('LOG4J')], subject: 'a\nb' }],
    ['a finding without a rule', { findings: [{ tool: 'trivy', title: 'x' }], subject: 'x' }], ['a hole for a finding', { findings: [undefined], subject: 'x' }], ['too many findings', { findings: Array.from({ length: 1001 }, () => finding('LOG4J')), subject: 'x' }],
  ])('with %s is excused by nothing', async (_, wrong) => {
    const { activated, point, problems } = await opened()
    await activated('log4j')
    expect(code(await (await point()).decide(wrong as never))).toBe('EXCUSE_UNKNOWN')
    expect(problems.map((problem) => problem.code)).toEqual(['DENIAL_INVALID'])
  })

  test('that is nothing at all stands too', async () => {
    const { point } = await opened()
    expect(code(await (await point()).decide(undefined as never))).toBe('EXCUSE_UNKNOWN')
  })

  test('of a tool that nobody knows, of another repository, or in an environment that asks for proof stands', async () => {
    const { activated, point } = await opened()
    await activated('log4j')
    expect(await (await point()).decide({ findings: [finding('LOG4J', { tool: 'made-up' })], subject: 'x' })).toMatchObject({ allowed: false, problem: { code: 'REQUEST_BLOCKED' } })
    const repository = { value: { name: 'acme/ledger', id: '1002' }, provenance: 'asserted', from: 'configuration' } as const
    expect(code(await (await point({ facts: { repository } })).decide(denial('LOG4J')))).toBe('REQUEST_BLOCKED')
    const own = { value: { name: 'acme/payments', id: '1001' }, provenance: 'asserted', from: 'configuration' } as const
    expect(await (await point({ facts: { repository: own, environment: { value: 'production', provenance: 'asserted', from: 'configuration' } } })).decide(denial('LOG4J'))).toMatchObject({ allowed: false, problem: { detail: expect.stringContaining('nothing proves') as string } })
  })
})

describe('uses that must be counted first', () => {
  test('are claimed before the request goes on, and run out', async () => {
    const { activated, point, counted } = await opened()
    await activated('log4j', { limits: { findings: 3, uses: 1 } })
    const api = await point()
    expect(await api.decide(denial('LOG4J', 'one'))).toMatchObject({ allowed: true, uses: [{ state: 'counted' }] })
    expect(await counted('log4j')).toBe(1)
    expect(await api.decide(denial('LOG4J', 'one'))).toMatchObject({ allowed: true })
    expect(await api.decide(denial('LOG4J', 'two'))).toMatchObject({ allowed: false, problem: { code: 'REQUEST_BLOCKED', detail: expect.stringContaining('did not count its use') as string } })
  })
  test('excuse nothing while the server is away, though the bundle holds', async () => {
    const kit = await opened()
    await kit.activated('log4j', { limits: { findings: 3, uses: 5 } })
    const api = await kit.point()
    await api.decide(denial('OTHER'))
    kit.fault = ({ url }) => (url.endsWith('/v1/uses') ? away() : undefined)
    expect(code(await api.decide(denial('LOG4J')))).toBe('EXCUSE_UNKNOWN')
    expect(reported(kit)).toEqual(['API_UNREACHABLE'])
    kit.fault = undefined
    expect(code(await api.decide(denial('LOG4J')))).toBe('allowed')
  })
  test('that take until the opt-out or the bundle has ended let nothing in', async () => {
    const kit = await opened()
    await kit.activated('log4j', { limits: { findings: 3, uses: 5 }, until: 4 * minute })
    for (const late of [4 * minute, 5 * minute, -1]) {
      let passed = 0
      kit.fault = ({ url }) => {
        if (url.endsWith('/v1/uses')) passed = late
        return undefined
      }
      // oxlint-disable-next-line no-await-in-loop -- one clock
      const slow = await kit.point({ now: () => start + passed })
      // oxlint-disable-next-line no-await-in-loop
      expect(code(await slow.decide(denial('LOG4J', `late-${late}`))), String(late)).not.toBe('allowed')
      kit.fault = undefined
      // oxlint-disable-next-line no-await-in-loop
      expect(code(await (await kit.point()).decide(denial('LOG4J', `late-${late}`)))).toBe('allowed')
    }
  })
})

describe('the bundle', () => {
  const bundles = ({ asked }: Kit): number => asked.filter(({ url }) => url.includes('/v1/bundle')).length
  test('serves many requests, is renewed at half of its life, and a revocation then bites', async () => {
    const kit = await opened()
    await kit.activated('log4j')
    const api = await kit.point()
    await Promise.all(Array.from({ length: 5 }, () => api.decide(denial('LOG4J'))))
    expect(bundles(kit)).toBe(1)
    await kit.revoke('log4j')
    expect(code(await api.decide(denial('LOG4J')))).toBe('allowed')
    kit.at.clock.now += 2.5 * minute
    expect(code(await api.decide(denial('LOG4J')))).toBe('REQUEST_BLOCKED')
    expect(bundles(kit)).toBe(2)
    // The log grew in between, and its tiles showed that it only grew.
    expect(kit.asked.some(({ url }) => url.includes('/log/tile/'))).toBe(true)
    // What was let through before, and told too late, is not counted any more, and nothing else went wrong.
    expect(reported(kit).filter((each) => each !== 'POINT_USE_REFUSED')).toEqual([])
  })
  test('stands in until its end while the server is away, and not a millisecond longer', async () => {
    const kit = await opened()
    await kit.activated('log4j')
    const api = await kit.point()
    await api.decide(denial('LOG4J'))
    kit.fault = () => away()
    kit.at.clock.now = start + 5 * minute - 1
    expect(code(await api.decide(denial('LOG4J')))).toBe('allowed')
    expect(reported(kit)).toContain('POINT_BUNDLE_KEPT')
    const before = bundles(kit)
    await api.decide(denial('LOG4J'))
    expect(bundles(kit)).toBe(before)
    kit.at.clock.now += 1
    expect(code(await api.decide(denial('LOG4J')))).toBe('EXCUSE_UNKNOWN')
    kit.fault = undefined
    kit.at.clock.now += 1000
    expect(code(await api.decide(denial('LOG4J')))).toBe('allowed')
    expect(await api.flush()).toBe(0)
    expect(await kit.counted('log4j')).toBe(1)
  })
  test('of nobody, of another workspace, replayed, or cut back: nothing is excused', async () => {
    const kit = await opened()
    await kit.activated('log4j')
    const pins = await kit.pins()
    const strangers = { ...pins, roots: pins.roots.map((key) => ({ ...key, publicKey: new Uint8Array(32) })) }
    expect(code(await (await kit.point({ pins: { ...pins, workspace: 'acme-2' } })).decide(denial('LOG4J')))).toBe('EXCUSE_UNKNOWN')
    expect(code(await (await kit.point({ pins: strangers })).decide(denial('LOG4J')))).toBe('EXCUSE_UNKNOWN')
    expect(code(await (await kit.point({ now: () => start + 6 * minute })).decide(denial('LOG4J')))).toBe('EXCUSE_UNKNOWN')
    expect(code(await (await kit.point({ now: () => Number.NaN })).decide(denial('LOG4J')))).toBe('EXCUSE_UNKNOWN')
    expect(reported(kit)).toEqual(['DELEGATION_INVALID', 'DELEGATION_INVALID', 'BUNDLE_STALE', 'BUNDLE_NOT_YET'])
  })
  test('of an earlier request is not taken for the answer to this one', async () => {
    const kit = await opened()
    await kit.activated('log4j')
    let kept: Awaited<ReturnType<PointOptions['server']['transport']>> | undefined
    const { fetchTransport } = await import('../../src/index.ts')
    const replaying = {
      transport: async (request: Parameters<typeof fetchTransport>[0]) => (request.url.includes('/v1/bundle') ? kept ??= await fetchTransport(request) : fetchTransport(request)),
      base: `http://127.0.0.1:${kit.at.server?.address.port ?? 0}`, name: 'a cache', token: kit.at.founded.pointToken,
    }
    expect(code(await (await kit.point({ server: replaying })).decide(denial('LOG4J')))).toBe('allowed')
    expect(code(await (await kit.point({ server: replaying })).decide(denial('LOG4J')))).toBe('EXCUSE_UNKNOWN')
    expect(reported(kit)).toEqual(['BUNDLE_NONCE'])
  })
  test('whose log shows nothing of its growth is used and not remembered, where no environment is protected', async () => {
    const kit = await opened()
    await kit.activated('log4j')
    const api = await kit.point()
    await api.decide(denial('LOG4J'))
    await kit.activated('zlib')
    kit.fault = ({ url }) => (url.includes('/log/') ? away() : undefined)
    kit.at.clock.now += 2.5 * minute
    expect(code(await api.decide(denial('ZLIB')))).toBe('allowed')
    expect(reported(kit)).toEqual(['POINT_LOG_UNPROVEN'])
  })
})

describe('in a protected environment', () => {
  const repository = { value: { name: 'acme/payments', id: '1001' }, provenance: 'asserted', from: 'configuration' } as const
  const production = { repository, environment: { value: 'production', provenance: 'verified', from: 'token of `cluster`' } } as const
  test.each([['production', production], ['one that nobody names', { repository }]])('%s: no earlier bundle stands in', async (_, facts) => {
    const kit = await opened()
    const api = await kit.point({ facts })
    expect(code(await api.decide(denial('OTHER')))).toBe('REQUEST_BLOCKED')
    kit.fault = () => away()
    kit.at.clock.now += 2.5 * minute
    expect(code(await api.decide(denial('OTHER')))).toBe('EXCUSE_UNKNOWN')
  })
  test('a log that shows nothing of its growth is not believed', async () => {
    const kit = await opened()
    const api = await kit.point({ facts: production })
    await api.decide(denial('OTHER'))
    await kit.activated('zlib')
    kit.fault = ({ url }) => (url.includes('/log/') ? away() : undefined)
    kit.at.clock.now += 2.5 * minute
    expect(code(await api.decide(denial('OTHER')))).toBe('EXCUSE_UNKNOWN')
    expect(reported(kit)).toEqual(['POINT_LOG_UNPROVEN'])
  })
})

describe('uses that wait', () => {
  const uid = 'a'.repeat(64)
  const use = (i: number) => ({ uid, point: 'p', subject: `s${i}` })
  test('stay while nobody answers, go once each, and are bounded', async () => {
    const problems: string[] = []
    let online = false
    const sent: string[] = []
    const uses = usesOf({ claimUses: async (some) => {
      if (!online) throw new ApiError([{ code: 'API_UNREACHABLE', message: 'nobody' }])
      sent.push(...some.map(({ subject }) => subject))
      return { results: some.map((each) => ({ uid: each.uid, outcome: each.subject === 's1' ? 'refused' as const : 'counted' as const })) }
    } }, ({ code: each }) => { problems.push(each) })
    uses.tell(Array.from({ length: mostWaiting + 1 }, (_, i) => use(i)))
    expect(await uses.flush()).toBe(mostWaiting)
    online = true
    expect(await uses.flush()).toBe(0)
    expect([sent.length, new Set(sent).size]).toEqual([mostWaiting, mostWaiting])
    expect(problems.sort()).toEqual(['POINT_USE_LOST', 'POINT_USE_REFUSED'])
  })
  test('that the server refuses as a whole are not sent for ever, and an answer about another use counts nothing', async () => {
    const problems: string[] = []
    const refusing = usesOf({ claimUses: async () => { throw new ApiError([{ code: 'CALLER_REFUSED', message: 'no' }], 403) } }, ({ code: each }) => { problems.push(each) })
    refusing.tell([use(1)])
    expect(await refusing.flush()).toBe(0)
    expect(problems).toEqual(['POINT_USE_REFUSED'])
    const lying = usesOf({ claimUses: async () => ({ results: [{ uid: 'b'.repeat(64), outcome: 'counted' as const }] }) }, () => undefined)
    expect(await lying.claim([use(1), use(2)])).toMatchObject([{ state: 'refused' }, { state: 'refused' }])
  })
})
