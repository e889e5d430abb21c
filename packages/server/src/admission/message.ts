/** What a person sees in kubectl when a request stays denied: what is missing, and how to ask (rule 6). */
import { formatInstant, tellReason } from '@exeat/core'
import { blockedGroups } from '@exeat/core/run'
import type { Judged } from './point.ts'

/** Controls that are explained, and characters of the text behind a webhook's own. */
const mostExplained = 10
const longest = 8_000

// Control, invisible and reordering characters, as a terminal shows what stands here.
const unsafe = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/gu
const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').replace(unsafe, '').trim()

export function wayOutText({ decisions, trouble, notes, unclaimed, now }: Judged): string {
  if (trouble !== undefined) return clipped(`exeat excuses nothing: ${oneLine(trouble)}`)
  const lines = blockedGroups(decisions).slice(0, mostExplained).flatMap((group) => {
    const { nearest, wayOut } = group.explain()
    return [
      `exeat: ${oneLine(group.control)} is not excused`,
      ...nearest.map(({ reason }) => `  nearest: ${oneLine(tellReason(reason, now).message)}`),
      ...(wayOut === undefined ? [] : wayOut.possible
        ? [`  way out: an opt-out is possible; ${terms(wayOut)}`, ...(wayOut.command === undefined ? [] : [`    $ ${oneLine(wayOut.command)}`])]
        : [`  way out: no opt-out is possible: ${oneLine(wayOut.because?.message ?? 'no policy permits one')}`]),
    ]
  })
  return clipped([...lines, ...notes.map((note) => `exeat: ${oneLine(note)}`), ...(unclaimed ? ['exeat: a dry run counts no use, and was judged without'] : [])].join('\n'))
}

function terms({ request, approve, activate, maxDuration }: { readonly request?: string; readonly approve?: string; readonly activate?: string; readonly maxDuration?: string }): string {
  return [['request', request], ['approve', approve], ['activate', activate], ['at most', maxDuration]].flatMap(([word, said]) => (said === undefined ? [] : [`${word}: ${oneLine(said)}`])).join('; ')
}

/** What a person is told who got through. */
export const excusedWarnings = ({ decisions, unclaimed }: Judged): readonly string[] => decisions.flatMap(({ control, optOut }) => (optOut === undefined ? []
  : [oneLine(`exeat: ${control} is excused, not passed, by opt-out ${optOut.name} until ${formatInstant(optOut.until)} (evidence ${optOut.evidence}${unclaimed ? '; dry run: no use was counted' : ''})`).slice(0, 250)]))

const clipped = (text: string): string => (text.length <= longest ? text : `${text.slice(0, longest - 1)}…`)
