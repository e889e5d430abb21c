/** RFC 4648 section 4, strict: padded, no white space, and no bits set beyond the last byte, so that every byte string has one spelling. */
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const invalidDigit = 64
const values = new Uint8Array(128).fill(invalidDigit)
for (let i = 0; i < alphabet.length; i++) values[alphabet.charCodeAt(i)] = i

const digit = (value: number): string => alphabet.charAt(value & 63)

export function encodeBase64(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i
    const group = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0)
    text += digit(group >> 18) + digit(group >> 12)
    text += left > 1 ? digit(group >> 6) : '='
    text += left > 2 ? digit(group) : '='
  }
  return text
}

/** Undefined for anything that `encodeBase64` does not write. */
export function decodeBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0) return undefined
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  const digits = text.length - padding
  const bytes = new Uint8Array((text.length / 4) * 3 - padding)
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
