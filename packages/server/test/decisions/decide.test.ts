/** Runs that the server decides: what a gate would say, signed for one run, each use counted before it excuses. */
import type { Instant } from '@exeat/core'
import { formatInstant } from '@exeat/core'
import { largestReports } from '@exeat/core/wire'
import { type Dsse, longestDecision, verifyDecision } from '@exeat/verify'
import { afterEach, describe, expect, test } from 'vitest'
import { decisionMaker, type Requester } from '../../src/decisions/index.ts'
import { useError } from '../../src/use/problem.ts'
import { bytesOf, deps, fingerprintsOf, hour, keys, person, seeded, start, world, type World } from '../bundle/world.ts'
import { codesOf } from '../use/support.ts'
import { commit, decided, dependencies, digestOf, job, minute, operator, outcomes, request, sarif, usesOf, verified, workflow } from './support.ts'

let open: World | undefined
afterEach(async () => {
  await open?.close()
  open = undefined
})
const opened = async (...options: Parameters<typeof world>): Promise<World> => (open = await world(...options))
const environments = [{ name: 'staging', proof: 'asserted' }, { name: 'production', protected: true, proof: 'workload' }]

describe('what is decided', () => {
  test('an active opt-out excuses its finding and no other; the use is counted once, however often the job asks', async () => {
    const it = await opened()
    const uid = await it.activated('log4j')
    const asked = request(sarif(['log4j', 'other']), { nonce: 'ab'.repeat(16), ref: 'refs/heads/main', actor: 'alice' })
    const { decision, blocked } = await decided(it, asked, operator, { nonce: 'ab'.repeat(16) })
    expect(decision).toMatchObject({
      workspace: 'acme', origin: 'log.example/acme', preview: false, caller: { kind: 'operator' }, issuedAt: start, notAfter: start + longestDecision,
      governance: { ref: 'refs/heads/main', commit: it.governed().commit }, reports: [{ name: 'trivy.sarif', digest: digestOf(sarif(['log4j', 'other'])) }],
      facts: { repository: { value: { name: 'acme/payments', id: '1001' }, provenance: 'asserted' }, commit: { value: commit, provenance: 'asserted' }, environment: { value: 'staging', provenance: 'asserted' } },
      summary: { outcome: 'blocked', findings: 2, passed: 0, excused: 1, blocked: 1, blocks: 0, shadow: 0, evidence: 'operator-asserted' }, exit: 2,
    })
    expect(decision.decisions[0]).toEqual({
      fingerprint: fingerprintsOf('log4j')[0], control: 'trivy/log4j', outcome: 'excused', reasons: ['OPTOUT_APPLIES'],
      optOut: { name: 'log4j', uid, until: start + 48 * hour, evidence: 'operator-asserted' },
    })
    expect(outcomes(decision)[1]).toBe('trivy/other: blocked: NO_OPTOUT')
    expect(blocked).toEqual([{
      control: 'trivy/other', severity: 'high', title: expect.any(String) as string, findings: 1, nearest: [],
      wayOut: expect.objectContaining({ possible: true, approve: '2 of security', command: 'exeat explain trivy/other --env staging --severity high' }) as object,
    }])
    expect((await decided(it, request(sarif(['log4j'])))).decision.exit).toBe(0)
    expect(await usesOf(it, 'log4j')).toBe(1)
    await decided(it, request(sarif(['log4j']), { commit: '3'.repeat(40) }))
    expect(await usesOf(it, 'log4j')).toBe(2)
  })

  test('revoked and lapsed, it blocks and says so', async () => {
    const it = await opened()
    await it.activated('log4j')
    await it.activated('zlib')
    const asked = request(sarif(['log4j', 'zlib']))
    expect((await decided(it, asked)).decision.exit).toBe(0)
    await it.use.revoke(person('bob'), 'log4j', 'mended', it.nextKey())
    expect(outcomes((await decided(it, asked)).decision)).toEqual(['trivy/log4j: blocked: OPTOUT_ENDED', 'trivy/zlib: excused: OPTOUT_APPLIES'])
    it.clock.now = start + 48 * hour
    const { decision, blocked } = await decided(it, asked)
    expect(outcomes(decision)).toEqual(['trivy/log4j: blocked: OPTOUT_ENDED', 'trivy/zlib: blocked: OPTOUT_LAPSED'])
    expect(blocked.find(({ control }) => control === 'trivy/zlib')?.nearest).toEqual([{
      optOut: 'zlib', code: 'OPTOUT_LAPSED', message: `opt-out \`zlib\` ended at ${formatInstant((start + 48 * hour) as Instant)}, evaluated at ${formatInstant((start + 48 * hour) as Instant)}`, hint: expect.stringContaining('renews: zlib') as string,
    }])
  })

  test('what stands at the protected ref alone excuses nothing, and is named as the nearest', async () => {
    const it = await opened()
    it.merge({ apiVersion: 'exeat.dev/v1', kind: 'OptOut', metadata: { name: 'silent' }, spec: {
      controls: ['trivy/silent'], targets: { repositories: ['acme/payments'], environments: ['staging'] }, category: 'waiver', reason: 'nobody was asked about this', owner: 'alice@acme.example',
      window: { from: '2026-11-22T10:00:00Z', until: '2026-11-24T10:00:00Z' }, limits: { findings: 3 } } })
    const { decision, blocked } = await decided(it, request(sarif(['silent'])))
    expect(outcomes(decision)).toEqual(['trivy/silent: blocked: OPTOUT_REFUSED'])
    expect(blocked[0]?.nearest[0]?.message).toContain('it is not active in the log `log.example/acme`')
  })

  test('findings beyond the approved ones stay blocked', async () => {
    const it = await opened()
    await it.activated('log4j')
    expect(outcomes((await decided(it, request(sarif(['log4j', 'log4j'])))).decision)).toEqual(['trivy/log4j: excused: OPTOUT_APPLIES', 'trivy/log4j: blocked: OPTOUT_NOT_IN_IMPACT'])
  })

  test('a policy tightened after the activation bites at once', async () => {
    const it = await opened()
    await it.activated('log4j')
    it.merge({ apiVersion: 'exeat.dev/v1', kind: 'OptOutPolicy', metadata: { name: 'never' }, spec: { controls: ['trivy/log4j'], effect: 'forbid' } })
    expect(outcomes((await decided(it, request(sarif(['log4j'])))).decision)).toEqual(['trivy/log4j: blocked: POLICY_TIGHTENED'])
    expect(await usesOf(it, 'log4j')).toBe(0)
  })

  test('limited uses run out: what is not counted does not excuse', async () => {
    const it = await opened()
    await it.activated('log4j', { limits: { findings: 3, uses: 1 } })
    const first = request(sarif(['log4j']))
    const second = request(sarif(['log4j']), { commit: '3'.repeat(40) })
    for (const asked of [first, first]) expect((await decided(it, asked)).decision.exit).toBe(0)
    const { decision, blocked } = await decided(it, second)
    expect(outcomes(decision)).toEqual(['trivy/log4j: blocked: OPTOUT_REFUSED'])
    expect(blocked[0]?.nearest[0]?.message).toContain('the server did not count its use: `log4j` was used 1 times, it allows 1')
    expect(outcomes((await decided(it, second)).decision)).toEqual(['trivy/log4j: blocked: OPTOUT_ENDED'])
    expect(await usesOf(it, 'log4j')).toBe(1)
  })

  test('more opt-outs than one claim holds', async () => {
    const it = await opened()
    const names = Array.from({ length: 103 }, (_, i) => `many-${i}`)
    for (const name of names) await it.activated(name)
    expect((await decided(it, request(sarif(names)))).decision.summary).toMatchObject({ excused: 103, blocked: 0 })
  })

  test('required tools that said nothing, unfinished reports and those of another commit block the run', async () => {
    const it = await opened({ spec: { gates: [{ requiredTools: ['trivy', 'grype'] }] } })
    const revision = { versionControlProvenance: [{ repositoryUri: 'https://forge.example/acme/payments', revisionId: '4'.repeat(40) }] }
    const { decision } = await decided(it, request(sarif([], { invocations: [{ executionSuccessful: false }], ...revision })))
    expect(decision.blocks.map(({ code, tool }) => `${code} ${tool ?? ''}`)).toEqual(['TOOL_MISSING grype', 'REPORT_INCOMPLETE trivy', 'REPORT_OTHER_COMMIT trivy'])
    expect(decision).toMatchObject({ exit: 2, summary: { outcome: 'blocked', findings: 0, blocks: 3, evidence: 'none' } })
  })

  test('suppressions that a report brings along are counted and never believed', async () => {
    const it = await opened()
    const report = JSON.parse(sarif(['log4j'])) as { runs: { results: object[] }[] }
    Object.assign(report.runs[0]?.results[0] ?? {}, { suppressions: [{ kind: 'inSource', status: 'accepted' }] })
    expect((await decided(it, request(JSON.stringify(report)))).decision.summary).toMatchObject({ blocked: 1, shadow: 1 })
  })

  test('several reports in one run, as text and as bytes', async () => {
    const it = await opened()
    const bytes = Buffer.from(sarif(['b']))
    const { decision } = await decided(it, request('', { reports: [{ name: 'a.sarif', text: sarif(['a']) }, { name: 'b.sarif', format: 'sarif', base64: bytes.toString('base64') }] }))
    expect(decision.reports).toEqual([{ name: 'a.sarif', digest: digestOf(sarif(['a'])) }, { name: 'b.sarif', digest: digestOf(bytes) }])
    expect(outcomes(decision)).toEqual(['trivy/a: blocked: NO_OPTOUT', 'trivy/b: blocked: NO_OPTOUT'])
  })

  test('ends with the first opt-out that it rests on, and after five minutes where the environment is protected or none is named', async () => {
    const it = await opened({ spec: { environments } })
    await it.activated('log4j')
    it.clock.now = start + 48 * hour - 2 * minute
    expect((await decided(it, request(sarif(['log4j'])))).decision.notAfter).toBe(start + 48 * hour)
    const { environment: _named, ...nowhere } = request(sarif(['other']))
    expect((await decided(it, nowhere)).decision.notAfter - it.clock.now).toBe(5 * minute)
    expect((await decided(it, request(sarif(['other']), { environment: 'production' }))).decision.notAfter - it.clock.now).toBe(5 * minute)
    expect((await decided(it, request(sarif(['other'])))).decision.notAfter - it.clock.now).toBe(10 * minute)
  })
})

