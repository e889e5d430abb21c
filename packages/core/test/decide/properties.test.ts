/** What holds for every workload, against the oracle and against the documents themselves. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decide } from '../../src/decide/index.ts'
import { fingerprints } from '../../src/finding/index.ts'
import type { Facts, Finding, Instant, StandingOptOut } from '../../src/model/index.ts'
import { reference } from '../pattern/reference.ts'
import { arbitraryPolicies } from '../policy/arbitrary.ts'
import { at, permit, setOf } from '../policy/build.ts'
import type { PlacedPolicy } from '../../src/policy/validate.ts'
import { noon, optOutSet, sha256, staging, stands } from './build.ts'
import { oracle } from './oracle.ts'

const runs = { numRuns: 400 }
const image = (digit: string): string => `sha256:${digit.repeat(64)}`
const present = <T extends object>(value: T): T => Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as T
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 3 })
const some = <T>(arbitrary: fc.Arbitrary<T>) => fc.uniqueArray(arbitrary, { minLength: 1, maxLength: 3 })

const anyFinding: fc.Arbitrary<Finding> = fc.record({
  tool: fc.constantFrom('trivy', 'trivy', 'trivy', 'grype', 'homemade'),
  rule: fc.constantFrom('CVE-1', 'CVE-2', 'CVE-22', 'DS-1'),
  severity: maybe(fc.constantFrom('low' as const, 'high' as const)),
  title: fc.constant('t'),
  message: maybe(fc.constantFrom('m', 'n')),
  path: maybe(fc.constantFrom('a', 'a/b', 'a/b/c.xml', 'b/c.xml', 'pom.xml', 'a/x/c.xml')),
  line: maybe(fc.integer({ min: 1, max: 3 })),
  resource: maybe(fc.constantFrom('pkg:npm/a@1', 'pkg:npm/b@1')),
  image: maybe(fc.constantFrom(image('1'), image('2'))),
}).map((value) => present(value) as Finding)

const control = fc.constantFrom('trivy/CVE-1', 'trivy/CVE-2', 'trivy/CVE-*', 'trivy/*2', 'trivy/{CVE-1,DS-1}', 'trivy/CVE-?', 'grype/CVE-1', 'homemade/CVE-1')
const pathPattern = fc.constantFrom('a/**', '**/c.xml', 'a/*/c.xml', 'a/b', '{a,b}/**/c.xml', '*.xml', '**/b/**', 'a/**/c.*')

interface Written { readonly name: string; readonly part: Parameters<typeof stands>[0]; readonly prints: readonly number[] | undefined }

const anyOptOut: fc.Arbitrary<Written> = fc.record({
  name: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'),
  controls: some(control),
  targets: maybe(fc.record({
    repositories: maybe(some(fc.constantFrom('acme/payments', 'acme/other'))), environments: maybe(some(fc.constantFrom('staging', 'test'))),
    paths: maybe(some(pathPattern)), resources: maybe(some(fc.constantFrom('pkg:npm/a@1', 'pkg:npm/*'))), images: maybe(some(fc.constantFrom(image('1'), image('2')))),
  }).map(present)),
  from: fc.integer({ min: -3, max: 1 }), length: fc.integer({ min: 1, max: 4 }),
  findings: fc.integer({ min: 1, max: 4 }),
  prints: maybe(fc.array(fc.nat(5), { maxLength: 4 })),
}).map(({ name, controls, targets, from, length, findings, prints }) => ({
  name, prints,
  part: { name, controls, limits: { findings }, window: { from: (noon + from * 3_600_000) as Instant, until: (noon + (from + length) * 3_600_000) as Instant }, ...(targets === undefined ? {} : { targets }) } as Parameters<typeof stands>[0],
}))

