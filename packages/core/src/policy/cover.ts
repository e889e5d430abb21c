/** Which policies cover a subject, in three values (design §4), and which an opt-out's own patterns intersect. */
import type { OptOut } from '../document/schema.ts'
import type { Truth } from '../model/facts.ts'
import { type Severity, severities } from '../model/finding.ts'
import type { Origin } from '../model/origin.ts'
import { intersects } from '../pattern/index.ts'
import type { Pattern } from '../pattern/types.ts'
import type { Covering, Subject, Terms } from './types.ts'

/** A policy ready to be asked. Absent lists cover everything. */
export interface CompiledPolicy {
  readonly name: string
  readonly effect: 'permit' | 'forbid'
  readonly origin: Origin
  readonly controls: readonly Pattern[]
  readonly environments: readonly string[] | undefined
  readonly severities: readonly Severity[] | undefined
  /** The only repository that a source's own `forbid` speaks of. */
  readonly repository: string | undefined
  /** Of a permit. */
  readonly terms: Terms | undefined
  /** Of a forbid, for people. */
  readonly message: string | undefined
}

/** Undefined: it does not cover the subject. Both lists are short, so each is walked. */
export function cover(policy: CompiledPolicy, subject: Subject, names: readonly string[]): Covering | undefined {
  const control = controlMatch(policy, names)
  if (control === undefined) return undefined
  const axes = [
    listed('environment', policy.environments, subject.environment),
    listed('severity', policy.severities, subject.severity),
    listed('repository', policy.repository === undefined ? undefined : [policy.repository], subject.repository),
  ]
  if (axes.some((axis) => axis.truth === 'false')) return undefined
  return {
    policy: policy.name,
    effect: policy.effect,
    origin: policy.origin,
    matched: axes.some((axis) => axis.truth === 'unknown') ? 'unknown' : 'true',
    because: [control, ...axes.flatMap((axis) => axis.because ?? [])],
  }
}

function controlMatch(policy: CompiledPolicy, names: readonly string[]): string | undefined {
  for (const name of names) {
    const pattern = policy.controls.find((candidate) => candidate.matches(name))
    if (pattern !== undefined) return pattern.source === name ? `it names \`${name}\`` : `\`${pattern.source}\` matches \`${name}\``
  }
  return undefined
}

/** Absent list: true. A value that nobody told is unknown to a list that names some. */
function listed(axis: string, list: readonly string[] | undefined, value: string | undefined): { readonly truth: Truth; readonly because?: string } {
  if (list === undefined) return { truth: 'true' }
  const names = list.map((item) => `\`${item}\``).join(', ')
  if (value === undefined) return { truth: 'unknown', because: `it covers ${axis} ${names}, and the ${axis} is unknown` }
  return list.includes(value) ? { truth: 'true', because: `${axis} \`${value}\` is one of ${names}` } : { truth: 'false' }
}

/** What an opt-out declares, as policies are held against it. */
export interface Declared {
  readonly controls: readonly Pattern[]
  /** Every name that one of the patterns reaches through governed aliases. */
  readonly names: readonly string[]
  readonly environments: readonly string[]
  readonly repositories: readonly string[] | undefined
}

export function declared(optOut: OptOut, controls: readonly Pattern[], classes: readonly (readonly string[])[], environments: readonly string[]): Declared {
  const { targets } = optOut.spec
  return {
    controls,
    names: classes.filter((members) => members.some((name) => controls.some((pattern) => pattern.matches(name)))).flat(),
    environments: targets?.environments ?? environments,
    repositories: targets?.repositories,
  }
}

/**
 * True if some subject of the opt-out's may be one of the policy's. A permit of some severities counts: its terms restrict
 * (the document has no severity, and unknown restricts). A forbid of some severities does not end the document: each finding of such
 * a severity, or of none, is refused at its decision.
 */
export function intersectsDeclared(policy: CompiledPolicy, scope: Declared): boolean {
  const { effect, environments, repository, severities: named } = policy
  if (effect === 'forbid' && named !== undefined && !severities.every((severity) => named.includes(severity))) return false
  if (environments !== undefined && !environments.some((name) => scope.environments.includes(name))) return false
  if (repository !== undefined && scope.repositories !== undefined && !scope.repositories.includes(repository)) return false
  return policy.controls.some((pattern) => scope.controls.some((own) => intersects(own, pattern)) || scope.names.some((name) => pattern.matches(name)))
}