describe('facts', () => {
  const proving = async (): Promise<World> => {
    const it = await opened({ spec: { environments: [{ name: 'staging', proof: 'workload' }, { name: 'production', protected: true, proof: 'workload' }] } })
    await it.activated('log4j')
    return it
  }
  const staging = { environment: verified('staging') }

  test('an environment that asks for proof is not proven by saying so', async () => {
    const it = await proving()
    const { decision } = await decided(it, request(sarif(['log4j'])))
    expect(outcomes(decision)).toEqual(['trivy/log4j: blocked: FACT_UNPROVEN'])
    expect(await usesOf(it, 'log4j')).toBe(0)
  })
  test('a job\'s token proves it', async () => {
    const it = await proving()
    const asked = { reports: request(sarif(['log4j'])).reports }
    const { decision } = await decided(it, asked, job(staging), { proven: true, workflows: [workflow.sha] })
    expect(decision).toMatchObject({ exit: 0, caller: { kind: 'workload', provider: 'github', refProtected: true, event: 'push', workflow }, facts: { ref: { value: 'refs/heads/main', provenance: 'verified' } } })
    expect(await usesOf(it, 'log4j')).toBe(1)
    // What it says besides may repeat what is proven.
    expect((await decided(it, request(sarif(['log4j'])), job(staging), { proven: true })).decision.exit).toBe(0)
  })
  test('a preview tells what would be, counts nothing, and is honoured by nobody', async () => {
    const it = await proving()
    const { decision } = await decisionMaker(dependencies(it))(request(sarif(['log4j'])), job(staging, { preview: true }))
    const verdict = verifyDecision(bytesOf(decision), it.pins, { now: start, repository: '1001', commit, environment: 'staging', reports: [digestOf(sarif(['log4j']))], proven: false }, deps)
    expect(verdict).toMatchObject({ ok: false, problem: { code: 'DECISION_PREVIEW' } })
    expect(JSON.parse(Buffer.from(decision.payload, 'base64').toString('utf8'))).toMatchObject({ exit: 0, preview: true })
    expect(await usesOf(it, 'log4j')).toBe(0)
  })
  test.each([
    ['repository', { repository: 'acme/ledger' }], ['commit', { commit: '9'.repeat(40) }], ['environment', { environment: 'production' }], ['ref', { ref: 'refs/heads/other' }],
  ])('what is said of the %s may not differ from what is proven', async (_, over) => {
    const it = await proving()
    expect(await codesOf(decisionMaker(dependencies(it))(request(sarif(['log4j']), over), job(staging)))).toEqual(['DECISION_FACTS'])
  })
  test('what the token leaves open is said, and asserted; but nobody speaks for another repository or commit than their own', async () => {
    const it = await proving()
    const { environment: _environment, ...open } = job().proven
    const { decision } = await decided(it, request(sarif(['log4j'])), { ...job(), proven: open })
    expect(decision.facts.environment).toEqual({ value: 'staging', provenance: 'asserted', from: 'request' })
    expect(outcomes(decision)).toEqual(['trivy/log4j: blocked: FACT_UNPROVEN'])
    for (const name of ['repository', 'commit'] as const) {
      const { [name]: _fact, ...without } = job(staging).proven
      expect(await codesOf(decisionMaker(dependencies(it))(request(sarif(['log4j'])), { ...job(), proven: without }))).toEqual(['DECISION_FACTS'])
    }
  })
  test('what a caller may not have counted does not excuse', async () => {
    const it = await proving()
    const claiming: NonNullable<Requester['claiming']> = async (uses) => ({ results: uses.map(({ uid }) => ({ uid, outcome: 'refused', code: 'WORKLOAD_OTHER', message: 'it is none of this job\'s' })) })
    const { decision, blocked } = await decided(it, request(sarif(['log4j'])), job(staging, { claiming }))
    expect(outcomes(decision)).toEqual(['trivy/log4j: blocked: OPTOUT_REFUSED'])
    expect(blocked[0]?.nearest[0]?.message).toContain('it is none of this job\'s')
    expect(await usesOf(it, 'log4j')).toBe(0)
  })
  test.each([
    ['an unknown repository', { repository: 'acme/payment' }], ['an unknown environment', { environment: 'stagin' }], ['a repository of the prototype', { repository: '__proto__' }],
  ])('%s', async (_, over) => {
    const it = await opened()
    expect(await codesOf(decisionMaker(dependencies(it))(request(sarif([]), over), operator))).toEqual(['DECISION_FACTS'])
  })
  test('no repository, or no commit', async () => {
    const it = await opened()
    const { repository, commit: at, ...rest } = request(sarif([]))
    for (const asked of [{ ...rest, commit: at ?? '' }, { ...rest, repository: repository ?? '' }]) expect(await codesOf(decisionMaker(dependencies(it))(asked, operator))).toEqual(['DECISION_FACTS'])
  })
})

