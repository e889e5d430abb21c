/** Opt-outs as the server tells of them, for a person at a terminal. */
import type { Instant } from '@exeat/core'
import type { OptOutView } from '@exeat/core/wire'
import type { Io } from '../edge/io.ts'
import { clipped, oneLine, shellWord, shown } from '../text/safe.ts'
import { fromNow } from '../text/span.ts'
import type { Styles } from '../text/style.ts'
import { hanging } from '../text/wrap.ts'
import { alarmRows } from './alarm-rows.ts'
import { codeOf } from './shown.ts'
import { operatorIssuer, person, time, told } from './words.ts'

const label = 14
const pad = (name: string): string => `  ${name.padEnd(label)}`

/** `row('window', …)`: a label and its text, broken at the width. */
export const row = (name: string, text: string, width: number): string => hanging(pad(name), text, width)

export { operatorIssuer, person, time } from './words.ts'

function windowText({ window: { from, until }, phase }: OptOutView, now: Instant): string {
  const isOver = time(until) <= now
  const about = phase !== 'active' && !isOver ? '' : now < time(from) ? ` (begins ${fromNow(time(from), now)})` : ` (${isOver ? 'ended' : 'ends'} ${fromNow(time(until), now)})`
  return `${told(from)} until ${told(until)}${about}`
}

const good: ReadonlySet<string> = new Set(['active', 'approved'])
const over: ReadonlySet<string> = new Set(['revoked', 'rejected', 'withdrawn', 'timed-out', 'stale', 'exhausted', 'lapsed'])

export function phaseText({ phase, review, inForce }: OptOutView, styles: Styles): string {
  const painted = good.has(phase) ? styles.good(phase) : over.has(phase) ? styles.bad(phase) : styles.warn(phase)
  return `${painted}${phase === 'active' && !inForce ? ', not begun' : ''}${review === 'none' ? '' : `, review ${review}`}`
}

/** The whole of one opt-out. */
export function optOutPage(view: OptOutView, { styles, width, now }: { readonly styles: Styles; readonly width: number; readonly now: Instant }): string {
  const line = (name: string, text: string): string => row(name, text, width)
  const { name, uid, category, owner, requester, approvals, activation, missing, uses, entries, reason, ended, renewal, alarm } = view
  return [
    `${styles.bold(shown(name))}  ${phaseText(view, styles)}`,
    ...scopeRows(view, width),
    line('window', windowText(view, now)),
    line('reason', `${category}, owner ${oneLine(owner)}: ${clipped(oneLine(reason), 400)}`),
    line('asked by', person(requester)),
    ...approvals.map(({ by, groups, evidence, at }) => line('approved by', `${person(by)} of ${groups.map(shown).join(', ')}, ${told(at)}, ${evidence}`)),
    ...(activation === undefined ? [] : [line('activated', `by ${person(activation.by)}, ${told(activation.at)}, ${activation.evidence}`)]),
    ...alarmRows(alarm, now).map(([label, text]) => line(label, text)),
    ...(ended === undefined ? [] : [line('ended', `${told(ended)}${time(ended) < now - 1000 ? ` (${fromNow(time(ended), now)})` : ''}`)]),
    ...(missing.length === 0 ? [] : [line('missing', missing.map(oneLine).join('; '))]),
    ...(uses.limit === null && uses.counted === 0 ? [] : [line('uses', uses.limit === null ? String(uses.counted) : `${uses.counted} of ${uses.limit}`)]),
    ...(renewal === 0 ? [] : [line('renewal', `number ${renewal} of its chain`)]),
    line('log', `${entries.length === 1 ? 'entry' : 'entries'} ${entries.join(', ')}`),
    line('uid', uid),
    line('compare', codeOf(view)),
  ].join('\n')
}

export function scopeRows({ controls, repositories, environments }: OptOutView, width: number): readonly string[] {
  return [
    row('controls', controls.map(oneLine).join(', '), width),
    row('where', [repositories.length === 0 ? 'any repository' : repositories.map(oneLine).join(', '), environments.length === 0 ? 'any environment' : environments.map(oneLine).join(', ')].join('; '), width),
  ]
}

/**
 * The next command, and where it helps who runs it; undefined where nothing is left to do. What somebody asked for who signed in goes on with sign-ins (`exeat
 * login`), at the server by which it was read, and so does whatever takes a second factor; a typed name serves where names are typed and the terms ask for none.
 */
export function nextStep({ name, phase, missing, merged, requester, mfa }: OptOutView, server = 'https://HOST'): string | undefined {
  const at = server.startsWith('unix:') ? 'https://HOST' : server
  const typed = requester.iss === operatorIssuer
  const byName = typed && (mfa === undefined || mfa === 'none')
  const by = byName ? '--actor NAME' : `--server ${shellWord(at)}`
  // Whoever typed a name so far may never have signed in.
  const first = typed && !byName ? `exeat login ${by} && ` : ''
  const word = shellWord(name)
  if (phase === 'proposed') return missing.some((each) => / of /.test(each)) ? `${first}exeat approve ${word} ${by}` : 'merge the document into the protected branch'
  if (phase === 'approved') return merged ? `${first}exeat activate ${word} ${by}` : 'merge the document into the protected branch'
  return undefined
}

/** Whether people have yet to do something. */
export const isWaiting = ({ phase }: OptOutView): boolean => phase === 'proposed' || phase === 'approved'

export interface Page {
  readonly styles: Styles
  readonly width: number
  readonly now: Instant
}

export const pageOf = (io: Io, styles: Styles): Page => ({ styles, width: io.stdout.columns, now: io.now })
