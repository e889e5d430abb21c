/** The last bundle that held at a point, as what it says of the log: it excuses nothing any more. */
import type { Instant } from '@exeat/core'
import type { BundlePins } from '../bundle/pins.ts'
import { readBundle } from '../bundle/read.ts'
import type { VerifiedBundle, VerifyDeps } from '../bundle/verified.ts'
import { verifyBundle } from '../bundle/verify.ts'
import { type Answer, ok, refuse } from '../codes.ts'
import type { Bundle } from '../bundle/types.ts'
import type { KeptBundle } from './holds.ts'

export interface KeptLog extends KeptBundle {
  /** Until then it could stand in for a new one. */
  readonly notAfter: Instant
  readonly delegation: Bundle['delegation']
  readonly checkpoint: string
  /** The entry that the bundle's content was published by. */
  readonly published: Bundle['published']['entry']
}

/** Verified as on the instant that it was issued at; `BUNDLE_NOT_YET` where that is yet to come, and what a bundle is refused with. */
export function verifyKept(bytes: Uint8Array, pins: BundlePins, { now, audience }: { readonly now: Instant; readonly audience: string }, deps: VerifyDeps): Answer<KeptLog> {
  const read = readBundle(bytes, pins, deps)
  if (!read.ok) return read
  const { issuedAt, notAfter, published: { entry }, delegation } = read.value.bundle
  if (!(issuedAt <= now)) return refuse('BUNDLE_NOT_YET', 'the kept bundle was issued after the clock\'s present')
  const verified = verifyBundle(bytes, pins, { now: issuedAt, audience, protectedEnvironment: false }, deps)
  if (!verified.ok) return verified
  const { seen: { size, root }, checkpoint } = verified.value
  return ok({ size, root, issuedAt, notAfter, uids: uidsOf(verified.value), delegation, checkpoint, published: entry })
}

/** All opt-outs that a bundle tells of: an offline grant that is among them was entered. */
export function uidsOf({ optOuts: { active, ended, refused } }: Pick<VerifiedBundle, 'optOuts'>): ReadonlySet<string> {
  return new Set([...active, ...ended, ...refused].map(({ uid }) => uid))
}
