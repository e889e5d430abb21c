/** What stated terms an opt-out does not meet. Every check is stated as what grants, so that a malformed value refuses. */
import { formatDuration, formatInstant } from '../document/time.ts'
import type { TermRefusal, TermRefusalCode } from '../model/decision.ts'
import type { Duration, Instant } from '../model/instant.ts'
import type { Met, StandingOptOut } from '../model/optout.ts'
import { isLiteral } from '../pattern/index.ts'
import { atLeast } from './merge.ts'
import { quorumMet } from './quorum.ts'
import type { People, Sourced, Terms } from './types.ts'

/** Matches a ticket against a pattern that the policy set compiled. */
export type TicketMatches = (pattern: string, ticket: string) => boolean

/** Terms, the opt-out and what was shown for it. */
interface Case {
  readonly terms: Terms
  readonly optOut: StandingOptOut
  readonly met: Met
}

const byLog = 'only the people and the evidence that these terms ask for can meet them; `exeat explain` names them'
const bySignature = 'SSH signatures by FIDO2 keys meet this term once they are merged: `exeat approve` and `exeat activate` with `--ssh` write them'

/** In the order of a policy's text; empty: all terms are met. Time windows and conditions are judged elsewhere. */
export function unmetTerms(terms: Terms, optOut: StandingOptOut, met: Met, ticketMatches: TicketMatches): readonly TermRefusal[] {
  const given: Case = { terms, optOut, met }
  const emergency = optOut.document.spec.category === 'emergency'
  return [
    ...wildcards(given),
    ...(emergency ? emergencyPeople(given) : ordinaryPeople(given)),
    ...duration(given),
    ...renewal(given),
    ...findings(given),
    ...targets(given),
    ...tickets(given, ticketMatches),
    ...compensatingControl(given),
    ...impact(given),
    ...witness(given),
    ...unlogged(given),
  ]
}

const remedy = ({ met }: Case): string => (met.log === undefined ? bySignature : byLog)
const quoted = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(', ')
const nameOf = (given: Case): string => `opt-out \`${given.optOut.document.metadata.name}\``

function refusal(code: TermRefusalCode, term: string, policies: readonly string[], message: string, hint: string): TermRefusal {
  return { code, term, message, hint, policies }
}

function wildcards(given: Case): TermRefusal[] {
  const { wildcards } = given.terms
  const patterns = given.optOut.document.spec.controls.filter((control) => !isLiteral(control))
  if (wildcards.value || patterns.length === 0) return []
  return [refusal('WILDCARD_REFUSED', 'wildcards', wildcards.policies,
    `${nameOf(given)} names controls by pattern (${quoted(patterns)}), and ${quoted(wildcards.policies)} asks for each by name`,
    'name each control, or let every policy that covers them say `wildcards: true`')]
}

function ordinaryPeople(given: Case): TermRefusal[] {
  const { terms, met } = given
  return [
    ...person(given, 'request', terms.request, met.requester),
    ...approval(given),
    ...person(given, 'activate', terms.activate, met.activator),
    ...factor(given, 'mfa', terms.mfa),
  ]
}

/** An emergency has its own people and factor, and no approval beforehand: it is reviewed afterwards. */
function emergencyPeople(given: Case): TermRefusal[] {
  const { emergency, policies } = given.terms
  if (emergency === undefined) {
    return [refusal('NOT_PERMITTED', 'emergency', policies, `${nameOf(given)} is an emergency, and not every policy that covers it (${quoted(policies)}) permits one`,
      'choose another category, or let every covering policy state `emergency`')]
  }
  const { groups, reviewers, mfa } = emergency.value
  const vacant = groups.length === 0 ? 'emergency.groups' : reviewers.length === 0 ? 'emergency.reviewers' : undefined
  if (vacant !== undefined) {
    return [refusal('NOBODY_LEFT', vacant, emergency.policies, `${quoted(emergency.policies)} name no group in common under \`${vacant}\`, so ${nameOf(given)} cannot be an emergency`,
      'let the policies share a group')]
  }
  return [
    ...person(given, 'emergency.groups', { value: groups, policies: emergency.policies }, given.met.activator),
    ...factor(given, 'emergency.mfa', { value: mfa, policies: emergency.policies }),
  ]
}

function person(given: Case, term: string, people: Sourced<People>, shown: readonly string[]): TermRefusal[] {
  const { value, policies } = people
  if (value === 'anyone' || shown.some((group) => value.includes(group))) return []
  const found = shown.length === 0 ? 'nobody is shown' : `the one shown is in ${quoted(shown)}`
  return [refusal('TERM_NEEDS_SIGNATURE', term, policies, `\`${term}\` of ${quoted(policies)} asks for somebody of ${quoted(value)}, and for ${nameOf(given)} ${found}`, remedy(given))]
}

