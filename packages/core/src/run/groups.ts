/** What blocks, by control, as people read it. */
import type { Decision, NearMiss, WayOut } from '../model/decision.ts'
import { severities, type Severity } from '../model/finding.ts'

export interface BlockedGroup {
  readonly control: string
  readonly severity?: Severity
  readonly title: string
  readonly decisions: readonly Decision[]
  /** The nearest opt-outs, each once, and the way out. Costs time: asked of what is shown. */
  readonly explain: () => { readonly nearest: readonly NearMiss[]; readonly wayOut: WayOut | undefined }
}

const rank = (severity: Severity | undefined): number => (severity === undefined ? severities.length : severities.indexOf(severity))

/** By severity (unknown first, then the most severe), number of findings and name. */
export function blockedGroups(decisions: readonly Decision[]): readonly BlockedGroup[] {
  const groups = Map.groupBy(decisions.filter(({ outcome }) => outcome === 'blocked'), ({ control, finding }) => `${finding.severity ?? ''} ${control}`)
  return [...groups.values()].flatMap(groupOf)
    .sort((a, b) => rank(b.severity) - rank(a.severity) || b.decisions.length - a.decisions.length || (a.control < b.control ? -1 : 1))
}

function groupOf(decisions: readonly Decision[]): BlockedGroup[] {
  const [first] = decisions
  if (first === undefined) return []
  const { severity, title } = first.finding
  return [{
    control: first.control, title, decisions,
    ...(severity === undefined ? {} : { severity }),
    explain: () => ({ nearest: nearestOf(decisions), wayOut: first.wayOut }),
  }]
}

const mostNearest = 3
/** Explanations are worked out when they are read, and the first findings of a control say what the others would. */
const mostExplained = 50

function nearestOf(decisions: readonly Decision[]): readonly NearMiss[] {
  const seen = new Map<string, NearMiss>()
  for (const { nearest } of decisions.slice(0, mostExplained)) {
    for (const miss of nearest) {
      const key = `${miss.optOut} ${miss.reason.code}`
      if (!seen.has(key)) seen.set(key, miss)
      if (seen.size === mostNearest) return [...seen.values()]
    }
  }
  return [...seen.values()]
}
