/** Receipts (C2SP tlog-proof) of entries read from a log, and receipts that bring their entry along. */
import { encodeReceipt, leafHash, parseReceipt, verifyReceipt, type VerifiedReceipt } from '@exeat/log'
import { refuse, type LogAnswer } from './codes.ts'
import { openRemoteLog, type Verifier } from './open.ts'
import type { LogSource } from './source.ts'

export interface ProvenEntry {
  readonly receipt: Uint8Array
  /** The leaf's bytes. */
  readonly entry: Uint8Array
}

/** A receipt for the entry at `index` under the log's head now, with the entry itself as its `extra`, so that it can be checked alone. */
export async function proveEntry(source: LogSource, verifier: Verifier, index: number): Promise<LogAnswer<ProvenEntry>> {
  const opened = await openRemoteLog(source, verifier)
  if (!opened.ok) return opened
  const { head, tree } = opened.value
  const entry = await tree.entry(index)
  if (!entry.ok) return entry
  const proof = await tree.inclusionProof(index)
  if (!proof.ok) return proof
  const receipt = encodeReceipt({ extra: entry.value, index, proof: proof.value, checkpoint: head.bytes })
  if (!receipt.ok) return receipt
  const checked = verifyReceipt(verifier.sha256, verifier.verify, receipt.value, leafHash(verifier.sha256, entry.value), verifier.trust)
  return checked.ok ? { ok: true, value: { receipt: receipt.value, entry: entry.value } } : checked
}

export interface CheckedReceipt extends VerifiedReceipt {
  readonly entry: Uint8Array
}

/**
 * Checks a receipt offline, for `entry` or, where that is absent, for the entry that the receipt brings along. Nothing vouches for what it brings but
 * the proof itself: an entry that is not in the log has another leaf hash.
 */
export function checkReceipt(verifier: Verifier, receipt: Uint8Array, entry?: Uint8Array): LogAnswer<CheckedReceipt> {
  const parsed = parseReceipt(receipt)
  if (!parsed.ok) return parsed
  const meant = entry ?? parsed.value.extra
  if (meant === undefined) return refuse('RECEIPT_MALFORMED', 'the receipt brings no entry along, and none was given', 'give the entry with `--leaf FILE`')
  const verified = verifyReceipt(verifier.sha256, verifier.verify, receipt, leafHash(verifier.sha256, meant), verifier.trust)
  return verified.ok ? { ok: true, value: { ...verified.value, entry: meant } } : verified
}
