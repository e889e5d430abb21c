/** What people read in a chat: a title of ours, and beside it what somebody typed, as text and cut. */
import { clipped, oneLine } from '@exeat/core/text'
import type { Telling } from '../../ports/sinks.ts'
import { shortType } from '@exeat/core/entry'

export interface Said {
  readonly title: string
  /** Somebody has to look at it now. */
  readonly urgent: boolean
  /** Of the opt-out; foreign text like all that follows, made harmless to look at and to be shown as plain text alone. */
  readonly name?: string
  readonly facts: readonly (readonly [label: string, text: string])[]
  readonly about: Telling
}

const titles: Readonly<Record<string, string>> = {
  'optout.proposed': 'Opt-out asked for', 'optout.renewed': 'Renewal asked for', 'optout.approved': 'Opt-out approved', 'optout.rejected': 'Opt-out rejected', 'optout.withdrawn': 'Request withdrawn',
  'optout.activated': 'Opt-out in force', 'optout.revoked': 'Opt-out revoked', 'optout.exhausted': 'Opt-out used up', 'optout.stale': 'Request void: what was asked for has changed',
  'optout.expiring': 'Opt-out ends soon', 'optout.lapsed': 'Opt-out has ended', 'optout.first-used': 'Opt-out used for the first time', 'optout.unused': 'Opt-out that nothing uses', 'optout.drifted': 'Opt-out whose document has changed',
  'optout.asked-after-end': 'Opt-out asked for after its end', 'optout.rising': 'Opt-out used far more than before', 'optout.unexpected': 'Opt-out used otherwise than expected', 'emergency.activated': 'EMERGENCY', 'emergency.acknowledged': 'Emergency heard', 'emergency.reviewed': 'Emergency reviewed', 'emergency.overdue': 'Review of an emergency is late',
  'use.claimed': 'Opt-out used', 'policy.changed': 'Policies changed', 'workspace.changed': 'Workspace changed', 'enrolment.added': 'Key enrolled', 'enrolment.vouched': 'Key vouched for', 'enrolment.removed': 'Key removed',
  'bundle.published': 'Bundle published', 'body.erased': 'Content erased', 'audit.degraded': 'Audit degraded', 'audit.restored': 'Audit restored', 'drill.started': 'DRILL', 'drill.acknowledged': 'Drill heard', 'drill.ended': 'Drill ended',
  'point.silent': 'Enforcement point is silent', 'shadow.detected': 'SHADOW OPT-OUT: nobody declared it', 'shadow.covered': 'Switched off elsewhere, as an opt-out declares', 'shadow.resolved': 'Shadow opt-out is gone',
}

const urgent: ReadonlySet<string> = new Set(['emergency.activated', 'emergency.overdue', 'audit.degraded', 'drill.started', 'shadow.detected'])

/** Characters of one fact, and facts of one message. */
const [longest, most] = [300, 8]

/** Where a fact stands in an event's data, and what it is called. */
const facts: readonly (readonly [label: string, path: string])[] = [
  ['reason', 'asked.reason'], ['reason', 'reason'], ['until', 'asked.window.until'], ['until', 'until'], ['controls', 'asked.scope.controls'], ['controls', 'controls'], ['environments', 'asked.scope.targets.environments'],
  ['environments', 'environments'], ['by', 'by'], ['by', 'requester'], ['of', 'groups'], ['verdict', 'verdict'], ['review by', 'reviewBy'], ['team', 'team'], ['point', 'point'], ['subject', 'subject'], ['within', 'within'], ['what', 'message'], ['commit', 'commit'], ['outcome', 'outcome'],
]

export function saidOf(about: Telling): Said {
  const { told: { data }, type } = about
  const short = shortType(type)
  const found = new Map<string, string>()
  for (const [label, path] of facts) {
    const text = textAt(data, path)
    if (text !== '' && !found.has(label) && found.size < most) found.set(label, clipped(oneLine(text), longest))
  }
  const name = textAt(data, 'asked.name') || textAt(data, 'name')
  return { title: titles[short] ?? short, urgent: urgent.has(short), ...(name === '' ? {} : { name: clipped(oneLine(name), 100) }), facts: [...found], about }
}

function textAt(data: unknown, path: string): string {
  let value = data
  for (const key of path.split('.')) value = typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? (value as Readonly<Record<string, unknown>>)[key] : undefined
  // Whatever is longer is cut anyway.
  return textOf(value).slice(0, 4 * longest)
}

/** A person by `sub`: names are labels, and are in no event. */
function textOf(value: unknown): string {
  if (typeof value === 'string' || typeof value === 'number') return String(value)
  if (Array.isArray(value)) return value.slice(0, 10).map((each) => textOf(each)).filter((text) => text !== '').join(', ') + (value.length > 10 ? `, and ${value.length - 10} more` : '')
  const sub = typeof value === 'object' && value !== null && 'sub' in value ? value.sub : undefined
  return typeof sub === 'string' ? sub : ''
}
