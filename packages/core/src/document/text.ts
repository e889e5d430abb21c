/**
 * What the strings of a document may hold. A name that looks like another, or a line that a terminal or a browser shows in another
 * order than it is compared, would let somebody approve what they did not read (Unicode TR 36 and 39, CVE-2021-42574).
 */
import type { Fault, Rule } from './fault.ts'
import { quoted } from './fault.ts'

/** In every string: controls but tab and line feed, format characters but joiners and marks, separators, noncharacters. */
const neverInText = /(?![\n\t\u{200c}-\u{200f}])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}]/u
/** In one line also: every control and format character, and every space but U+0020. */
const neverInLine = /(?! )[\p{Cc}\p{Cf}\p{Z}\p{Noncharacter_Code_Point}]/u
const notPrintableAscii = /[^\x21-\x7e]/u
const letterOrNumber = /[\p{L}\p{N}]/u
const word = /[\p{L}\p{M}]+/gu
const latin = /\p{Script=Latin}/u
/** Scripts with letters that pass for Latin ones. */
const latinLike = /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}\p{Script=Coptic}\p{Script=Lisu}]/u

/** `U+043E (о) at character 2`; the character itself only where it can be seen. */
function named(text: string, index: number): string {
  const code = text.codePointAt(index) ?? 0
  const character = String.fromCodePoint(code)
  const visible = /[\p{L}\p{N}\p{P}\p{S}]/u.test(character) ? ` (${character})` : ''
  return `U+${code.toString(16).toUpperCase().padStart(4, '0')}${visible} at character ${Array.from(text.slice(0, index)).length + 1}`
}

const bad = (text: string, index: number, why: string, hint: string): Fault =>
  ({ code: 'DOCUMENT_CHARACTER', message: `has ${named(text, index)}, ${why}`, hint })

/** Well-formed UTF-16 in normalisation form C: the rule of every string and key. */
export function unicodeFault(text: string): Fault | undefined {
  if (!text.isWellFormed()) {
    return bad(text, text.search(/\p{Cs}/u), 'one half of a surrogate pair', 'write the character itself, not half of its UTF-16 escape')
  }
  if (text.normalize('NFC') === text) return undefined
  return { code: 'DOCUMENT_NOT_NFC', message: `is not in Unicode normalisation form C: ${quoted(text)}`, hint: `write the composed form: ${quoted(text.normalize('NFC'))}` }
}

/** First character of a line that reads as another: a letter of another script inside a Latin word, or a styled Latin one. */
function lookalike(text: string): Fault | undefined {
  for (const match of text.matchAll(word)) {
    if (!latin.test(match[0])) continue
    const index = match[0].search(latinLike)
    if (index >= 0) return bad(text, match.index + index, 'a letter that passes for a Latin one inside a Latin word', 'write the word in one script')
  }
  for (let index = 0; index < text.length; index += (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1) {
    const character = String.fromCodePoint(text.codePointAt(index) ?? 0)
    if (character > '\x7f' && letterOrNumber.test(character) && /^[A-Za-z0-9]+$/.test(character.normalize('NFKC'))) {
      return bad(text, index, `which passes for ${character.normalize('NFKC')}`, `write ${quoted(character.normalize('NFKC'))}`)
    }
  }
  return undefined
}

function lengthFault(text: string, longest: number): Fault | undefined {
  if (text.trim() === '') return { code: 'DOCUMENT_RANGE', message: 'is empty', hint: 'write it, or leave the key out where it is optional' }
  if (text.length <= longest) return undefined
  return { code: 'DOCUMENT_RANGE', message: `has ${text.length} characters, at most ${longest} are allowed` }
}

/** One line for people: no controls, no invisible or reordering characters, no lookalikes, no spaces at its ends. */
export const lineRule = (longest: number): Rule => (text) => {
  const index = text.search(neverInLine)
  return unicodeFault(text)
    ?? (index >= 0 ? bad(text, index, 'which one line of text may not hold', 'remove it') : undefined)
    ?? lengthFault(text, longest)
    ?? (text === text.trim() ? undefined : { code: 'DOCUMENT_FORMAT', message: `begins or ends with a space: ${quoted(text)}`, hint: `write ${quoted(text.trim())}` })
    ?? lookalike(text)
}

/** Text of several lines: newlines, tabs and any printable text, in any script. */
export const textRule = (longest: number): Rule => (text) => {
  const index = text.search(neverInText)
  return unicodeFault(text)
    ?? (index >= 0 ? bad(text, index, 'which text may not hold', 'remove it') : undefined)
    ?? lengthFault(text, longest)
}

/** A name that machines compare: printable ASCII without spaces. */
export const identifierRule = (longest: number): Rule => (text) => {
  const index = text.search(notPrintableAscii)
  return (index >= 0 ? bad(text, index, 'where only printable ASCII without spaces may stand', 'write it in ASCII') : undefined)
    ?? lengthFault(text, longest)
}

const dnsLabelShape = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/

/** DNS label (RFC 1123). ASCII alone, so nothing can pass for another name. */
export const dnsLabelRule: Rule = (text) => {
  const index = text.search(/[^\x20-\x7e]/u)
  if (index >= 0) return bad(text, index, 'where only `a` to `z`, digits and hyphens may stand', 'write it in ASCII')
  const long = lengthFault(text, 63)
  if (long !== undefined || dnsLabelShape.test(text)) return long
  const fixed = text.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '')
  return {
    code: 'DOCUMENT_FORMAT',
    message: `wants a DNS label (lower-case letters, digits and hyphens between them), got ${quoted(text)}`,
    ...(fixed === '' ? {} : { hint: `write ${quoted(fixed)}` }),
  }
}

/** A fixed shape, such as a digest's. */
export const shapeRule = (shape: RegExp, wanted: string): Rule => (text) =>
  shape.test(text) ? undefined : { code: 'DOCUMENT_FORMAT', message: `wants ${wanted}, got ${quoted(text)}` }
