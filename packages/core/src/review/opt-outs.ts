/** The opt-outs that a change brings, judged by the policies of the branch that it wants to enter (design §1 rule 5). */
import { hasLiteral, isLiteral } from '../pattern/index.ts'
import { askedOf } from '../lifecycle/asked.ts'
import type { Renewal } from '../lifecycle/renewal.ts'
import type { Problem } from '../error/problem.ts'
import { formatInstant } from '../document/time.ts'
import type { OptOut } from '../document/schema.ts'
import { canonicalControl } from '../control/patterns.ts'
import type { Met, StandingOptOut } from '../model/optout.ts'
import type { Duration, Instant } from '../model/instant.ts'
import type { Origin } from '../model/origin.ts'
import { agreedTerms } from '../policy/agreed.ts'
import type { Approval } from '../policy/quorum.ts'
import type { PolicySet, Terms } from '../policy/types.ts'
import { nearest } from '../text/nearest.ts'
import { type Chains, chainsOf } from './chains.ts'
import type { ReviewCode } from './codes.ts'
import { effectsOf, type OptOutEffect } from './scope.ts'

export interface OptOutChange {
  readonly name: string
  readonly change: 'added' | 'removed' | 'changed' | 'moved'
  /** Of one that changed. */
  readonly effects: readonly OptOutEffect[]
  readonly emergency: boolean
  /** How often what it continues was renewed, itself included. */
  readonly renewal: number
  readonly origin: Origin
  /** At the head; at the base for one that is removed. */
  readonly optOut: StandingOptOut
  readonly problems: readonly Problem<ReviewCode>[]
  readonly warnings: readonly Problem<ReviewCode>[]
  /** Who must approve it before it is merged. */
  readonly approve: readonly Approval[]
}

export interface OptOutsGiven {
  readonly base: readonly StandingOptOut[]
  readonly head: readonly StandingOptOut[]
  /** At the tip of the branch that it wants to enter: what a renewal continues. */
  readonly standing: readonly StandingOptOut[]
  /** Of the base. */
  readonly policySet: PolicySet
  readonly now: Instant
  /** Controls of recorded findings; undefined: none were given. */
  readonly seen: ReadonlySet<string> | undefined
}

/** So many ends put off together, and no reason changed, is a rubber stamp. */
const bulk = 3

export function optOutChanges(given: OptOutsGiven): { readonly changes: readonly OptOutChange[]; readonly problems: readonly Problem<ReviewCode>[] } {
  const [before, after] = [byName(given.base), byName(given.head)]
  const chains = chainsOf(given.standing, given.policySet)
  const scopes = Map.groupBy(given.head, scopeText)
  const changes = [...new Set([...before.keys(), ...after.keys()])].sort().flatMap((name): OptOutChange[] => {
    const [was, is] = [before.get(name), after.get(name)]
    if (is === undefined) return was === undefined ? [] : [unjudged(was, 'removed')]
    if (was?.digest === is.digest && isWithinImpact(is, was) && isWithinImpact(was, is)) return was.origin.file === is.origin.file ? [] : [unjudged(is, 'moved')]
    return [judged({ ...given, chains, scopes, was, is })]
  })
  return { changes, problems: rubberStamps(changes, before) }
}

const byName = (optOuts: readonly StandingOptOut[]): ReadonlyMap<string, StandingOptOut> => new Map(optOuts.map((each) => [each.document.metadata.name, each]))
const isEmergency = ({ document }: StandingOptOut): boolean => document.spec.category === 'emergency'

const unjudged = (optOut: StandingOptOut, change: 'removed' | 'moved'): OptOutChange =>
  ({ name: optOut.document.metadata.name, change, effects: [], emergency: isEmergency(optOut), renewal: 0, origin: optOut.origin, optOut, problems: [], warnings: [], approve: [] })

interface Judging extends OptOutsGiven {
  readonly chains: Chains
  /** The head's, by what they cover. */
  readonly scopes: ReadonlyMap<string, readonly StandingOptOut[]>
  readonly was: StandingOptOut | undefined
  readonly is: StandingOptOut
}

