/** Entry bundles of C2SP tlog-tiles: each entry behind its length as a big-endian uint16. */
import { ok, refuse, type Answer } from '../codes.ts'

export const MAX_ENTRY_SIZE = 65_535

const lengthSize = 2

/** Refuses an entry that its length field cannot state (`ENTRY_SIZE`). */
export function encodeBundle(entries: readonly Uint8Array[]): Answer<Uint8Array> {
  let length = 0
  for (const [i, entry] of entries.entries()) {
    if (entry.length > MAX_ENTRY_SIZE) return refuse('ENTRY_SIZE', `entry ${i} has ${entry.length} bytes, more than ${MAX_ENTRY_SIZE}`)
    length += lengthSize + entry.length
  }
  const bytes = new Uint8Array(length)
  let at = 0
  for (const entry of entries) {
    bytes[at] = entry.length >> 8
    bytes[at + 1] = entry.length & 0xff
    bytes.set(entry, at + lengthSize)
    at += lengthSize + entry.length
  }
  return ok(bytes)
}

/** The entries of a bundle, as views of its bytes; refuses any other number of entries than `width`. */
export function decodeBundle(bytes: Uint8Array, width: number): Answer<readonly Uint8Array[]> {
  const entries: Uint8Array[] = []
  let at = 0
  while (at < bytes.length && entries.length < width) {
    const [high, low] = [bytes[at], bytes[at + 1]]
    if (high === undefined || low === undefined) return refuse('BUNDLE_MALFORMED', `the bundle ends within the length of entry ${entries.length}`)
    const end = at + lengthSize + (high << 8) + low
    if (end > bytes.length) return refuse('BUNDLE_MALFORMED', `entry ${entries.length} ends at byte ${end}, and the bundle has ${bytes.length}`)
    entries.push(bytes.subarray(at + lengthSize, end))
    at = end
  }
  if (at < bytes.length) return refuse('BUNDLE_MALFORMED', `${bytes.length - at} bytes follow the ${width} entries of the bundle`)
  if (entries.length < width) return refuse('BUNDLE_MALFORMED', `the bundle holds ${entries.length} entries, not ${width}`)
  return ok(entries)
}
