/** Policies, aliases and the workspace made ready to be asked (design §3, §4). */
import type { ConditionEngine, RegexEngine } from '../condition/types.ts'
import { canonicalControl, controlPatterns } from '../control/patterns.ts'
import { canonicalTool, toolNames } from '../control/tools.ts'
import type { Aliases, OptOut, Workspace } from '../document/schema.ts'
import { isLiteral } from '../pattern/index.ts'
import { compileAliases } from './aliases.ts'
import { type CompiledPolicy, declared } from './cover.ts'
import { compileConditions } from './conditions.ts'
import { policySet } from './set.ts'
import { termsOfPermit } from './merge.ts'
import type { TicketMatches } from './unmet.ts'
import type { PolicySet } from './types.ts'
import { meant, type Placed, type PlacedPolicy, policyProblems, type PolicyProblem, problemAt } from './validate.ts'

export interface PolicySource {
  readonly workspace: Placed<Workspace>
  readonly policies: readonly PlacedPolicy[]
  readonly aliases?: readonly Placed<Aliases>[]
  /** Needed where `needsEngines` says so: loading them takes time that most runs need not spend. */
  readonly conditionEngine?: ConditionEngine
  readonly regexEngine?: RegexEngine
}

export type CompileAnswer =
  | { readonly ok: true; readonly set: PolicySet }
  | { readonly ok: false; readonly problems: readonly [PolicyProblem, ...PolicyProblem[]] }

/** Which engines `compilePolicySet` will ask for. */
export function needsEngines(policies: readonly PlacedPolicy[]): { readonly conditions: boolean; readonly regex: boolean } {
  const permits = policies.flatMap(({ document: { spec } }) => (spec.effect === 'permit' ? [spec] : []))
  return {
    conditions: permits.some((spec) => spec.conditions !== undefined),
    regex: permits.some((spec) => spec.requires?.ticket !== undefined),
  }
}

/** Total: every problem of every document at once, in the order given. */
export function compilePolicySet(source: PolicySource): CompileAnswer {
  const { workspace, policies, aliases = [], conditionEngine, regexEngine } = source
  const conditions = compileConditions(policies, workspace.document, conditionEngine)
  const tickets = compileTickets(policies, regexEngine)
  const problems = [
    ...reusedNames(policies),
    ...policies.flatMap((placed) => policyProblems(placed, workspace.document)),
    ...gateProblems(workspace),
    ...aliases.flatMap(aliasProblems),
    ...conditions.problems,
    ...tickets.problems,
  ]
  const [first, ...rest] = problems
  if (first !== undefined) return { ok: false, problems: [first, ...rest] }
  const { same, classes } = compileAliases(aliases.map((placed) => placed.document), canonicalControl)
  const environments = workspace.document.spec.environments.map((environment) => environment.name)
  return {
    ok: true,
    set: policySet({
      workspace: workspace.document,
      policies: policies.map(compilePolicy),
      same,
      declare: (optOut: OptOut) => {
        const controls = optOut.spec.controls.map(controlPatterns)
        return controls.every((patterns) => patterns.length > 0) ? declared(optOut, controls.flat(), classes, environments) : undefined
      },
      conditions: conditions.conditions,
      ticketMatches: tickets.matches,
      canonical: canonicalOrSame,
    }),
  }
}

const canonicalOrSame = (tool: string): string => canonicalTool(tool) ?? tool

function compilePolicy(placed: PlacedPolicy): CompiledPolicy {
  const { metadata: { name }, spec } = placed.document
  return {
    name,
    effect: spec.effect,
    origin: placed.origin,
    controls: spec.controls.flatMap(controlPatterns),
    environments: spec.environments,
    severities: spec.severities,
    repository: placed.repository,
    terms: spec.effect === 'permit' ? termsOfPermit(name, spec) : undefined,
    message: spec.effect === 'forbid' ? spec.message : undefined,
  }
}

/** Names are what merged terms cite, so each must mean one policy. */
function reusedNames(policies: readonly PlacedPolicy[]): PolicyProblem[] {
  const first = new Map<string, PlacedPolicy>()
  return policies.flatMap((placed) => {
    const { name } = placed.document.metadata
    const other = first.get(name)
    first.set(name, other ?? placed)
    return other === undefined ? [] : [problemAt(placed, ['metadata', 'name'], 'POLICY_NAME_REUSED',
      `two policies are named \`${name}\`, the other in ${other.origin.file} line ${other.origin.line}`, 'give each policy a name of its own')]
  })
}

