/** A receipt and the entry that it is for: does it stand in the log, and what does it say? */
import { type TrustedCheckpoint, type VerifierKey, verifyReceipt } from '@exeat/log'
import { type Answer, ok, refuse } from '../codes.ts'
import type { BundlePins } from '../bundle/pins.ts'
import type { LogDeps } from '../bundle/verified.ts'
import { type EntryText, readEntry, type ReadEntry } from '../entry/read.ts'

export interface EntryReceipt extends EntryText {
  /** A C2SP tlog-proof@v1. */
  readonly receipt: Uint8Array
}

/** `event: null`: the body was erased, and the entry still stands where it stood. */
export interface VerifiedEntry extends ReadEntry {
  readonly index: number
  readonly checkpoint: TrustedCheckpoint['checkpoint']
  /** Names of the witnesses that cosigned the checkpoint. */
  readonly witnesses: readonly string[]
}

/**
 * What an entry says, shown to stand in the log by its receipt. `log`: the key that the delegation in force names (`verifyDelegation`).
 * `ENTRY_NOT_COVERED` where the receipt does not hold for this very entry.
 */
export function verifyEntryReceipt(given: EntryReceipt, log: VerifierKey, { origin, witnesses }: BundlePins, { sha256, verify }: LogDeps): Answer<VerifiedEntry> {
  const entry = readEntry(given, sha256)
  if (!entry.ok) return entry
  const { event } = entry.value
  if (event !== null && event.source !== origin) return refuse('ENTRY_MALFORMED', `the body is of the log \`${event.source}\`, not of \`${origin}\``)
  const receipt = verifyReceipt(sha256, verify, given.receipt, entry.value.hash, { origin, log: [log], witnesses })
  if (!receipt.ok) return refuse('ENTRY_NOT_COVERED', `the receipt does not hold for the entry: ${receipt.problem.message}`)
  const { index, checkpoint } = receipt.value
  return ok({ ...entry.value, index, checkpoint, witnesses: receipt.value.witnesses.map(({ key }) => key.name) })
}
