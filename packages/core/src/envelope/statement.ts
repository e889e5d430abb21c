import type { LifecycleEvent } from '../lifecycle/events.ts'
import type { HexDigest, Sha256 } from '../model/digest.ts'
import { statementDigest } from './envelope.ts'

/** The `statement` that the envelope of an act carries, by what the act's entry records; undefined where the opt-out says all there is to say. */
export function statementOf(event: LifecycleEvent, sha256: Sha256): HexDigest | undefined {
  if (event.type === 'emergency.reviewed') return statementDigest({ verdict: event.verdict, reason: event.reason }, sha256)
  if (event.type !== 'emergency.activated') return undefined
  const { team, second, offline } = event
  return statementDigest({ team, second: second === undefined ? null : { iss: second.iss, sub: second.sub }, ...(offline === undefined ? {} : { offline }) }, sha256)
}
