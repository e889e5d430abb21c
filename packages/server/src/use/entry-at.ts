/** An entry as it was written: what the tree says of it, and what its body says while that is kept. */
import { type DecodedEvent, decodeEvent, decodeLeaf, type Leaf, type LogEvent, SALT_SIZE } from '@exeat/core/entry'
import type { LogReader } from '../ports/log.ts'
import { bodyKinds } from './stored.ts'

export interface EntryAt {
  readonly leaf: Leaf
  /** Undefined where the body was erased. */
  readonly decoded: DecodedEvent | undefined
}

type Reader = Pick<LogReader, 'entry' | 'body'>

/** Undefined where there is no entry, or one that this release did not write. */
export async function entryAt(reader: Reader, index: number): Promise<EntryAt | undefined> {
  const stored = await reader.entry(index)
  const leaf = stored === undefined ? undefined : decodeLeaf(Buffer.from(stored.entry).toString('utf8'))
  if (leaf === undefined) return undefined
  const body = await reader.body(bodyKinds.event, leaf.body)
  return { leaf, decoded: body === undefined ? undefined : decodeEvent(Buffer.from(body.subarray(SALT_SIZE)).toString('utf8')) }
}

/** Its event; undefined also where nobody can read it any more. */
export async function eventAt(reader: Reader, index: number): Promise<LogEvent | undefined> {
  const decoded = (await entryAt(reader, index))?.decoded
  return decoded?.ok === true ? decoded.event : undefined
}
