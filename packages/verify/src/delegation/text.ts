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
