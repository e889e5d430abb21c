/** Suppressions that a file holds and nobody declared (design §2, shadow opt-out). Pure: a path and its text in, a list out; total for any text. */
import { commentHints, commentSuppressions } from './comments/index.ts'
import { fileReader } from './files/index.ts'
import type { Found, Suppression } from './types.ts'

const hints = new RegExp(commentHints)

/**
 * False only where `findSuppressions` would find nothing. `latin1`: the bytes, one character each, which is much cheaper than decoding them.
 * Every mark is ASCII, so that any encoding that keeps ASCII will do.
 */
export const mayHoldSuppressions = (path: string, latin1: string): boolean => hints.test(latin1) || fileReader(path, latin1) !== undefined

/** In the order of the text. `path`: relative to the repository's root, `/` separated. */
export function findSuppressions(path: string, text: string): readonly Suppression[] {
  const found: readonly Found[] = [...commentSuppressions(path, text), ...(fileReader(path, text)?.(text, path) ?? [])]
  return withLines(text, found)
}

/** Offsets to lines, in one pass over the text. */
function withLines(text: string, found: readonly Found[]): readonly Suppression[] {
  let line = 1
  let at = 0
  return found.toSorted((a, b) => a.offset - b.offset || (a.rule < b.rule ? -1 : a.rule > b.rule ? 1 : 0)).map(({ offset, ...rest }) => {
    for (let next = text.indexOf('\n', at); next >= 0 && next < offset; next = text.indexOf('\n', at)) {
      line += 1
      at = next + 1
    }
    return { ...rest, line }
  })
}
