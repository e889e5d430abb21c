/** The question to its answer. Pure but for the reports it reads: it opens no file and no socket, and asks no clock. */
import { compilePolicySet, type Facts, type Finding, formatInstant, type Instant, type PolicySet, type StandingOptOut } from '@exeat/core'
import { celEngine, re2Engine } from '@exeat/core/condition'
import { ExeatError } from '@exeat/core/error'
import { assumeActs, type ChangedOptOut, impactDigest, measurer, needsImpact, type SimulatedOptOut, simulator, type Simulation } from '@exeat/core/impact'
import { nearest } from '@exeat/core/text'
import { readReports } from '@exeat/formats/findings'
import { type Edits, patchOf } from '@exeat/formats/patch'
import { type Files, governanceOf } from '@exeat/git/files'
import { cliError } from '../edge/problem.ts'
import { environmentFact, repositoryFact } from '../governance/facts.ts'
import { sha256 } from '../governance/load.ts'
import { type NativeRun, nativeRun } from './native.ts'
import type { OpenQuestion } from './question.ts'

type Documents = ReturnType<typeof governanceOf>
export type Answer = Omit<Simulation, 'isolated'>

/** @throws {ExeatError} with what governance, reports and names get wrong */
export function answerSimulation(question: OpenQuestion): { readonly simulation: Answer; readonly native?: NativeRun } {
  const base = governanceOf(question.base, sha256)
  const head = question.head === undefined ? undefined : governanceOf(question.head, sha256)
  const policySet = policiesOf(base)
  const asked = head === undefined ? [named(question.optOut ?? '', base)] : differences(base, head)
  const changed = withImpacts(asked, question, base, policySet)
  const at = Math.max(question.now, ...changed.map(({ optOut }) => optOut.document.spec.window.from)) as Instant
  const { before, after } = sides(base, head, changed)
  const simulation = simulator({
    policySet, at, sha256, tolerance: question.tolerance, suggest: question.suggest, samples: question.samples, changed,
    before: assumeActs(policySet, before, at), after: assumeActs(policySet, after, at),
  })
  replay(question, base, changed, (findings, facts) => { simulation.run(findings, facts) })
  const { optOuts, ...answer } = simulation.answer()
  const told: Answer = {
    schemaVersion: 1, kind: 'Simulation', authoritative: false, governance: question.label, now: formatInstant(question.now as Instant),
    ...answer, problems: [...answer.problems, ...policyWarnings(base, head)], optOuts: optOuts.map((each) => withPatch(each, changed, question.head ?? question.base)),
  }
  return question.native === undefined ? { simulation: told } : { simulation: told, native: nativeOf(question.native, { question, base, changed, policySet, at }) }
}

/** What a head's policies would permit is not tried: they judge nothing before they have merged. */
function policyWarnings(base: Documents, head: Documents | undefined): Answer['problems'] {
  const digests = ({ policies, aliases, workspace }: Documents): string => [...policies, ...aliases, workspace].map(({ digest }) => digest).sort().join(' ')
  if (head === undefined || digests(base) === digests(head)) return []
  return [{ severity: 'warning', code: 'SIMULATION_POLICIES', message: 'the head changes policies, aliases or the workspace too, and those of the base judged', hint: 'split it: `exeat review` refuses a change of both' }]
}

interface NativeContext {
  readonly question: OpenQuestion
  readonly base: Documents
  readonly changed: readonly ChangedOptOut[]
  readonly policySet: PolicySet
  readonly at: Instant
}

/** The run in one environment: a tool's own form knows none. @throws {ExeatError} USAGE where there are several */
function nativeOf(native: string, { question, base, changed, policySet, at }: NativeContext): NativeRun {
  const standing = changed.filter(({ change }) => change !== 'removed').map(({ optOut }) => optOut)
  const runs: NativeRun[] = []
  replay({ ...question, each: false }, base, changed, (findings, facts) => {
    runs.push(nativeRun(native, { findings, facts, policySet, optOuts: assumeActs(policySet, standing, at), specs: new Map(standing.map(({ uid, document }) => [uid, document.spec])), at }))
  })
  const [only, ...others] = runs
  if (only === undefined || others.length > 0) throw cliError('USAGE', `the opt-outs are tried in ${runs.length} environments, and a tool runs in one`, 'name it: --env NAME')
  return only
}

