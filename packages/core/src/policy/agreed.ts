/** Merged terms as the lifecycle enforces them, and their digest, which people sign. */
import { taggedDigest } from '../digest/tagged.ts'
import type { Json } from '../document/located.ts'
import type { AgreedTerms } from '../lifecycle/events.ts'
import type { HexDigest, Sha256 } from '../model/digest.ts'
import type { Duration } from '../model/instant.ts'
import type { Terms } from './types.ts'

/**
 * A timer that no policy states is as long as a document can state one, so that only the window ends the wait. A shorter default would let a policy that
 * states a longer one loosen what holds without it, and adding a policy only tightens.
 */
const unstated = (3650 * 86_400_000) as Duration

export function agreedTerms(terms: Terms): AgreedTerms {
  const { limits, timers, emergency } = terms
  return {
    approve: terms.approve.map(({ value }) => value),
    activate: terms.activate.value,
    revoke: terms.revoke?.value ?? [],
    approverMayActivate: terms.approverMayActivate.value,
    duration: limits.duration.value,
    ...(limits.totalDuration === undefined ? {} : { totalDuration: limits.totalDuration.value }),
    ...(limits.renewals === undefined ? {} : { renewals: limits.renewals.value }),
    ...(limits.active === undefined ? {} : { active: limits.active.value }),
    timers: { approval: timers.approval?.value ?? unstated, activation: timers.activation?.value ?? unstated },
    ...emergencyTerms(emergency?.value),
  }
}

/** None where the policies share no group: then nobody can declare or review one. */
function emergencyTerms(value: NonNullable<Terms['emergency']>['value'] | undefined): Pick<AgreedTerms, 'emergency'> {
  if (value === undefined || value.groups.length === 0 || value.reviewers.length === 0) return {}
  const { groups, duration, reviewers, reviewWithin } = value
  return { emergency: { groups, duration, reviewers, reviewWithin } }
}

/**
 * SHA-256(`exeat/terms/v1` ‖ 0 ‖ RFC 8785 of the terms' values). Which policies state a value is not covered: renaming a policy, or adding one that
 * tightens nothing, leaves what people signed as it was.
 */
export function termsDigest(terms: Terms, sha256: Sha256): HexDigest {
  return taggedDigest('exeat/terms/v1', valuesOf(terms), sha256)
}

/** The values of sourced members, at any depth; members that name policies are left out. */
function valuesOf(part: unknown): Json {
  if (Array.isArray(part)) return part.map(valuesOf)
  if (typeof part !== 'object' || part === null) return part as Json
  if ('value' in part && 'policies' in part) return valuesOf(part.value)
  return Object.fromEntries(Object.entries(part).filter(([key, value]) => key !== 'policies' && value !== undefined).map(([key, value]) => [key, valuesOf(value)]))
}
