/** An entry that a bundle or a receipt carries with its body: is it the one that stands in the log at its index? */
import { type Sha256, utf8 } from '@exeat/core'
import { commitment, decodeEvent, encodeLeaf, type LogEvent, SALT_SIZE } from '@exeat/core/entry'
import { decodeBase64, leafHash, verifyInclusion } from '@exeat/log'
import { type Answer, ok, refuse, type Refusal } from '../codes.ts'
import type { BundleEntry } from '../bundle/types.ts'

/** A verified checkpoint's tree. */
export interface ProvenUnder {
  readonly origin: string
  readonly size: number
  readonly root: Uint8Array
}

/** An entry that stands in the log, and what it says. */
export interface ProvenEntry {
  readonly index: number
  readonly event: LogEvent
}

/**
 * Makes the leaf from what the entry says and follows its proof to the root. `ENTRY_MALFORMED` where body, salt or proof are not what they must be,
 * `ENTRY_NOT_COVERED` where they lead elsewhere: another byte of the body, another salt, actor, index or tree.
 */
export function provenEntry(entry: BundleEntry, under: ProvenUnder, sha256: Sha256): Answer<ProvenEntry> {
  const { index, actor, event: text } = entry
  const decoded = text.isWellFormed() ? decodeEvent(text) : { ok: false as const, because: 'it holds a lone surrogate' }
  if (!decoded.ok) return malformed(index, `its body is no event of this release: ${decoded.because}`)
  const { event } = decoded
  if (event.source !== under.origin) return malformed(index, `it is of the log \`${event.source}\`, not of \`${under.origin}\``)
  const salt = decodeBase64(entry.salt)
  if (salt?.length !== SALT_SIZE) return malformed(index, `its salt is not the base64 of ${SALT_SIZE} bytes`)
  const proof = entry.proof.map((hash) => decodeBase64(hash))
  if (!proof.every((hash) => hash !== undefined)) return malformed(index, 'its proof is not base64')
  const { type, id, time, subject } = event
  const leaf = encodeLeaf({ v: 1, id, type, time, uid: subject, actor, body: commitment(salt, utf8(text), sha256) })
  const included = verifyInclusion(sha256, { index, size: under.size, root: under.root, leaf: leafHash(sha256, leaf), proof })
  return included.ok ? ok({ index, event }) : refuse('ENTRY_NOT_COVERED', `entry ${index} is not in the log as it is shown: ${included.problem.message}`)
}

const malformed = (index: number, because: string): Refusal => refuse('ENTRY_MALFORMED', `entry ${index} cannot be read: ${because}`)
