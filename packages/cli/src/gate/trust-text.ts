/** What a run rests on, in one sentence for every output: the mode, the documents, the log and how fresh it is, and the evidence. */
import { formatInstant } from '@exeat/core'
import type { Summary } from '@exeat/core/run'
import { plural } from '../text/wrap.ts'
import { oneLine, shown } from '../text/safe.ts'
import type { GateResult, Logged, Unlogged } from './result.ts'

export function trustText({ mode, governance, evidence, log, unlogged }: GateResult): string {
  return `${mode} mode, ${shown(governance.label)}${log === undefined ? '' : `; ${logText(log)}`}${unlogged === undefined ? '' : `; ${unloggedText(unlogged)}`}; evidence ${evidence}`
}

/** Never silent: whoever reads an output sees that no log has what it rests on, and who signed it. */
function unloggedText({ origin, grants }: Unlogged): string {
  const told = grants.map(({ signedBy, until }) => `offline grant of ${signedBy.map(shown).join(' and ')} until ${formatInstant(until)}`)
  return `unlogged: no bundle of the log ${oneLine(origin)} could be had, ${told.length === 0 ? 'and no offline grant excuses anything' : told.join(', ')}`
}

/** `3 excused`, and how many of them no log has. */
export const excusedText = ({ excused, unlogged }: Summary): string => `${excused} excused${unlogged === undefined ? '' : ` (${unlogged} unlogged)`}`

const sources = { fetched: 'bundle fetched', file: 'bundle from a file', cache: 'bundle of an earlier run' } as const

function logText({ origin, size, source, issuedAt, notAfter, singleFounder, witnesses }: Logged): string {
  return [
    `log ${oneLine(origin)} of ${plural(size, 'entry', 'entries')}, ${sources[source]}`,
    `revocations up to ${Math.ceil((notAfter - issuedAt) / 60_000)} min old`,
    ...(witnesses.length === 0 ? [] : [`cosigned by ${plural(witnesses.length, 'witness', 'witnesses')}`]),
    ...(singleFounder ? ['single-founder'] : []),
  ].join(', ')
}

/** What became of the uses; undefined where there are none to tell of. */
export function usesText({ log, preview }: GateResult): string | undefined {
  if (log === undefined || preview !== undefined || log.uses.length === 0) return undefined
  const count = (state: Logged['uses'][number]['state'], acknowledged: boolean): number =>
    log.uses.filter((use) => use.state === state && use.acknowledged === acknowledged).length
  return [
    ...told(count('counted', true), 'counted before it excused'),
    ...told(count('refused', true), 'refused, so nothing is excused by it'),
    ...told(count('counted', false), 'counted (best effort)'),
    ...told(count('spooled', false), 'waiting on this machine to be counted (best effort)'),
    ...told(count('refused', false), 'that the server did not count (best effort)'),
    ...told(count('lost', false), 'counted nowhere (best effort)'),
  ].join(', ')
}

const told = (count: number, words: string): readonly string[] => (count === 0 ? [] : [`${count} ${words}`])
