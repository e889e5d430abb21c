/** What a simulation gathers, on small worlds. That it predicts the gate is shown where the gate is, on real reports. */
import { expect, test } from 'vitest'
import { assumeActs, type ChangedOptOut, simulator, type SimulationQuestion } from '../../src/impact/index.ts'
import type { Facts, Finding, Instant, StandingOptOut } from '../../src/model/index.ts'
import type { PolicySet } from '../../src/policy/types.ts'
import { finding, noon, sha256, staging, stands } from '../decide/build.ts'
import { at, forbid, lasting, permit, setOf, strict, workspace } from '../policy/build.ts'

const open = (): PolicySet => setOf([permit('open', { requires: { impact: false }, wildcards: true })])

interface World { readonly set?: PolicySet; readonly others?: readonly StandingOptOut[]; readonly changed: readonly ChangedOptOut[]; readonly tolerance?: number; readonly suggest?: boolean; readonly now?: Instant }

function simulated({ set = open(), others = [], changed, tolerance = 0, suggest = false, now = noon }: World, runs: readonly (readonly Finding[])[], facts: Facts = staging) {
  const question: SimulationQuestion = {
    policySet: set, changed, at: now, sha256, tolerance, suggest, samples: 50,
    before: assumeActs(set, others, now), after: assumeActs(set, [...others, ...changed.filter(({ change }) => change !== 'removed').map(({ optOut }) => optOut)], now),
  }
  const simulation = simulator(question)
  for (const run of runs) simulation.run(run, facts)
  return simulation.answer()
}

const added = (optOut: StandingOptOut): ChangedOptOut => ({ optOut, change: 'added' })
const codes = (answer: ReturnType<typeof simulated>): string[] => answer.problems.map(({ code }) => code)

test('people whom the terms ask for are taken for given, and what the document lacks is not', () => {
  const set = setOf([strict('strict', { requires: { impact: false, ticket: '^INC-\\d+$' } }), permit('test', { environments: ['test'] })])
  const asked = stands({ targets: { environments: ['production'] } })
  expect(assumeActs(set, [asked], noon).refused[0]?.because.map(({ code }) => code)).toEqual(['TICKET_REQUIRED'])
  const complete = stands({ targets: { environments: ['production'] }, ticket: 'INC-1' })
  const [active] = assumeActs(set, [complete], noon).active
  expect(active?.met).toMatchObject({ evidence: 'user-signed', approvers: [['security']], requester: ['engineering'], activator: ['engineering', 'sre'] })
  const production: Facts = { ...staging, environment: { value: 'production', provenance: 'verified', from: 'simulation' } }
  expect(simulated({ set, changed: [added(complete)] }, [[finding()]], production).after).toEqual({ passed: 0, excused: 1, blocked: 0 })
})

test('what only a log can show is taken for given where the workspace pins one, and nowhere else', () => {
  const policies = [permit('open', { requires: { impact: false }, limits: { duration: lasting('14d'), uses: 5 } })]
  const optOut = stands({ limits: { findings: 3, uses: 2 } })
  expect(assumeActs(setOf(policies), [optOut], noon).refused[0]?.because.map(({ code }) => code)).toEqual(['TERM_NEEDS_LOG', 'TERM_NEEDS_LOG'])
  const pinned = setOf(policies, { workspace: workspace({ log: { origin: 'log.example', keys: ['k'] } }) })
  expect(assumeActs(pinned, [optOut], noon)).toMatchObject({ active: [{ met: { log: { uses: 2 } } }], refused: [] })
})

test('a forbid refuses whoever is taken for given', () => {
  const set = setOf([permit('open'), forbid('never')])
  const answer = simulated({ set, changed: [added(stands())] }, [[finding()]])
  expect([answer.opened.total, answer.optOuts[0]?.refused.map(({ code }) => code)]).toEqual([0, ['FORBIDDEN']])
})

test('runs add up, and the order of findings says nothing', () => {
  const findings = [finding(), finding({ path: 'b/pom.xml' }), finding({ rule: 'CVE-9' })]
  const once = simulated({ changed: [added(stands())] }, [findings])
  expect(simulated({ changed: [added(stands())] }, [findings.toReversed()])).toMatchObject({ before: once.before, after: once.after, opened: { control: once.opened.control } })
  const twice = simulated({ changed: [added(stands())] }, [findings, findings])
  expect(twice).toMatchObject({ runs: 2, findings: 6, after: { excused: 4, blocked: 2 } })
  expect(twice.optOuts[0]?.measured).toBe(2)
})

test('a removed opt-out closes what it excused, and nothing is asked of it', () => {
  const gone = stands({ limits: { findings: 1 } })
  const set = open()
  const simulation = simulator({ policySet: set, before: assumeActs(set, [gone], noon), after: assumeActs(set, [], noon), changed: [{ optOut: gone, change: 'removed' }], at: noon, sha256, tolerance: 0, suggest: true, samples: 50 })
  simulation.run([finding()], staging)
  expect(simulation.answer()).toMatchObject({ closed: { total: 1 }, opened: { total: 0 }, problems: [], optOuts: [{ canaries: [], redAgain: { findings: 0 } }] })
})