function approval(given: Case): TermRefusal[] {
  const { terms: { approve }, met } = given
  if (quorumMet(approve.map((entry) => entry.value), met.approvers)) return []
  const asked = approve.map(({ value }) => `${value.count} of ${quoted(value.groups)}`).join(' and ')
  const policies = [...new Set(approve.flatMap((entry) => entry.policies))].sort()
  const shown = met.approvers.length === 0 ? 'no approval is shown' : `the ${met.approvers.length} shown do not fill it with distinct people`
  return [refusal('TERM_NEEDS_SIGNATURE', 'approve', policies, `\`approve\` of ${quoted(policies)} asks for ${asked}, and for ${nameOf(given)} ${shown}`, remedy(given))]
}

function factor(given: Case, term: string, mfa: Terms['mfa']): TermRefusal[] {
  const { value, policies } = mfa
  if (value === 'none') return []
  const { evidence, factor: shown } = given.met
  const lacks = [
    atLeast(evidence, value.evidence) ? [] : [`\`${value.evidence}\` evidence, and ${evidence === 'none' ? 'none' : `\`${evidence}\``} is shown`],
    value.maxAge === undefined || (shown !== undefined && shown.age <= value.maxAge) ? [] : [`a second factor at most ${formatDuration(value.maxAge)} old, and ${shown === undefined ? 'no age' : lengthOf(shown.age)} is shown`],
    !value.attested || shown?.attested === true ? [] : ['an attested authenticator, and none is shown'],
    value.backupEligible || shown?.backupEligible === false ? [] : ['a key that cannot be backed up, and none is shown'],
  ].flat()
  return lacks.map((lack) => refusal('TERM_NEEDS_SIGNATURE', term, policies, `\`${term}\` of ${quoted(policies)} asks for ${lack} for ${nameOf(given)}`, remedy(given)))
}

/** A length that no unit divides is given in milliseconds. */
const lengthOf = (length: number): string => (Number.isSafeInteger(length) && length > 0 && length % 60_000 === 0 ? formatDuration(length as Duration) : `${length} ms`)
const instantOf = (instant: Instant): string => (Number.isSafeInteger(instant) ? formatInstant(instant) : String(instant))

function duration(given: Case): TermRefusal[] {
  const { limits, emergency } = given.terms
  const { from, until } = given.optOut.document.spec.window
  const length = until - from
  const bounds: [string, Sourced<Duration> | undefined][] = [
    ['limits.duration', limits.duration],
    ['limits.totalDuration', limits.totalDuration],
    ['emergency.duration', given.optOut.document.spec.category === 'emergency' && emergency !== undefined ? { value: emergency.value.duration, policies: emergency.policies } : undefined],
  ]
  return bounds.flatMap(([term, bound]) => {
    if (bound === undefined || (length > 0 && length <= bound.value)) return []
    return [refusal('LIMIT_EXCEEDED', term, bound.policies,
      `${nameOf(given)} runs for ${lengthOf(length)} (${instantOf(from)} to ${instantOf(until)}), and \`${term}\` of ${quoted(bound.policies)} allows ${formatDuration(bound.value)}`,
      `end it at most ${formatDuration(bound.value)} after it begins`)]
  })
}

/** What a chain of renewals adds up to is history, which no document shows. */
function renewal(given: Case): TermRefusal[] {
  const { limits } = given.terms
  const { renews, category } = given.optOut.document.spec
  if (given.met.log !== undefined) return history(given, given.met.log)
  if (renews === undefined) return []
  if (category === 'emergency') {
    return [refusal('LIMIT_EXCEEDED', 'emergency', given.terms.policies, `${nameOf(given)} is an emergency and renews \`${renews}\`, and an emergency renews nothing`, 'ask for an ordinary opt-out')]
  }
  const bounds: [string, Sourced<number> | undefined][] = [['limits.totalDuration', limits.totalDuration], ['limits.renewals', limits.renewals]]
  return bounds.flatMap(([term, bound]) => {
    if (bound === undefined) return []
    const begun = `${nameOf(given)} renews \`${renews}\`, and`
    if (bound.value === 0) return [refusal('LIMIT_EXCEEDED', term, bound.policies, `${begun} \`${term}\` of ${quoted(bound.policies)} allows 0`, 'ask for a new opt-out that renews nothing')]
    return [refusal('TERM_NEEDS_LOG', term, bound.policies, `${begun} only a log can show what \`${term}\` of ${quoted(bound.policies)} counts`,
      'use a new opt-out that renews nothing, or the log trust mode')]
  })
}

/** Declared or not: the log knows what an opt-out continues. */
function history(given: Case, { renewal: count, total, uses: most }: NonNullable<Met['log']>): TermRefusal[] {
  const { limits: { renewals, totalDuration, uses } } = given.terms
  return [
    ...(uses === undefined || (most !== undefined && most <= uses.value) ? [] : [refusal('LIMIT_EXCEEDED', 'limits.uses', uses.policies,
      `${nameOf(given)} ${most === undefined ? 'may be used any number of times' : `may be used ${most} times`}, and \`limits.uses\` of ${quoted(uses.policies)} allows ${uses.value}`,
      'ask anew under the policies in force')]),
    ...(renewals === undefined || count <= renewals.value ? [] : [refusal('LIMIT_EXCEEDED', 'limits.renewals', renewals.policies,
      `${nameOf(given)} is renewal ${count} of its chain, and \`limits.renewals\` of ${quoted(renewals.policies)} allows ${renewals.value}`, 'fix the finding, or ask for a change of policy')]),
    ...(totalDuration === undefined || total <= totalDuration.value ? [] : [refusal('LIMIT_EXCEEDED', 'limits.totalDuration', totalDuration.policies,
      `with those before it ${nameOf(given)} runs for ${lengthOf(total)}, and \`limits.totalDuration\` of ${quoted(totalDuration.policies)} allows ${formatDuration(totalDuration.value)}`,
      'fix the finding, or ask for a change of policy')]),
  ]
}

