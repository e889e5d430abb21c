/** What stands in the tree (design §8): a salted commitment to a body that lives apart, may be read with permission, and can be erased. */
import canonicalize from 'canonicalize'
import * as z from 'zod'
import { toHex } from '../digest/hex.ts'
import { utf8 } from '../digest/utf8.ts'
import { fingerprint } from '../document/scalars.ts'
import type { HexDigest, Sha256 } from '../model/digest.ts'
import { instantText } from './scalars.ts'
import { eventTypes } from './types.ts'

/** RFC 9562, version 7, lower case. */
export const eventId = z.string().regex(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)

const leafSchema = z.strictObject({
  v: z.literal(1),
  id: eventId,
  type: z.enum(eventTypes),
  time: instantText,
  /** The opt-out that the entry is about; null for entries about the workspace or the log. */
  uid: fingerprint.nullable(),
  /** Pseudonym of who acted: stable for a person, and meaningless without the server's key. */
  actor: fingerprint,
  /** `commitment` of the body. */
  body: fingerprint,
})

export type Leaf = z.output<typeof leafSchema>

export const SALT_SIZE = 32
/** A body's most bytes: CloudEvents guarantees 64 KiB through intermediaries, and a delivery adds to it. */
export const MAX_BODY_SIZE = 32 * 1024

/** The entry's bytes: RFC 8785 of the leaf. */
export function encodeLeaf(leaf: Leaf): Uint8Array {
  return utf8(canonicalize(z.encode(leafSchema, leaf)) ?? '')
}

/** A leaf as JSON that somebody wrote anew, an API for one. Undefined for what is none. */
export function leafOf(value: unknown): Leaf | undefined {
  const parsed = leafSchema.safeParse(value)
  return parsed.success ? parsed.data : undefined
}

/** Reads an entry's bytes. Undefined for any that `encodeLeaf` would not write: one leaf has one spelling. */
export function decodeLeaf(text: string): Leaf | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  const parsed = leafSchema.safeParse(value)
  return parsed.success && canonicalize(z.encode(leafSchema, parsed.data)) === text ? parsed.data : undefined
}

/** SHA-256(32-byte salt ‖ the body's bytes) in hex. Without the salt nobody can tell what was committed to by guessing. */
export function commitment(salt: Uint8Array, body: Uint8Array, sha256: Sha256): HexDigest {
  if (salt.length !== SALT_SIZE) throw new RangeError(`a salt has ${SALT_SIZE} bytes, not ${salt.length}`)
  const bytes = new Uint8Array(SALT_SIZE + body.length)
  bytes.set(salt)
  bytes.set(body, SALT_SIZE)
  return toHex(sha256(bytes))
}
