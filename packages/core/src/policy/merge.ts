/** The merge of terms (design §3): associative, commutative and idempotent; adding a policy only tightens. */
import type { PermitSpec } from '../document/schema.ts'
import type { TermRefusal } from '../model/decision.ts'
import { type EvidenceStrength, evidenceStrengths } from '../model/facts.ts'
import {
  intersectPeople, minimum, permitted, required, sameValue, sortedUnion, stated, tighter, unite, uniteBy,
} from './sourced.ts'
import type { Factor, People, Sourced, Terms } from './types.ts'

type StatedEvidence = Exclude<PermitSpec['mfa'], 'none'>['evidence']
type Mfa<E extends EvidenceStrength> = Factor & { readonly evidence: E }
type Emergency = NonNullable<Terms['emergency']>['value']
type NativeForms = Terms['nativeForms']['value']
type Approval = Terms['approve'][number]['value']

/** The terms of one permit, its defaults filled in. Merging starts from these. */
export function termsOfPermit(name: string, spec: PermitSpec): Terms {
  const policies = [name]
  const by = <T>(value: T): Sourced<T> => ({ value, policies })
  const maybe = <K extends string, T>(key: K, value: T | undefined): { [key in K]?: Sourced<T> } =>
    value === undefined ? {} : { [key]: by(value) } as { [key in K]: Sourced<T> }
  const requires = spec.requires ?? {}
  return {
    policies,
    request: by(peopleOf(spec.request)),
    approve: spec.approve === 'none' ? [] : approvals(spec.approve.map((entry) => by({ groups: sortedUnion(entry.groups, []), count: entry.count })), []),
    activate: by(peopleOf(spec.activate)),
    ...maybe('revoke', spec.revoke === undefined ? undefined : sortedUnion(spec.revoke.groups, [])),
    mfa: by(spec.mfa === 'none' ? 'none' : mfaOf(spec.mfa)),
    approverMayActivate: by(spec.approverMayActivate ?? false),
    wildcards: by(spec.wildcards ?? false),
    limits: {
      duration: by(spec.limits.duration),
      ...maybe('totalDuration', spec.limits.totalDuration),
      ...maybe('renewals', spec.limits.renewals),
      ...maybe('findings', spec.limits.findings),
      ...maybe('active', spec.limits.active),
      ...maybe('uses', spec.limits.uses),
    },
    timers: { ...maybe('approval', spec.timers?.approval), ...maybe('activation', spec.timers?.activation) },
    requires: {
      targets: requires.targets === undefined ? { value: [], policies: [] } : by(sortedUnion(requires.targets, [])),
      tickets: requires.ticket === undefined ? [] : [by(requires.ticket)],
      compensatingControl: by(requires.compensatingControl ?? false),
      impact: by(requires.impact ?? true),
      findingsLimit: by(requires.impact === false),
      witness: by(requires.witness ?? false),
    },
    conditions: uniteBy((spec.conditions ?? []).map(by), [], conditionKey, sameValue),
    ...maybe('emergency', spec.emergency === undefined ? undefined : emergencyOf(spec.emergency)),
    nativeForms: by(spec.nativeForms ?? 'self-expiring'),
    alerts: uniteBy((spec.alerts ?? []).map(by), [], String, sameValue),
  }
}

/** Terms at least as tight as both. Lists of people may come out empty: `vacancy` says so. */
export function mergeTerms(a: Terms, b: Terms): Terms {
  const emergency = a.emergency === undefined || b.emergency === undefined ? undefined : mergeEmergency(a.emergency, b.emergency)
  return {
    policies: sortedUnion(a.policies, b.policies),
    request: intersectPeople(a.request, b.request),
    approve: approvals(a.approve, b.approve),
    activate: intersectPeople(a.activate, b.activate),
    ...present('revoke', stated(a.revoke, b.revoke, unite)),
    mfa: mergeMfa(a.mfa, b.mfa),
    approverMayActivate: permitted(a.approverMayActivate, b.approverMayActivate),
    wildcards: permitted(a.wildcards, b.wildcards),
    limits: mergeLimits(a.limits, b.limits),
    timers: {
      ...present('approval', stated(a.timers.approval, b.timers.approval, minimum)),
      ...present('activation', stated(a.timers.activation, b.timers.activation, minimum)),
    },
    requires: {
      targets: unite(a.requires.targets, b.requires.targets),
      tickets: uniteBy(a.requires.tickets, b.requires.tickets, String, sameValue),
      compensatingControl: required(a.requires.compensatingControl, b.requires.compensatingControl),
      impact: required(a.requires.impact, b.requires.impact),
      findingsLimit: required(a.requires.findingsLimit, b.requires.findingsLimit),
      witness: required(a.requires.witness, b.requires.witness),
    },
    conditions: uniteBy(a.conditions, b.conditions, conditionKey, sameValue),
    ...present('emergency', emergency),
    nativeForms: tighter(a.nativeForms, b.nativeForms, narrower),
    alerts: uniteBy(a.alerts, b.alerts, String, sameValue),
  }
}

