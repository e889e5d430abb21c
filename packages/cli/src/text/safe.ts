/** Foreign text made harmless for the place it is written to. Reports and documents are hostile until shown otherwise. */

import { escaped, oneLine, shown } from '@exeat/core/text'

export { clipped, oneLine, shown } from '@exeat/core/text'

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