function judged(judging: Judging): OptOutChange {
  const { was, is, policySet } = judging
  const effects = was === undefined ? [] : changesOf(was, is)
  const common = {
    name: is.document.metadata.name, change: was === undefined ? 'added' as const : 'changed' as const, effects, emergency: isEmergency(is), origin: is.origin, optOut: is,
    warnings: [...duplicates(judging), ...unknownControls(judging), ...broad(is)],
  }
  const answer = policySet.termsForOptOut(is.document)
  if (answer.kind === 'refused') {
    const { code, message, hint } = answer.because
    return { ...common, renewal: 0, approve: [], problems: [problem('REVIEW_TERMS', is, `${code}: ${message}`, hint)] }
  }
  const { terms } = answer
  // What only asks for less continues nothing that it did not before.
  const isLess = was !== undefined && effects.every((effect) => effect !== 'widened' && effect !== 'prolonged')
  const renewal = isLess ? { count: 0, total: lengthOf(is.document) } : judging.chains.renewal(is.document, agreedTerms(terms), judging.now)
  const refused = 'code' in renewal
  return {
    ...common, renewal: refused ? 0 : renewal.count, approve: isEmergency(is) ? [] : terms.approve.map(({ value }) => value),
    problems: [
      ...over(is, judging.now),
      ...nameOf(judging),
      ...(refused ? [problem('REVIEW_CONTINUES', is, renewal.message, renewal.hint)] : []),
      ...unmet(judging, terms, refused ? undefined : renewal),
      ...withoutImpact(judging, terms),
      ...budget(judging, terms),
    ],
  }
}

/** The document, and the impact beside it: where one is asked for, that is what may be excused. */
function changesOf(was: StandingOptOut, is: StandingOptOut): readonly OptOutEffect[] {
  const [less, more] = [isWithinImpact(is, was), isWithinImpact(was, is)]
  const measured: readonly OptOutEffect[] = less && more ? [] : [less ? 'narrowed' : 'widened']
  const stated = was.digest === is.digest ? [] : effectsOf(was.document, is.document)
  return [...new Set([...measured, ...stated.filter((effect) => effect !== 'reworded' || measured.length === 0)])]
}

/** Whether every finding that the one was shown to excuse is one of the other's; none was shown where there is no impact. */
const isWithinImpact = ({ impact: a = new Set() }: StandingOptOut, { impact: b = new Set() }: StandingOptOut): boolean => [...a].every((each) => b.has(each))

const lengthOf = ({ spec: { window } }: OptOut): Duration => (window.until - window.from) as Duration

function problem(code: ReviewCode, { origin }: StandingOptOut, message: string, hint?: string): Problem<ReviewCode> {
  return { code, message, ...(hint === undefined ? {} : { hint }), at: { file: origin.file, line: origin.line, column: origin.column } }
}

function over(optOut: StandingOptOut, now: Instant): readonly Problem<ReviewCode>[] {
  const { metadata: { name }, spec: { window: { until } } } = optOut.document
  return now < until ? [] : [problem('REVIEW_ENDED', optOut, `\`${name}\` ends at ${formatInstant(until)}, and now is ${formatInstant(now)}`, 'write a window that is still to come')]
}

/** In the log a name is spent with the first content that it had. */
function nameOf({ was, is, policySet }: Judging): readonly Problem<ReviewCode>[] {
  const { name } = is.document.metadata
  if (was === undefined || was.digest === is.digest || policySet.workspace.spec.log === undefined) return []
  return [problem('REVIEW_NAME', is, `the content of \`${name}\` changes, and the log has that name for what it was`, `leave it, and write another document that says \`renews: ${name}\``)]
}

/** Of what people show later, when they ask, approve and tap. */
const later = /^(?:request|approve|activate|mfa|emergency|requires\.witness)/

function unmet({ is, policySet, now }: Judging, terms: Terms, renewal: Renewal | undefined): readonly Problem<ReviewCode>[] {
  const log = policySet.workspace.spec.log === undefined ? {} : { log: { renewal: renewal?.count ?? 0, total: renewal?.total ?? lengthOf(is.document), ...usesOf(is.document, terms), witnessed: true } }
  const met: Met = { evidence: 'none', approvers: [], requester: [], activator: [], ...log }
  const stated = policySet.unmet(terms, is, met).filter(({ term }) => !later.test(term) && term !== 'requires.impact' && term !== 'limits.active')
  const nobody = policySet.unmet(terms, is, met).filter(({ code }) => code === 'NOBODY_LEFT' || code === 'NOT_PERMITTED')
  // Who asks is not known before somebody does, and then they are judged again.
  const conditions = policySet.conditions(terms, 'request', { optOut: is.document, now }).filter(({ code }) => code !== 'FACT_UNKNOWN')
  return [...new Map([...stated, ...nobody, ...conditions].map((each) => [each.message, each])).values()].map(({ code, message, hint }) => problem('REVIEW_TERMS', is, `${code}: ${message}`, hint))
}

