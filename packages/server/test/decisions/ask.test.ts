/** Questions about single findings: what a decision would say, and nothing counted. */
import type { Finding } from '@exeat/core'
import { longestDecision } from '@exeat/verify'
import { afterEach, describe, expect, test } from 'vitest'
import { type Answer, excuseAsker, mostRuns, type Question } from '../../src/decisions/ask.ts'
import { rememberingVerifier, type Requester } from '../../src/decisions/index.ts'
import { findingOf, fingerprintsOf, hour, person, start, world, type World } from '../bundle/world.ts'
import { codesOf } from '../use/support.ts'
import { commit, decided, dependencies, job, minute, operator, outcomes, request, sarif, usesOf, verified } from './support.ts'

let open: World | undefined
afterEach(async () => {
  await open?.close()
  open = undefined
})
const opened = async (...options: Parameters<typeof world>): Promise<World> => (open = await world(...options))

const question = (finding: Finding, over: Partial<Question> = {}): Question => ({ subject: 'acme/payments', said: { repository: 'acme/payments', environment: 'staging' }, finding, ...over })
type Asking = Pick<Requester, 'proven' | 'preview'>
const ask = (it: World, questions: readonly Question[], requester: Asking = operator) => excuseAsker(dependencies(it))(questions, requester)
const told = async (it: World, questions: readonly Question[], requester?: Asking): Promise<readonly string[]> =>
  (await ask(it, questions, requester)).map((each) => ('decision' in each ? `${each.decision.outcome}: ${each.decision.reasons.map(({ code }) => code).join(' ')}` : each.code))
const only = (answers: readonly unknown[]): Answer => answers[0] as Answer

describe('what is answered', () => {
  test('an active opt-out excuses its finding and no other; until when is said, and nothing is counted', async () => {
    const it = await opened()
    await it.activated('log4j')
    const answers = await ask(it, [question(findingOf('log4j')), question(findingOf('other'))])
    expect(only(answers)).toMatchObject({ decision: { outcome: 'excused', optOut: { name: 'log4j', until: start + 48 * hour } }, fingerprint: fingerprintsOf('log4j')[0], notAfter: start + longestDecision })
    expect(await told(it, [question(findingOf('other')), question({ ...findingOf('log4j'), path: 'other.xml' })])).toEqual(['blocked: NO_OPTOUT', 'blocked: OPTOUT_NOT_IN_IMPACT'])
    expect(await usesOf(it, 'log4j')).toBe(0)
  })

  test('time always wins: held never beyond the opt-out, and lapsed to the millisecond', async () => {
    const it = await opened()
    await it.activated('log4j')
    const until = start + 48 * hour
    it.clock.now = until - 2 * minute
    expect(only(await ask(it, [question(findingOf('log4j'))])).notAfter).toBe(until)
    it.clock.now = until - 1
    expect(await told(it, [question(findingOf('log4j'))])).toEqual(['excused: OPTOUT_APPLIES'])
    it.clock.now = until
    expect(await told(it, [question(findingOf('log4j'))])).toEqual(['blocked: OPTOUT_LAPSED'])
  })

  test('revoked, and tightened: at once', async () => {
    const it = await opened()
    await it.activated('log4j')
    await it.activated('zlib')
    await it.use.revoke(person('bob'), 'log4j', 'mended', it.nextKey())
    it.merge({ apiVersion: 'exeat.dev/v1', kind: 'OptOutPolicy', metadata: { name: 'never' }, spec: { controls: ['trivy/zlib'], effect: 'forbid' } })
    expect(await told(it, [question(findingOf('log4j')), question(findingOf('zlib'))])).toEqual(['blocked: OPTOUT_ENDED', 'blocked: POLICY_TIGHTENED'])
  })

  test('below the threshold of the gate it passes, which is not excused', async () => {
    const it = await opened({ spec: { gates: [{ thresholds: [{ severity: 'high' }] }] } })
    expect(await told(it, [question({ ...findingOf('log4j'), severity: 'low' })])).toEqual(['passed: BELOW_THRESHOLD'])
  })

  test('what must be counted before it excuses is refused, and told where it is counted', async () => {
    const it = await opened()
    await it.activated('log4j', { limits: { findings: 3, uses: 5 } })
    const { decision } = only(await ask(it, [question(findingOf('log4j'))]))
    expect(decision).toMatchObject({ outcome: 'blocked', reasons: [{ code: 'OPTOUT_REFUSED', because: [{ term: 'limits.uses', message: expect.stringContaining('POST /v1/uses') as string }] }] })
    expect(await usesOf(it, 'log4j')).toBe(0)
  })

  test('where no environment is named it is none that an opt-out names', async () => {
    const it = await opened({ spec: { environments: [{ name: 'staging', proof: 'asserted' }, { name: 'production', protected: true, proof: 'workload' }] } })
    await it.activated('log4j')
    expect(await told(it, [question(findingOf('log4j'))])).toEqual(['excused: OPTOUT_APPLIES'])
    expect(await told(it, [question(findingOf('log4j'), { said: { repository: 'acme/payments' } })])).toEqual(['blocked: OPTOUT_OTHER_TARGET'])
  })

  test('several of a run share its ceilings, and the same one twice is one', async () => {
    const it = await opened()
    await it.activated('log4j')
    const twice = { ...findingOf('log4j'), line: 9 }
    expect(await told(it, [question(findingOf('log4j')), question(findingOf('log4j'))])).toEqual(['excused: OPTOUT_APPLIES', 'excused: OPTOUT_APPLIES'])
    expect(await told(it, [question(twice), question({ ...findingOf('log4j'), line: 3 })])).toEqual(['blocked: OPTOUT_NOT_IN_IMPACT', 'excused: OPTOUT_APPLIES'])
  })

  test('a fingerprint is compared, and never believed', async () => {
    const it = await opened()
    await it.activated('log4j')
    const [own = ''] = fingerprintsOf('log4j')
    expect(await told(it, [question(findingOf('log4j'), { fingerprint: own })])).toEqual(['excused: OPTOUT_APPLIES'])
    expect(await told(it, [question(findingOf('log4j'), { fingerprint: 'f'.repeat(64) })])).toEqual(['EVALUATION_FINGERPRINT'])
    expect(await told(it, [question({ ...findingOf('log4j'), path: 'other.xml' }, { fingerprint: own })])).toEqual(['EVALUATION_FINGERPRINT'])
  })

  test('a tool that nobody knows blocks', async () => {
    const it = await opened()
    expect(await told(it, [question({ tool: 'made-up', rule: 'x', title: 'x' })])).toEqual(['blocked: TOOL_UNKNOWN'])
  })
})

