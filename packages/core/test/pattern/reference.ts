import type { PatternKind } from '../../src/pattern/index.ts'

/** Independent meaning of a pattern: a regular expression, safe on the short texts used here. */
export function reference(source: string, kind: PatternKind): RegExp {
  const literal = (text: string): string => text.replace(/[\\^$.|()[\]{}+*?/]/g, '\\$&')
  const wild = (text: string, any: string): string => [...text].map((c) => (c === '*' ? `${any}*` : c === '?' ? any : literal(c))).join('')
  const one = (alternative: string): string => {
    if (kind === 'name') return wild(alternative, '[^]')
    return alternative.split('/').map((segment, index, all) => {
      const last = index === all.length - 1
      if (segment === '**') return last ? '[^]*' : '(?:[^]*/)?'
      return wild(segment, '[^/]') + (last ? '' : '/')
    }).join('')
  }
  const alternatives = /^(.*)\{([^}]*)\}(.*)$/.exec(source)
  const sources = alternatives === null ? [source] : (alternatives[2] ?? '').split(',').map((choice) => `${alternatives[1]}${choice}${alternatives[3]}`)
  return new RegExp(`^(?:${sources.map(one).join('|')})$`, 'u')
}
