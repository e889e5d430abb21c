import type { Place, Problem } from '@exeat/core'
import { ExeatError } from '@exeat/core/error'
import type { GitCode } from './codes.ts'

export type GitProblem = Problem<GitCode>

export function gitProblem(code: GitCode, message: string, hint?: string, at?: Place): GitProblem {
  return { code, message, ...(hint === undefined ? {} : { hint }), ...(at === undefined ? {} : { at }) }
}

export function gitError(code: GitCode, message: string, hint?: string, at?: Place): ExeatError {
  return new ExeatError([gitProblem(code, message, hint, at)])
}

/** Start of a file: where there is no better place. */
export const startOf = (file: string): Place => ({ file, line: 1, column: 1 })

const unshowable = /[\p{Cc}\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufffd]/u

/** Control, zero-width and bidirectional characters: text that would look like other text, or break a line of output. */
export const isShowable = (text: string): boolean => !unshowable.test(text)

/** Foreign text for a message: one line, nothing invisible, not endless. */
export function shown(text: string): string {
  const safe = text.replace(new RegExp(unshowable, 'gu'), (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
  return safe.length > 200 ? `${safe.slice(0, 200)}…` : safe
}

/** One word of a command to copy: POSIX single quotes where a shell would see more than a word. */
export const word = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`)
