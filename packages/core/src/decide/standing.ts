/** Whether an opt-out whose scope fits may excuse a finding now: its time, its impact, the terms in force for this very finding. */
import type { Reason, TermRefusal } from '../model/decision.ts'
import type { Facts } from '../model/facts.ts'
import type { Instant } from '../model/instant.ts'
import type { ActiveOptOut } from '../model/optout.ts'
import type { PolicySet, Subject, Terms, TermsAnswer } from '../policy/types.ts'
import type { Entry, Standing } from './entry.ts'
import type { Place } from './scope.ts'

/** Undefined: it may. Otherwise the one reason that matters most. */
export type Judge = (entry: Entry, place: Place) => Reason | undefined

export function applies(policySet: PolicySet, unmet: Unmet, facts: Facts, now: Instant): Judge {
  const termsAt = termsOfLast(policySet, facts)
  return (entry, place) => {
    const { standing, name } = entry
    const timing = timeReason(standing, name, now)
    if (timing !== undefined) return timing
    if (standing.status !== 'active') {
      return { code: 'OPTOUT_REFUSED', optOut: name, because: standing.status === 'refused' ? standing.optOut.because : [] }
    }
    const answer = termsAt(place)
    if (answer.kind === 'refused') return { code: 'POLICY_TIGHTENED', optOut: name, because: [answer.because] }
    const { terms } = answer
    if (terms.requires.impact.value && standing.optOut.impact?.has(place.fingerprint()) === false) {
      return { code: 'OPTOUT_NOT_IN_IMPACT', optOut: name }
    }
    const lacking = unmet(standing.optOut, terms)
    const failing = conditions(policySet, standing.optOut, terms, place, facts, now)
    // Mostly both are empty, and this runs for every opt-out that fits every finding.
    return lacking.length + failing.length === 0 ? undefined : { code: 'POLICY_TIGHTENED', optOut: name, because: [...lacking, ...failing] }
  }
}

/** A finding is judged against all its candidates in a row. */
function termsOfLast(policySet: PolicySet, facts: Facts): (place: Place) => TermsAnswer {
  let last: { readonly place: Place; readonly answer: TermsAnswer } | undefined
  return (place) => {
    if (last?.place !== place) last = { place, answer: policySet.termsFor(subjectOf(place, facts)) }
    return last.answer
  }
}

/** What the terms of one finding are asked about, from proven facts alone. */
export function subjectOf({ finding, control }: Place, { environment, repository }: Facts): Subject {
  return {
    control,
    ...(environment === undefined ? {} : { environment: environment.value }),
    ...(finding.severity === undefined ? {} : { severity: finding.severity }),
    ...(repository === undefined ? {} : { repository: repository.value.name }),
  }
}

/** Why the instant alone keeps it from applying. */
function timeReason(standing: Standing, name: string, now: Instant): Reason | undefined {
  const { from, until } = standing.optOut.document.spec.window
  if (standing.status === 'ended' && standing.optOut.ended.state !== 'lapsed') {
    return { code: 'OPTOUT_ENDED', optOut: name, state: standing.optOut.ended.state, at: standing.optOut.ended.at }
  }
  // INVARIANT: half-open, stated as what grants, so that an instant that is none falls through to a refusal (test/decide/properties.test.ts).
  if (standing.status !== 'ended' && from <= now && now < until) return undefined
  if (standing.status !== 'ended' && now < from) return { code: 'OPTOUT_NOT_YET', optOut: name, from }
  return { code: 'OPTOUT_LAPSED', optOut: name, until }
}

export type Unmet = (optOut: ActiveOptOut, terms: Terms) => readonly TermRefusal[]

/** What was met does not change within a set, so each pair of opt-out and terms is judged once; held no longer than the terms are. */
export function rememberedUnmet(policySet: PolicySet): Unmet {
  const known = new Map<ActiveOptOut, WeakMap<Terms, readonly TermRefusal[]>>()
  return (optOut, terms) => {
    let byTerms = known.get(optOut)
    if (byTerms === undefined) known.set(optOut, byTerms = new WeakMap())
    let refusals = byTerms.get(terms)
    if (refusals === undefined) byTerms.set(terms, refusals = policySet.unmet(terms, optOut, optOut.met))
    return refusals
  }
}

function conditions(
  policySet: PolicySet, { document }: ActiveOptOut, terms: Terms, { finding }: Place, facts: Facts, now: Instant,
): readonly TermRefusal[] {
  return terms.conditions.length === 0 ? [] : policySet.decideConditions(terms, { optOut: document, facts, finding, now })
}