function policiesOf({ workspace, policies, aliases }: Documents): PolicySet {
  const answer = compilePolicySet({ workspace, policies, aliases, conditionEngine: celEngine(), regexEngine: re2Engine })
  if (!answer.ok) throw new ExeatError(answer.problems)
  return answer.set
}

function named(name: string, { optOuts, refused }: Documents): ChangedOptOut {
  const found = optOuts.filter(({ document }) => document.metadata.name === name)
  const [first] = found
  if (first !== undefined && found.length === 1) return recordedOf(first, 'added')
  const [wrong] = refused.filter((each) => each.name === name)
  if (wrong !== undefined) throw new ExeatError(wrong.problems)
  const meant = nearest(name, optOuts.map(({ document }) => document.metadata.name))
  throw cliError('OPTOUT_UNKNOWN', first === undefined ? `no opt-out \`${name}\` stands` : `${found.length} opt-outs are named \`${name}\``,
    meant === undefined ? '`exeat list` names those that do; `exeat lint` says what is wrong with others' : `did you mean \`${meant}\`?`)
}

/** @throws {ExeatError} where the head brings an opt-out that is wrong, or changes none */
function differences(base: Documents, head: Documents): readonly ChangedOptOut[] {
  const [wrong, ...more] = head.refused.flatMap(({ problems }) => problems)
  if (wrong !== undefined) throw new ExeatError([wrong, ...more])
  const key = ({ document: { metadata: { name } }, digest, impact }: StandingOptOut): string => JSON.stringify([name, digest, impact === undefined ? null : [...impact].sort()])
  const nameOf = ({ document }: StandingOptOut): string => document.metadata.name
  const inBase = new Set(base.optOuts.map(key))
  const names = { base: new Set(base.optOuts.map(nameOf)), head: new Set(head.optOuts.map(nameOf)) }
  const changed = [
    ...head.optOuts.filter((optOut) => !inBase.has(key(optOut))).map((optOut) => recordedOf(optOut, names.base.has(nameOf(optOut)) ? 'changed' : 'added')),
    ...base.optOuts.filter((optOut) => !names.head.has(nameOf(optOut))).map((optOut) => recordedOf(optOut, 'removed')),
  ]
  if (changed.length === 0) throw cliError('SIMULATION_NOTHING', 'the head adds, changes and removes no opt-out', 'name another `--head`, or an opt-out that stands: `--optout NAME`')
  return changed.sort((a, b) => (nameOf(a.optOut) < nameOf(b.optOut) ? -1 : 1))
}

/** The digest that approvals are bound to, of the impact that is recorded for it. */
function recordedOf(optOut: StandingOptOut, change: ChangedOptOut['change']): ChangedOptOut {
  const { impact, digest } = optOut
  if (impact === undefined || impact.size === 0) return { optOut, change }
  return { optOut, change, recorded: impactDigest({ schemaVersion: 1, kind: 'Impact', optOut: digest, fingerprints: [...impact].sort() }, sha256) }
}

/** Where terms ask for an impact and none is recorded, what `exeat impact` would record from these very findings stands in. */
function withImpacts(changed: readonly ChangedOptOut[], question: OpenQuestion, base: Documents, policySet: PolicySet): readonly ChangedOptOut[] {
  const lacking = changed.filter(({ optOut, change }) => change !== 'removed' && needsImpact(optOut, policySet))
  if (lacking.length === 0) return changed
  const measured = new Map(lacking.map(({ optOut }) => [optOut, measurer(optOut, policySet, sha256)]))
  replay(question, base, changed, (findings, facts) => { for (const each of measured.values()) each.run(findings, facts) })
  return changed.map((each) => {
    const impact = measured.get(each.optOut)?.impact
    return impact === undefined ? each : { ...each, optOut: { ...each.optOut, impact }, assumed: true }
  })
}

