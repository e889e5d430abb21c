/** Every runtime has it and `lib: ES2024` does not: the part of WHATWG Encoding used here. */
declare const TextDecoder: new (label: 'utf-8', options: { fatal: true; ignoreBOM: true }) => { decode(bytes: Uint8Array): string }

/** Undefined where the bytes are no UTF-8; a byte order mark stays in the text. */
export function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** Undefined where the bytes are no JSON in UTF-8. A key that stands twice has the last value: what is signed is the bytes, and what is read is judged. */
export function jsonOf(bytes: Uint8Array | undefined): unknown {
  const text = bytes === undefined ? undefined : decodeText(bytes)
  if (text === undefined) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
