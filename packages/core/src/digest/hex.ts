import type { HexDigest } from '../model/digest.ts'

/** Lower-case hex, two digits a byte. */
export function toHex(bytes: Uint8Array): HexDigest {
  let hex = ''
  for (const byte of bytes) hex += byte.toString(16).padStart(2, '0')
  return hex
}