interface Sides {
  readonly before: readonly StandingOptOut[]
  readonly after: readonly StandingOptOut[]
}

function sides(base: Documents, head: Documents | undefined, changed: readonly ChangedOptOut[]): Sides {
  const ours = new Map(changed.filter(({ change }) => change !== 'removed').map(({ optOut }) => [optOut.document.metadata.name, optOut]))
  const without = base.optOuts.filter(({ document }) => !ours.has(document.metadata.name))
  if (head === undefined) return { before: without, after: [...without, ...ours.values()] }
  return { before: base.optOuts, after: head.optOuts.map((optOut) => ours.get(optOut.document.metadata.name) ?? optOut) }
}

/** Every run in every environment. One report in memory at a time, where each is a run of its own. */
function replay(question: OpenQuestion, base: Documents, changed: readonly ChangedOptOut[], run: (findings: readonly Finding[], facts: Facts) => void): void {
  const places = factsOf(question, base, changed)
  const runAll = (findings: readonly Finding[]): void => { for (const facts of places) run(findings, facts) }
  if (question.each) for (const report of question.reports) runAll(findingsOf([report], question))
  else runAll(findingsOf(question.reports, question))
}

function findingsOf(reports: OpenQuestion['reports'], { format, root }: OpenQuestion): readonly Finding[] {
  return reports.flatMap((source) => {
    const answer = readReports(source, { root, ...(format === undefined ? {} : { format }) })
    if (!answer.ok) throw new ExeatError(answer.problems)
    return answer.reports.flatMap(({ findings }) => findings)
  })
}

/** Environments are taken for proven: a simulation shows the most that the change may open. */
function factsOf(question: OpenQuestion, { workspace: { document } }: Documents, changed: readonly ChangedOptOut[]): readonly Facts[] {
  const targets = changed.map(({ optOut }) => optOut.document.spec.targets)
  const stated = targets.map((target) => target?.environments)
  const all = document.spec.environments.map(({ name }) => name)
  const environments = question.environments ?? all.filter((name) => stated.some((list) => list === undefined || list.includes(name)))
  const [only, ...others] = [...new Set(targets.flatMap((target) => target?.repositories ?? []))]
  const remote = question.remote === undefined ? {} : { repository: { value: { name: question.remote, id: question.remote }, provenance: 'asserted', from: 'remote `origin`' } as const }
  const repository = repositoryFact(question.repository, remote, document) ?? (only === undefined || others.length > 0 ? undefined : repositoryFact(only, {}, document))
  return environments.map((name) => {
    const environment = environmentFact(name, document)
    return {
      ...(repository === undefined ? {} : { repository }),
      ...(environment === undefined ? {} : { environment: { ...environment, provenance: 'verified' as const, from: 'simulation' } }),
    }
  })
}

function withPatch(told: SimulatedOptOut, changed: readonly ChangedOptOut[], { documents }: Files): SimulatedOptOut {
  const { suggestion } = told
  const ours = changed.find(({ optOut }) => optOut.document.metadata.name === told.name)?.optOut
  if (suggestion === undefined || ours === undefined) return told
  const document = suggestion.document as StandingOptOut['document']
  const { window, ...spec } = document.spec
  const file = documents.find(({ path }) => path === ours.origin.file)
  const keys = new Set(suggestion.keys.map(({ key }) => key.split('.')[0]))
  const edits: Edits = {
    ...(keys.has('controls') ? { controls: spec.controls } : {}),
    ...(keys.has('targets') ? { targets: spec.targets as NonNullable<Edits['targets']> } : {}),
    ...(keys.has('limits') ? { limits: spec.limits as NonNullable<Edits['limits']> } : {}),
  }
  const patch = file === undefined ? undefined : patchOf(file.bytes, file.path, told.name, edits)
  const written = { ...document, spec: { ...spec, window: { from: formatInstant(window.from), until: formatInstant(window.until) } } }
  return { ...told, suggestion: { ...suggestion, document: written, ...(patch === undefined ? {} : { patch }) } }
}
