/** The last bundle that held here, whatever it was fetched for: what is known of the log while nobody can be asked. */
import type { Instant } from '@exeat/core'
import type { BundlePins } from '@exeat/verify'
import { type KeptLog, verifyKept } from '@exeat/verify/offline'
import type { Io } from '../edge/io.ts'
import { bundleCache } from '../trust/cache.ts'
import { bundleDeps } from '../trust/obtain.ts'

/** Verified again; the newest of those that are kept for ordinary and for protected environments. Undefined where none holds. */
export function keptLog(pins: BundlePins, audience: string, now: Instant, io: Io): KeptLog | undefined {
  const found = [false, true].flatMap((closed) => {
    const bytes = bundleCache(pins, audience, io, closed).read()
    const kept = bytes === undefined ? undefined : verifyKept(bytes, pins, { now, audience }, bundleDeps)
    return kept?.ok === true ? [kept.value] : []
  })
  return found.sort((a, b) => b.issuedAt - a.issuedAt)[0]
}
