/**
 * Denials of Gatekeeper (pkg/webhook/policy.go): `[CONSTRAINT] MESSAGE` for each violation, on lines of their own, and code 403. A message may hold line breaks.
 * Every violation begins a line, so a message that imitates one can only add a violation that must be excused too.
 */
import { type DenialReader, type DenialReason, misread } from './types.ts'

const start = /^\[([a-z0-9](?:[-a-z0-9.]*[a-z0-9])?)\] /gmu

export const gatekeeperDenial: DenialReader = ({ message, code }) => {
  // What Gatekeeper could not judge has another code: 422 for its own resources, 500 where it failed.
  if (code !== undefined && code !== 403) return misread(`its code is ${code}, and that of violations is 403`)
  const starts = [...message.matchAll(start)]
  if (starts[0]?.index !== 0) return misread('it does not begin with a constraint in brackets')
  const reasons = starts.map((each, i): DenialReason => ({ rule: each[1] ?? '', message: message.slice(each.index + each[0].length, starts[i + 1]?.index).trimEnd() }))
  return { ok: true, reasons }
}