interface TicketsAnswer {
  /** False for what it could not compile. */
  readonly matches: TicketMatches
  readonly problems: readonly PolicyProblem[]
}

function compileTickets(policies: readonly PlacedPolicy[], engine: RegexEngine | undefined): TicketsAnswer {
  const compiled = new Map<string, (ticket: string) => boolean>()
  const problems = policies.flatMap((placed) => {
    const { spec } = placed.document
    const pattern = spec.effect === 'permit' ? spec.requires?.ticket : undefined
    if (pattern === undefined) return []
    const path = ['spec', 'requires', 'ticket']
    if (engine === undefined) return [problemAt(placed, path, 'POLICY_ENGINE_MISSING', 'the policy states `requires.ticket`, and no regular expression engine was loaded')]
    const answer = engine.compile(pattern)
    if (!answer.ok) return [problemAt(placed, path, 'POLICY_TICKET_INVALID', `\`${pattern}\` is no RE2 regular expression: ${answer.message}`, 'RE2 has no look-around and no back-references')]
    compiled.set(pattern, answer.matches)
    return []
  })
  return { matches: (pattern, ticket) => compiled.get(pattern)?.(ticket) ?? false, problems }
}

/** A gate's name that means nothing would silently demand nothing. */
function gateProblems(workspace: Placed<Workspace>): PolicyProblem[] {
  const { environments, sources, gates = [] } = workspace.document.spec
  const unknown = (path: readonly (string | number)[], code: PolicyProblem['code'], what: string, names: readonly string[] | undefined, known: readonly string[], has: (name: string) => boolean): PolicyProblem[] =>
    (names ?? []).flatMap((name, index) => (has(name) ? [] : [
      problemAt(workspace, ['spec', 'gates', ...path, index], code, `a gate names ${what} \`${name}\`, which is not one`, meant(name, known)),
    ]))
  const environmentNames = environments.map((environment) => environment.name)
  const sourceNames = sources.map((source) => source.name)
  const isTool = (name: string): boolean => canonicalTool(name) !== undefined
  return gates.flatMap((gate, index) => [
    ...unknown([index, 'environments'], 'GATE_ENVIRONMENT_UNKNOWN', 'environment', gate.environments, environmentNames, (name) => environmentNames.includes(name)),
    ...unknown([index, 'repositories'], 'GATE_REPOSITORY_UNKNOWN', 'repository', gate.repositories, sourceNames, (name) => sourceNames.includes(name)),
    ...unknown([index, 'requiredTools'], 'GATE_TOOL_UNKNOWN', 'tool', gate.requiredTools, toolNames, isTool),
    ...(gate.thresholds ?? []).flatMap((entry, at) => unknown([index, 'thresholds', at, 'tools'], 'GATE_TOOL_UNKNOWN', 'tool', entry.tools, toolNames, isTool)),
  ])
}

function aliasProblems(placed: Placed<Aliases>): PolicyProblem[] {
  return placed.document.spec.controls.flatMap((entry, index) => entry.flatMap((control, at) => {
    const slash = control.indexOf('/')
    if (slash > 0 && slash < control.length - 1 && isLiteral(control) && canonicalTool(control.slice(0, slash)) !== undefined) return []
    return [problemAt(placed, ['spec', 'controls', index, at], 'ALIAS_INVALID', `\`${control}\` is not the name of one control of a tool that Exeat knows`, 'write `tool/rule`, without a pattern')]
  }))
}

/** The same, and the engines for conditions and tickets are loaded where a policy has some: they cost more than most runs. */
export async function compileWithEngines({ workspace, policies, aliases = [] }: Omit<PolicySource, 'conditionEngine' | 'regexEngine'>): Promise<CompileAnswer> {
  const needs = needsEngines(policies)
  const engines = needs.conditions || needs.regex ? await import('../condition/index.ts') : undefined
  return compilePolicySet({
    workspace, policies, aliases,
    ...(needs.conditions && engines !== undefined ? { conditionEngine: engines.celEngine() } : {}),
    ...(needs.regex && engines !== undefined ? { regexEngine: engines.re2Engine } : {}),
  })
}
