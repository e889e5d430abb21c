/** What is gathered of one changed opt-out over all runs, each within bounds. */
import type { Decision, Reason } from '../model/decision.ts'
import type { Decider } from '../decide/decide.ts'
import type { HexDigest } from '../model/digest.ts'
import type { Facts } from '../model/facts.ts'
import type { Finding } from '../model/finding.ts'
import type { StandingOptOut } from '../model/optout.ts'
import { neighbours, slips } from './canary.ts'
import { maxFingerprints } from './impact.ts'
import { gatherMeant, type Meant } from './narrow.ts'
import type { Sample, SimulatedOptOut } from './report.ts'
import { sampleOf } from './sample.ts'
import type { SimulationQuestion } from './simulate.ts'
import { tally } from './tally.ts'

export interface Run {
  readonly findings: readonly Finding[]
  readonly facts: Facts
  readonly before: readonly Decision[]
  readonly after: readonly Decision[]
  readonly fingerprintAt: (index: number) => HexDigest
}

export interface Deciders {
  readonly before: Decider
  readonly after: Decider
}

/** Findings whose near misses are explained, and whose neighbours are tried: both cost a decision each. */
const mostExplained = 500
const mostProbed = 20
const mostBesides = 1000
const mostOthers = 50

const sampleAt = ({ findings, facts, fingerprintAt }: Run, index: number): Sample => sampleOf(findings[index] as Finding, facts, fingerprintAt(index))
const nameOf = ({ document }: StandingOptOut): string => document.metadata.name
const excusedBy = (decision: Decision | undefined, name: string): boolean => decision?.outcome === 'excused' && decision.optOut?.name === name

export interface Scope {
  add(run: Run, indexes: readonly number[]): void
  readonly prints: ReadonlySet<HexDigest>
  result(): Pick<SimulatedOptOut, 'measured' | 'unintended' | 'alreadyCovered'> & { readonly overflow: boolean; readonly besides: readonly Finding[]; readonly meant: Meant }
}

/** What lies in its declared scope: meant or not, and covered by others already. */
export function scopeOf(optOut: StandingOptOut, mostSamples: number): Scope {
  const prints = new Set<HexDigest>()
  const meant = gatherMeant()
  const besides: Finding[] = []
  const unintended = { total: 0, samples: [] as Sample[] }
  const covered = new Map<string, number>()
  let measured = 0
  let overflow = false
  const isMeant = (fingerprint: HexDigest): boolean => optOut.impact === undefined || optOut.impact.has(fingerprint)
  const note = (run: Run, index: number): void => {
    const finding = run.findings[index] as Finding
    const fingerprint = run.fingerprintAt(index)
    if (prints.size < maxFingerprints) prints.add(fingerprint)
    else overflow ||= !prints.has(fingerprint)
    if (isMeant(fingerprint)) meant.add(finding, fingerprint, run.facts.environment?.value, run.facts.repository?.value.name)
    else {
      unintended.total++
      if (unintended.samples.length < mostSamples) unintended.samples.push(sampleAt(run, index))
      if (besides.length < mostBesides) besides.push(finding)
    }
    const other = run.before[index]?.optOut?.name
    if (other !== undefined && other !== nameOf(optOut)) covered.set(other, (covered.get(other) ?? 0) + 1)
  }
  return {
    prints,
    add(run, indexes) {
      measured = Math.max(measured, indexes.filter((index) => run.after[index]?.outcome !== 'passed').length)
      for (const index of indexes) note(run, index)
    },
    result: () => ({
      measured, unintended, overflow, besides, meant: meant.meant(measured),
      alreadyCovered: [...covered].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).slice(0, mostOthers).map(([other, findings]) => ({ optOut: other, findings })),
    }),
  }
}

/** Neighbours of what the change excuses. */
export function canariesOf(optOut: StandingOptOut, { policySet, at, sha256 }: SimulationQuestion, deciders: Deciders): { add(run: Run, indexes: readonly number[]): void; result(): SimulatedOptOut['canaries']; left(): number } {
  const rows = new Map<SimulatedOptOut['canaries'][number]['kind'], { tried: number; excused: number; example?: Sample }>()
  const name = nameOf(optOut)
  let probed = 0
  const probe = (finding: Finding, facts: Facts): void => {
    for (const each of neighbours(finding, facts, policySet.workspace, optOut.document.spec)) {
      const row = rows.get(each.kind) ?? { tried: 0, excused: 0 }
      rows.set(each.kind, row)
      row.tried++
      if (!slips(each, name, deciders.before, deciders.after, at, sha256)) continue
      row.excused++
      row.example ??= sampleOf(each.finding, each.facts, '0'.repeat(64))
    }
  }
  return {
    add(run, indexes) {
      for (const index of indexes) {
        if (!excusedBy(run.after[index], name) || run.before[index]?.outcome === 'excused') continue
        if (probed++ >= mostProbed) continue
        probe(run.findings[index] as Finding, run.facts)
      }
    },
    result: () => [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([kind, row]) => ({ kind, ...row })),
    left: () => Math.max(0, probed - mostProbed),
  }
}

/** Findings that it nearly excuses, by the first thing that they miss. */
export function missesOf(optOut: StandingOptOut): { add(run: Run, indexes: readonly number[]): void; result(): SimulatedOptOut['nearMisses']; left(): number } {
  const misses = new Map<string, SimulatedOptOut['nearMisses'][number]>()
  let explained = 0
  return {
    add(run, indexes) {
      for (const index of indexes) {
        const decision = run.after[index]
        if (decision?.outcome !== 'blocked' || explained++ >= mostExplained) continue
        const reason = decision.nearest.find((near) => near.optOut === nameOf(optOut))?.reason
        if (reason === undefined) continue
        const key = keyOf(reason)
        const id = JSON.stringify([reason.code, key])
        const known = misses.get(id)
        if (known === undefined) misses.set(id, { code: reason.code, ...(key === undefined ? {} : { key }), findings: 1, example: sampleAt(run, index) })
        else known.findings++
      }
    },
    result: () => [...misses.values()].sort((a, b) => b.findings - a.findings || (a.code < b.code ? -1 : 1)),
    left: () => Math.max(0, explained - mostExplained),
  }
}

const keyOf = (reason: Reason): string | undefined => (reason.code === 'OPTOUT_OTHER_TARGET' ? reason.key : undefined)

/** What it excuses now and nothing excuses at the instant at which it ends. */
export function redAgainOf(optOut: StandingOptOut, { sha256 }: SimulationQuestion, { after }: Deciders): { add(run: Run): void; result(): Omit<SimulatedOptOut['redAgain'], 'at'> } {
  const byControl = tally()
  let findings = 0
  return {
    add(run) {
      const ours = run.after.flatMap((decision, index) => (excusedBy(decision, nameOf(optOut)) ? [index] : []))
      if (ours.length === 0) return
      const then = after(run.findings, run.facts, optOut.document.spec.window.until, { sha256 })
      for (const index of ours) {
        if (then[index]?.outcome !== 'blocked') continue
        findings++
        byControl.add(run.after[index]?.control)
      }
    },
    result: () => ({ findings, byControl: byControl.result().top }),
  }
}
