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
  const controls: string[] = []
  const placeAt = (index: number): Place => ({ finding: findings[index] as Finding, control: controls[index] as string, facts, claimed, fingerprint: () => fingerprintAt(index) })
  const candidatesFor = candidatesIn(facts)
  const judge = applies(policySet, unmet, facts, now)
  const toolOf = toolsOfRun(policySet, facts)

  const passed: (Reason | undefined)[] = []
  const willing = new Map<Entry, number[]>()
  // One function for all findings, and a place only for those that an opt-out may excuse: a run may hold very many that none does.
  let index = 0
  let place: Place | undefined
  const offer = (entry: Entry): void => {
    const matches = willing.get(entry)
    if (matches?.at(-1) === index) return
    place ??= placeAt(index)
    if (!coversBesidesPath(entry, place) || judge(entry, place) !== undefined) return
    if (matches === undefined) willing.set(entry, [index])
    else matches.push(index)
  }
  for (const finding of findings) {
    const tool = toolOf(finding.tool)
    const control = tool.controlOf(finding)
    const reason = belowThreshold(finding, tool.threshold)
    controls.push(control)
    passed.push(reason)
    place = undefined
    if (reason === undefined && tool.known) candidatesFor(control, finding.path, offer)
    index++
  }

  const excused = new Map<number, Entry>()
  for (const [entry, matches] of willing) {
    for (const index of grantedMatches(entry, matches, fingerprintAt)) {
      const other = excused.get(index)
      if (other === undefined || isPreferred(entry, other)) excused.set(index, entry)
    }
  }

  const explain = explainer({ policySet, byControl, judge, willing, facts, now })
  const explainAt = (index: number): Explanation => explain(placeAt(index))
  return findings.map((finding, index): Decision => {
    const control = controls[index] as string
    const below = passed[index]
    if (below !== undefined) return { finding, control, outcome: 'passed', reasons: [below], nearest: [] }
    const entry = excused.get(index)
    if (entry !== undefined) return { finding, control, outcome: 'excused', ...excuse(entry), nearest: [] }
    return new BlockedDecision(finding, control, index, explainAt)
  })
}

/** What a run asks of a tool, once for all of its findings. */
interface ToolOfRun {
  /** Spelled as the table of tools spells it. */
  readonly known: boolean
  readonly threshold: Severity | undefined
  /** The same string for the same rule: the tables that it is looked up in need no new one for each finding. */
  controlOf(finding: Finding): string
}

function toolsOfRun(policySet: PolicySet, facts: Facts): (tool: string) => ToolOfRun {
  const known = new Map<string, ToolOfRun>()
  return (tool) => {
    let found = known.get(tool)
    if (found === undefined) known.set(tool, found = toolOfRun(policySet, facts, tool))
    return found
  }
}

function toolOfRun(policySet: PolicySet, facts: Facts, tool: string): ToolOfRun {
  const controls = new Map<string, string>()
  return {
    known: canonicalTool(tool) === tool,
    threshold: policySet.threshold(tool, facts.repository?.value.name, facts.environment?.value),
    controlOf(finding) {
      let control = controls.get(finding.rule)
      if (control === undefined) controls.set(finding.rule, control = controlOf(finding))
      return control
    },
  }
}

const rank: ReadonlyMap<Severity, number> = new Map(severities.map((severity, index) => [severity, index]))

/** An unknown severity never is. */
function belowThreshold({ severity }: Finding, threshold: Severity | undefined): Reason | undefined {
  if (threshold === undefined || severity === undefined) return undefined
  const below = (rank.get(severity) ?? Infinity) < (rank.get(threshold) ?? -Infinity)
  return below ? { code: 'BELOW_THRESHOLD', severity, threshold } : undefined
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
      ...(entry.standing.status === 'active' && entry.standing.optOut.met.unlogged === true ? { unlogged: true as const } : {}),
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
  readonly #explain: (index: number) => Explanation
  #known: Explanation | undefined

  constructor(finding: Finding, control: string, index: number, explain: (index: number) => Explanation) {
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
    return this.#known ??= this.#explain(this.#index)
  }
}
