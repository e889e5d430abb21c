/** Reports, facts and governance to the answer of the gate. */
import {
  type Block, decide, type Decision, type Facts, formatInstant, type Instant, judgeGitOptOuts, judgeReports, type OptOutSet, parseInstant, type PolicySet, type Problem,
  type Report, severities, type Severity,
} from '@exeat/core'
import { concernedBy, concerning, summarise, weakestEvidence } from '@exeat/core/run'
import type { Governance } from '@exeat/git'
import { inCi, type Io } from '../edge/io.ts'
import { cliError, cliProblem } from '../edge/problem.ts'
import { modeOf, sha256 } from '../governance/load.ts'
import type { SignedAt } from '../governance/signed.ts'
import type { GateResult, Logged, Unlogged } from './result.ts'

export interface GateQuestion {
  readonly governance: Governance
  readonly policySet: PolicySet
  readonly facts: Facts
  readonly reports: readonly Report[]
  /** The real now. */
  readonly now: Instant
  /** `--now`, later than the real one. */
  readonly preview?: Instant
  readonly threshold?: Severity
  /** Log trust: what the bundle says, in place of what stands at the protected ref. */
  readonly trusted?: { readonly optOuts: OptOutSet; readonly log: Logged } | { readonly optOuts: OptOutSet; readonly unlogged: Unlogged }
  /** Git trust: what people signed for those that want it. */
  readonly signed?: SignedAt
  /** What whoever asks has to say besides. */
  readonly warnings?: readonly Problem[]
}

interface Answer {
  readonly decisions: readonly Decision[]
  readonly blocks: readonly Block[]
}

export function answerGate(question: GateQuestion): GateResult {
  const { governance, policySet, facts, reports, now, preview, threshold, trusted, signed } = question
  const asked = threshold === undefined ? policySet : tightened(policySet, threshold)
  const blocks = judgeReports(asked, reports, facts)
  const findings = reports.flatMap((report) => report.findings)
  const concerns = concerning(findings, asked)
  const standing = trusted === undefined ? governance.optOuts.filter(concerns) : []
  const logged = trusted === undefined ? undefined : concernedBy(trusted.optOuts, concerns)
  const at = (instant: Instant): Answer => {
    const optOuts = logged ?? judgeGitOptOuts(asked, standing, instant, signed?.(instant).shown)
    return { blocks, decisions: decide(asked, optOuts, findings, facts, instant, { sha256 }) }
  }
  const shown = at(preview ?? now)
  const summary = summarise(shown.decisions, blocks, reports)
  const real = preview === undefined ? summary : summarise(at(now).decisions, blocks, reports)
  return {
    mode: trusted === undefined ? modeOf(governance) : 'log', ...(trusted === undefined ? {} : 'log' in trusted ? { log: trusted.log } : { unlogged: trusted.unlogged }), now: preview ?? now, governance, facts, reports, ...shown, summary,
    ...(preview === undefined ? {} : { preview: { real: now, summary: real } }),
    warnings: [...governance.warnings, ...question.warnings ?? [], ...signed?.(preview ?? now).problems ?? [], ...(threshold === undefined ? [] : looser(policySet, threshold, reports, facts))],
    evidence: weakestEvidence(shown.decisions),
    exit: summary.outcome === 'blocked' || real.outcome === 'blocked' ? 2 : 0,
  }
}

const rank = (severity: Severity | undefined): number => (severity === undefined ? -1 : severities.indexOf(severity))

/** A flag may only tighten: the lower of the two thresholds counts, and where the workspace has none every finding blocks as before. */
function tightened(policySet: PolicySet, flag: Severity): PolicySet {
  return {
    ...policySet,
    threshold(tool, repository, environment) {
      const stated = policySet.threshold(tool, repository, environment)
      return rank(stated) <= rank(flag) ? stated : flag
    },
  }
}

function looser(policySet: PolicySet, flag: Severity, reports: readonly Report[], facts: Facts): readonly Problem[] {
  const tools = [...new Set(reports.map(({ tool }) => tool))].filter((tool) => rank(policySet.threshold(tool, facts.repository?.value.name, facts.environment?.value)) < rank(flag))
  return tools.map((tool) => {
    const stated = policySet.threshold(tool, facts.repository?.value.name, facts.environment?.value)
    return cliProblem('THRESHOLD_LOOSER', `\`--severity-threshold ${flag}\` had no effect on ${tool}: ${stated === undefined ? 'the workspace lets no finding pass' : `the workspace says \`${stated}\``}`,
      'a flag may only tighten; thresholds are stated under `gates` in the workspace')
  })
}

export function parseThreshold(text: string | undefined): Severity | undefined {
  if (text === undefined) return undefined
  const severity = severities.find((known) => known === text)
  if (severity === undefined) throw cliError('USAGE', `\`--severity-threshold ${text}\` is no severity`, `say one of ${severities.map((known) => `\`${known}\``).join(', ')}`)
  return severity
}

/** @throws {ExeatError} FLAG_IN_CI, INSTANT_INVALID, INSTANT_PAST */
export function parsePreview(text: string | undefined, io: Io): Instant | undefined {
  if (text === undefined) return undefined
  if (inCi(io)) throw cliError('FLAG_IN_CI', '`--now` is refused where `CI` is set: a pipeline decides by the clock', 'run the preview on your own machine')
  const instant = parseInstant(text)
  if (instant === undefined) throw cliError('INSTANT_INVALID', `\`--now ${text}\` is no RFC 3339 date-time with an offset`, 'write `2026-12-01T00:00:00Z`')
  if (instant < io.now) throw cliError('INSTANT_PAST', `\`--now ${text}\` lies before the real now, ${formatInstant(io.now)}`, 'name an instant in the future')
  return instant
}