test('what another excuses longer does not turn red again', () => {
  const other = stands({ name: 'other', window: { from: at('2026-11-22T10:00:00Z'), until: at('2026-11-25T10:00:00Z') } })
  const answer = simulated({ others: [other], changed: [added(stands())] }, [[finding()]])
  expect(answer.optOuts[0]).toMatchObject({ alreadyCovered: [{ optOut: 'other', findings: 1 }], redAgain: { findings: 0 } })
  expect(answer.timeline).toEqual([{ until: '2026-11-25T10:00:00Z', findings: 1, optOuts: ['other'] }])
})

test('a neighbour that the opt-out names in full is no canary', () => {
  const answer = simulated({ changed: [added(stands({ targets: { environments: ['staging', 'test'], paths: ['services/ledger/*'] } }))] }, [[finding({ resource: 'pkg:maven/a/b@1.9' })]])
  const rows = new Map(answer.optOuts[0]?.canaries.map((row) => [row.kind, row]))
  expect(rows.get('environment')).toEqual({ kind: 'environment', tried: 2, excused: 0 })
  expect(rows.get('path')).toMatchObject({ excused: 1, example: { path: 'services/ledger/exeat-canary.xml' } })
  expect(rows.get('version')).toMatchObject({ tried: 1, excused: 1, example: { resource: 'pkg:maven/a/b@1.10' } })
})

test('a suggestion names fingerprints only where a finding that was not meant would still be in scope', () => {
  const two = [finding({ message: 'one' }), finding({ message: 'two' })]
  const wide = stands({ targets: { environments: ['staging'], paths: ['services/**'] } })
  const [, other] = simulated({ changed: [added(wide)] }, [two]).opened.samples
  const meant = { ...wide, impact: new Set([other?.fingerprint ?? '']) }
  const keys = (optOut: StandingOptOut): string[] | undefined => simulated({ changed: [added(optOut)], suggest: true }, [two]).optOuts[0]?.suggestion?.keys.map(({ key }) => key)
  expect(keys(meant)).toContain('targets.fingerprints')
  expect(keys(wide)).not.toContain('targets.fingerprints')
})

test('names that no reader can see, or no document can say, are not suggested', () => {
  for (const path of ['a/{b}.xml', 'a/\u202eb.xml', 'a/\u0000.xml', ' a', `${'a'.repeat(513)}`]) {
    const wide = stands({ targets: { environments: ['staging'] } })
    const keys = simulated({ changed: [added(wide)], suggest: true }, [[finding({ path })]]).optOuts[0]?.suggestion?.keys.map(({ key }) => key)
    expect(keys).not.toContain('targets.paths')
  }
})

test('names of prototypes are names', () => {
  const findings = ['__proto__', 'constructor', 'toString'].map((name) => finding({ rule: name, path: name }))
  const answer = simulated({ changed: [added(stands({ controls: ['trivy/__proto__', 'trivy/constructor', 'trivy/toString'] }))] }, [findings])
  expect(answer.opened.path.top.map(({ name }) => name)).toEqual(['__proto__', 'constructor', 'toString'])
})

test('the lists stay short however many names there are, and nothing is lost of the sums', () => {
  const findings = Array.from({ length: 12_000 }, (_, index) => finding({ path: `p${index}` }))
  const { opened } = simulated({ changed: [added(stands({ limits: { findings: 12_000 } }))] }, [findings])
  expect([opened.total, opened.samples.length, opened.path.top.length, opened.path.others]).toEqual([12_000, 50, 50, 11_950])
})

test('more findings than one impact may name are an error, and have no digest', () => {
  const findings = Array.from({ length: 100_001 }, (_, index) => finding({ path: `p${index}` }))
  const answer = simulated({ changed: [added(stands({ limits: { findings: 100_001 } }))] }, [findings])
  expect(codes(answer)).toEqual(['IMPACT_TOO_LARGE'])
  expect(answer.optOuts[0]?.impact).not.toHaveProperty('digest')
}, 60_000)

test.for([[1, ['IMPACT_LIMIT_BELOW']], [2, []], [3, ['IMPACT_LIMIT_ABOVE']]] as const)('a ceiling of %d for two findings: %j', ([findings, expected]) => {
  expect(codes(simulated({ changed: [added(stands({ limits: { findings } }))] }, [[finding(), finding({ path: 'b' })]]))).toEqual(expected)
})

test('a recorded impact is stale beyond the tolerance, by what came and by what went', () => {
  const impact = new Set(['f'.repeat(64)])
  const changed = [added({ ...stands({ limits: { findings: 1 } }), impact })]
  expect(codes(simulated({ changed }, [[finding()]]))).toEqual(['IMPACT_STALE'])
  expect(codes(simulated({ changed, tolerance: 1 }, [[finding()]]))).toEqual(['IMPACT_STALE'])
  expect(codes(simulated({ changed, tolerance: 2 }, [[finding()]]))).toEqual([])
})

test('an instant that is none shows nothing as excused', () => {
  expect(simulated({ changed: [added(stands())], now: Number.NaN as Instant }, []).after.excused).toBe(0)
})