describe('facts', () => {
  const proving = async (): Promise<World> => {
    const it = await opened({ spec: { environments: [{ name: 'staging', proof: 'workload' }] } })
    await it.activated('log4j')
    return it
  }
  test('an environment that asks for proof is proven by a token, and by no word', async () => {
    const it = await proving()
    expect(await told(it, [question(findingOf('log4j'))])).toEqual(['blocked: FACT_UNPROVEN'])
    expect(await told(it, [question(findingOf('log4j'))], job({ environment: verified('staging') }))).toEqual(['excused: OPTOUT_APPLIES'])
  })
  test('nothing that is said overrides what is proven', async () => {
    const it = await proving()
    const token = job({ environment: verified('staging') })
    const wrong = [{ repository: 'acme/ledger' }, { repository: 'acme/payments', environment: 'nowhere' }, { repository: 'acme/payments', commit: '9'.repeat(40) }, { repository: '__proto__' }]
    for (const said of wrong) expect(await told(it, [question(findingOf('log4j'), { said })], token), JSON.stringify(said)).toEqual(['DECISION_FACTS'])
    expect(await told(it, [question(findingOf('log4j'), { subject: 'acme/ledger' })], token)).toEqual(['DECISION_FACTS'])
    expect(await told(it, [question(findingOf('log4j'), { subject: 'spiffe://acme.example/payments' })], token)).toEqual(['excused: OPTOUT_APPLIES'])
  })
  test('a job of a change that is not merged is granted nothing', async () => {
    const it = await proving()
    expect(await told(it, [question(findingOf('log4j'))], job({ environment: verified('staging') }, { preview: true }))).toEqual(['WORKLOAD_PREVIEW'])
  })
  test('one question that is wrong leaves the others alone, and too many runs are refused as a whole', async () => {
    const it = await opened()
    await it.activated('log4j')
    const good = question(findingOf('log4j'))
    expect(await told(it, [question(findingOf('log4j'), { said: { repository: 'acme/nothing' } }), good])).toEqual(['DECISION_FACTS', 'excused: OPTOUT_APPLIES'])
    const many = Array.from({ length: mostRuns + 1 }, (_, i) => question(findingOf('log4j'), { subject: `s${i}` }))
    expect(await codesOf(ask(it, many))).toEqual(['REQUEST_INVALID'])
  })
})

