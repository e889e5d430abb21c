/**
 * What a simulation predicts is what the gate does, finding by finding, before and after, on what real scanners wrote. The opt-outs are generated from what the
 * reports hold: by name and pattern, path, resource, fingerprint and environment, with an impact and without.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { compilePolicySet, controlOf, type Facts, type Finding, fingerprints, type Instant, type Report, toolNames, utf8 } from '@exeat/core'
import { declaredFindings, impactDigest } from '@exeat/core/impact'
import { readReports } from '@exeat/formats/findings'
import { governanceOf } from '@exeat/git/files'
import { expect, test } from 'vitest'
import { answerGate } from '../../src/gate/decide.ts'
import { sha256 } from '../../src/governance/load.ts'
import { answerSimulation } from '../../src/simulate/answer.ts'

const folder = fileURLToPath(new URL('../../../../vectors/scanner-outputs/', import.meta.url))
const now = Date.UTC(2026, 10, 23) as Instant

interface Recorded { readonly name: string; readonly bytes: Uint8Array; readonly reports: readonly Report[]; readonly findings: readonly Finding[] }

const sourceOf = (name: string, bytes: Uint8Array): Parameters<typeof readReports>[0] => ({
  name, size: bytes.length,
  read(into, position) {
    const piece = bytes.subarray(position, position + into.length)
    into.set(piece)
    return piece.length
  },
})

const recorded = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => /\.(?:json|sarif|yaml)$/.test(name)).sort().flatMap((name): Recorded[] => {
  const bytes = readFileSync(join(folder, name))
  const answer = bytes.length > 400_000 ? undefined : readReports(sourceOf(name, bytes), { root: '/build/checkout' })
  if (answer?.ok !== true) return []
  const findings = answer.reports.flatMap((report) => report.findings)
  return findings.length === 0 ? [] : [{ name, bytes, reports: answer.reports, findings }]
})
const tools = [...new Set(recorded.flatMap(({ findings }) => findings.map(({ tool }) => tool)))].sort()

const workspace = `apiVersion: exeat.dev/v1
kind: Workspace
metadata: { name: workspace }
spec:
  id: acme/payments
  protectedRef: main
  sources: [{ name: acme/payments, forge: github, repositoryId: "1001" }]
  environments: [{ name: development, proof: asserted }, { name: staging, proof: asserted }]
  gates: [{ environments: [staging], thresholds: [{ severity: medium }] }]
`
const policy = (impact: boolean): string => JSON.stringify({
  apiVersion: 'exeat.dev/v1', kind: 'OptOutPolicy', metadata: { name: 'all' },
  spec: {
    controls: tools.filter((tool) => toolNames.includes(tool)).map((tool) => `${tool}/*`), environments: ['development', 'staging'], effect: 'permit', request: 'anyone', approve: 'none', activate: 'anyone', mfa: 'none',
    wildcards: true, limits: { duration: '3650d' }, ...(impact ? {} : { requires: { impact: false } }),
  },
})

/** `of`: an index, so that a counterexample is short. */
interface Written { readonly of: number; readonly impact: boolean; readonly spec: Record<string, unknown>; readonly other: boolean }

const glob = (path: string): fc.Arbitrary<string> => fc.constantFrom(path, `${path.split('/')[0] ?? ''}/**`, `**/${path.split('/').at(-1) ?? ''}`, path.replace(/[^/]+$/, '*.{json,xml,tf,py,yaml,lock}'))
const facts = (environment: string): Facts => ({
  repository: { value: { name: 'acme/payments', id: '1001' }, provenance: 'asserted', from: 'test' },
  environment: { value: environment, provenance: 'asserted', from: 'test' },
})