/** `part.targets` absent must stay absent: `stands` would fill it in. */
function standingOf({ part, prints }: Written, all: readonly string[]): StandingOptOut {
  const impact = prints === undefined ? null : new Set(prints.flatMap((index) => all[index] ?? []))
  const base = stands(part, impact)
  const { targets: _, ...spec } = base.document.spec
  return part?.targets === undefined ? { ...base, document: { ...base.document, spec } } : base
}

const facts: fc.Arbitrary<Facts> = fc.record({ repository: fc.boolean(), environment: fc.constantFrom('staging', 'test', undefined) })
  .map(({ repository, environment }) => ({
    ...(repository ? { repository: staging.repository! } : {}),
    ...(environment === undefined ? {} : { environment: { value: environment, provenance: 'asserted' as const, from: 'test' } }),
  }))

const policies: fc.Arbitrary<readonly PlacedPolicy[]> = fc.oneof(
  { weight: 2, arbitrary: fc.boolean().map((impact) => [permit('open', { controls: ['trivy/*', 'grype/*', 'homemade/*'].slice(0, 2), environments: ['staging', 'test'], wildcards: true, requires: { impact } })]) },
  { weight: 1, arbitrary: arbitraryPolicies },
)

const world = fc.record({ findings: fc.array(anyFinding, { maxLength: 14 }), written: fc.uniqueArray(anyOptOut, { maxLength: 8, selector: ({ name }) => name }), facts, policies })

function played({ findings, written, facts: claimed, policies: given }: { findings: readonly Finding[]; written: readonly Written[]; facts: Facts; policies: readonly PlacedPolicy[] }, now = noon) {
  const set = setOf(given)
  const print = fingerprints(findings, claimed.repository?.value.id ?? '', sha256)
  const all = findings.map((_, index) => print(index))
  const optOuts = optOutSet({ set, optOuts: written.map((each) => standingOf(each, all)), now })
  return { set, optOuts, decisions: decide(set, optOuts, findings, claimed, now, { sha256 }) }
}

test('the index answers as the plain loop does', () => {
  let excused = 0
  fc.assert(fc.property(world, (each) => {
    const { set, optOuts, decisions } = played(each)
    const wanted = oracle(set, optOuts, each.findings, each.facts, noon)
    expect(decisions.map(({ optOut }) => optOut?.name)).toEqual(wanted)
    excused += wanted.filter((name) => name !== undefined).length
  }), { numRuns: 1500 })
  // The property says nothing where nothing is ever excused.
  expect(excused).toBeGreaterThan(200)
})

test('no opt-out excuses outside its declared targets or its window, and never what lacks an attribute that they name', () => {
  fc.assert(fc.property(world, (each) => {
    for (const { finding, optOut } of played(each).decisions) {
      if (optOut === undefined) continue
      const { part } = each.written.find(({ name }) => name === optOut.name)!
      const { targets = {}, controls = [], window } = part!
      expect(controls.some((pattern) => reference(pattern, 'name').test(`${finding.tool}/${finding.rule}`))).toBe(true)
      if (targets.paths !== undefined) expect(targets.paths.some((pattern) => finding.path !== undefined && reference(pattern, 'path').test(finding.path))).toBe(true)
      if (targets.resources !== undefined) expect(targets.resources.some((pattern) => finding.resource !== undefined && reference(pattern, 'name').test(finding.resource))).toBe(true)
      if (targets.images !== undefined) expect(targets.images).toContain(finding.image)
      if (targets.environments !== undefined) expect(targets.environments).toContain(each.facts.environment?.value)
      if (targets.repositories !== undefined) expect(each.facts.repository?.value.name).toBe('acme/payments')
      expect(window!.from <= noon && noon < window!.until).toBe(true)
    }
  }), runs)
})

