/** A reviewed change in words that text and Markdown share. */
import { formatInstant } from '@exeat/core'
import type { Loosening, ReviewedOptOut, ReviewedPolicyChange, ReviewQuorum } from '@exeat/core/review'
import { spanText } from '../text/span.ts'
import type { ReviewedChange } from './change.ts'

export const outcomes = { allowed: 'may merge', waiting: 'waits for people', refused: 'may not merge' } as const

/** Most people who are named for one quorum. */
const mostNamed = 6

export function quorumWords({ approve, met, could }: ReviewQuorum, { nameOf }: Pick<ReviewedChange, 'nameOf'>): string {
  const people = could.slice(0, mostNamed).map(nameOf).join(', ')
  const named = met || could.length === 0 ? '' : ` (${people}${could.length > mostNamed ? ` and ${could.length - mostNamed} more` : ''} can)`
  const asked = approve.map(({ groups, count }) => `${count} of ${groups.join(' or ')}`).join(', and ')
  return approve.length === 0 ? 'nobody need approve it' : `${met ? 'approved by' : 'waits for'} ${asked}${named}`
}

/** `added, an emergency`, `changed: widened and prolonged`. */
export function optOutWords({ change, effects, emergency, renewal }: ReviewedOptOut): string {
  return [
    effects.length === 0 ? change : `${change}: ${effects.join(' and ')}`, ...(emergency ? ['an emergency'] : []), ...(renewal > 0 ? [`renewal ${renewal}`] : []),
  ].join(', ')
}

/** What it turns off. */
export function scopeWords({ optOut: { document: { spec: { controls, targets = {}, limits = {} } } } }: ReviewedOptOut): string {
  const { fingerprints, ...named } = targets
  const parts = Object.entries(named).map(([key, list]) => `${key} ${list.join(', ')}`)
  return [
    controls.join(', '), ...(parts.length === 0 ? ['everywhere'] : parts), ...(fingerprints === undefined ? [] : [`${fingerprints.length} findings by fingerprint`]),
    ...(limits.findings === undefined ? [] : [`at most ${limits.findings} findings`]), ...(limits.uses === undefined ? [] : [`at most ${limits.uses} uses`]),
  ].join('; ')
}

export function windowWords({ optOut: { document: { spec: { window: { from, until } } } } }: ReviewedOptOut): string {
  return `${formatInstant(from)} until ${formatInstant(until)} (${spanText(until - from)})`
}

const effects = {
  none: 'changes no terms anywhere', tightened: 'asks for more, and for less nowhere', loosened: 'asks for less', unproven: 'too much to compare, which counts as asking for less',
} as const

export const policyWords = ({ change, effect }: ReviewedPolicyChange): string => `${change}: ${effects[effect]}`

export function looseningWords({ term, before, after, control, environment, severity }: Loosening): string {
  const where = [control, ...(environment === undefined ? [] : [`in ${environment}`]), ...(severity === undefined ? [] : [severity])].join(' ')
  return `${term}: ${before} becomes ${after}, for example for ${where}`
}

export const isNothing = ({ review: { optOuts, policies, governance }, invalid }: ReviewedChange): boolean =>
  optOuts.length + policies.length + governance.changed.length + invalid.length === 0
