/** What a policy must be beyond its shape, given the workspace. One problem refuses the run (rule 8), so all are told at once. */
import { canonicalTool, toolNames } from '../control/tools.ts'
import type { OptOutPolicy, PermitSpec, Workspace } from '../document/schema.ts'
import type { Place, Problem } from '../error/problem.ts'
import type { HexDigest } from '../model/digest.ts'
import type { Origin } from '../model/origin.ts'
import { compilePattern, isLiteral } from '../pattern/index.ts'
import { nearest } from '../text/nearest.ts'
import type { PolicyCode } from './codes.ts'

type Path = readonly (string | number)[]

/** A decoded document with its digest, and where it stands. */
export interface Placed<T> {
  readonly document: T
  readonly digest: HexDigest
  readonly origin: Origin
  /** The place of a member, where the reader kept it: `['spec', 'environments', 0]`. */
  readonly placeOf?: (path: Path) => Place | undefined
}

export interface PlacedPolicy extends Placed<OptOutPolicy> {
  /** Of a source's own `forbid`: the only repository it speaks of (see `authority`). */
  readonly repository?: string
}

export type PolicyProblem = Problem<PolicyCode>

/** Longest emergency, whatever a policy says (design §6). */
const longestEmergency = 4 * 3_600_000

export function problemAt(placed: Placed<unknown>, path: Path, code: PolicyCode, message: string, hint?: string): PolicyProblem {
  const { file, line, column } = placed.origin
  return { code, message, ...(hint === undefined ? {} : { hint }), at: placed.placeOf?.(path) ?? { file, line, column } }
}

export function policyProblems(placed: PlacedPolicy, workspace: Workspace): readonly PolicyProblem[] {
  const { spec } = placed.document
  return [
    ...spec.controls.flatMap((source, index) => controlProblems(placed, source, ['spec', 'controls', index])),
    ...environmentProblems(placed, workspace),
    ...(spec.effect === 'permit' ? permitProblems(placed, spec, workspace) : []),
  ]
}

/** A literal tool must be one that findings can have, or a `forbid` for it would silently never apply. */
function controlProblems(placed: Placed<unknown>, source: string, path: Path): PolicyProblem[] {
  const compiled = compilePattern(source, 'name')
  if (!compiled.ok) return [problemAt(placed, path, 'POLICY_CONTROL_INVALID', `\`${source}\` is no pattern: ${compiled.problem.message}`)]
  return compiled.pattern.alternatives.flatMap((alternative) => {
    const slash = alternative.indexOf('/')
    if (slash < 0 && isLiteral(alternative)) return [problemAt(placed, path, 'POLICY_CONTROL_INVALID', `\`${alternative}\` names no rule of a tool`, `write \`tool/rule\`: \`${alternative}/*\``)]
    const tool = alternative.slice(0, slash)
    if (slash < 0 || !isLiteral(tool) || canonicalTool(tool) !== undefined) return []
    return [problemAt(placed, path, 'POLICY_TOOL_UNKNOWN', `\`${tool}\` in \`${source}\` is no tool that Exeat knows`, meant(tool, toolNames))]
  })
}

export const meant = (word: string, candidates: Iterable<string>): string | undefined => {
  const candidate = nearest(word, candidates)
  return candidate === undefined ? undefined : `did you mean \`${candidate}\`?`
}

function environmentProblems(placed: PlacedPolicy, workspace: Workspace): PolicyProblem[] {
  const declared = workspace.spec.environments.map((environment) => environment.name)
  return (placed.document.spec.environments ?? []).flatMap((name, index) => (declared.includes(name) ? [] : [
    problemAt(placed, ['spec', 'environments', index], 'POLICY_ENVIRONMENT_UNKNOWN', `the workspace declares no environment \`${name}\``,
      meant(name, declared) ?? `declared are ${declared.map((known) => `\`${known}\``).join(', ')}`),
  ]))
}

function permitProblems(placed: PlacedPolicy, spec: PermitSpec, workspace: Workspace): PolicyProblem[] {
  const { emergency } = spec
  const tooLong = emergency === undefined || emergency.duration <= longestEmergency ? [] : [
    problemAt(placed, ['spec', 'emergency', 'duration'], 'POLICY_EMERGENCY_TOO_LONG', 'an emergency lasts 4h at most, and `emergency.duration` is longer'),
  ]
  return [...unprotectedOnly(placed, spec, workspace), ...repeatedApprovals(placed, spec), ...tooLong]
}

/** `anyone` and `none` are for policies that name unprotected environments and no other (design §3). */
function unprotectedOnly(placed: PlacedPolicy, spec: PermitSpec, workspace: Workspace): PolicyProblem[] {
  const open = new Set(workspace.spec.environments.filter((environment) => environment.protected !== true).map((environment) => environment.name))
  const closed = spec.environments?.filter((name) => !open.has(name))
  if (closed?.length === 0) return []
  const loose = ([['request', 'anyone'], ['approve', 'none'], ['activate', 'anyone'], ['mfa', 'none']] as const).filter(([term, word]) => spec[term] === word)
  const covers = closed === undefined ? 'names no environments and so covers all' : `names ${closed.map((name) => `\`${name}\``).join(', ')}`
  return loose.map(([term, word]) => problemAt(placed, ['spec', term], 'POLICY_NEEDS_UNPROTECTED',
    `\`${term}: ${word}\` is only for unprotected environments, and the policy ${covers}`,
    open.size === 0 ? 'the workspace declares no unprotected environment' : `name only unprotected environments: ${[...open].map((name) => `\`${name}\``).join(', ')}`))
}

function repeatedApprovals(placed: PlacedPolicy, spec: PermitSpec): PolicyProblem[] {
  if (spec.approve === 'none') return []
  const seen = new Set<string>()
  return spec.approve.flatMap(({ groups }, index) => {
    const key = JSON.stringify([...new Set(groups)].sort())
    if (!seen.has(key)) {
      seen.add(key)
      return []
    }
    return [problemAt(placed, ['spec', 'approve', index], 'POLICY_APPROVAL_REPEATED', `\`approve\` asks twice for ${groups.map((group) => `\`${group}\``).join(', ')}`,
      'state the groups once, with the count that is needed')]
  })
}