/** The merge of all, or the refusal where nobody is left to ask or to activate. */
export function merge(permits: readonly [Terms, ...Terms[]]): { readonly ok: true; readonly terms: Terms } | { readonly ok: false; readonly because: TermRefusal } {
  const [first, ...rest] = permits
  const terms = rest.reduce(mergeTerms, first)
  const because = vacancy('request', terms.request) ?? vacancy('activate', terms.activate)
  return because === undefined ? { ok: true, terms } : { ok: false, because }
}

function vacancy(term: 'request' | 'activate', people: Sourced<People>): TermRefusal | undefined {
  if (people.value === 'anyone' || people.value.length > 0) return undefined
  return {
    code: 'NOBODY_LEFT',
    term,
    message: `${people.policies.map((name) => `\`${name}\``).join(' and ')} name no group in common under \`${term}\`, so nobody may ${term}`,
    hint: 'let the policies share a group, or narrow their controls so that they do not cover the same one',
    policies: people.policies,
  }
}

const peopleOf = (people: PermitSpec['request']): People => (people === 'anyone' ? people : sortedUnion(people.groups, []))

/** Identity of a condition: the same words judged at the same stage. */
const conditionKey = (condition: Terms['conditions'][number]['value']): string => JSON.stringify([condition.at, condition.expression, condition.message])

/** One entry for each set of groups, with the larger count. */
const approvals = (a: readonly Sourced<Approval>[], b: readonly Sourced<Approval>[]): readonly Sourced<Approval>[] =>
  uniteBy(a, b, ({ groups }) => JSON.stringify(groups), (x, y) => tighter(x, y, (p, q) => q.count - p.count))

const rank = (evidence: EvidenceStrength): number => evidenceStrengths.indexOf(evidence)

/** True where `shown` is at least as strong as `asked`. */
export const atLeast = (shown: EvidenceStrength, asked: EvidenceStrength): boolean => rank(shown) <= rank(asked)

const mfaOf = (mfa: Exclude<PermitSpec['mfa'], 'none'>): Mfa<StatedEvidence> => ({
  evidence: mfa.evidence,
  ...(mfa.maxAge === undefined ? {} : { maxAge: mfa.maxAge }),
  attested: mfa.attested ?? false,
  backupEligible: mfa.backupEligible ?? true,
})

function strongerMfa<E extends EvidenceStrength>(a: Mfa<E>, b: Mfa<E>): Mfa<E> {
  const maxAge = stated(a.maxAge, b.maxAge, (x, y) => (x < y ? x : y))
  return {
    evidence: atLeast(a.evidence, b.evidence) ? a.evidence : b.evidence,
    ...(maxAge === undefined ? {} : { maxAge }),
    attested: a.attested || b.attested,
    backupEligible: a.backupEligible && b.backupEligible,
  }
}

function mergeMfa(a: Terms['mfa'], b: Terms['mfa']): Terms['mfa'] {
  if (a.value === 'none') return b.value === 'none' ? sameValue(a, b) : b
  if (b.value === 'none') return a
  return { value: strongerMfa(a.value, b.value), policies: sortedUnion(a.policies, b.policies) }
}

function mergeLimits(a: Terms['limits'], b: Terms['limits']): Terms['limits'] {
  return {
    duration: minimum(a.duration, b.duration),
    ...present('totalDuration', stated(a.totalDuration, b.totalDuration, minimum)),
    ...present('renewals', stated(a.renewals, b.renewals, minimum)),
    ...present('findings', stated(a.findings, b.findings, minimum)),
    ...present('active', stated(a.active, b.active, minimum)),
    ...present('uses', stated(a.uses, b.uses, minimum)),
  }
}

const emergencyOf = (emergency: NonNullable<PermitSpec['emergency']>): Emergency => ({
  ...emergency,
  groups: [...sortedUnion(emergency.groups, [])],
  reviewers: [...sortedUnion(emergency.reviewers, [])],
  mfa: mfaOf(emergency.mfa),
  offline: emergency.offline ?? false,
})

/** Groups and reviewers intersect and may come out empty: then an emergency, and only that, is refused (`NOBODY_LEFT`). */
function mergeEmergency(a: NonNullable<Terms['emergency']>, b: NonNullable<Terms['emergency']>): NonNullable<Terms['emergency']> {
  const [x, y] = [a.value, b.value]
  return {
    value: {
      groups: x.groups.filter((group) => y.groups.includes(group)),
      duration: x.duration < y.duration ? x.duration : y.duration,
      mfa: strongerMfa(x.mfa, y.mfa),
      reviewers: x.reviewers.filter((group) => y.reviewers.includes(group)),
      reviewWithin: x.reviewWithin < y.reviewWithin ? x.reviewWithin : y.reviewWithin,
      offline: x.offline && y.offline,
    },
    policies: sortedUnion(a.policies, b.policies),
  }
}

/** `self-expiring` is narrower than `allowed`; of two that allow, the shorter lag. Negative: the first is narrower. */
function narrower(a: NativeForms, b: NativeForms): number {
  if (a === 'self-expiring' || b === 'self-expiring') return Number(b === 'self-expiring') - Number(a === 'self-expiring')
  return a.maxLag - b.maxLag
}

/** A member that is left out where it has no value. */
function present<K extends string, T>(key: K, value: T | undefined): { [key in K]?: T } {
  return value === undefined ? {} : { [key]: value } as { [key in K]: T }
}
