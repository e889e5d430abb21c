/** Bytes to text, and offsets in it to places. */
import type { Place, Problem } from '@exeat/core'
import type { YamlCode } from './codes.ts'

/** Every runtime has it and `lib: ES2024` does not: the part of WHATWG Encoding used here. */
declare const TextDecoder: new (label: string, options: { readonly fatal?: boolean; readonly ignoreBOM?: boolean }) => { decode(bytes: Uint8Array): string }

export type YamlProblem = Problem<YamlCode>

export interface Source {
  readonly file: string
  /** Without the byte order mark. */
  readonly text: string
  /** Place of a UTF-16 offset in the text. Lines end at line feeds; columns count characters (code points). */
  placeOf(offset: number): Place
}

export function sourceOf(file: string, text: string): Source {
  // Each is made once, and only if something is asked: a file may have as many problems as it has words.
  let starts: readonly number[] | undefined
  let pairs: readonly number[] | undefined
  return {
    file,
    text,
    placeOf(offset) {
      starts ??= offsetsOf(text, /\n/g, 1)
      pairs ??= offsetsOf(text, /[\u{10000}-\u{10ffff}]/gu, 2)
      const line = countUpTo(starts, offset)
      const start = line === 0 ? 0 : starts[line - 1] ?? 0
      return { file, line: line + 1, column: offset - start - (countUpTo(pairs, offset) - countUpTo(pairs, start)) + 1 }
    },
  }
}

/** Offsets just after each match, ascending. */
const offsetsOf = (text: string, what: RegExp, length: number): readonly number[] => Array.from(text.matchAll(what), ({ index }) => index + length)

/** How many of the ascending values are at most `limit`. */
function countUpTo(values: readonly number[], limit: number): number {
  let low = 0
  let high = values.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((values[middle] ?? 0) <= limit) low = middle + 1
    else high = middle
  }
  return low
}

/** Controls other than tab, line feed and CRLF, and noncharacters (YAML 1.2.2, 5.1); a byte order mark after the first character. */
const unprintable = /(?![\t\n\r\u0085])[\p{Cc}\ufeff\ufffe\uffff]|\r(?!\n)/u

/** Text of the bytes, or why there is none. One leading byte order mark is dropped; CRLF stays and counts as one line's end. */
export function decodeText(bytes: Uint8Array, file: string, limit: number): Source | YamlProblem {
  if (bytes.length > limit) {
    const message = `the file has ${bytes.length} bytes, at most ${limit} are read`
    return { code: 'YAML_TOO_LARGE', message, hint: 'split it: `.exeat/` may hold any number of files', at: { file, line: 1, column: 1 } }
  }
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    const source = sourceOf(file, new TextDecoder('utf-8', {}).decode(bytes))
    const at = source.placeOf(firstInvalid(source.text, bytes))
    return { code: 'YAML_ENCODING', message: 'the file is not UTF-8', hint: 'save it as UTF-8', at }
  }
  const source = sourceOf(file, text)
  const found = unprintable.exec(text)
  if (found === null) return source
  const code = (text.codePointAt(found.index) ?? 0).toString(16).toUpperCase().padStart(4, '0')
  return { code: 'YAML_CHARACTER', message: `the file holds U+${code}, which YAML text may not hold`, hint: hints.get(code) ?? 'remove it', at: source.placeOf(found.index) }
}

const hints: ReadonlyMap<string, string> = new Map([
  ['000D', 'end lines with a line feed, or with carriage return and line feed'],
  ['0000', 'save it as UTF-8: this looks like UTF-16 or a binary file'],
])

/** Offset of the first replacement character that the bytes do not spell out. */
function firstInvalid(text: string, bytes: Uint8Array): number {
  const start = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0
  let position = start
  for (let at = 0; at < text.length;) {
    const code = text.codePointAt(at) ?? 0
    const spelled = bytes[position] === 0xef && bytes[position + 1] === 0xbf && bytes[position + 2] === 0xbd
    if (code === 0xfffd && !spelled) return at
    position += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
    at += code > 0xffff ? 2 : 1
  }
  return 0
}