function findings(given: Case): TermRefusal[] {
  const { limits: { findings: bound }, requires: { findingsLimit } } = given.terms
  const own = given.optOut.document.spec.limits?.findings
  const emergency = given.optOut.document.spec.category === 'emergency' ? given.terms.emergency ?? given.terms : undefined
  if (own === undefined) {
    const policies = [bound, findingsLimit.value ? findingsLimit : undefined, emergency].flatMap((source) => source?.policies ?? [])
    if (policies.length === 0) return []
    const named = [...new Set(policies)].sort()
    return [refusal('FINDINGS_LIMIT_REQUIRED', 'limits.findings', named, `${nameOf(given)} states no \`limits.findings\`, and ${quoted(named)} asks for one`,
      `state \`limits: { findings: ${bound?.value ?? 'N'} }\` or less`)]
  }
  if (bound === undefined || own <= bound.value) return []
  return [refusal('LIMIT_EXCEEDED', 'limits.findings', bound.policies, `${nameOf(given)} excuses up to ${own} findings, and \`limits.findings\` of ${quoted(bound.policies)} allows ${bound.value}`,
    `state \`limits: { findings: ${bound.value} }\` or less`)]
}

function targets(given: Case): TermRefusal[] {
  const { targets: wanted } = given.terms.requires
  const own = new Map(Object.entries(given.optOut.document.spec.targets ?? {}))
  return wanted.value.filter((key) => !own.has(key)).map((key) => refusal('TARGET_REQUIRED', 'requires.targets', wanted.policies,
    `${nameOf(given)} does not say which \`${key}\` it is for, and ${quoted(wanted.policies)} asks for it`, `add \`targets.${key}\``))
}

function tickets(given: Case, ticketMatches: TicketMatches): TermRefusal[] {
  const { ticket } = given.optOut.document.spec
  return given.terms.requires.tickets.flatMap(({ value, policies }) => {
    if (ticket !== undefined && ticketMatches(value, ticket)) return []
    return [refusal('TICKET_REQUIRED', 'requires.ticket', policies,
      `${nameOf(given)} ${ticket === undefined ? 'names no ticket' : `names ticket \`${ticket}\``}, and ${quoted(policies)} asks for one that matches \`${value}\``, `set \`ticket\` to one that matches \`${value}\``)]
  })
}

function compensatingControl(given: Case): TermRefusal[] {
  const { compensatingControl: wanted } = given.terms.requires
  if (!wanted.value || (given.optOut.document.spec.compensatingControl ?? '').trim() !== '') return []
  return [refusal('COMPENSATING_CONTROL_REQUIRED', 'requires.compensatingControl', wanted.policies,
    `${nameOf(given)} names no compensating control, and ${quoted(wanted.policies)} asks for one`, 'say in `compensatingControl` what guards the risk meanwhile')]
}

function impact(given: Case): TermRefusal[] {
  const { impact: wanted } = given.terms.requires
  if (!wanted.value || given.optOut.impact !== undefined) return []
  return [refusal('IMPACT_REQUIRED', 'requires.impact', wanted.policies,
    `${nameOf(given)} has no recorded impact, and ${quoted(wanted.policies)} asks for one`,
    `record it with \`exeat impact ${given.optOut.document.metadata.name} REPORTS --write\`, or let every covering policy say \`requires: { impact: false }\`, which makes \`limits.findings\` mandatory`)]
}

/** What no log has needs every policy that covers it to say so, whatever those of its declared controls say. */
function unlogged(given: Case): TermRefusal[] {
  const { emergency, policies } = given.terms
  if (given.met.unlogged !== true || emergency?.value.offline === true) return []
  const named = emergency?.policies ?? policies
  return [refusal('TERM_NEEDS_LOG', 'emergency.offline', named, `${nameOf(given)} is in no log, and not every policy of ${quoted(named)} says \`emergency.offline: true\``, 'wait for the server')]
}

function witness(given: Case): TermRefusal[] {
  const { witness: wanted } = given.terms.requires
  if (!wanted.value || given.met.log?.witnessed === true) return []
  return [refusal('TERM_NEEDS_LOG', 'requires.witness', wanted.policies, `\`requires.witness\` of ${quoted(wanted.policies)} asks for a witnessed log entry, and none is shown for ${nameOf(given)}`, 'use the log trust mode')]
}
