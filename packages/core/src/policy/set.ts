import type { OptOut, Workspace } from '../document/schema.ts'
import type { TermRefusal } from '../model/decision.ts'
import type { SameControls } from './aliases.ts'
import type { CompiledConditions } from './conditions.ts'
import { type CompiledPolicy, cover, type Declared, intersectsDeclared } from './cover.ts'
import { requiredToolsOf, thresholdOf } from './gates.ts'
import { merge } from './merge.ts'
import type { Covering, PolicySet, Subject, TermsAnswer } from './types.ts'
import { type TicketMatches, unmetTerms } from './unmet.ts'

export interface SetParts {
  readonly workspace: Workspace
  readonly policies: readonly CompiledPolicy[]
  readonly same: SameControls
  /** Undefined: a control is no pattern. */
  readonly declare: (optOut: OptOut) => Declared | undefined
  readonly conditions: CompiledConditions
  readonly ticketMatches: TicketMatches
  readonly canonical: (tool: string) => string
}

/** Subjects remembered before all are forgotten: a report may hold any number of rules. */
const rememberedSubjects = 50_000

export function policySet(parts: SetParts): PolicySet {
  const { workspace, policies, same, conditions } = parts
  const environments = new Set(workspace.spec.environments.map((environment) => environment.name))
  const gates = workspace.spec.gates ?? []
  /** An environment that the workspace does not declare is as good as none told. */
  const environmentOf = (name: string | undefined): string | undefined => (name !== undefined && environments.has(name) ? name : undefined)

  function covering(subject: Subject): readonly Covering[] {
    const { environment: told, ...rest } = subject
    const environment = environmentOf(told)
    const names = same(subject.control)
    return policies.flatMap((policy) => cover(policy, environment === undefined ? rest : { ...rest, environment }, names) ?? [])
      .sort((a, b) => (a.policy < b.policy ? -1 : 1))
  }

  const mergeOf = mergedTerms(policies)
  const termsFor = remembered((subject: Subject) => judge(parts, subject, covering(subject), mergeOf))

  return {
    workspace,
    termsFor,
    covering,
    termsForOptOut: (optOut) => judgeOptOut(parts, optOut, environments, mergeOf),
    unmet: (terms, optOut, met) => unmetTerms(terms, optOut, met, parts.ticketMatches),
    conditions: conditions.judge,
    decideConditions: (terms, input) => conditions.judge(terms, 'decide', input),
    sameControls: same,
    threshold: (tool, repository, environment) => thresholdOf(gates, parts.canonical(tool), repository, environmentOf(environment), parts.canonical),
    requiredTools: (repository, environment) => requiredToolsOf(gates, repository, environmentOf(environment), parts.canonical),
    origins: new Map(policies.map((policy) => [policy.name, policy.origin])),
  }
}

/** Undefined: no permit has one of the names. */
type MergeOf = (names: readonly string[]) => TermsAnswer | undefined

/** Merges the permits of these names, once for each set of them. */
function mergedTerms(policies: readonly CompiledPolicy[]): MergeOf {
  const terms = new Map(policies.flatMap((policy) => (policy.terms === undefined ? [] : [[policy.name, policy.terms] as const])))
  const answers = new Map<string, TermsAnswer>()
  return (names) => {
    const key = names.join(' ')
    const known = answers.get(key)
    if (known !== undefined) return known
    const [first, ...rest] = names.flatMap((name) => terms.get(name) ?? [])
    if (first === undefined) return undefined
    const merged = merge([first, ...rest])
    const answer: TermsAnswer = merged.ok ? { kind: 'permitted', terms: merged.terms } : { kind: 'refused', because: merged.because }
    answers.set(key, answer)
    return answer
  }
}

/** Asked for every finding that an opt-out fits: so by members, the one that differs most last, and not by one key made of them. */
function remembered(answer: (subject: Subject) => TermsAnswer): (subject: Subject) => TermsAnswer {
  const answers: Answers = new Map()
  let size = 0
  return (subject) => {
    const { environment, severity, repository, control } = subject
    const known = answers.get(environment)?.get(severity)?.get(repository)?.get(control)
    if (known !== undefined) return known
    if (size++ >= rememberedSubjects) {
      answers.clear()
      size = 1
    }
    const found = answer(subject)
    within(within(within(answers, environment), severity), repository).set(control, found)
    return found
  }
}

