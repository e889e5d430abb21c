/** What a change does to the policies: proven by the merged terms of every control that a changed policy can match, and never by its text. */
import { controlPatterns } from '../control/patterns.ts'
import type { OptOutPolicy } from '../document/schema.ts'
import type { HexDigest } from '../model/digest.ts'
import { severities, type Severity } from '../model/finding.ts'
import type { Origin } from '../model/origin.ts'
import type { PolicySet } from '../policy/types.ts'
import { atomsOf, type PatternGroup } from './atoms.ts'
import { type Looser, looserThan } from './terms.ts'

export interface ReviewedPolicy {
  readonly document: OptOutPolicy
  readonly digest: HexDigest
  readonly origin: Origin
}

/** Policies and what they were compiled to, of one commit. */
export interface PolicySide {
  readonly policies: readonly ReviewedPolicy[]
  readonly policySet: PolicySet
  /** Controls that aliases name: no pattern need tell them from their neighbours. */
  readonly aliases: readonly string[]
}

/** What asks for less, and where: one control of those that it is so for. */
export interface Loosening extends Looser {
  readonly control: string
  readonly environment?: string
  readonly severity?: Severity
}

export interface PolicyChange {
  readonly name: string
  readonly change: 'added' | 'removed' | 'changed' | 'moved'
  /** `unproven`: too much to look at, which counts as loosened. */
  readonly effect: 'none' | 'tightened' | 'loosened' | 'unproven'
  /** Whether it permits, at some place, what nothing permitted. */
  readonly opens: boolean
  readonly loosenings: readonly Loosening[]
  /** At the head, or where it stood. */
  readonly origin: Origin
}

/** Most of them that are told of a policy, one a term. */
const mostTold = 8

/** In the order of their names. */
export function policyChanges(base: PolicySide, head: PolicySide): readonly PolicyChange[] {
  const changed = pairs(base.policies, head.policies)
  const names = new Set(changed.filter(({ change }) => change !== 'moved').map(({ name }) => name))
  const cells = names.size === 0 ? [] : cellsOf(base, head, names)
  return changed.map(({ name, change, origin }) => {
    if (change === 'moved') return { name, change, origin, effect: 'none', opens: false, loosenings: [] }
    if (cells === undefined) return { name, change, origin, effect: 'unproven', opens: true, loosenings: [] }
    const own = cells.filter(({ policies }) => policies.has(name))
    const loosenings = onceEach(own.flatMap((cell) => cell.loosenings))
    const effect = loosenings.length > 0 ? 'loosened' : own.some(({ tightened }) => tightened) ? 'tightened' : 'none'
    return { name, change, origin, effect, opens: loosenings.some(({ term }) => term === 'effect'), loosenings: loosenings.slice(0, mostTold) }
  })
}

type Pair = Pick<PolicyChange, 'name' | 'change' | 'origin'>

function pairs(base: readonly ReviewedPolicy[], head: readonly ReviewedPolicy[]): readonly Pair[] {
  const [before, after] = [byName(base), byName(head)]
  return [...new Set([...before.keys(), ...after.keys()])].sort().flatMap((name): Pair[] => {
    const [was, is] = [before.get(name), after.get(name)]
    if (was === undefined) return is === undefined ? [] : [{ name, change: 'added', origin: is.origin }]
    if (is === undefined) return [{ name, change: 'removed', origin: was.origin }]
    if (was.digest !== is.digest) return [{ name, change: 'changed', origin: is.origin }]
    return was.origin.file === is.origin.file ? [] : [{ name, change: 'moved', origin: is.origin }]
  })
}

const byName = (policies: readonly ReviewedPolicy[]): ReadonlyMap<string, ReviewedPolicy> => new Map(policies.map((each) => [each.document.metadata.name, each]))

/** One control, environment and severity at which something differs. */
interface Cell {
  /** The changed policies that cover it. */
  readonly policies: ReadonlySet<string>
  readonly loosenings: readonly Loosening[]
  readonly tightened: boolean
}

/** Undefined: more than can be looked at. */
function cellsOf(base: PolicySide, head: PolicySide, names: ReadonlySet<string>): readonly Cell[] | undefined {
  const groups = [...groupsOf(base, '<'), ...groupsOf(head, '>')]
  const changed = new Set(groups.map(({ name }) => name).filter((name) => names.has(name.slice(1))))
  const atoms = atomsOf(groups, changed)
  if (atoms === undefined) return undefined
  const controls = [...atoms.map(({ control, groups: covering }) => ({ control, policies: new Set(covering.map((name) => name.slice(1)).filter((name) => names.has(name))) })), ...aliased(base, head, names)]
  return controls.flatMap(({ control, policies }) => placesOf(base, head).flatMap((place): Cell[] => {
    const [before, after] = [base, head].map(({ policySet }) => policySet.termsFor({ control, ...place }))
    if (before === undefined || after === undefined) return []
    const loosenings = looserThan(before, after).map((each) => ({ ...each, control, ...place }))
    const tightened = looserThan(after, before).length > 0
    return loosenings.length > 0 || tightened ? [{ policies, loosenings, tightened }] : []
  }))
}

const groupsOf = ({ policies }: PolicySide, mark: string): readonly PatternGroup[] =>
  policies.map(({ document: { metadata: { name }, spec } }) => ({ name: `${mark}${name}`, patterns: spec.controls.flatMap(controlPatterns) }))

/** An alias is reached by a policy that names any of its class. */
function aliased(base: PolicySide, head: PolicySide, names: ReadonlySet<string>) {
  return [...new Set([...base.aliases, ...head.aliases])].sort().map((control) => ({
    control, policies: new Set([base, head].flatMap(({ policySet }) => policySet.covering({ control })).map(({ policy }) => policy).filter((name) => names.has(name))),
  })).filter(({ policies }) => policies.size > 0)
}

type Place = Pick<Loosening, 'environment' | 'severity'>

/** Every environment and severity, and none: what is unknown is restricted more. */
function placesOf(base: PolicySide, head: PolicySide): readonly Place[] {
  const environments = [...new Set([base, head].flatMap(({ policySet }) => policySet.workspace.spec.environments.map(({ name }) => name)))].sort()
  return [...environments, undefined].flatMap((environment) => [...severities, undefined].map((severity) => ({
    ...(environment === undefined ? {} : { environment }), ...(severity === undefined ? {} : { severity }),
  })))
}

/** One for each term and what became of it, at the first place that it is found. */
function onceEach(loosenings: readonly Loosening[]): readonly Loosening[] {
  const found = new Map<string, Loosening>()
  for (const each of loosenings) {
    const key = JSON.stringify([each.term, each.before, each.after])
    if (!found.has(key)) found.set(key, each)
  }
  return [...found.values()].sort((a, b) => (a.term < b.term ? -1 : 1))
}
