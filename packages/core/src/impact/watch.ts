/** One changed opt-out over all runs: what it declares, what was meant, what else it would let through, and what turns red when it ends. */
import type { Decider } from '../decide/decide.ts'
import { formatInstant } from '../document/time.ts'
import type { Decision, Reason } from '../model/decision.ts'
import type { HexDigest } from '../model/digest.ts'
import type { Facts } from '../model/facts.ts'
import type { Finding } from '../model/finding.ts'
import type { Problem } from '../error/problem.ts'
import type { ImpactCode } from './codes.ts'
import { neighbours, slips } from './canary.ts'
import { declaredBy } from './declared.ts'
import { impactDigest, maxFingerprints } from './impact.ts'
import { gatherMeant, narrowest } from './narrow.ts'
import type { Sample, SimulatedOptOut, Simulation } from './report.ts'
import { sampleOf } from './sample.ts'
import type { ChangedOptOut, SimulationQuestion } from './simulate.ts'
import { tally } from './tally.ts'

export interface Run {
  readonly findings: readonly Finding[]
  readonly facts: Facts
  readonly before: readonly Decision[]
  readonly after: readonly Decision[]
  readonly fingerprintAt: (index: number) => HexDigest
}

type Told = Simulation['problems'][number]

export interface Watched {
  run(run: Run): void
  answer(): { readonly optOut: SimulatedOptOut; readonly problems: Told[] }
}

const mostOthers = 50
/** Findings whose near misses are explained, and whose neighbours are tried: both cost a decision each. */
const mostExplained = 500
const mostProbed = 20
const mostBesides = 1000

export function watch(changed: ChangedOptOut, question: SimulationQuestion, deciders: { readonly before: Decider; readonly after: Decider }): Watched {
  const { optOut, change } = changed
  const { policySet, sha256 } = question
  const { name } = optOut.document.metadata
  const declared = declaredBy(optOut, policySet)
  const prints = new Set<HexDigest>()
  const meant = gatherMeant()
  const besides: Finding[] = []
  const unintended = { total: 0, samples: [] as Sample[] }
  const covered = new Map<string, number>()
  const misses = new Map<string, SimulatedOptOut['nearMisses'][number]>()
  const red = { total: 0, control: tally() }
  const probes = new Map<SimulatedOptOut['canaries'][number]['kind'], { tried: number; excused: number; example?: Sample }>()
  const bounds = { measured: 0, explained: 0, probed: 0, overflow: false }

  const inScope = (run: Run, indexes: readonly number[]): void => {
    bounds.measured = Math.max(bounds.measured, indexes.filter((index) => run.after[index]?.outcome !== 'passed').length)
    for (const index of indexes) {
      const finding = run.findings[index] as Finding
      const fingerprint = run.fingerprintAt(index)
      if (prints.size < maxFingerprints) prints.add(fingerprint)
      else bounds.overflow ||= !prints.has(fingerprint)
      if (optOut.impact === undefined || optOut.impact.has(fingerprint)) meant.add(finding, fingerprint, run.facts.environment?.value, run.facts.repository?.value.name)
      else {
        unintended.total++
        if (unintended.samples.length < question.samples) unintended.samples.push(sampleOf(finding, run.facts, fingerprint))
        if (besides.length < mostBesides) besides.push(finding)
      }
      const other = run.before[index]
      if (other?.outcome === 'excused' && other.optOut !== undefined && other.optOut.name !== name) covered.set(other.optOut.name, (covered.get(other.optOut.name) ?? 0) + 1)
      if (isOurs(run.after[index]) && run.before[index]?.outcome !== 'excused') probe(finding, run.facts)
    }
  }
  const isOurs = (decision: Decision | undefined): boolean => decision?.outcome === 'excused' && decision.optOut?.name === name
  const probe = (finding: Finding, facts: Facts): void => {
    if (bounds.probed++ >= mostProbed) return
    for (const each of neighbours(finding, facts, policySet.workspace, optOut.document.spec)) {
      const row = probes.get(each.kind) ?? { tried: 0, excused: 0 }
      probes.set(each.kind, row)
      row.tried++
      if (!slips(each, name, deciders.before, deciders.after, question.at, sha256)) continue
      row.excused++
      row.example ??= sampleOf(each.finding, each.facts, '0'.repeat(64))
    }
  }
  const missed = (run: Run, indexes: readonly number[]): void => {
    for (const index of indexes) {
      const decision = run.after[index]
      if (decision?.outcome !== 'blocked' || bounds.explained++ >= mostExplained) continue
      const miss = decision.nearest.find((near) => near.optOut === name)
      if (miss === undefined) continue
      const id = `${miss.reason.code} ${keyOf(miss.reason) ?? ''}`
      const known = misses.get(id)
      if (known !== undefined) known.findings++
      else {
        const key = keyOf(miss.reason)
        misses.set(id, { code: miss.reason.code, ...(key === undefined ? {} : { key }), findings: 1, example: sampleOf(run.findings[index] as Finding, run.facts, run.fingerprintAt(index)) })
      }
    }
  }
  const turnsRed = (run: Run): void => {
    const ours = run.after.flatMap((decision, index) => (isOurs(decision) ? [index] : []))
    if (ours.length === 0) return
    const then = deciders.after(run.findings, run.facts, optOut.document.spec.window.until, { sha256 })
    for (const index of ours) {
      if (then[index]?.outcome !== 'blocked') continue
      red.total++
      red.control.add(run.after[index]?.control)
    }
  }
  return {
    run(run) {
      const { inScope: within, beside } = declared(run.findings, run.facts, run.fingerprintAt)
      inScope(run, within)
      if (change === 'removed') return
      missed(run, [...within, ...beside])
      turnsRed(run)
    },
    answer() {
      const gone = optOut.impact === undefined ? 0 : [...optOut.impact].filter((each) => !prints.has(each)).length
      const { spec } = optOut.document
      const narrowed = !question.suggest || change === 'removed' ? undefined : narrowest(optOut.document, meant.meant(bounds.measured), besides)
      const stale = optOut.impact !== undefined && unintendedPrints(optOut.impact, prints) + gone > question.tolerance
      const limit = spec.limits?.findings
      const told: SimulatedOptOut = {
        name, change, document: optOut.digest, from: formatInstant(spec.window.from), until: formatInstant(spec.window.until), owner: spec.owner,
        refused: refusedIn(question, name),
        impact: {
          ...(prints.size === 0 || bounds.overflow ? {} : { digest: impactDigest({ schemaVersion: 1, kind: 'Impact', optOut: optOut.digest, fingerprints: [...prints].sort() }, sha256) }),
          fingerprints: prints.size, ...(changed.recorded === undefined ? {} : { recorded: changed.recorded }), assumed: changed.assumed === true, stale,
          added: optOut.impact === undefined ? 0 : unintendedPrints(optOut.impact, prints), gone,
        },
        ...(limit === undefined ? {} : { limit }), measured: bounds.measured, unintended,
        alreadyCovered: [...covered].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).slice(0, mostOthers).map(([other, findings]) => ({ optOut: other, findings })),
        nearMisses: [...misses.values()].sort((a, b) => b.findings - a.findings || (a.code < b.code ? -1 : 1)),
        redAgain: { at: formatInstant(spec.window.until), findings: red.total, byControl: red.control.result().top },
        canaries: [...probes].sort(([a], [b]) => (a < b ? -1 : 1)).map(([kind, row]) => ({ kind, ...row })),
        ...(narrowed === undefined ? {} : { suggestion: narrowed }),
      }
      return { optOut: told, problems: change === 'removed' ? [] : problemsOf(told, bounds.overflow, question.tolerance) }
    },
  }
}

