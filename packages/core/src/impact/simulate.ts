/**
 * What a change of opt-outs would switch off: recorded findings held against the same decisions as the gate's, with the change and without.
 * Runs are added one at a time and only what is counted is kept, so that memory does not grow with the number of runs.
 */
import { type Decider, decider } from '../decide/decide.ts'
import { formatInstant } from '../document/time.ts'
import { fingerprints } from '../finding/fingerprint.ts'
import type { Decision, Outcome } from '../model/decision.ts'
import type { Sha256 } from '../model/digest.ts'
import type { Facts } from '../model/facts.ts'
import type { Finding } from '../model/finding.ts'
import { severities } from '../model/finding.ts'
import type { Instant } from '../model/instant.ts'
import type { OptOutSet, StandingOptOut } from '../model/optout.ts'
import type { PolicySet } from '../policy/types.ts'
import { type Watched, watch } from './watch.ts'
import type { Outcomes, Sample, SimulatedOptOut, Simulation } from './report.ts'
import { sampleOf } from './sample.ts'
import { tally } from './tally.ts'

export interface ChangedOptOut {
  readonly optOut: StandingOptOut
  readonly change: SimulatedOptOut['change']
  /** Digest of the impact that is recorded for it. */
  readonly recorded?: string
  /** Its impact was measured from these very findings, as none is recorded and its terms ask for one. */
  readonly assumed?: boolean
}

export interface SimulationQuestion {
  readonly policySet: PolicySet
  readonly before: OptOutSet
  readonly after: OptOutSet
  readonly changed: readonly ChangedOptOut[]
  /** The instant it shows. */
  readonly at: Instant
  readonly sha256: Sha256
  /** How many findings a recorded impact may differ by before it is stale. */
  readonly tolerance: number
  readonly suggest: boolean
  /** Findings named in each list. */
  readonly samples: number
}

export type SimulationAnswer = Omit<Simulation, 'schemaVersion' | 'kind' | 'authoritative' | 'governance' | 'now' | 'isolated'>

export interface Simulator {
  /** One run: the findings of its reports together, in one environment. */
  run(findings: readonly Finding[], facts: Facts): void
  answer(): SimulationAnswer
}

export function simulator(question: SimulationQuestion): Simulator {
  const { policySet, at, sha256 } = question
  const deciders = { before: decider(policySet, question.before), after: decider(policySet, question.after) }
  const counts = counting(question.samples)
  const watched = question.changed.map((each): Watched => watch(each, question, deciders))
  return {
    run(findings, facts) {
      const decide = (which: Decider): readonly Decision[] => which(findings, facts, at, { sha256 })
      const before = decide(deciders.before)
      const after = decide(deciders.after)
      const fingerprintAt = fingerprints(findings, facts.repository?.value.id ?? '', sha256)
      counts.run(findings, facts, before, after, (index) => sampleOf(findings[index] as Finding, facts, fingerprintAt(index)))
      for (const each of watched) each.run({ findings, facts, before, after, fingerprintAt })
    },
    answer() {
      const told = watched.map((each) => each.answer())
      return {
        at: formatInstant(at), ...counts.result(), optOuts: told.map(({ optOut }) => optOut),
        problems: told.flatMap(({ problems }) => problems), suggested: question.suggest,
      }
    },
  }
}

/** Pairs of control and owner kept apart, and instants of the timeline. */
const mostOpen = 1000
/** Opt-outs named beside one instant. */
const mostNamed = 50

interface Open { control: string; owner: string; findings: number; until: number }
interface Step { findings: number; optOuts: Set<string> }

type Counted = Pick<Simulation, 'runs' | 'findings' | 'before' | 'after' | 'bySeverity' | 'opened' | 'closed' | 'open' | 'timeline'>

interface Counting {
  run(findings: readonly Finding[], facts: Facts, before: readonly Decision[], after: readonly Decision[], sampleAt: (index: number) => Sample): void
  result(): Counted
}