const written: fc.Arbitrary<Written> = fc.nat(recorded.length - 1).chain((at) => {
  const of = recorded[at] as Recorded
  const printed = fingerprints(of.findings, '1001', sha256)
  return fc.uniqueArray(fc.nat(of.findings.length - 1), { minLength: 1, maxLength: 5 }).chain((picked) => {
    const [first = 0] = picked
    const all = picked.map((index) => of.findings[index] as Finding)
    const [one] = all
    const paths = all.flatMap(({ path }) => path ?? [])
    const resources = all.flatMap(({ resource }) => resource ?? [])
    const controls = fc.constantFrom(all.map(controlOf), [`${one?.tool ?? ''}/*`], [controlOf(of.findings[first] as Finding).replace(/.{2}$/, '*')])
    return fc.record({
      impact: fc.boolean(), other: fc.boolean(), controls: controls.map((list) => [...new Set(list)]),
      paths: paths.length === 0 ? fc.constant(undefined) : fc.option(fc.tuple(...paths.map(glob)), { nil: undefined }),
      resources: resources.length === 0 ? fc.constant(undefined) : fc.option(fc.constantFrom([...new Set(resources)], [(resources[0] ?? '').replace(/.{3}$/, '*')]), { nil: undefined }),
      fingerprints: fc.option(fc.constant(picked.map(printed).sort()), { nil: undefined, freq: 2 }),
      environments: fc.option(fc.constantFrom(['development'], ['staging'], ['development', 'staging']), { nil: undefined }),
      findings: fc.constantFrom(1, 3, 1000),
    }).map(({ controls, findings, impact, other, paths, resources, fingerprints: prints, environments }) => {
      const alone = paths === undefined && resources === undefined
      const targets = Object.entries({ paths: paths && [...new Set(paths)], resources, environments, fingerprints: alone ? undefined : prints }).filter(([, value]) => value !== undefined)
      return { of: at, impact, other, spec: { controls, ...(targets.length === 0 ? {} : { targets: Object.fromEntries(targets) }), limits: { findings } } }
    })
  })
})

const document = (name: string, spec: Record<string, unknown>): string => JSON.stringify({
  apiVersion: 'exeat.dev/v1', kind: 'OptOut', metadata: { name },
  spec: { category: 'waiver', reason: 'generated', owner: 'alice', window: { from: '2026-01-01T00:00:00Z', until: '2030-01-01T00:00:00Z' }, ...spec },
})

type Files = Parameters<typeof governanceOf>[0]
const filesOf = (documents: Readonly<Record<string, string>>, impacts: Readonly<Record<string, string>> = {}): Files => ({
  documents: Object.entries(documents).map(([path, text]) => ({ path, bytes: utf8(text) })), impacts: Object.entries(impacts).map(([path, text]) => ({ path, bytes: utf8(text) })), ignored: [],
})

/** What the gate excuses of a report in one environment, by fingerprint, and what it counts. */
function gate(files: Files, { reports, findings }: Recorded, environment: string): { readonly excused: ReadonlySet<string>; readonly counts: Record<string, number> } {
  const governance = { ...governanceOf(files, sha256), source: { kind: 'commit' as const, commit: '', tree: '' }, label: '', cache: 'off' as const }
  const compiled = compilePolicySet({ workspace: governance.workspace, policies: governance.policies, aliases: governance.aliases })
  if (!compiled.ok) throw new Error(compiled.problems[0].message)
  const { decisions } = answerGate({ governance, policySet: compiled.set, facts: facts(environment), reports, now })
  const printed = fingerprints(findings, '1001', sha256)
  const counts = { passed: 0, excused: 0, blocked: 0 }
  for (const { outcome } of decisions) counts[outcome]++
  return { excused: new Set(decisions.flatMap(({ outcome }, index) => (outcome === 'excused' ? [printed(index)] : []))), counts }
}

/** The impact that `exeat impact --write` would leave, named by its digest. */
function impactFile(files: Files, { findings }: Recorded, environments: readonly string[]): Record<string, string> {
  const governance = governanceOf(files, sha256)
  const compiled = compilePolicySet({ workspace: governance.workspace, policies: governance.policies, aliases: governance.aliases })
  const optOut = governance.optOuts.find(({ document: each }) => each.metadata.name === 'tried')
  if (!compiled.ok || optOut === undefined) throw new Error('no opt-out')
  const prints = [...new Set(environments.flatMap((environment) => declaredFindings(optOut, findings, facts(environment), compiled.set, sha256).map(({ fingerprint }) => fingerprint)))].sort()
  if (prints.length === 0) return {}
  const impact = { schemaVersion: 1, kind: 'Impact', optOut: optOut.digest, fingerprints: prints } as const
  return { [`.exeat/impacts/${impactDigest(impact, sha256)}.json`]: JSON.stringify(impact) }
}