describe('reports that nobody can read', () => {
  const codes = async (over: Parameters<typeof request>[1]): Promise<readonly string[]> => {
    const it = await opened()
    return codesOf(decisionMaker(dependencies(it))(request('', over), operator))
  }
  test('each problem of each report is told, and nothing is signed', async () => {
    const problems = await codes({ reports: [{ name: 'a', text: '{' }, { name: 'b', text: '[]' }, { name: 'c', text: '{"version":"2.1.0","runs":7}' }, { name: 'd', text: sarif([]) }, { name: 'e', text: '' }] })
    expect(problems).toEqual(['JSON_TRUNCATED', 'REPORT_AMBIGUOUS', 'SARIF_SHAPE', 'JSON_EMPTY'])
  })
  test('a format that does not exist', async () => { expect(await codes({ reports: [{ name: 'a', text: sarif([]), format: '__proto__' }] })).toEqual(['FORMAT_UNKNOWN']) })
  test('one name for two', async () => { expect(await codes({ reports: [{ name: 'a', text: sarif([]) }, { name: 'a', text: sarif([]) }] })).toEqual(['DECISION_REPORTS']) })
  test.each(['e30', 'e30=\n', 'e31=', '****'])('no base64: %j', async (base64) => { expect(await codes({ reports: [{ name: 'a', base64 }] })).toEqual(['DECISION_REPORTS']) })
  test('too large together', async () => {
    const half = 'x'.repeat(largestReports / 2)
    expect(await codes({ reports: [{ name: 'a', text: half }, { name: 'b', text: half }, { name: 'c', text: 'x' }] })).toEqual(['INPUT_TOO_LARGE'])
  })
})

