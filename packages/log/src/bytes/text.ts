/** Every runtime has these and `lib: ES2024` does not: the part of WHATWG Encoding used here. */
declare const TextEncoder: new () => { encode(text: string): Uint8Array }
declare const TextDecoder: new (label: 'utf-8', options: { fatal: true; ignoreBOM: true }) => { decode(bytes: Uint8Array): string }

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** UTF-8; a lone surrogate becomes U+FFFD, so callers that take foreign strings refuse those first. */
export const encodeUtf8 = (text: string): Uint8Array => encoder.encode(text)

/** Undefined where the bytes are no UTF-8. A byte order mark stays in the text, so that encoding gives the same bytes again. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes)
  } catch {
    return undefined
  }
}

/** ASCII decimal without sign or leading zeroes, at most 2^53 - 1; undefined for anything else. */
export function decodeDecimal(text: string): number | undefined {
  if (!/^(?:0|[1-9][0-9]{0,15})$/.test(text)) return undefined
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : undefined
}

const shown = 80
const unprintable = /[`\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

/** Foreign text for a message: in backticks, at most 80 characters, and nothing in it that moves a cursor or hides. */
export function quoted(text: string): string {
  const excerpt = text.length > shown ? `${text.slice(0, shown)}…` : text
  return `\`${excerpt.replace(unprintable, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)}\``
}
