/** Foreign text made harmless for the place it is written to. Reports and documents are hostile until shown otherwise. */

// C0, C1, delete; zero-width, bidirectional and invisible format characters; line separators; the byte order mark; tag characters; lone surrogates.
const unsafe = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]|\p{Cs}/gu

const escaped = (character: string): string => {
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

/** For a Markdown table or list: nothing in it is markup, a link, HTML or a mention. */
export function markdownText(text: string): string {
  return oneLine(text).replaceAll(/[\\`*_{}[\]()<>#+!|~&]/g, (character) => `&#${character.charCodeAt(0)};`).replaceAll('@', '&#64;').replaceAll('://', '&#58;//')
}

/** A Markdown code span that cannot be closed from within; a table cell cannot hold a bare `|` even there. */
export function markdownCode(text: string): string {
  const safe = oneLine(text).replaceAll('|', '¦')
  const longest = Math.max(0, ...(safe.match(/`+/g) ?? []).map((run) => run.length))
  const fence = '`'.repeat(longest + 1)
  return longest === 0 ? `${fence}${safe}${fence}` : `${fence} ${safe} ${fence}`
}

/** A sentence of a problem: what stands in backticks is a code span, all else is text. */
export function markdownProse(text: string): string {
  // `oneLine` trims, and a part ends where a code span begins.
  const plain = (part: string): string => `${part.startsWith(' ') ? ' ' : ''}${markdownText(part)}${part.endsWith(' ') && part.trim() !== '' ? ' ' : ''}`
  return oneLine(text).split(/(`[^`]+`)/).map((part) => (/^`[^`]+`$/.test(part) ? markdownCode(part.slice(1, -1)) : plain(part))).join('')
}

/** XML 1.0 character data or attribute value; what XML cannot hold is shown as an escape. */
export function xmlText(text: string): string {
  return shown(text).replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`).replaceAll(/[\ufffe\uffff]/g, escaped)
}

/** Data of a GitHub workflow command (`::error …::data`). */
export const workflowData = (text: string): string => shown(text).replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')

/** A property of a GitHub workflow command. */
export const workflowProperty = (text: string): string => workflowData(text).replaceAll(':', '%3A').replaceAll(',', '%2C')

/** One word of a command to copy: POSIX single quotes where a shell would see more than a word. */
export const shellWord = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${shown(text).replaceAll("'", "'\\''")}'`)
