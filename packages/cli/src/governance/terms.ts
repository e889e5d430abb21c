/** Merged terms as rows for people and programs: what each says, which documents say it, and which trust mode could show that it is met. */
import { formatDuration, type People, type Sourced, type Terms } from '@exeat/core'

/** `git`: by the documents alone. `signatures`: git mode with signed acts. `log`: only with the log. */
export type Shown = 'git' | 'signatures' | 'log'

export interface TermRow {
  readonly term: string
  readonly value: string
  readonly policies: readonly string[]
  readonly trust: Shown
}

const people = (value: People): string => (value === 'anyone' ? 'anyone' : value.join(' or '))
const row = <T>(term: string, source: Sourced<T> | undefined, trust: Shown, tell: (value: T) => string): TermRow[] =>
  (source === undefined ? [] : [{ term, value: tell(source.value), policies: source.policies, trust }])
const yes = (value: boolean): string => (value ? 'yes' : 'no')

export function termRows(terms: Terms): readonly TermRow[] {
  return [...peopleRows(terms), ...limitRows(terms), ...requirementRows(terms), ...otherRows(terms)]
}

function peopleRows({ policies, request, approve, activate, revoke, mfa, approverMayActivate }: Terms): TermRow[] {
  const signed = (value: People): Shown => (value === 'anyone' ? 'git' : 'signatures')
  return [
    ...row('request', request, signed(request.value), people),
    ...(approve.length === 0 ? [{ term: 'approve', value: 'none', policies, trust: 'git' as const }]
      : approve.flatMap((entry) => row('approve', entry, 'signatures', ({ groups, count }) => `${count} of ${groups.join(' or ')}`))),
    ...row('activate', activate, signed(activate.value), people),
    ...row('revoke', revoke, 'git', (groups) => `${groups.join(' or ')} (in git mode: a merge that deletes it)`),
    ...row('mfa', mfa, mfa.value === 'none' ? 'git' : 'signatures', mfaText),
    ...(approverMayActivate.value ? row('approverMayActivate', approverMayActivate, 'signatures', yes) : []),
  ]
}

function mfaText(mfa: Terms['mfa']['value']): string {
  if (mfa === 'none') return 'none'
  return [mfa.evidence, ...(mfa.maxAge === undefined ? [] : [`at most ${formatDuration(mfa.maxAge)} old`]), ...(mfa.attested ? ['attested'] : []),
    ...(mfa.backupEligible ? [] : ['not backup-eligible'])].join(', ')
}

function limitRows({ limits, timers }: Terms): TermRow[] {
  return [
    ...row('limits.duration', limits.duration, 'git', formatDuration),
    ...row('limits.totalDuration', limits.totalDuration, 'git', formatDuration),
    ...row('limits.renewals', limits.renewals, 'git', String),
    ...row('limits.findings', limits.findings, 'git', String),
    ...row('limits.active', limits.active, 'log', String),
    ...row('limits.uses', limits.uses, 'log', String),
    ...row('timers.approval', timers.approval, 'log', formatDuration),
    ...row('timers.activation', timers.activation, 'log', formatDuration),
  ]
}

function requirementRows({ requires, wildcards, conditions }: Terms): TermRow[] {
  return [
    ...(requires.targets.value.length === 0 ? [] : row('requires.targets', requires.targets, 'git', (targets) => targets.join(', '))),
    ...requires.tickets.flatMap((ticket) => row('requires.ticket', ticket, 'git', (pattern) => `/${pattern}/`)),
    ...(requires.compensatingControl.value ? row('requires.compensatingControl', requires.compensatingControl, 'git', yes) : []),
    ...row('requires.impact', requires.impact, 'git', yes),
    ...(requires.witness.value ? row('requires.witness', requires.witness, 'log', yes) : []),
    ...(wildcards.value ? row('wildcards', wildcards, 'git', yes) : []),
    ...conditions.flatMap((condition) => row(`conditions.${condition.value.at}`, condition, condition.value.at === 'decide' ? 'git' : 'signatures', ({ expression }) => expression)),
  ]
}

function otherRows({ emergency, nativeForms, alerts }: Terms): TermRow[] {
  return [
    ...row('emergency', emergency, 'log', ({ groups, duration, reviewers }) => `${groups.join(' or ')}, at most ${formatDuration(duration)}, reviewed by ${reviewers.join(' or ')}`),
    ...row('nativeForms', nativeForms, 'git', (forms) => (typeof forms === 'string' ? forms : `allowed, lag at most ${formatDuration(forms.maxLag)}`)),
    ...alerts.flatMap((alert) => row('alerts', alert, 'log', (name) => name)),
  ]
}
