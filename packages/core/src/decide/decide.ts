/**
 * The answer for every finding of a run (design §4): pure, total, deterministic, and the same in any order of documents and findings.
 * Two passes: first every finding is held against the opt-outs that could excuse it, then the ceilings on findings are settled, which need
 * all matches. Explanations of blocked findings are worked out when they are read.
 */
import { controlOf, canonicalTool } from '../control/tools.ts'
import { fingerprints } from '../finding/fingerprint.ts'
import type { Decision, ExcusedBy, Reason } from '../model/decision.ts'
import type { Sha256 } from '../model/digest.ts'
import type { Facts } from '../model/facts.ts'
import { severities } from '../model/finding.ts'
import type { Finding, Severity } from '../model/finding.ts'
import type { Instant } from '../model/instant.ts'
import type { OptOutSet } from '../model/optout.ts'
import { provenFacts } from '../policy/facts.ts'
import type { PolicySet } from '../policy/types.ts'
import { rememberedCandidates } from './candidates.ts'
import type { Candidates } from './candidates.ts'
import { grantedMatches } from './ceiling.ts'
import { entriesOf } from './entry.ts'
import type { Entry } from './entry.ts'
import { type Explain, explainer } from './explain.ts'
import { indexControls } from './index-controls.ts'
import type { ByControl } from './index-controls.ts'
import { applies, rememberedUnmet } from './standing.ts'
import type { Unmet } from './standing.ts'
import { coversBesidesPath } from './scope.ts'
import type { Place } from './scope.ts'

export interface DecideOptions {
  readonly sha256: Sha256
}

export type Decider = (findings: readonly Finding[], claimed: Facts, now: Instant, options: DecideOptions) => readonly Decision[]

/** Decisions in the order of the findings. */
export function decide(
  policySet: PolicySet, optOuts: OptOutSet, findings: readonly Finding[], claimed: Facts, now: Instant, options: DecideOptions,
): readonly Decision[] {
  return decider(policySet, optOuts)(findings, claimed, now, options)
}

/**
 * `decide` for many runs against one set: the index is built once, and what was worked out for a control in a repository and environment
 * is remembered, within bounds. A new set needs a new decider.
 */
export function decider(policySet: PolicySet, optOuts: OptOutSet): Decider {
  const byControl = indexControls(entriesOf(optOuts, policySet.workspace), policySet.sameControls)
  const candidatesIn = rememberedCandidates(byControl)
  const unmet = rememberedUnmet(policySet)
  return (findings, claimed, now, { sha256 }) => decideWith({ policySet, byControl, candidatesIn, unmet }, findings, claimed, now, sha256)
}

interface Prepared {
  readonly policySet: PolicySet
  readonly byControl: ByControl
  readonly candidatesIn: (facts: Facts) => Candidates
  readonly unmet: Unmet
}

function decideWith(
  { policySet, byControl, candidatesIn, unmet }: Prepared, findings: readonly Finding[], claimed: Facts, now: Instant, sha256: Sha256,
): readonly Decision[] {
  const facts = provenFacts(policySet.workspace, claimed)
  const fingerprintAt = fingerprints(findings, facts.repository?.value.id ?? '', sha256)
  const placeAt = (index: number): Place => ({ finding: findings[index] as Finding, facts, claimed, fingerprint: () => fingerprintAt(index) })
  const candidatesFor = candidatesIn(facts)
  const judge = applies(policySet, unmet, facts, now)
  const passes = passing(policySet, facts)

  const passed: (Reason | undefined)[] = []
  const willing = new Map<Entry, number[]>()
  for (const [index, finding] of findings.entries()) {
    const reason = passes(finding)
    passed.push(reason)
    if (reason !== undefined || !isKnown(finding)) continue
    const place = placeAt(index)
    candidatesFor(finding, (entry) => {
      const matches = willing.get(entry)
      if (matches?.at(-1) === index || !coversBesidesPath(entry, place) || judge(entry, place) !== undefined) return
      if (matches === undefined) willing.set(entry, [index])
      else matches.push(index)
    })
  }

  const excused = new Map<number, Entry>()
  for (const [entry, matches] of willing) {
    for (const index of grantedMatches(entry, matches, fingerprintAt)) {
      const other = excused.get(index)
      if (other === undefined || isPreferred(entry, other)) excused.set(index, entry)
    }
  }

  const explain = explainer({ policySet, byControl, judge, willing, facts, now })
  const explainAt = (index: number, control: string): Explanation => explain(placeAt(index), control)
  return findings.map((finding, index): Decision => {
    const control = controlOf(finding)
    const below = passed[index]
    if (below !== undefined) return { finding, control, outcome: 'passed', reasons: [below], nearest: [] }
    const entry = excused.get(index)
    if (entry !== undefined) return { finding, control, outcome: 'excused', ...excuse(entry), nearest: [] }
    return new BlockedDecision(finding, control, index, explainAt)
  })
}

