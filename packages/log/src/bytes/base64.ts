/** RFC 4648 section 4, strict: padded, no white space, and no bits set beyond the last byte, so that every byte string has one spelling. */
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const invalidDigit = 64
const values = new Uint8Array(128).fill(invalidDigit)
for (let i = 0; i < alphabet.length; i++) values[alphabet.charCodeAt(i)] = i

const padding = '='.charCodeAt(0)
const digit = (value: number): number => alphabet.charCodeAt(value & 63)

/** Bytes encoded in one piece, a multiple of three: few enough that their characters can be arguments of one call. */
const piece = 3 * 2048

export function encodeBase64(bytes: Uint8Array): string {
  const pieces: string[] = []
  for (let at = 0; at < bytes.length; at += piece) pieces.push(encodePiece(bytes.subarray(at, at + piece)))
  return pieces.join('')
}

/** Character codes first, then one text of them: a text that grows by single characters costs ten times as much. */
function encodePiece(bytes: Uint8Array): string {
  const codes = new Uint8Array(Math.ceil(bytes.length / 3) * 4)
  let at = 0
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i
    const group = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0)
    codes[at] = digit(group >> 18)
    codes[at + 1] = digit(group >> 12)
    codes[at + 2] = left > 1 ? digit(group >> 6) : padding
    codes[at + 3] = left > 2 ? digit(group) : padding
    at += 4
  }
  return String.fromCharCode(...codes)
}

/** Undefined for anything that `encodeBase64` does not write. */
export function decodeBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0) return undefined
  const padded = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  const digits = text.length - padded
  const bytes = new Uint8Array((text.length / 4) * 3 - padded)
  let bits = 0
  let held = 0
  let at = 0
  for (let i = 0; i < digits; i++) {
    const value = values[text.charCodeAt(i)] ?? invalidDigit
    if (value === invalidDigit) return undefined
    bits = ((bits << 6) | value) & 0x3fff
    held += 6
    if (held >= 8) {
      held -= 8
      bytes[at] = (bits >> held) & 0xff
      at += 1
    }
  }
  return (bits & ((1 << held) - 1)) === 0 ? bytes : undefined
}