const keyOf = (reason: Reason): string | undefined => (reason.code === 'OPTOUT_OTHER_TARGET' ? reason.key : undefined)

const unintendedPrints = (impact: ReadonlySet<HexDigest>, prints: ReadonlySet<HexDigest>): number => [...prints].filter((each) => !impact.has(each)).length

const refusedIn = ({ after }: SimulationQuestion, name: string): SimulatedOptOut['refused'] =>
  after.refused.filter(({ document }) => document.metadata.name === name).flatMap(({ because }) => because)
    .map(({ code, term, message, hint }) => ({ code, term, message, ...(hint === undefined ? {} : { hint }) }))

function problemsOf({ name, impact, limit, measured }: SimulatedOptOut, overflow: boolean, tolerance: number): Told[] {
  const told: Told[] = []
  const tell = (severity: Told['severity'], { code, message, hint }: Problem<ImpactCode>): void => { told.push({ severity, code, message, ...(hint === undefined ? {} : { hint }) }) }
  if (measured === 0) tell('warning', { code: 'IMPACT_NOTHING', message: `opt-out \`${name}\` covers no finding of these reports`, hint: 'compare its controls and targets with what `exeat gate` prints' })
  if (overflow) tell('error', { code: 'IMPACT_TOO_LARGE', message: `opt-out \`${name}\` covers more than the ${maxFingerprints} findings that one impact may name`, hint: 'narrow it: `--suggest`' })
  if (impact?.stale === true) {
    tell('error', { code: 'IMPACT_STALE', message: `opt-out \`${name}\` covers ${impact.added} findings that its recorded impact lacks, and ${impact.gone} that it names are gone: ${impact.added + impact.gone} against a tolerance of ${tolerance}`,
      hint: `record it anew and have it approved anew: \`exeat impact ${name} REPORTS --write\`` })
  }
  if (limit !== undefined && measured > 0 && limit < measured) {
    tell('error', { code: 'IMPACT_LIMIT_BELOW', message: `\`limits.findings\` of opt-out \`${name}\` is ${limit}, and ${measured} findings were measured`, hint: `narrow the scope, or state \`limits: { findings: ${measured} }\`` })
  }
  if (limit !== undefined && measured > 0 && limit > measured) {
    tell('warning', { code: 'IMPACT_LIMIT_ABOVE', message: `\`limits.findings\` of opt-out \`${name}\` is ${limit}, and ${measured} findings were measured`, hint: `state \`limits: { findings: ${measured} }\`` })
  }
  return told
}
