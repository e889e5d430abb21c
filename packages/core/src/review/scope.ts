/** What became of an opt-out between two commits. What cannot be shown to be as narrow is wider. */
import type { OptOut } from '../document/schema.ts'
import { compilePattern, isLiteral } from '../pattern/index.ts'

/** `reworded`: nothing that it excuses, for how long or how often. */
export type OptOutEffect = 'widened' | 'narrowed' | 'prolonged' | 'shortened' | 'raised' | 'lowered' | 'reworded'

export function effectsOf(before: OptOut, after: OptOut): readonly OptOutEffect[] {
  const scope = (a: OptOut, b: OptOut): boolean => isWithin(a.spec.controls, b.spec.controls, 'name') && targetsWithin(a, b)
  const effects = [
    ...direction<OptOutEffect>(scope(after, before), scope(before, after), 'narrowed', 'widened'),
    ...direction<OptOutEffect>(windowWithin(after, before), windowWithin(before, after), 'shortened', 'prolonged'),
    ...direction<OptOutEffect>(limitsWithin(after, before), limitsWithin(before, after), 'lowered', 'raised'),
  ]
  return effects.length === 0 ? ['reworded'] : effects
}

/** Each within the other: the same. Neither: more, for that is what matters. */
function direction<T>(isLess: boolean, isMore: boolean, less: T, more: T): readonly T[] {
  if (isLess && isMore) return []
  return [isLess ? less : more]
}

const windowWithin = ({ spec: { window: a } }: OptOut, { spec: { window: b } }: OptOut): boolean => b.from <= a.from && a.until <= b.until

function limitsWithin({ spec: { limits: a = {} } }: OptOut, { spec: { limits: b = {} } }: OptOut): boolean {
  return (['findings', 'uses'] as const).every((name) => (a[name] ?? Infinity) <= (b[name] ?? Infinity))
}

const kinds = { repositories: undefined, environments: undefined, paths: 'path', resources: 'name', images: undefined, fingerprints: undefined } as const

function targetsWithin({ spec: { targets: a = {} } }: OptOut, { spec: { targets: b = {} } }: OptOut): boolean {
  return (Object.keys(kinds) as (keyof typeof kinds)[]).every((key) => {
    const [own, other] = [a[key], b[key]]
    return other === undefined || (own !== undefined && isWithin(own, other, kinds[key]))
  })
}

/** Every entry is one of the others, or a text that one of their patterns matches. `kind` undefined: no patterns. */
function isWithin(entries: readonly string[], others: readonly string[], kind: 'name' | 'path' | undefined): boolean {
  return entries.every((entry) => others.includes(entry) || (kind !== undefined && isLiteral(entry) && others.some((other) => {
    const compiled = compilePattern(other, kind)
    return compiled.ok && compiled.pattern.matches(entry)
  })))
}
