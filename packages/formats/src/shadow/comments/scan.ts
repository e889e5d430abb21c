/** Comments of a text by the syntax of its language. One pass, no recursion, linear whatever the text. */
import type { Language, StringSyntax } from './language.ts'

/** Offsets of what stands between the marks of a comment, in UTF-16 units. */
export interface Comment {
  readonly start: number
  readonly end: number
}

type Token =
  | { readonly kind: 'line' | 'quote' | 'regex' | 'heredoc' | 'open' | 'close' | 'newline' }
  | { readonly kind: 'block'; readonly close: string; readonly open: string }
  | { readonly kind: 'string'; readonly syntax: StringSyntax }

interface Compiled {
  readonly pattern: RegExp
  readonly tokens: ReadonlyMap<string, Token>
}

const compiled = new WeakMap<Language, Compiled>()
const literal = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')

function compile(language: Language): Compiled {
  const known = compiled.get(language)
  if (known !== undefined) return known
  const tokens = new Map<string, Token>([
    ...language.line.map((mark) => [mark, { kind: 'line' }] as const),
    ...language.block.map(([open, close]) => [open, { kind: 'block', open, close }] as const),
    ...language.strings.map((syntax) => [syntax.open, { kind: 'string', syntax }] as const),
    ...(language.character === true ? [["'", { kind: 'quote' }] as const] : []),
    ...(language.regex === true ? [['/', { kind: 'regex' }] as const] : []),
    ...(language.heredoc === undefined ? [] : [['<<', { kind: 'heredoc' }], ['\n', { kind: 'newline' }]] as const),
    ...(language.strings.some(({ code }) => code !== undefined) ? [['{', { kind: 'open' }], ['}', { kind: 'close' }]] as const : []),
  ])
  const marks = [...tokens.keys()].sort((a, b) => b.length - a.length)
  const made = { tokens, pattern: new RegExp(marks.map(literal).join('|'), 'g') }
  compiled.set(language, made)
  return made
}

interface Frame {
  readonly syntax: StringSyntax
  depth: number
}

interface Heredocs {
  readonly words: string[]
  unclosed: number
}

export function scanComments(text: string, language: Language): readonly Comment[] {
  const { pattern, tokens } = compile(language)
  const comments: Comment[] = []
  const frames: Frame[] = []
  const waiting: Heredocs = { words: [], unclosed: 0 }
  pattern.lastIndex = 0
  const within = (syntax: StringSyntax, from: number): number => {
    const end = skipString(text, from, syntax)
    if (end.code) frames.push({ syntax, depth: 0 })
    return end.at
  }
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const token = tokens.get(match[0])
    const at = match.index
    const after = at + match[0].length
    let next = after
    if (token === undefined) continue
    if (token.kind === 'line') {
      if (language.afterSpace === true && !wordEnds(text, at)) continue
      next = lineEnd(text, after)
      comments.push({ start: after, end: next })
    } else if (token.kind === 'block') {
      const end = blockEnd(text, after, token, language.nested === true)
      comments.push({ start: after, end })
      next = Math.min(text.length, end + token.close.length)
    } else if (token.kind === 'string') next = within(token.syntax, after)
    else if (token.kind === 'quote') next = characterEnd(text, at)
    else if (token.kind === 'regex') next = regexAllowed(text, at) ? regexEnd(text, after) : after
    else if (token.kind === 'heredoc') next = heredocStart(text, at, language.heredoc, waiting)
    else if (token.kind === 'newline') next = heredocsEnd(text, at, waiting)
    else {
      const frame = frames.at(-1)
      if (frame === undefined) continue
      if (token.kind === 'open') frame.depth += 1
      else if (frame.depth > 0) frame.depth -= 1
      else {
        frames.pop()
        next = within(frame.syntax, after)
      }
    }
    pattern.lastIndex = next
  }
  return comments
}

const lineEnd = (text: string, from: number): number => {
  const end = text.indexOf('\n', from)
  return end < 0 ? text.length : end
}