test('says of every finding what a decision says', async () => {
  const it = await opened({ spec: { gates: [{ thresholds: [{ severity: 'medium' }] }] } })
  for (const name of ['log4j', 'zlib', 'curl']) await it.activated(name)
  await it.use.revoke(person('bob'), 'curl', 'mended', it.nextKey())
  const names = ['log4j', 'zlib', 'curl', 'other']
  const { decision } = await decided(it, request(sarif(names)), operator)
  const findings = decision.decisions.map(({ control }, i): Finding => ({ ...findingOf(control.split('/')[1] ?? ''), message: 'a flaw', line: i + 1 }))
  const answers = await ask(it, findings.map((finding) => question(finding, { said: { repository: 'acme/payments', environment: 'staging', commit } }))) as readonly Answer[]
  expect(answers.map(({ decision: { control, outcome, reasons } }) => `${control}: ${outcome}: ${reasons.map(({ code }) => code).join(' ')}`)).toEqual(outcomes(decision))
  expect(answers.map(({ fingerprint }) => fingerprint)).toEqual(decision.decisions.map(({ fingerprint }) => fingerprint))
})

describe('a bundle that was verified', () => {
  const minutes = 60_000
  const remembering = (it: World, over: Parameters<typeof dependencies>[1] = {}) => {
    const asker = excuseAsker(dependencies(it, { verify: rememberingVerifier(), ...over }))
    return async (): Promise<string> => {
      const [answer] = await asker([question(findingOf('log4j'))], operator)
      return answer !== undefined && 'decision' in answer ? answer.decision.reasons.map(({ code }) => code).join(' ') : answer?.code ?? ''
    }
  }
  test('serves again, and a revocation, a tightened policy and the end of an opt-out bite at once all the same', async () => {
    const it = await opened()
    await it.activated('log4j')
    await it.activated('zlib')
    const excuse = remembering(it)
    expect([await excuse(), await excuse()]).toEqual(['OPTOUT_APPLIES', 'OPTOUT_APPLIES'])
    await it.use.revoke(person('bob'), 'log4j', 'mended', it.nextKey())
    expect(await excuse()).toBe('OPTOUT_ENDED')
    const other = await world()
    try {
      await other.activated('log4j')
      const also = remembering(other)
      expect(await also()).toBe('OPTOUT_APPLIES')
      other.merge({ apiVersion: 'exeat.dev/v1', kind: 'OptOutPolicy', metadata: { name: 'never' }, spec: { controls: ['trivy/log4j'], effect: 'forbid' } })
      expect(await also()).toBe('POLICY_TIGHTENED')
      other.clock.now = start + 48 * hour
      expect(await also()).toBe('OPTOUT_LAPSED')
    } finally {
      await other.close()
    }
  })
  test('is not even made again while the log and what governs say the same', async () => {
    const it = await opened()
    await it.activated('log4j')
    let made = 0
    const bundle: World['use']['bundle'] = async (query) => {
      made += 1
      return it.use.bundle(query)
    }
    const excuse = remembering(it, { useCases: { ...it.use, bundle } })
    for (let i = 0; i < 20; i += 1) expect(await excuse()).toBe('OPTOUT_APPLIES')
    expect(made).toBe(1)
    await it.activated('zlib')
    for (let i = 0; i < 20; i += 1) expect(await excuse()).toBe('OPTOUT_APPLIES')
    expect(made).toBe(2)
    await it.use.revoke(person('bob'), 'log4j', 'mended', it.nextKey())
    expect([await excuse(), made]).toEqual(['OPTOUT_ENDED', 3])
  })
  test('is verified anew after half of its life, and another one whenever it says something else: a forged one is refused', async () => {
    const it = await opened()
    await it.activated('log4j')
    let forging = false
    const bundle: World['use']['bundle'] = async (query) => {
      const envelope = await it.use.bundle(query)
      return forging ? { ...envelope, signatures: envelope.signatures.map((each) => ({ ...each, sig: Buffer.alloc(64).toString('base64') })) } : envelope
    }
    const excuse = remembering(it, { useCases: { ...it.use, bundle } })
    expect(await excuse()).toBe('OPTOUT_APPLIES')
    forging = true
    // Nothing of this one is used: it says what was verified before.
    expect(await excuse()).toBe('OPTOUT_APPLIES')
    it.clock.now += 30 * minutes
    await expect(excuse()).rejects.toMatchObject({ problems: [{ code: 'DSSE_SIGNATURE' }] })
    it.clock.now = start + 10
    await it.activated('zlib')
    await expect(excuse()).rejects.toMatchObject({ problems: [{ code: 'DSSE_SIGNATURE' }] })
  })
})
