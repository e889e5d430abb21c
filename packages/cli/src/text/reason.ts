/** Reasons in words for a person in a hurry: the sentence of core, and how long ago or how far off it is. */
import { type Instant, type Reason, tellReason } from '@exeat/core'
import { oneLine } from './safe.ts'
import { spanText } from './span.ts'

export function reasonText(reason: Reason, now: Instant): string {
  return `${oneLine(tellReason(reason, now).message)}${awayText(reason, now)}`
}

export function reasonHint(reason: Reason, now: Instant): string | undefined {
  const { hint } = tellReason(reason, now)
  return hint === undefined ? undefined : oneLine(hint)
}

function awayText(reason: Reason, now: Instant): string {
  if (reason.code === 'OPTOUT_LAPSED') return ` (lapsed ${spanText(now - reason.until)} ago)`
  return reason.code === 'OPTOUT_NOT_YET' ? ` (in ${spanText(reason.from - now)})` : ''
}