test('an opt-out never applies at or after its end, nor before its beginning', () => {
  fc.assert(fc.property(world, fc.integer({ min: -5, max: 8 }).map((hours) => (noon + hours * 3_600_000) as Instant), fc.constantFrom(-1, 0, 1), (each, hour, step) => {
    const now = (hour + step) as Instant
    for (const { optOut } of played(each, now).decisions) {
      if (optOut === undefined) continue
      const { window } = each.written.find(({ name }) => name === optOut.name)!.part!
      expect(window!.from).toBeLessThanOrEqual(now)
      expect(now).toBeLessThan(window!.until)
    }
  }), runs)
})

test('order of documents and of findings says nothing', () => {
  fc.assert(fc.property(world, fc.infiniteStream(fc.nat()), (each, random) => {
    const shuffled = <T>(list: readonly T[]): T[] => list.map((item) => ({ item, key: random.next().value })).sort((a, b) => a.key - b.key).map(({ item }) => item)
    const findings = shuffled(each.findings)
    // Impacts name findings by fingerprint, so they are made once, from the first order.
    const set = setOf(each.policies)
    const print = fingerprints(each.findings, each.facts.repository?.value.id ?? '', sha256)
    const all = each.findings.map((_, index) => print(index))
    const standing = each.written.map((one) => standingOf(one, all))
    const answer = (optOuts: readonly StandingOptOut[], list: readonly Finding[]): Map<Finding, string> =>
      new Map(decide(setOf(shuffled(each.policies)), optOutSet({ set, optOuts, now: noon }), list, each.facts, noon, { sha256 })
        .map((decision) => [decision.finding, JSON.stringify(decision)]))
    const first = answer(standing, each.findings)
    const second = answer(shuffled(standing), findings)
    // Findings that are equal in every attribute may change places among themselves.
    const sorted = (answers: Map<Finding, string>): string[] => [...answers.values()].sort()
    expect(sorted(second)).toEqual(sorted(first))
  }), runs)
})

test('adding a policy on a covered control never permits more', () => {
  fc.assert(fc.property(world, arbitraryPolicies, (each, more) => {
    const renamed = more.map((policy, index): PlacedPolicy => ({ ...policy, document: { ...policy.document, metadata: { name: `more-${index}` } } }))
    const before = played(each)
    const covered = new Set(each.findings.filter((finding) => before.set.covering({
      control: `${finding.tool}/${finding.rule}`, ...(finding.severity === undefined ? {} : { severity: finding.severity }),
      ...(each.facts.environment === undefined ? {} : { environment: each.facts.environment.value }),
    }).some(({ matched }) => matched === 'true')))
    const judgedBefore = new Set(before.optOuts.active.map(({ document }) => document.metadata.name))
    const after = played({ ...each, policies: [...each.policies, ...renamed] })
    for (const [index, decision] of after.decisions.entries()) {
      const optOut = decision.optOut?.name
      // An opt-out that no policy covered before is newly permitted, not permitted more; nor is a finding freed by another's narrower ceiling.
      if (optOut === undefined || !covered.has(decision.finding) || !judgedBefore.has(optOut)) continue
      const limited = each.written.some(({ part }) => part?.limits?.findings !== undefined) && before.decisions[index]?.reasons.some(({ code }) => code === 'OPTOUT_OVER_LIMIT')
      if (!limited) expect(before.decisions[index]?.outcome).toBe('excused')
    }
  }), runs)
})

test('findings of an unknown tool, and whatever the workload holds, never throw and are never excused', () => {
  fc.assert(fc.property(fc.array(fc.record({ tool: fc.string(), rule: fc.string(), title: fc.string(), path: maybe(fc.string({ unit: 'binary' })) }).map((value) => present(value) as Finding), { maxLength: 8 }), (findings) => {
    const set = setOf([permit('open', { wildcards: true, requires: { impact: false } })])
    for (const decision of decide(set, optOutSet({ set }), findings, staging, at('2026-11-23T12:00:00Z'), { sha256 })) {
      expect(decision.outcome).toBe('blocked')
      expect(() => JSON.stringify(decision)).not.toThrow()
    }
  }), runs)
})
