/** `limits.findings` (design §4, scope beyond the ceiling): which of an opt-out's matches it excuses. */
import type { HexDigest } from '../model/digest.ts'
import type { Entry } from './entry.ts'

/**
 * All matches where they are within the limit or there is none. Beyond it: with a recorded impact the approved fingerprints first, then by
 * fingerprint, up to the limit; without one, none, since nobody can say which of them were meant.
 */
export function grantedMatches(entry: Entry, matches: readonly number[], fingerprintAt: (index: number) => HexDigest): readonly number[] {
  const { document, impact } = entry.standing.optOut
  const limit = document.spec.limits?.findings
  if (limit === undefined || matches.length <= limit) return matches
  if (impact === undefined) return []
  const approved = (index: number): number => (impact.has(fingerprintAt(index)) ? 0 : 1)
  const order = (a: number, b: number): number => approved(a) - approved(b) || (fingerprintAt(a) < fingerprintAt(b) ? -1 : 1)
  return [...matches].sort(order).slice(0, limit)
}