const none = (): Outcomes => ({ passed: 0, excused: 0, blocked: 0 })
type Counts = Record<Outcome, number>

function counting(mostSamples: number): Counting {
  const totals = { runs: 0, findings: 0, before: none(), after: none() }
  const bySeverity = new Map<string, { before: Counts; after: Counts }>()
  const opened = { total: 0, samples: [] as Sample[], control: tally(), severity: tally(), repository: tally(), environment: tally(), path: tally() }
  const closed = { total: 0, samples: [] as Sample[], control: tally() }
  const open = new Map<string, Open>()
  const timeline = new Map<number, Step>()
  const note = (index: number, finding: Finding, facts: Facts, was: Decision, is: Decision, sampleAt: (index: number) => Sample): void => {
    const severity = finding.severity ?? 'unknown'
    let row = bySeverity.get(severity)
    if (row === undefined) bySeverity.set(severity, row = { before: none(), after: none() })
    row.before[was.outcome]++
    row.after[is.outcome]++
    totals.before[was.outcome]++
    totals.after[is.outcome]++
    if (is.outcome === 'excused') leftOpen(is, open, timeline)
    if (was.outcome !== 'excused' && is.outcome === 'excused') {
      opened.total++
      opened.control.add(is.control)
      opened.severity.add(severity)
      opened.repository.add(facts.repository?.value.name)
      opened.environment.add(facts.environment?.value)
      opened.path.add(finding.path)
      if (opened.samples.length < mostSamples) opened.samples.push(sampleAt(index))
    }
    if (was.outcome === 'excused' && is.outcome !== 'excused') {
      closed.total++
      closed.control.add(is.control)
      if (closed.samples.length < mostSamples) closed.samples.push(sampleAt(index))
    }
  }
  return {
    run(findings, facts, before, after, sampleAt) {
      totals.runs++
      totals.findings += findings.length
      for (const [index, finding] of findings.entries()) note(index, finding, facts, before[index] as Decision, after[index] as Decision, sampleAt)
    },
    result: () => ({
      ...totals,
      bySeverity: [...severities, 'unknown' as const].toReversed().flatMap((severity) => {
        const row = bySeverity.get(severity)
        return row === undefined ? [] : [{ severity, ...row }]
      }),
      opened: {
        total: opened.total, samples: opened.samples, control: opened.control.result(), severity: opened.severity.result(),
        repository: opened.repository.result(), environment: opened.environment.result(), path: opened.path.result(),
      },
      closed: { total: closed.total, samples: closed.samples, control: closed.control.result() },
      open: [...open.values()].sort((a, b) => b.findings - a.findings || (a.control < b.control ? -1 : a.control > b.control ? 1 : a.owner < b.owner ? -1 : 1))
        .map(({ until, ...rest }) => ({ ...rest, until: formatInstant(until as Instant) })),
      timeline: [...timeline].sort(([a], [b]) => a - b).map(([until, { findings, optOuts }]) => ({ until: formatInstant(until as Instant), findings, optOuts: [...optOuts].sort() })),
    }),
  }
}

/** What the union of all opt-outs leaves open, by control and owner, and until when. */
function leftOpen({ control, optOut }: Decision, open: Map<string, Open>, timeline: Map<number, Step>): void {
  if (optOut === undefined) return
  const key = open.size < mostOpen ? JSON.stringify([control, optOut.owner]) : 'others'
  const row = open.get(key)
  if (row === undefined) open.set(key, { control: key === 'others' ? 'others' : control, owner: key === 'others' ? 'others' : optOut.owner, findings: 1, until: optOut.until })
  else {
    row.findings++
    row.until = Math.max(row.until, optOut.until)
  }
  const until = timeline.has(optOut.until) || timeline.size < mostOpen ? optOut.until : Math.max(...timeline.keys())
  const step = timeline.get(until)
  if (step === undefined) timeline.set(until, { findings: 1, optOuts: new Set([optOut.name]) })
  else {
    step.findings++
    if (step.optOuts.size < mostNamed) step.optOuts.add(optOut.name)
  }
}
