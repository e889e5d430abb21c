import { ok, type Answer } from '../codes.ts'
import type { Sha256 } from '../tree/hash.ts'
import { verifyInclusion } from '../tree/verify.ts'
import type { Ed25519Verify } from '../note/open.ts'
import { openCheckpoint, type Trust, type TrustedCheckpoint } from '../note/trust.ts'
import { parseReceipt } from './receipt.ts'

/** An entry that stands in the log, as far as the pinned keys can be trusted. */
export interface VerifiedReceipt extends TrustedCheckpoint {
  readonly index: number
  /** From the receipt; nothing vouches for it. */
  readonly extra?: Uint8Array
}

/**
 * Verifies that the entry with this leaf hash stands in the log of `trust`: form, checkpoint signatures, origin, quorum, inclusion.
 * The receipt says nothing about which entry it is for, so `leaf` must be computed from the entry itself.
 */
export function verifyReceipt(sha256: Sha256, verify: Ed25519Verify, bytes: Uint8Array, leaf: Uint8Array, trust: Trust): Answer<VerifiedReceipt> {
  const receipt = parseReceipt(bytes)
  if (!receipt.ok) return receipt
  const { index, proof, extra } = receipt.value
  const trusted = openCheckpoint(receipt.value.checkpoint, trust, verify)
  if (!trusted.ok) return trusted
  const { size, root } = trusted.value.checkpoint
  const included = verifyInclusion(sha256, { index, size, leaf, proof, root })
  if (!included.ok) return included
  return ok({ ...trusted.value, index, ...(extra === undefined ? {} : { extra }) })
}