const isKnown = ({ tool }: Finding): boolean => canonicalTool(tool) === tool

/** Whether a finding is below the workspace's threshold. An unknown severity never is. */
function passing(policySet: PolicySet, facts: Facts): (finding: Finding) => Reason | undefined {
  const thresholds = new Map<string, Severity | undefined>()
  const rank = new Map(severities.map((severity, index) => [severity, index]))
  return ({ tool, severity }) => {
    if (!thresholds.has(tool)) thresholds.set(tool, policySet.threshold(tool, facts.repository?.value.name, facts.environment?.value))
    const threshold = thresholds.get(tool)
    if (threshold === undefined || severity === undefined) return undefined
    const below = (rank.get(severity) ?? Infinity) < (rank.get(threshold) ?? -Infinity)
    return below ? { code: 'BELOW_THRESHOLD', severity, threshold } : undefined
  }
}

/** Of several that excuse, the one that lasts longest is named; then by name, so that order says nothing. */
function isPreferred(entry: Entry, other: Entry): boolean {
  const later = entry.standing.optOut.document.spec.window.until - other.standing.optOut.document.spec.window.until
  return later > 0 || (later === 0 && entry.name < other.name)
}

const excuses = new WeakMap<Entry, { readonly reasons: readonly Reason[]; readonly optOut: ExcusedBy }>()

/** Shared by all findings that one entry excuses: a run may hold very many. */
function excuse(entry: Entry): { readonly reasons: readonly Reason[]; readonly optOut: ExcusedBy } {
  const known = excuses.get(entry)
  if (known !== undefined) return known
  const { document: { spec }, uid, origin } = entry.standing.optOut
  const { until } = spec.window
  const answer = {
    reasons: [{ code: 'OPTOUT_APPLIES', optOut: entry.name, until }] as const,
    optOut: {
      name: entry.name, uid, until, category: spec.category, reason: spec.reason, owner: spec.owner, origin,
      ...(spec.ticket === undefined ? {} : { ticket: spec.ticket }),
      evidence: entry.standing.status === 'active' ? entry.standing.optOut.met.evidence : 'none' as const,
    },
  }
  excuses.set(entry, answer)
  return answer
}

type Explanation = ReturnType<Explain>

/**
 * A blocked decision whose explanation is worked out once, when somebody reads it: most of a large report nobody does.
 * A class, as accessors of its own would cost each of very many decisions half a kilobyte; so spreading one copies no explanation.
 */
class BlockedDecision implements Decision {
  readonly outcome = 'blocked'
  readonly finding: Finding
  readonly control: string
  readonly #index: number
  readonly #explain: (index: number, control: string) => Explanation
  #known: Explanation | undefined

  constructor(finding: Finding, control: string, index: number, explain: (index: number, control: string) => Explanation) {
    this.finding = finding
    this.control = control
    this.#index = index
    this.#explain = explain
  }

  get reasons(): Decision['reasons'] { return this.#explanation().reasons }
  get nearest(): Decision['nearest'] { return this.#explanation().nearest }
  get wayOut(): NonNullable<Decision['wayOut']> { return this.#explanation().wayOut }

  /** Accessors of a prototype are not written out by themselves. */
  toJSON(): Decision {
    const { finding, control, outcome, reasons, nearest, wayOut } = this
    return { finding, control, outcome, reasons, nearest, wayOut }
  }

  #explanation(): Explanation {
    return this.#known ??= this.#explain(this.#index, this.control)
  }
}