const environmentsOf = (spec: Record<string, unknown>): readonly string[] => (spec['targets'] as { environments?: readonly string[] } | undefined)?.environments ?? ['development', 'staging']

test('there is enough to predict', () => {
  expect(recorded.length).toBeGreaterThanOrEqual(20)
  expect(tools.length).toBeGreaterThanOrEqual(10)
})

test('predicted and real agree, finding by finding, before and after', () => {
  const effective = new Set<string>()
  let narrower = 0
  fc.assert(fc.property(written, ({ of: at, impact, spec, other }) => {
    const of = recorded[at] as Recorded
    const common = { '.exeat/workspace.yaml': workspace, '.exeat/policy.json': policy(impact) }
    // Another that covers some of the same, where no impact is asked of it.
    const besides: Record<string, string> = other && !impact ? { '.exeat/other.json': document('other', { controls: [controlOf(of.findings[0] as Finding)], limits: { findings: 500 } }) } : {}
    const without = filesOf({ ...common, ...besides })
    const bare = filesOf({ ...common, ...besides, '.exeat/tried.json': document('tried', spec) })
    const read = governanceOf(bare, sha256)
    fc.pre(read.refused.length === 0)
    const environments = environmentsOf(spec)
    const recordedImpact = impact ? impactFile(bare, of, environments) : {}
    const withIt = { ...bare, impacts: filesOf({}, recordedImpact).impacts }
    const question = { now, optOut: 'tried', repository: 'acme/payments', tolerance: 0, suggest: true, samples: 1_000_000, each: false, label: 'generated', root: '/build/checkout', reports: [sourceOf(of.name, of.bytes)] }
    for (const base of [bare, withIt]) {
      const simulation = answerSimulation({ ...question, base }).simulation
      const predicted = (environment: string): ReadonlySet<string> => new Set(simulation.opened.samples.filter((each) => each.environment === environment).map(({ fingerprint }) => fingerprint))
      const totals = { before: { passed: 0, excused: 0, blocked: 0 }, after: { passed: 0, excused: 0, blocked: 0 } }
      for (const environment of environments) {
        const before = gate(without, of, environment)
        const after = gate(withIt, of, environment)
        expect(predicted(environment)).toEqual(new Set([...after.excused].filter((each) => !before.excused.has(each))))
        for (const key of ['passed', 'excused', 'blocked'] as const) {
          totals.before[key] += before.counts[key] ?? 0
          totals.after[key] += after.counts[key] ?? 0
        }
      }
      expect({ before: simulation.before, after: simulation.after }).toEqual(totals)
      expect(Object.keys(recordedImpact)).toEqual(impact && simulation.optOuts[0]?.impact?.digest !== undefined ? [`.exeat/impacts/${simulation.optOuts[0].impact.digest}.json`] : [])
      if (simulation.opened.total > 0) effective.add(JSON.stringify([at, impact, spec, other]))
      const suggested = simulation.optOuts[0]?.suggestion?.document
      if (base === withIt || suggested === undefined) continue
      // What is suggested excuses the same, and is a sound document.
      const narrowed = filesOf({ ...common, ...besides, '.exeat/tried.json': JSON.stringify(suggested) })
      const again = answerSimulation({ ...question, base: narrowed, environments }).simulation
      expect(again.opened.samples).toEqual(simulation.opened.samples)
      narrower++
    }
  }), { numRuns: 400, maxSkipsPerRun: 1000 })
  // Each differs from the others and excuses something: one that excuses nothing agrees with anything.
  expect(effective.size).toBeGreaterThanOrEqual(200)
  expect(narrower).toBeGreaterThanOrEqual(50)
}, 240_000)