describe('nothing is signed', () => {
  const asked = request(sarif(['log4j']))

  test('by a bundle that does not hold', async () => {
    const it = await opened()
    await it.activated('log4j')
    const bundle = async (query: Parameters<typeof it.use.bundle>[0]): Promise<Dsse> => {
      const made = await it.use.bundle(query)
      const payload = Buffer.from(made.payload, 'base64').toString('utf8').replace('"withheld":[]', '"withheld":[ ]')
      return { ...made, payload: Buffer.from(payload).toString('base64') }
    }
    expect(await codesOf(decisionMaker(dependencies(it, { useCases: { ...it.use, bundle } }))(asked, operator))).toEqual(['DSSE_SIGNATURE'])
    expect(await usesOf(it, 'log4j')).toBe(0)
  })
  test('where a use cannot be counted', async () => {
    const it = await opened()
    await it.activated('log4j')
    const claimUses = async (): Promise<never> => { throw useError('GOVERNANCE_STALE', 'the log cannot be written') }
    expect(await codesOf(decisionMaker(dependencies(it, { useCases: { ...it.use, claimUses } }))(asked, operator))).toEqual(['GOVERNANCE_STALE'])
  })
  test('while the protected ref moves each time', async () => {
    const it = await opened()
    let moves = 0
    const bundle = async (query: Parameters<typeof it.use.bundle>[0]): Promise<Dsse> => {
      it.merge({ apiVersion: 'exeat.dev/v1', kind: 'OptOutPolicy', metadata: { name: `moved-${moves += 1}` }, spec: { controls: ['grype/*'], effect: 'forbid' } })
      return it.use.bundle(query)
    }
    expect(await codesOf(decisionMaker(dependencies(it, { useCases: { ...it.use, bundle } }))(asked, operator))).toEqual(['GOVERNANCE_MOVED'])
    expect(moves).toBe(3)
    let moved = false
    const once = async (query: Parameters<typeof it.use.bundle>[0]): Promise<Dsse> => {
      if (moved) return it.use.bundle(query)
      moved = true
      return bundle(query)
    }
    expect((await decisionMaker(dependencies(it, { useCases: { ...it.use, bundle: once } }))(asked, operator)).decision.payload).not.toBe('')
  })
  test('that anybody honours, by a key that nobody delegated to', async () => {
    const it = await opened()
    const other = seeded('log.example/acme/bundle', 6)
    const { decision } = await decisionMaker(dependencies(it, { bundleKey: () => other }))(asked, operator)
    const verdict = verifyDecision(bytesOf(decision), it.pins, { now: start, repository: '1001', commit, environment: 'staging', reports: [digestOf(sarif(['log4j']))], proven: false }, deps)
    expect(verdict).toMatchObject({ ok: false, problem: { code: 'DSSE_UNSIGNED' } })
    expect(keys.bundle.name).toBe(other.name)
  })
})
