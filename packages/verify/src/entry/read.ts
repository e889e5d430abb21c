/** An entry as an auditor reads it: what stands in the tree, and the body that lives apart while it was not erased. */
import { type Sha256, utf8 } from '@exeat/core'
import { commitment, decodeEvent, decodeLeaf, type Leaf, type LogEvent, SALT_SIZE } from '@exeat/core/entry'
import { decodeBase64, leafHash } from '@exeat/log'
import { type Answer, ok, refuse } from '../codes.ts'

/** An entry and what is left of it. */
export interface EntryText {
  /** The entry's bytes, which are text. */
  readonly leaf: string
  /** `salt` in base64, `event` the body's text byte for byte; absent where it was erased. */
  readonly body?: { readonly salt: string; readonly event: string }
}

/** `event` is null where the body was erased: type, time and opt-out are still known, and nothing else. */
export interface ReadEntry {
  readonly leaf: Leaf
  /** RFC 6962 leaf hash of the entry. */
  readonly hash: Uint8Array
  readonly event: LogEvent | null
}

/** `ENTRY_MALFORMED` where the leaf or the body is not what it must be, `ENTRY_NOT_COVERED` where the body is not the one that the leaf commits to. */
export function readEntry(text: EntryText, sha256: Sha256): Answer<ReadEntry> {
  const leaf = decodeLeaf(text.leaf)
  if (leaf === undefined) return refuse('ENTRY_MALFORMED', 'the entry is no leaf in its one spelling')
  const hash = leafHash(sha256, utf8(text.leaf))
  if (text.body === undefined) return ok({ leaf, hash, event: null })
  const salt = decodeBase64(text.body.salt)
  if (salt?.length !== SALT_SIZE || !text.body.event.isWellFormed()) return refuse('ENTRY_MALFORMED', `the salt is not the base64 of ${SALT_SIZE} bytes, or the body no text`)
  if (commitment(salt, utf8(text.body.event), sha256) !== leaf.body) return refuse('ENTRY_NOT_COVERED', 'the body is not the one that the entry commits to')
  const decoded = decodeEvent(text.body.event)
  if (!decoded.ok) return refuse('ENTRY_MALFORMED', `the body is no event of this release: ${decoded.because}`)
  const { event } = decoded
  const fits = event.type === leaf.type && event.id === leaf.id && event.time === leaf.time && event.subject === leaf.uid
  return fits ? ok({ leaf, hash, event }) : refuse('ENTRY_MALFORMED', 'the body is about something else than the entry says')
}
