/** Foreign text made harmless to look at. Reports, documents and whatever people type are hostile until shown otherwise. */

// C0, C1, delete; zero-width, bidirectional and invisible format characters; line separators; the byte order mark; tag characters; lone surrogates.
const unsafe = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]|\p{Cs}/gu

/** A character as its code point: `\u202e`. */
export const escaped = (character: string): string => {
  const code = character.codePointAt(0) ?? 0
  return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, '0')}`
}

/** One line that shows what it holds: control, invisible and reordering characters become `\uXXXX`. */
export function shown(text: string): string {
  return text.replace(unsafe, escaped)
}

/** The same, cut to so many characters. */
export function clipped(text: string, length: number): string {
  const safe = shown(text)
  if (safe.length <= length) return safe
  const characters = Array.from(safe)
  return characters.length <= length ? safe : `${characters.slice(0, Math.max(length - 1, 1)).join('')}…`
}

/** One line with its runs of white space made single: for texts that are written over several lines. */
export const oneLine = (text: string): string => shown(text.trim().replaceAll(/\s+/g, ' '))
