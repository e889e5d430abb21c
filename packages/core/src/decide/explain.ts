/** Why a finding is blocked: the opt-outs that almost applied, what each missed, and the way out (rule 6). */
import { canonicalTool } from '../control/tools.ts'
import { formatDuration } from '../document/time.ts'
import type { Decision, NearMiss, Reason, WayOut } from '../model/decision.ts'
import type { Facts } from '../model/facts.ts'
import type { Instant } from '../model/instant.ts'
import type { People, PolicySet, Subject, Terms } from '../policy/types.ts'
import type { Entry } from './entry.ts'
import type { ByControl } from './index-controls.ts'
import { missedKeys, missReason } from './scope.ts'
import type { Place } from './scope.ts'
import { subjectOf } from './standing.ts'
import type { Judge } from './standing.ts'

export interface ExplainContext {
  readonly policySet: PolicySet
  readonly byControl: ByControl
  readonly judge: Judge
  /** Matches of each opt-out before its ceiling. */
  readonly willing: ReadonlyMap<Entry, readonly number[]>
  readonly facts: Facts
  readonly now: Instant
}

/** Candidates looked at for one finding: those that name its control most exactly; of these active ones first, then by name. */
const mostCandidates = 64
const mostNearest = 3

export type Explain = (place: Place) => Pick<Decision, 'reasons' | 'nearest'> & { readonly wayOut: WayOut }

export function explainer(context: ExplainContext): Explain {
  const wayOutFor = rememberedWayOut(context)
  return (place) => {
    const { finding } = place
    if (canonicalTool(finding.tool) !== finding.tool) {
      const reasons: readonly Reason[] = [{ code: 'TOOL_UNKNOWN', tool: finding.tool }]
      return { reasons, nearest: [], wayOut: unknownTool(finding.tool) }
    }
    const nearest = nearestOf(context, place)
    const reasons: readonly Reason[] = nearest.length === 0 ? [{ code: 'NO_OPTOUT' }] : nearest.map(({ reason }) => reason)
    return { reasons, nearest, wayOut: wayOutFor(subjectOf(place, context.facts)) }
  }
}

interface Ranked extends NearMiss {
  readonly missed: number
  readonly rank: number
  /** Milliseconds between the run and the window, where time is what it missed. */
  readonly away: number
}

/** How near a miss is when the same number of targets was missed. */
const ranks: Readonly<Partial<Record<Reason['code'], number>>> = {
  OPTOUT_OVER_LIMIT: 0, OPTOUT_NOT_IN_IMPACT: 1, OPTOUT_LAPSED: 2, OPTOUT_NOT_YET: 3, OPTOUT_ENDED: 4, POLICY_TIGHTENED: 5, OPTOUT_REFUSED: 6,
}
const rankOfKey = { fingerprints: 7, paths: 8, resources: 9, images: 10, environments: 11, repositories: 12 } as const

function nearestOf(context: ExplainContext, place: Place): readonly NearMiss[] {
  return candidatesFor(context.byControl, place.control).map((entry) => rankedMiss(context, place, entry)).sort(nearer).slice(0, mostNearest)
    .map(({ optOut, origin, reason }) => ({ optOut, origin, reason }))
}

function candidatesFor(byControl: ByControl, control: string): readonly Entry[] {
  const found = new Set<Entry>()
  for (const { entries } of byControl(control)) {
    for (const entry of entries) {
      if (found.size === mostCandidates) return [...found]
      found.add(entry)
    }
  }
  return [...found]
}

function rankedMiss({ judge, willing, now }: ExplainContext, place: Place, entry: Entry): Ranked {
  const { optOut } = entry.standing
  const common = { optOut: entry.name, origin: optOut.origin }
  const keys = missedKeys(entry, place)
  const [first] = keys
  if (first !== undefined) {
    return { ...common, reason: missReason(entry, place, first), missed: keys.length, rank: rankOfKey[first], away: 0 }
  }
  const reason = judge(entry, place) ?? overLimit(entry, willing)
  const { from, until } = optOut.document.spec.window
  return { ...common, reason, missed: 0, rank: ranks[reason.code] ?? Infinity, away: Math.max(now - until, from - now, 0) }
}

/** Willing, and yet the finding is blocked: it was left out by the ceiling. */
function overLimit(entry: Entry, willing: ReadonlyMap<Entry, readonly number[]>): Reason {
  const { limits } = entry.standing.optOut.document.spec
  return { code: 'OPTOUT_OVER_LIMIT', optOut: entry.name, limit: limits?.findings ?? 0, matches: willing.get(entry)?.length ?? 0 }
}

function nearer(a: Ranked, b: Ranked): number {
  return a.missed - b.missed || a.rank - b.rank || a.away - b.away || (a.optOut < b.optOut ? -1 : a.optOut > b.optOut ? 1 : 0)
}

function rememberedWayOut(context: ExplainContext): (subject: Subject) => WayOut {
  const known = new Map<string, WayOut>()
  return (subject) => {
    const key = JSON.stringify([subject.control, subject.severity])
    let wayOut = known.get(key)
    if (wayOut === undefined) known.set(key, wayOut = wayOutOf(context, subject))
    return wayOut
  }
}

function wayOutOf({ policySet, facts }: ExplainContext, subject: Subject): WayOut {
  const command = commandFor(subject, facts)
  const answer = policySet.termsFor(subject)
  if (answer.kind === 'refused') {
    return { possible: false, because: answer.because, policies: answer.because.policies, command }
  }
  const { terms } = answer
  return {
    possible: true,
    request: peopleInWords(terms.request.value),
    approve: approvalInWords(terms),
    activate: peopleInWords(terms.activate.value),
    maxDuration: formatDuration(terms.limits.duration.value),
    policies: terms.policies,
    command,
  }
}

/** A tool that the table lacks has no controls to opt out of. */
function unknownTool(tool: string): WayOut {
  return {
    possible: false, policies: [],
    because: { code: 'NOT_PERMITTED', term: 'controls', policies: [], message: `\`${tool}\` is no tool that Exeat knows`, hint: 'fix the finding, or leave the report out of the gate' },
  }
}

/** The command that shows the terms, ready for a shell. */
function commandFor({ control, severity }: Subject, { environment }: Facts): string {
  return ['exeat explain', shellWord(control), ...(environment === undefined ? [] : ['--env', shellWord(environment.value)]),
    ...(severity === undefined ? [] : ['--severity', severity])].join(' ')
}

/** Single quotes where a shell would read more than a word: rule ids come from reports. */
const shellWord = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)

const peopleInWords = (people: People): string => (people === 'anyone' ? 'anyone' : people.join(' or '))

const approvalInWords = (terms: Terms): string =>
  terms.approve.length === 0 ? 'nobody needs to' : terms.approve.map(({ value }) => `${value.count} of ${value.groups.join(' or ')}`).join(' and ')
