/**
 * What an active opt-out excuses, as far as Rego can say it (`rego.ts`): for each repository, environment and control the severities under which the terms in
 * force hold, worked out here by the engine's own policies. What would be judged again at each decision, or counted, is left out and named.
 */
import { type ActiveOptOut, canonicalTool, controlPatterns, isLiteral, type PolicySet, severities, type Severity, splitControl } from '@exeat/core'
import { expressionOf } from './expression.ts'

/** `approved`: only findings whose fingerprint was approved. */
export type Mode = 'approved' | 'declared'

export interface Row {
  readonly opt_out: string
  readonly uid: string
  readonly category: string
  readonly reason: string
  /** Milliseconds since the epoch; half-open. */
  readonly from: number
  readonly until: number
  /** By severity; `unknown` is that of a finding that states none. */
  readonly severities: Readonly<Record<string, Mode>>
  /** Regular expressions, of which one must match; null: any. */
  readonly paths: readonly string[] | null
  readonly resources: readonly string[] | null
  readonly images: readonly string[] | null
  readonly fingerprints: readonly string[] | null
  readonly approved: readonly string[] | null
  /** Matches of a run beyond which none is excused; null: none is stated. */
  readonly limit: number | null
}

export interface Placed {
  readonly repository: string
  readonly environment: string
  readonly control: string
  readonly row: Row
}

/** Rows of one opt-out, or why it has none: a part of a sentence. */
export function rowsOf(policySet: PolicySet, optOut: ActiveOptOut, repositoryIds: ReadonlySet<string> | undefined): readonly Placed[] | string {
  const { document: { spec }, met } = optOut
  if (met.log?.uses !== undefined) return 'its uses are counted, and Rego counts none'
  if (met.unlogged === true) return 'no log has it'
  const controls = controlsOf(spec.controls, policySet)
  if (controls === undefined) return 'it names controls by a pattern'
  const { sources, environments } = policySet.workspace.spec
  const named = new Set(sources.flatMap(({ name, repositoryId }) => (spec.targets?.repositories === undefined || spec.targets.repositories.includes(name) ? [repositoryId] : [])))
  const places = sources.filter(({ repositoryId }) => named.has(repositoryId) && repositoryIds?.has(repositoryId) !== false)
  const open = environments.filter((each) => each.proof === 'asserted' && each.protected !== true && spec.targets?.environments?.includes(each.name) !== false)
  const rows: Placed[] = []
  for (const { name: repository } of places) {
    for (const { name: environment } of open) {
      for (const control of controls) {
        const holding = severitiesOf(policySet, optOut, { repository, environment, control })
        if (typeof holding === 'string') return holding
        if (Object.keys(holding).length > 0) rows.push({ repository, environment, control, row: rowOf(optOut, holding) })
      }
    }
  }
  return rows.length === 0 ? 'no policy permits it where nothing has to be proven or counted' : rows
}

/** Every control that an opt-out names, aliases included; undefined where it names some by a pattern. */
function controlsOf(sources: readonly string[], policySet: PolicySet): readonly string[] | undefined {
  const named = sources.flatMap(controlPatterns).flatMap(({ alternatives }) => alternatives)
  if (named.length === 0 || !named.every(isLiteral)) return undefined
  const all = new Set(named.flatMap((control) => [control, ...policySet.sameControls(control)]))
  return [...all].filter((control) => {
    const tool = splitControl(control)?.tool
    return tool !== undefined && canonicalTool(tool) === tool
  })
}

interface At {
  readonly repository: string
  readonly environment: string
  readonly control: string
}

function severitiesOf(policySet: PolicySet, optOut: ActiveOptOut, { repository, environment, control }: At): Readonly<Record<string, Mode>> | string {
  const threshold = policySet.threshold(splitControl(control)?.tool ?? '', repository, environment)
  const holding: Record<string, Mode> = {}
  for (const severity of [...severities, undefined]) {
    // Below it a finding passes, which is not excused.
    if (severity !== undefined && threshold !== undefined && severities.indexOf(severity) < severities.indexOf(threshold)) continue
    const answer = policySet.termsFor({ control, environment, repository, ...(severity === undefined ? {} : { severity }) })
    if (answer.kind === 'refused') continue
    const { terms } = answer
    if (terms.conditions.some(({ value }) => value.at === 'decide')) return 'a condition is judged at each decision'
    if (policySet.unmet(terms, optOut, optOut.met).length > 0) continue
    holding[keyOf(severity)] = terms.requires.impact.value ? 'approved' : 'declared'
  }
  return holding
}

const keyOf = (severity: Severity | undefined): string => severity ?? 'unknown'

function rowOf({ document: { metadata: { name }, spec }, uid, impact }: ActiveOptOut, holding: Readonly<Record<string, Mode>>): Row {
  const { paths, resources, images, fingerprints } = spec.targets ?? {}
  return {
    opt_out: name, uid, category: spec.category, reason: spec.reason, from: spec.window.from, until: spec.window.until, severities: holding,
    paths: expressions(paths, 'path'), resources: expressions(resources, 'name'), images: images ?? null, fingerprints: fingerprints ?? null,
    // INVARIANT: without a recorded impact nothing is approved, so that `approved` matches nothing (server/test/opa/opa.test.ts).
    approved: impact === undefined ? null : [...impact].sort(), limit: spec.limits?.findings ?? null,
  }
}

const expressions = (sources: readonly string[] | undefined, kind: 'name' | 'path'): readonly string[] | null =>
  sources === undefined ? null : sources.flatMap((source) => expressionOf(source, kind) ?? [])