/** In a shell `#` begins a comment only where a word may begin: `$#`, `${x#y}` and `a#b` are none. */
const wordEnds = (text: string, at: number): boolean => at === 0 || /[\s;&|()]/.test(text.charAt(at - 1))

function blockEnd(text: string, from: number, { open, close }: { readonly open: string; readonly close: string }, nested: boolean): number {
  if (!nested) {
    const end = text.indexOf(close, from)
    return end < 0 ? text.length : end
  }
  const marks = new RegExp(`${literal(open)}|${literal(close)}`, 'g')
  marks.lastIndex = from
  let depth = 1
  for (let match = marks.exec(text); match !== null; match = marks.exec(text)) {
    depth += match[0] === open ? 1 : -1
    if (depth === 0) return match.index
  }
  return text.length
}

/** End of a string, or where code begins inside it. */
function skipString(text: string, from: number, { close, escape, lines, code }: StringSyntax): { readonly at: number; readonly code: boolean } {
  const [first = ''] = close
  for (let at = from; at < text.length; at += 1) {
    const character = text.charAt(at)
    if (escape !== 'double' && character === escape) at += 1
    else if (character === '\n' && lines !== true) return { at, code: false }
    else if (character === first && text.startsWith(close, at)) {
      if (escape !== 'double' || !text.startsWith(close, at + close.length)) return { at: at + close.length, code: false }
      at += close.length
    } else if (code !== undefined && character === code[0] && text.startsWith(code, at)) return { at: at + code.length, code: true }
  }
  return { at: text.length, code: false }
}

/** `'x'` and `'\n'`; a lone quote is a lifetime, a digit separator or an apostrophe. */
function characterEnd(text: string, at: number): number {
  const literalAt = /'(?:\\[^\n]{1,10}?|[^'\\\n]{1,2})'/y
  literalAt.lastIndex = at
  return literalAt.test(text) ? literalAt.lastIndex : at + 1
}

const beforeRegex = /(?:^|[^\w$)\]}"'`.\s]|\b(?:return|typeof|case|in|of|do|else|void|delete|throw|new|instanceof|await|yield))$/

/** After a value `/` divides, elsewhere it begins a regular expression (ECMA-262, 12.1); told by what stands before it. */
function regexAllowed(text: string, at: number): boolean {
  return beforeRegex.test(text.slice(Math.max(0, at - 80), at).trimEnd())
}

/** Longest regular expression that is told from a division; in one line of a megabyte each may be neither. */
const longestRegex = 4000

function regexEnd(text: string, from: number): number {
  let inClass = false
  for (let at = from; at < Math.min(text.length, from + longestRegex); at += 1) {
    const character = text.charAt(at)
    if (character === '\n') return from
    if (character === '\\') at += 1
    else if (character === '[') inClass = true
    else if (character === ']') inClass = false
    else if (character === '/' && !inClass) return at + 1
  }
  return from
}

/** Notes the word that ends it; the text begins on the next line. */
function heredocStart(text: string, at: number, heredoc: RegExp | undefined, { words }: Heredocs): number {
  if (heredoc === undefined || (text.startsWith('<<<', at) && !heredoc.source.startsWith('<<<'))) return at + 3
  heredoc.lastIndex = at
  const match = heredoc.exec(text)
  if (match === null) return at + 2
  words.push(match[2] ?? '')
  return at + match[0].length
}

/** Most words of one file that are looked for and never found: each costs the rest of the text. */
const mostUnclosed = 20

/** Where the texts that began on the line before it end; a word that never comes back began none (`1<<n`). */
function heredocsEnd(text: string, newline: number, waiting: Heredocs): number {
  let at = newline + 1
  for (const word of waiting.words.splice(0)) {
    if (waiting.unclosed > mostUnclosed) break
    const end = new RegExp(`^[ \\t]*${word}\\b.*$`, 'gm')
    end.lastIndex = at
    if (end.test(text)) at = end.lastIndex
    else waiting.unclosed += 1
  }
  return at
}
