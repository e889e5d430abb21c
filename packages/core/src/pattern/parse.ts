/** Source of a pattern to its alternatives: braces expanded, limits checked. */

/** Limits that keep matching bounded whatever the source (engines: a hostile glob must answer in milliseconds). */
export const limits = { characters: 512, starsASegment: 8, alternatives: 64 } as const

export interface PatternFault {
  readonly code: 'PATTERN_EMPTY' | 'PATTERN_TOO_LONG' | 'PATTERN_BRACES' | 'PATTERN_TOO_MANY_ALTERNATIVES' | 'PATTERN_TOO_MANY_STARS' | 'PATTERN_GLOBSTAR'
  readonly message: string
  readonly hint: string
}

export type PatternKind = 'name' | 'path'

/** Every alternative of `{a,b}` groups, in order; a fault where the source is not of the dialect. */
export function parsePattern(source: string, kind: PatternKind): readonly string[] | PatternFault {
  if (source === '') return { code: 'PATTERN_EMPTY', message: 'the pattern is empty', hint: 'write what it should match' }
  if (source.length > limits.characters) {
    return { code: 'PATTERN_TOO_LONG', message: `the pattern has ${source.length} characters, at most ${limits.characters} are allowed`, hint: 'split it into several' }
  }
  const alternatives = expandBraces(source)
  if (!Array.isArray(alternatives)) return alternatives as PatternFault
  for (const alternative of alternatives as readonly string[]) {
    const fault = alternativeFault(alternative, kind)
    if (fault !== undefined) return fault
  }
  return alternatives as readonly string[]
}

function expandBraces(source: string): readonly string[] | PatternFault {
  let expanded: readonly string[] = ['']
  let rest = source
  while (rest !== '') {
    const open = rest.search(/[{}]/)
    if (open === -1) return expanded.map((prefix) => prefix + rest)
    const close = rest.indexOf('}', open)
    const inside = rest.slice(open + 1, close)
    if (rest[open] === '}' || close === -1 || inside.includes('{') || !inside.includes(',')) {
      return { code: 'PATTERN_BRACES', message: `the braces of \`${source}\` are no list of alternatives`, hint: 'write `{a,b}`: closed, not nested, at least one comma' }
    }
    const choices = inside.split(',')
    const before = rest.slice(0, open)
    if (expanded.length * choices.length > limits.alternatives) {
      return {
        code: 'PATTERN_TOO_MANY_ALTERNATIVES',
        message: `the braces of \`${source}\` give more than ${limits.alternatives} alternatives`, hint: 'split it into several patterns',
      }
    }
    expanded = expanded.flatMap((prefix) => choices.map((choice) => prefix + before + choice))
    rest = rest.slice(close + 1)
  }
  return expanded
}

function alternativeFault(alternative: string, kind: PatternKind): PatternFault | undefined {
  if (alternative === '') return { code: 'PATTERN_EMPTY', message: 'an alternative of the pattern is empty', hint: 'write what it should match' }
  if (!alternative.includes('*')) return undefined
  const segments = kind === 'path' ? alternative.split('/') : [alternative]
  for (const segment of segments) {
    if (kind === 'path' && segment !== '**' && segment.includes('**')) {
      return { code: 'PATTERN_GLOBSTAR', message: `\`**\` in \`${segment}\` is part of a segment`, hint: 'let `**` stand alone between slashes, as in `src/**/*.ts`' }
    }
    const stars = segment.split('*').length - 1
    if (stars > limits.starsASegment) {
      return { code: 'PATTERN_TOO_MANY_STARS', message: `\`${segment}\` has ${stars} stars, at most ${limits.starsASegment} are allowed`, hint: 'use fewer wildcards' }
    }
  }
  return undefined
}
