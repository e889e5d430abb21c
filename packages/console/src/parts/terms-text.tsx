/** Merged terms in words: who asks, approves and activates, with what, for how long; and in an emergency. */
import type { PermittedTerms } from '@exeat/core/wire'
import type { ReactNode } from 'react'
import { countOf, lengthOf } from '../words.ts'
import { Row } from './covers.tsx'
import { Foreign } from './foreign.tsx'

const peopleOf = (people: 'anyone' | readonly string[]): string => (people === 'anyone' ? 'anyone' : people.join(' or '))

export const approvalOf = (approve: PermittedTerms['approve']): string => (approve.length === 0 ? 'nobody needs to' : approve.map(({ groups, count }) => `${count} of ${groups.join(' or ')}`).join(', and '))

type Factor = PermittedTerms['mfa']

export function factorOf(mfa: Factor): string {
  if (mfa === 'none') return 'no second factor'
  return [mfa.evidence, mfa.attested ? 'attested key' : '', mfa.backupEligible ? '' : 'key that cannot be copied', mfa.maxAge === undefined ? '' : `at most ${lengthOf(mfa.maxAge)} old`].filter((text) => text !== '').join(', ')
}

export function TermsText({ terms }: { readonly terms: PermittedTerms }): ReactNode {
  const { request, approve, activate, mfa, limits, emergency } = terms
  return (
    <>
      <dl className="terms tight">
        <Row term="ask"><Foreign text={peopleOf(request)} most={300} /></Row>
        <Row term="approve"><Foreign text={approvalOf(approve)} most={300} /></Row>
        <Row term="activate"><Foreign text={peopleOf(activate)} most={300} /></Row>
        <Row term="with">{factorOf(mfa)}</Row>
        <Row term="for">{lengthOf(limits.duration)} at most</Row>
        <Row term="emergency"><Foreign text={emergencyOf(emergency)} most={300} /></Row>
      </dl>
      <Further terms={terms} />
    </>
  )
}

function emergencyOf(emergency: PermittedTerms['emergency']): string {
  if (emergency === undefined) return 'none'
  const { groups, duration, mfa, reviewers, reviewWithin } = emergency
  return `${groups.join(' or ')}, ${lengthOf(duration)}, ${factorOf(mfa)}; judged by ${reviewers.join(' or ')} within ${lengthOf(reviewWithin)}`
}

function Further({ terms: { limits, requires, conditions, revoke, approverMayActivate, wildcards, emergency } }: { readonly terms: PermittedTerms }): ReactNode {
  const { totalDuration, renewals, findings, active, uses } = limits
  const rows: readonly (readonly [string, string])[] = [
    ...totalDuration === undefined ? [] : [['in all', lengthOf(totalDuration)] as const],
    ...renewals === undefined ? [] : [['renewed', renewals === 0 ? 'never' : `${countOf(renewals, 'time')} at most`] as const],
    ...findings === undefined ? [] : [['findings', `${findings} at most`] as const],
    ...uses === undefined ? [] : [['uses', `${uses} at most`] as const],
    ...active === undefined ? [] : [['at once', `${active} in a repository`] as const],
    ['revoke', revoke.length === 0 ? 'whoever asked' : revoke.join(' or ')],
    ...requires.targets.length === 0 ? [] : [['must name', requires.targets.join(', ')] as const],
    ...requires.tickets.map((ticket) => ['ticket', ticket] as const),
    ...requires.compensatingControl ? [['must state', 'a compensating control'] as const] : [],
    ['impact', requires.impact ? 'measured: nothing else is excused' : 'not asked for'],
    ...requires.witness ? [['witness', 'must have signed the log'] as const] : [],
    ...conditions.map(({ at, message }) => [`at ${at}`, message] as const),
    ...approverMayActivate ? [['approver', 'may activate as well'] as const] : [], ...wildcards ? [['patterns', 'may name controls'] as const] : [],
    ...emergency?.offline === true ? [['offline', 'two people may grant an hour'] as const] : [],
  ]
  return (
    <details className="further">
      <summary>All terms</summary>
      <dl className="terms tight">{rows.map(([term, text], i) => <Row key={`${i} ${term}`} term={term}><Foreign text={text} most={500} /></Row>)}</dl>
    </details>
  )
}
