/** The contract of `LogStore`, against a real database. Every implementation of `LogTables` is run through it. */
import { appending, repeating } from './log-store-appending.ts'
import { keeping } from './log-store-bodies.ts'
import { cosigning } from './log-store-cosignatures.ts'
import { logStoreFaults } from './log-store-faults.ts'
import { forking } from './log-store-forks.ts'
import type { StoreKind } from './log-store-kit.ts'
import { founding, refusing } from './log-store-opening.ts'
import { operating } from './log-store-operations.ts'
import { concurrency, reading } from './log-store-reading.ts'
import { snapshots } from './log-store-snapshots.ts'
import { applying, listing } from './log-store-state.ts'
import { guarding, tampering } from './log-store-tampering.ts'

export function logStoreSuite(kind: StoreKind): void {
  founding(kind)
  refusing(kind)
  appending(kind)
  repeating(kind)
  operating(kind)
  applying(kind)
  listing(kind)
  keeping(kind)
  reading(kind)
  concurrency(kind)
  snapshots(kind)
  cosigning(kind)
  tampering(kind)
  guarding(kind)
  forking(kind)
  logStoreFaults(kind)
}
