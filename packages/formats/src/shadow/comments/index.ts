/** Suppressions in the comments of a text. */
import type { Found } from '../types.ts'
import { type Language, languageOf, type Special } from './language.ts'
import { type MarkContext, marks } from './marks.ts'
import { type Comment, scanComments } from './scan.ts'
import { specialComments } from './special.ts'

/** Some literal of each mark: what has none of them has no mark. Told of the bytes, before anything is decoded. */
export const commentHints = 'nosec|nosem|NOSEC|NOSEM|NoSec|noqa|NOQA|NoQA|NOLINT|nolint|eslint-disable|:ignore:|:skip|s:allow|list secret|list nextline|LIST SECRET|kics-scan|hadolint|codeql|lgtm|deepcode|NOSONAR|g:ignore|ggignore|flint-ignore|scan-ignore|mobsf-ignore|gosec:disable'

export function commentSuppressions(path: string, text: string): readonly Found[] {
  const language = languageOf(path, text.slice(0, 120))
  if (language === undefined) return []
  const comments = typeof language === 'string' ? specialComments(text, language) : scanComments(text, language)
  return comments.flatMap((comment) => (hint.test(text.slice(comment.start, comment.end)) ? inComment(text, comment, language) : []))
}

const hint = new RegExp(commentHints, 'i')

/** A comment over several lines is read line by line, its frame of stars left out. */
function inComment(text: string, { start, end }: Comment, language: Language | Special): readonly Found[] {
  const found: Found[] = []
  const block = text.slice(Math.max(0, start - 2), start) === '/*'
  for (let at = start; at <= end;) {
    const newline = text.indexOf('\n', at)
    const stop = newline < 0 || newline > end ? end : newline
    found.push(...inLine(text.slice(at, stop), at, { language, block, rest: '' }, () => isAlone(text, start, at)))
    at = stop + 1
  }
  return found
}

function inLine(line: string, offset: number, context: MarkContext, alone: () => boolean): readonly Found[] {
  const taken = new Set<number>()
  return marks.flatMap(({ find, place, sameLine, read }) => Array.from(line.matchAll(find)).flatMap((match): readonly Found[] => {
    if (place === 'start' && !beginsAt(line, match.index)) return []
    if (taken.has(match.index) || (sameLine === true && alone())) return []
    const end = match.index + match[0].length
    const marked = read(match, { ...context, rest: line.slice(end, end + longestRest) })
    if (marked === undefined) return []
    taken.add(match.index)
    const { rules, ...rest } = marked
    return rules.map((rule) => ({ ...rest, rule, kind: 'comment' as const, offset: offset + match.index }))
  }))
}

/** How far around a mark is looked: a line of a megabyte may hold a hundred thousand of them. */
const longestRest = 1000
const longestBefore = 500

/** What may stand before a mark that begins a comment or a part of one. */
const begins = /(?:^[\s*!@]*|[#;|&,]\s*|\/\/\s*|--\s*)$/
const beginsAt = (line: string, at: number): boolean => begins.test(`${at > longestBefore ? 'x' : ''}${line.slice(Math.max(0, at - longestBefore), at)}`)

/** No code before the comment on the mark's line. */
function isAlone(text: string, start: number, at: number): boolean {
  const from = Math.max(0, at - longestBefore)
  const newline = text.slice(from, at).lastIndexOf('\n')
  if (newline < 0 && from > 0) return false
  const line = from + newline + 1
  return line >= start || /^\s*(?:\/\/+|#+|\/\*+|--|;+|<!--|%)?$/.test(text.slice(line, start))
}
