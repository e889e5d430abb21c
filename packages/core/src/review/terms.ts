/** Whether terms ask for at least as much as others did. Stated as what keeps: what cannot be shown to be as tight is looser. */
import type { TermsAnswer, Terms } from '../policy/types.ts'
import { atLeast } from '../policy/merge.ts'
import { quorumMet } from '../policy/quorum.ts'
import { formatDuration } from '../document/time.ts'
import type { Duration } from '../model/instant.ts'

/** A term that asks for less than before, in words. */
export interface Looser {
  readonly term: string
  readonly before: string
  readonly after: string
}

/** What `after` no longer asks for; empty: it is at least as tight. */
export function looserThan(before: TermsAnswer, after: TermsAnswer): readonly Looser[] {
  if (after.kind === 'refused') return []
  if (before.kind === 'refused') return [{ term: 'effect', before: 'refused', after: 'permitted' }]
  const [b, a] = [before.terms, after.terms]
  return [
    ...people('request', b.request.value, a.request.value),
    ...approvals(b.approve, a.approve),
    ...people('activate', b.activate.value, a.activate.value),
    ...kept('revoke', b.revoke?.value ?? [], a.revoke?.value ?? []),
    ...factor('mfa', b.mfa.value, a.mfa.value),
    ...(['approverMayActivate', 'wildcards'] as const).flatMap((term) => flag(term, !b[term].value, !a[term].value)),
    ...limits(b, a),
    ...kept('requires.targets', b.requires.targets.value, a.requires.targets.value),
    ...kept('requires.ticket', b.requires.tickets.map(({ value }) => value), a.requires.tickets.map(({ value }) => value)),
    ...(['compensatingControl', 'impact', 'findingsLimit', 'witness'] as const).flatMap((term) => flag(`requires.${term}`, b.requires[term].value, a.requires[term].value)),
    ...kept('conditions', b.conditions.map(conditionText), a.conditions.map(conditionText)),
    ...emergency(b.emergency?.value, a.emergency?.value),
    ...nativeForms(b.nativeForms.value, a.nativeForms.value),
    ...kept('alerts', b.alerts.map(({ value }) => value), a.alerts.map(({ value }) => value)),
  ]
}

const listed = (names: readonly string[]): string => (names.length === 0 ? 'nobody' : names.join(', '))
const looser = (term: string, before: string, after: string): readonly Looser[] => [{ term, before, after }]

function people(term: string, before: Terms['request']['value'], after: Terms['request']['value']): readonly Looser[] {
  if (before === 'anyone') return []
  if (after === 'anyone') return looser(term, listed(before), after)
  return after.every((group) => before.includes(group)) ? [] : looser(term, listed(before), listed(after))
}

/** Whoever fills the places of after must fill those of before: each takes one whose groups are all among its own. */
function approvals(before: Terms['approve'], after: Terms['approve']): readonly Looser[] {
  const places = before.map(({ value: { count } }, index) => ({ groups: [String(index)], count }))
  const seats = after.flatMap(({ value: { groups, count } }) => {
    const fills = before.flatMap(({ value: place }, index) => (groups.every((group) => place.groups.includes(group)) ? [String(index)] : []))
    return Array.from({ length: count }, () => fills)
  })
  return quorumMet(places, seats) ? [] : looser('approve', quorumText(before), quorumText(after))
}

export const quorumText = (entries: readonly { readonly value: { readonly groups: readonly string[]; readonly count: number } }[]): string =>
  (entries.length === 0 ? 'none' : entries.map(({ value: { groups, count } }) => `${count} of ${groups.join(', ')}`).join(' and '))

/** Of what restricts, everything must still be there. */
function kept(term: string, before: readonly string[], after: readonly string[]): readonly Looser[] {
  const gone = before.filter((each) => !after.includes(each))
  return gone.length === 0 ? [] : looser(term, gone.join(', '), after.length === 0 ? 'nothing' : 'not asked for')
}

const flag = (term: string, before: boolean, after: boolean): readonly Looser[] => (before && !after ? looser(term, 'asked for', 'not asked for') : [])

type Mfa = Terms['mfa']['value']
function factor(term: string, before: Mfa, after: Mfa): readonly Looser[] {
  if (before === 'none') return []
  if (after === 'none') return looser(term, before.evidence, 'none')
  return [
    ...(atLeast(after.evidence, before.evidence) ? [] : looser(`${term}.evidence`, before.evidence, after.evidence)),
    ...atMost(`${term}.maxAge`, before.maxAge, after.maxAge, durationText),
    ...flag(`${term}.attested`, before.attested, after.attested),
    ...flag(`${term}.backupEligible`, !before.backupEligible, !after.backupEligible),
  ]
}

const durationText = (value: number): string => formatDuration(value as Duration)

function atMost(term: string, before: number | undefined, after: number | undefined, text: (value: number) => string = String): readonly Looser[] {
  if (before === undefined || (after !== undefined && after <= before)) return []
  return looser(term, text(before), after === undefined ? 'no limit' : text(after))
}

function limits(before: Terms, after: Terms): readonly Looser[] {
  return [
    ...(['duration', 'totalDuration'] as const).flatMap((name) => atMost(`limits.${name}`, before.limits[name]?.value, after.limits[name]?.value, durationText)),
    ...(['renewals', 'findings', 'active', 'uses'] as const).flatMap((name) => atMost(`limits.${name}`, before.limits[name]?.value, after.limits[name]?.value)),
    ...(['approval', 'activation'] as const).flatMap((name) => atMost(`timers.${name}`, before.timers[name]?.value, after.timers[name]?.value, durationText)),
  ]
}

/** Where and how it is judged, and what it says to people, apart. */
const conditionText = ({ value: { at, expression } }: Terms['conditions'][number]): string => `${at}: ${expression}`

type Emergency = NonNullable<Terms['emergency']>['value']
function emergency(before: Emergency | undefined, after: Emergency | undefined): readonly Looser[] {
  if (after === undefined || after.groups.length === 0 || after.reviewers.length === 0) return []
  if (before === undefined || before.groups.length === 0 || before.reviewers.length === 0) return looser('emergency', 'none', 'permitted')
  return [
    ...people('emergency.groups', before.groups, after.groups),
    ...people('emergency.reviewers', before.reviewers, after.reviewers),
    ...atMost('emergency.duration', before.duration, after.duration, durationText),
    ...atMost('emergency.reviewWithin', before.reviewWithin, after.reviewWithin, durationText),
    ...factor('emergency.mfa', before.mfa, after.mfa),
    ...flag('emergency.offline', !before.offline, !after.offline),
  ]
}

type NativeForms = Terms['nativeForms']['value']
function nativeForms(before: NativeForms, after: NativeForms): readonly Looser[] {
  if (after === 'self-expiring') return []
  if (before === 'self-expiring') return looser('nativeForms', before, `allowed for ${durationText(after.maxLag)}`)
  return atMost('nativeForms.maxLag', before.maxLag, after.maxLag, durationText)
}