const usesOf = (document: OptOut, { limits: { uses } }: Terms): { readonly uses?: number } => {
  const { limits } = askedOf(document, uses?.value)
  return limits.uses === undefined ? {} : { uses: limits.uses }
}

/** In log trust the impact comes with the request, and the server asks for it. */
function withoutImpact({ is, policySet }: Judging, terms: Terms): readonly Problem<ReviewCode>[] {
  const { name } = is.document.metadata
  if (!terms.requires.impact.value || policySet.workspace.spec.log !== undefined || is.impact !== undefined) return []
  return [problem('REVIEW_IMPACT', is, `\`impact\` of ${terms.requires.impact.policies.map((each) => `\`${each}\``).join(', ')} asks what \`${name}\` excuses, and no impact of this content stands beside it`, `measure it and commit what it writes: exeat impact ${name} REPORTS --write`)]
}

function budget({ is, head, now }: Judging, terms: Terms): readonly Problem<ReviewCode>[] {
  const { active } = terms.limits
  if (active === undefined) return []
  const own = is.document.spec.targets?.repositories
  const counted = head.filter(({ document: { spec } }) => now < spec.window.until
    && (own === undefined || spec.targets?.repositories === undefined || spec.targets.repositories.some((each) => own.includes(each)))).length
  if (counted <= active.value) return []
  return [problem('REVIEW_BUDGET', is, `with it ${counted} opt-outs stand there, and ${active.policies.map((each) => `\`${each}\``).join(', ')} allow ${active.value}`, 'remove one that is not needed any more')]
}

function duplicates({ is, scopes, now }: Judging): readonly Problem<ReviewCode>[] {
  const { window } = is.document.spec
  const other = scopes.get(scopeText(is))?.find((each) => each.document.metadata.name !== is.document.metadata.name
    && now < each.document.spec.window.until && each.document.spec.window.from < window.until && window.from < each.document.spec.window.until)
  return other === undefined ? [] : [problem('REVIEW_DUPLICATE', is, `\`${other.document.metadata.name}\` has the same scope at the same time`, 'one of the two excuses all that both do')]
}

const scopeText = ({ document: { spec: { controls, targets = {} } } }: StandingOptOut): string =>
  JSON.stringify([controls.map(canonicalControl).sort(), Object.entries(targets).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, list]) => [key, [...list].sort()])])

function unknownControls({ is, seen, policySet }: Judging): readonly Problem<ReviewCode>[] {
  if (seen === undefined) return []
  const unknown = is.document.spec.controls.filter(isLiteral).map(canonicalControl).filter((control) => !policySet.sameControls(control).some((each) => seen.has(each)))
  return unknown.map((control) => {
    const meant = nearest(control, seen)
    return problem('REVIEW_CONTROL', is, `none of the recorded findings is of \`${control}\``, meant === undefined ? 'nothing is excused by a control that nobody reports' : `did you mean \`${meant}\`?`)
  })
}

function broad(optOut: StandingOptOut): readonly Problem<ReviewCode>[] {
  const { targets = {}, controls } = optOut.document.spec
  const isPlaced = targets.paths?.every(hasLiteral) === true || targets.resources?.every(hasLiteral) === true || targets.images !== undefined || targets.fingerprints !== undefined
  if (isPlaced) return []
  return [problem('REVIEW_BROAD', optOut, `\`${optOut.document.metadata.name}\` is for ${controls.map((each) => `\`${each}\``).join(', ')} wherever it is found`, 'name the paths or the resources that it is for')]
}

/** Many dates moved, no reason changed. */
function rubberStamps(changes: readonly OptOutChange[], before: ReadonlyMap<string, StandingOptOut>): readonly Problem<ReviewCode>[] {
  const moved = changes.filter(({ name, effects, optOut }) => effects.includes('prolonged') && before.get(name)?.document.spec.reason === optOut.document.spec.reason)
  const [first] = moved
  if (first === undefined || moved.length < bulk) return []
  return [problem('REVIEW_BULK', first.optOut, `${moved.length} opt-outs (${moved.slice(0, 3).map(({ name }) => `\`${name}\``).join(', ')}${moved.length > 3 ? ', …' : ''}) are prolonged together, and no reason says why`, 'renew each by itself, with the reason that there is for it')]
}
