/**
 * Digests of design §3: a domain tag, a zero byte, and RFC 8785 of what is covered, so that no two things can share one. Apart from those
 * of documents, which load the schemas: decisions need none.
 */
import canonicalize from 'canonicalize'
import type { Json } from '../document/located.ts'
import type { HexDigest, Sha256 } from '../model/digest.ts'
import { toHex } from './hex.ts'
import { utf8 } from './utf8.ts'

/**
 * SHA-256(tag ‖ 0x00 ‖ JCS(value)) in hex. The tag ends at the first zero byte, which JCS never holds, so fields cannot run into each other.
 * `value` must be well-formed: no lone surrogates, numbers finite.
 */
export function taggedDigest(tag: string, value: Json, sha256: Sha256): HexDigest {
  const canonical = canonicalize(value)
  if (canonical === undefined) throw new TypeError(`nothing to digest under ${tag}`)
  return toHex(sha256(utf8(`${tag}\0${canonical}`)))
}
