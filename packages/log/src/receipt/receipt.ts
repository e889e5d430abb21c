/** C2SP tlog-proof, `c2sp.org/tlog-proof@v1`: an entry's inclusion in a log, to be checked offline. */
import { ok, refuse, type Answer, type Refusal } from '../codes.ts'
import { decodeBase64, encodeBase64 } from '../bytes/base64.ts'
import { concatBytes } from '../bytes/bytes.ts'
import { decodeDecimal, decodeUtf8, encodeUtf8 } from '../bytes/text.ts'
import { isHash } from '../tree/hash.ts'
import { allHashes } from '../tree/range.ts'
import { isSize } from '../tree/size.ts'
import { MAX_NOTE_SIZE } from '../note/note.ts'

export interface Receipt {
  /** Application data that nothing vouches for; at least one byte where present. */
  readonly extra?: Uint8Array
  readonly index: number
  /** From the leaf's sibling to the root's child. */
  readonly proof: readonly Uint8Array[]
  /** The signed checkpoint, verbatim. */
  readonly checkpoint: Uint8Array
}

/** A path through a tree of 2^53 leaves, the largest that is read here. */
export const MAX_PROOF_LENGTH = 53
export const MAX_RECEIPT_SIZE: number = 2 * MAX_NOTE_SIZE

const header = 'c2sp.org/tlog-proof@v1'
const extraPrefix = 'extra '
const indexPrefix = 'index '

/** Writes a receipt; refuses what `parseReceipt` would not read as the same. */
export function encodeReceipt(receipt: Receipt): Answer<Uint8Array> {
  const { extra, index, proof, checkpoint } = receipt
  if (!isSize(index)) return refuse('SIZE_INVALID', `the index \`${index}\` is no whole number from 0 to 2^53 - 1`)
  if (!allHashes(proof)) return refuse('HASH_LENGTH', 'a hash of the proof is not 32 bytes long')
  const lines = [header, `${indexPrefix}${index}`, ...proof.map((hash) => encodeBase64(hash)), '', '']
  if (extra !== undefined) lines.splice(1, 0, extraPrefix + encodeBase64(extra))
  const bytes = concatBytes([encodeUtf8(lines.join('\n')), checkpoint])
  const again = parseReceipt(bytes)
  return again.ok ? ok(bytes) : again
}

/** Reads a receipt; what it claims is verified by `verifyReceipt`. */
export function parseReceipt(bytes: Uint8Array): Answer<Receipt> {
  if (bytes.length > MAX_RECEIPT_SIZE) return malformed(`the receipt has ${bytes.length} bytes, more than ${MAX_RECEIPT_SIZE}`)
  const whole = decodeUtf8(bytes)
  if (whole === undefined) return malformed('the receipt is not UTF-8')
  const split = whole.indexOf('\n\n')
  if (split < 0) return malformed('the receipt has no blank line before its checkpoint')
  const checkpoint = encodeUtf8(whole.slice(split + 2))
  if (checkpoint.length === 0) return malformed('the receipt has no checkpoint')
  const lines = whole.slice(0, split).split('\n')
  if (lines[0] !== header) return malformed(`the receipt does not begin with \`${header}\``)
  const extra = lines[1]?.startsWith(extraPrefix) === true ? readExtra(lines[1]) : undefined
  if (extra?.ok === false) return extra
  const claim = readClaim(lines.slice(extra === undefined ? 1 : 2))
  if (!claim.ok) return claim
  return ok({ ...(extra === undefined ? {} : { extra: extra.value }), ...claim.value, checkpoint })
}

function readExtra(line: string): Answer<Uint8Array> {
  const extra = decodeBase64(line.slice(extraPrefix.length))
  return extra === undefined || extra.length === 0 ? malformed('the extra data is not base64 of at least one byte') : ok(extra)
}

function readClaim(lines: readonly string[]): Answer<Pick<Receipt, 'index' | 'proof'>> {
  const [indexLine = '', ...hashLines] = lines
  const index = indexLine.startsWith(indexPrefix) ? decodeDecimal(indexLine.slice(indexPrefix.length)) : undefined
  if (index === undefined) return malformed('the receipt states no index from 0 to 2^53 - 1')
  if (hashLines.length > MAX_PROOF_LENGTH) return malformed(`the proof has ${hashLines.length} hashes, more than ${MAX_PROOF_LENGTH}`)
  const proof: Uint8Array[] = []
  for (const [i, line] of hashLines.entries()) {
    const hash = decodeBase64(line)
    if (hash === undefined || !isHash(hash)) return malformed(`line ${i + 1} of the proof is not the base64 of 32 bytes`)
    proof.push(hash)
  }
  return ok({ index, proof })
}

const malformed = (message: string): Refusal => refuse('RECEIPT_MALFORMED', message)
