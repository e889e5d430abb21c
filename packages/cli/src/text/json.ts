/** JSON of the commands: instants as RFC 3339 in UTC, durations as documents write them. */
import { type Decision, formatInstant, type Instant, type NearMiss, type Reason } from '@exeat/core'

const instantKeys = ['until', 'from', 'at'] as const

/** A reason with its instants as text; all else in it is JSON as it stands. */
export function reasonJson(reason: Reason): unknown {
  const copy: Record<string, unknown> = { ...reason }
  for (const key of instantKeys) if (typeof copy[key] === 'number') copy[key] = formatInstant(copy[key] as Instant)
  return copy
}

const nearJson = ({ optOut, origin, reason }: NearMiss): unknown => ({ optOut, origin, reason: reasonJson(reason) })

export function decisionJson(decision: Decision): unknown {
  const { finding, control, outcome, reasons, optOut, nearest, wayOut } = decision
  return {
    control, outcome, finding,
    reasons: reasons.map(reasonJson),
    ...(optOut === undefined ? {} : { optOut: { ...optOut, until: formatInstant(optOut.until) } }),
    ...(nearest.length === 0 ? {} : { nearest: nearest.map(nearJson) }),
    ...(wayOut === undefined ? {} : { wayOut }),
  }
}