type Member = string | undefined
type Answers = Map<Member, Map<Member, Map<Member, Map<string, TermsAnswer>>>>

function within<K, V>(outer: Map<Member, Map<K, V>>, member: Member): Map<K, V> {
  let inner = outer.get(member)
  if (inner === undefined) outer.set(member, inner = new Map())
  return inner
}

const quoted = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(', ')

function judge(parts: SetParts, subject: Subject, covering: readonly Covering[], mergeOf: MergeOf): TermsAnswer {
  const forbids = covering.filter((entry) => entry.effect === 'forbid')
  const where = `\`${subject.control}\`${subject.environment === undefined ? '' : ` in \`${subject.environment}\``}`
  if (forbids.length > 0) return { kind: 'refused', because: forbidden(parts.policies, forbids.map((entry) => entry.policy), where) }
  const answer = covering.some((permit) => permit.matched === 'true') ? mergeOf(covering.map((permit) => permit.policy)) : undefined
  return answer ?? { kind: 'refused', because: notPermitted(where, covering) }
}

function judgeOptOut(parts: SetParts, optOut: OptOut, environments: ReadonlySet<string>, mergeOf: MergeOf): TermsAnswer {
  const name = `opt-out \`${optOut.metadata.name}\``
  const undeclared = optOut.spec.targets?.environments?.filter((environment) => !environments.has(environment)) ?? []
  if (undeclared.length > 0) {
    return { kind: 'refused', because: {
      code: 'NOT_PERMITTED', term: 'environments', policies: [],
      message: `${name} is for ${quoted(undeclared)}, which the workspace does not declare`, hint: `declared are ${quoted([...environments])}`,
    } }
  }
  const scope = parts.declare(optOut)
  if (scope === undefined) {
    return { kind: 'refused', because: { code: 'NOT_PERMITTED', term: 'controls', policies: [], message: `${name} names controls by what is no pattern (${quoted(optOut.spec.controls)})` } }
  }
  const met = parts.policies.filter((policy) => intersectsDeclared(policy, scope))
  const named = (effect: CompiledPolicy['effect']): string[] => met.filter((policy) => policy.effect === effect).map((policy) => policy.name).sort()
  const forbids = named('forbid')
  if (forbids.length > 0) return { kind: 'refused', because: forbidden(parts.policies, forbids, `${name} (${quoted(optOut.spec.controls)})`) }
  return mergeOf(named('permit')) ?? { kind: 'refused', because: notPermitted(`${name} (${quoted(optOut.spec.controls)} in ${quoted(scope.environments)})`, []) }
}

function forbidden(policies: readonly CompiledPolicy[], names: readonly string[], what: string): TermRefusal {
  const said = policies.filter((policy) => names.includes(policy.name) && policy.message !== undefined).map((policy) => policy.message)
  return {
    code: 'FORBIDDEN', term: 'effect', policies: names,
    message: `${quoted(names)} ${names.length === 1 ? 'forbids' : 'forbid'} opting out of ${what}${said.length === 0 ? '' : `: ${said.join('; ')}`}`,
    hint: 'a forbid has no exception: fix the finding, or ask the owners of the policy to change it',
  }
}

function notPermitted(what: string, mightPermit: readonly Covering[]): TermRefusal {
  const because = mightPermit.flatMap((entry) => entry.because.filter((text) => text.endsWith('unknown')).map((text) => `\`${entry.policy}\`: ${text}`))
  return {
    code: 'NOT_PERMITTED', term: 'effect', policies: mightPermit.map((entry) => entry.policy),
    message: `no policy permits opting out of ${what}${because.length === 0 ? '' : ` (${because.join('; ')})`}`,
    hint: because.length === 0 ? 'fix the finding, or propose a policy that permits it' : 'give the run what is unknown',
  }
}
