/** Patterns of documents as regular expressions of RE2, which Rego matches with: the same texts, and no others. */
import { compilePattern, type PatternKind } from '@exeat/core'

const quoted = (text: string): string => text.replaceAll(/[\\.+*?()|[\]{}^$/-]/g, (mark) => (mark === '/' || mark === '-' ? mark : `\\${mark}`))

/** `any`: what `*` runs over. */
const wild = (text: string, any: string): string =>
  [...text].map((character) => (character === '*' ? `${any}*` : character === '?' ? any : quoted(character))).join('')

function pathOf(alternative: string): string {
  const segments = alternative.split('/')
  const last = segments.length - 1
  return segments.map((segment, index) => {
    // A final `**` is what lies below, and another one any number of segments.
    if (segment === '**') return index === last ? '.+' : '(?:[^/]+/)*'
    return `${wild(segment, '[^/]')}${index === last ? '' : '/'}`
  }).join('')
}

/** Undefined for what is no pattern, which matches nothing. */
export function expressionOf(source: string, kind: PatternKind): string | undefined {
  const compiled = compilePattern(source, kind)
  if (!compiled.ok) return undefined
  const alternatives = compiled.pattern.alternatives.map((each) => (kind === 'path' ? pathOf(each) : wild(each, '.')))
  return `^(?s:${alternatives.join('|')})$`
}
