/** One run, whoever decides it: which opt-outs it concerns, and what its decisions add up to. */
import { controlOf } from '../control/tools.ts'
import type { Block, Decision } from '../model/decision.ts'
import { type EvidenceStrength, evidenceStrengths } from '../model/facts.ts'
import type { Finding, Report } from '../model/finding.ts'
import type { OptOutSet, StandingOptOut } from '../model/optout.ts'
import { isLiteral } from '../pattern/index.ts'
import type { PolicySet } from '../policy/types.ts'

/**
 * The opt-outs that name a control of the run, or name controls by a pattern: no other can excuse one of these findings, be near to it,
 * or share its name with one that can (two of a name are refused as they are read). Judging all of very many takes longer than the run.
 */
export function concerning(findings: readonly Finding[], policySet: PolicySet): (optOut: StandingOptOut) => boolean {
  const byTool = new Map<string, Map<string, Finding>>()
  for (const finding of findings) {
    let rules = byTool.get(finding.tool)
    if (rules === undefined) byTool.set(finding.tool, rules = new Map())
    if (!rules.has(finding.rule)) rules.set(finding.rule, finding)
  }
  const names = new Set([...byTool.values()].flatMap((rules) => [...rules.values()]).flatMap((finding) => policySet.sameControls(controlOf(finding))))
  return ({ document: { spec: { controls } } }) => controls.some((control) => !isLiteral(control) || names.has(control))
}

/** Those of a set that a run concerns. */
export const concernedBy = ({ active, ended, refused }: OptOutSet, concerns: (optOut: StandingOptOut) => boolean): OptOutSet =>
  ({ active: active.filter(concerns), ended: ended.filter(concerns), refused: refused.filter(concerns) })

export interface Summary {
  readonly outcome: 'passed' | 'blocked'
  readonly findings: number
  readonly passed: number
  readonly excused: number
  /** Of those excused: by offline grants, which no log has. Absent where there are none. */
  readonly unlogged?: number
  readonly blocked: number
  /** Reasons that block the run as a whole. */
  readonly blocks: number
  /** Suppressions that the reports brought along: listed, never believed. */
  readonly shadow: number
}

export function summarise(decisions: readonly Decision[], blocks: readonly Block[], reports: readonly Report[]): Summary {
  const counts = { passed: 0, excused: 0, blocked: 0 }
  for (const { outcome } of decisions) counts[outcome]++
  const unlogged = counts.excused === 0 ? 0 : decisions.filter(({ optOut }) => optOut?.unlogged === true).length
  return {
    outcome: counts.blocked > 0 || blocks.length > 0 ? 'blocked' : 'passed',
    findings: decisions.length,
    ...counts,
    ...(unlogged === 0 ? {} : { unlogged }),
    blocks: blocks.length,
    shadow: reports.reduce((sum, report) => sum + report.suppressions.length, 0),
  }
}

export function weakestEvidence(decisions: readonly Decision[]): EvidenceStrength {
  let weakest = -1
  for (const { optOut } of decisions) if (optOut !== undefined) weakest = Math.max(weakest, evidenceStrengths.indexOf(optOut.evidence))
  return evidenceStrengths[weakest] ?? 'none'
}
