import { automatonOf, meet } from './automaton.ts'
import { matchesPath } from './path.ts'
import { parsePattern } from './parse.ts'
import type { PatternFault, PatternKind } from './parse.ts'
import type { Pattern } from './types.ts'
import { matchesWildcard } from './wildcard.ts'

export { limits as patternLimits } from './parse.ts'
export type { PatternFault, PatternKind } from './parse.ts'
export type { Pattern } from './types.ts'

export type PatternAnswer = { readonly ok: true; readonly pattern: Pattern } | { readonly ok: false; readonly problem: PatternFault }

/** Compiles a pattern for rule ids and resources (`name`) or for paths. Total. */
export function compilePattern(source: string, kind: PatternKind): PatternAnswer {
  const alternatives = parsePattern(source, kind)
  if ('code' in alternatives) return { ok: false, problem: alternatives }
  const matchers = alternatives.map((alternative) => matcherOf(alternative, kind))
  const [only] = matchers
  const matches = matchers.length === 1 && only !== undefined ? only : (text: string) => matchers.some((match) => match(text))
  return { ok: true, pattern: { source, kind, alternatives, matches } }
}

function matcherOf(alternative: string, kind: PatternKind): (text: string) => boolean {
  if (isLiteral(alternative)) return (text) => text === alternative
  if (kind === 'name') return (text) => matchesWildcard(alternative, text)
  let segments: readonly string[] | undefined
  return (text) => matchesPath(segments ??= alternative.split('/'), text.split('/'))
}

/** Whether some text matches both. Exact on this dialect; patterns of different kinds are compared as they stand. */
export function intersects(a: Pattern, b: Pattern): boolean {
  return a.alternatives.some((left) => b.alternatives.some((right) => left === right || meetAlternatives(left, a.kind, right, b.kind)))
}

/** Most names of opt-outs are literal, and a matcher is much cheaper than two automata. */
function meetAlternatives(left: string, leftKind: PatternKind, right: string, rightKind: PatternKind): boolean {
  if (leftKind === rightKind && isLiteral(left)) return matcherOf(right, rightKind)(left)
  if (leftKind === rightKind && isLiteral(right)) return matcherOf(left, leftKind)(right)
  return meet(automatonOf(left, leftKind), automatonOf(right, rightKind))
}

/** No wildcard and no braces: the pattern is the text it matches. */
export const isLiteral = (source: string): boolean => !/[*?{}]/.test(source)

/**
 * Whether every alternative holds a literal character that names something: a pattern without one matches everything, however it is spelled
 * (`*`, `**` + `/*`, `?*`, `{x,*}`), and is refused in what permits (rule 9). Beside wildcards the marks that stand in nearly every path,
 * package URL or address name nothing either: `*:*` is every package, `*.*` nearly every file.
 */
export function hasLiteral(source: string): boolean {
  const alternatives = parsePattern(source, 'name')
  return !('code' in alternatives) && alternatives.every((alternative) => (/[*?]/.test(alternative) ? /[^*?/.:@_=&-]/u : /[^/]/u).test(alternative))
}
