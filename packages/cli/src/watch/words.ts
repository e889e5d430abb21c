/** One line for one event: what happened, to what, by whom. All of it is somebody's text, and shown as text. */
import { shortType as shortOf } from '@exeat/core/entry'
import type { StreamedEvent } from '@exeat/core/wire'
import { person, told } from '../acts/words.ts'
import { clipped, oneLine } from '../text/safe.ts'
import type { Style, Styles } from '../text/style.ts'

/** Of whatever a server says. */
export const shortType = (type: string): string => oneLine(shortOf(type))

type Data = Readonly<Record<string, unknown>>

const textOf = (value: unknown): string => (typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '')
const member = (value: unknown, name: string): unknown => (typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? (value as Data)[name] : undefined)

function who(value: unknown): string {
  const [iss, sub] = [member(value, 'iss'), member(value, 'sub')]
  return typeof iss === 'string' && typeof sub === 'string' ? person({ iss, sub }) : 'somebody'
}

const quoted = (value: unknown): string => clipped(oneLine(textOf(value)), 120)
const groupsOf = (value: unknown): string => (Array.isArray(value) && value.length > 0 ? ` of ${value.map((each) => oneLine(textOf(each))).join(', ')}` : '')
const until = (value: unknown): string => {
  const text = textOf(value)
  return Number.isNaN(Date.parse(text)) ? '' : told(text)
}

const sayings: Readonly<Record<string, (data: Data) => string>> = {
  'optout.proposed': ({ asked, requester }) => `asked for by ${who(requester)}, until ${until(member(member(asked, 'window'), 'until'))}: ${quoted(member(asked, 'reason'))}`,
  'optout.renewed': ({ asked, requester }) => `renewal asked for by ${who(requester)}, until ${until(member(member(asked, 'window'), 'until'))}: ${quoted(member(asked, 'reason'))}`,
  'optout.approved': ({ by, groups }) => `approved by ${who(by)}${groupsOf(groups)}`,
  'optout.rejected': ({ by, reason }) => `rejected by ${who(by)}: ${quoted(reason)}`,
  'optout.withdrawn': ({ by, reason }) => `withdrawn by ${who(by)}: ${quoted(reason)}`,
  'optout.activated': ({ by }) => `in force, activated by ${who(by)}`,
  'optout.revoked': ({ by, reason }) => `revoked by ${who(by)}: ${quoted(reason)}`,
  'optout.exhausted': () => 'all of its uses are spent',
  'optout.stale': () => 'what was approved has changed: it is void',
  'emergency.activated': ({ by, asked, reviewBy }) => `EMERGENCY by ${who(by)}, review by ${until(reviewBy)}: ${quoted(member(asked, 'reason'))}`,
  'emergency.acknowledged': ({ by }) => `heard by ${who(by)}`,
  'emergency.reviewed': ({ by, verdict, reason }) => `${oneLine(textOf(verdict))}, says ${who(by)}: ${quoted(reason)}`,
  'use.claimed': ({ point, subject }) => `used at ${quoted(point)} for ${quoted(subject)}`,
  'policy.changed': ({ changes, commit }) => `${Array.isArray(changes) ? changes.length : 0} changed at ${oneLine(textOf(commit)).slice(0, 12)}${namesIn(changes)}`,
  'workspace.changed': ({ commit }) => (commit === undefined ? 'keys delegated' : `governed by ${oneLine(textOf(commit)).slice(0, 12)}`),
  'enrolment.added': ({ label, person: owner }) => `key ${quoted(label)}${owner === undefined ? '' : ` of ${who(owner)}`}`,
  'enrolment.vouched': ({ by, person: owner }) => `${who(by)} vouches for a key of ${who(owner)}`,
  'enrolment.removed': ({ by, reason }) => `by ${who(by)}: ${quoted(reason)}`,
  'bundle.published': ({ size }) => `of ${textOf(size)} entries`,
  'body.erased': ({ by, reason }) => `by ${who(by)}: ${quoted(reason)}`,
  'audit.degraded': ({ message }) => quoted(message),
  'audit.restored': ({ message }) => quoted(message),
  'drill.started': ({ by }) => `DRILL by ${who(by)}`,
  'drill.acknowledged': ({ by }) => `heard by ${who(by)}`,
  'shadow.detected': (data) => `SHADOW ${reported(data)}`,
  'shadow.covered': (data) => `${reported(data)}, declared by ${quoted(member(data['optOut'], 'name'))}`,
  'shadow.resolved': ({ what, entry }) => `${quoted(what)}: what entry ${textOf(entry)} told of is gone`,
  'drill.ended': ({ outcome }) => oneLine(textOf(outcome)),
}

function reported({ what, control, repository, resource, path, actor }: Data): string {
  const place = [member(repository, 'name') ?? member(repository, 'id'), resource, path].filter((each) => each !== undefined).map(quoted).join(' ')
  return `${quoted(what)}${control === undefined ? '' : ` of ${quoted(control)}`}${place === '' ? '' : ` in ${place}`}${actor === undefined ? '' : ` by ${quoted(actor)}`}`
}

function namesIn(changes: unknown): string {
  const names = Array.isArray(changes) ? changes.map((each) => oneLine(textOf(member(each, 'name')))).filter((name) => name !== '') : []
  return names.length === 0 ? '' : `: ${names.slice(0, 5).join(', ')}${names.length > 5 ? `, and ${names.length - 5} more` : ''}`
}

export function saying({ type, data }: StreamedEvent): string {
  if (data['erased'] === true) return 'what it said was erased'
  const say = sayings[shortType(type)]
  return say === undefined ? '' : say(data)
}

/** The name that the event itself gives what it is about. */
export const nameIn = ({ data }: StreamedEvent): string | undefined => {
  const name = member(data['asked'], 'name') ?? data['name']
  return typeof name === 'string' ? name : undefined
}

export function styleOf(type: string, styles: Styles): Style {
  const short = shortType(type)
  if (short === 'emergency.activated' || short === 'audit.degraded' || short === 'shadow.detected') return styles.bad
  if (/^(?:optout\.activated|drill\.started)$/.test(short)) return styles.warn
  return /^(?:optout\.(?:revoked|rejected|withdrawn|stale|exhausted)|emergency\.reviewed|audit\.restored|shadow\.resolved)$/.test(short) ? styles.good : styles.dim
}
