/** The last bundle that held here, whatever it was fetched for: what is known of the log while nobody can be asked. */
import type { Instant } from '@exeat/core'
import type { BundlePins } from '@exeat/verify'
import { type KeptLog, verifyKept } from '@exeat/verify/offline'
import type { Io } from '../edge/io.ts'
import { bundleCache } from '../trust/cache.ts'
import { bundleDeps } from '../trust/obtain.ts'

/** Whether the bundle that is kept for ordinary environments could still stand in: then nothing else does, whatever flags say. */
export function stillServes(pins: BundlePins, audience: string, now: Instant, io: Io): boolean {
  const kept = keptIn(false, pins, audience, now, io)
  return kept !== undefined && now < kept.notAfter
}

function keptIn(closed: boolean, pins: BundlePins, audience: string, now: Instant, io: Io): KeptLog | undefined {
  const bytes = bundleCache(pins, audience, io, closed).read()
  const kept = bytes === undefined ? undefined : verifyKept(bytes, pins, { now, audience }, bundleDeps)
  return kept?.ok === true ? kept.value : undefined
}

/** Verified again; the newest of those that are kept for ordinary and for protected environments. Undefined where none holds. */
export function keptLog(pins: BundlePins, audience: string, now: Instant, io: Io): KeptLog | undefined {
  return [false, true].flatMap((closed) => keptIn(closed, pins, audience, now, io) ?? []).sort((a, b) => b.issuedAt - a.issuedAt)[0]
}
