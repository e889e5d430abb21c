/** State and health of each opt-out (design §2): what stands, what is over, and what deserves a look. */
import { formatInstant, type Instant, intersects, compilePattern, type OptOutSet, type Problem, type StandingOptOut, type TermRefusal } from '@exeat/core'
import { cliProblem } from '../edge/problem.ts'

const day = 86_400_000
const soon = 7 * day
const longAgo = 90 * day

export type State = 'active' | 'lapsed' | 'refused' | 'invalid'
export type Flag = 'not-yet' | 'expiring' | 'unused' | 'over-broad' | 'duplicate'

export interface Health {
  readonly optOut: StandingOptOut
  readonly state: Exclude<State, 'invalid'>
  readonly flags: readonly Flag[]
  readonly because: readonly TermRefusal[]
  /** Names of those that excuse the same. */
  readonly duplicates: readonly string[]
}

/** `used`: uids that excused something in the reports given; undefined: no reports, so use is unknown. */
export function healthOf(set: OptOutSet, now: Instant, used?: ReadonlySet<string>): readonly Health[] {
  const standing = [
    ...set.active.map((optOut) => ({ optOut, state: 'active' as const, because: [] })),
    ...set.ended.map((optOut) => ({ optOut, state: 'lapsed' as const, because: [] })),
    ...set.refused.map((optOut) => ({ optOut, state: 'refused' as const, because: optOut.because })),
  ]
  const duplicates = duplicatesOf(standing.filter(({ state }) => state !== 'lapsed').map(({ optOut }) => optOut))
  return standing.map(({ optOut, state, because }) => {
    const others = duplicates.get(optOut) ?? []
    return { optOut, state, because, duplicates: others, flags: flagsOf(optOut, state, others, now, used) }
  }).sort((a, b) => (a.optOut.document.metadata.name < b.optOut.document.metadata.name ? -1 : 1))
}

function flagsOf(optOut: StandingOptOut, state: Health['state'], duplicates: readonly string[], now: Instant, used: ReadonlySet<string> | undefined): readonly Flag[] {
  if (state === 'lapsed') return []
  const { from, until } = optOut.document.spec.window
  return [
    ...(now < from ? ['not-yet' as const] : []),
    ...(from <= now && until - now < soon ? ['expiring' as const] : []),
    ...(used !== undefined && from <= now && !used.has(optOut.uid) ? ['unused' as const] : []),
    ...(isOverBroad(optOut) ? ['over-broad' as const] : []),
    ...(duplicates.length > 0 ? ['duplicate' as const] : []),
  ]
}

/** Says neither where nor what: any finding of the control, wherever it turns up. */
function isOverBroad({ document: { spec } }: StandingOptOut): boolean {
  const { paths, resources, images, fingerprints } = spec.targets ?? {}
  return paths === undefined && resources === undefined && images === undefined && fingerprints === undefined
}

const mostCompared = 2000

/** Pairs whose scopes are the same, or one within reach of the other in every target. Compared by control first, and so many at most. */
function duplicatesOf(optOuts: readonly StandingOptOut[]): ReadonlyMap<StandingOptOut, readonly string[]> {
  const byControls = Map.groupBy(optOuts.slice(0, mostCompared), ({ document: { spec } }) => JSON.stringify([...spec.controls].sort()))
  const found = new Map<StandingOptOut, string[]>()
  for (const group of byControls.values()) {
    for (const a of group) {
      const others = group.filter((b) => b !== a && overlaps(a, b)).map(({ document }) => document.metadata.name)
      if (others.length > 0) found.set(a, others.sort())
    }
  }
  return found
}

function overlaps({ document: { spec: a } }: StandingOptOut, { document: { spec: b } }: StandingOptOut): boolean {
  if (a.window.until <= b.window.from || b.window.until <= a.window.from) return false
  const [x, y] = [a.targets ?? {}, b.targets ?? {}]
  return meets(x.repositories, y.repositories) && meets(x.environments, y.environments) && meets(x.images, y.images) && meets(x.fingerprints, y.fingerprints)
    && patternsMeet(x.paths, y.paths, 'path') && patternsMeet(x.resources, y.resources, 'name')
}

const meets = (a: readonly string[] | undefined, b: readonly string[] | undefined): boolean =>
  a === undefined || b === undefined || a.some((value) => b.includes(value))

function patternsMeet(a: readonly string[] | undefined, b: readonly string[] | undefined, kind: 'path' | 'name'): boolean {
  if (a === undefined || b === undefined) return true
  return a.some((left) => b.some((right) => {
    const [x, y] = [compilePattern(left, kind), compilePattern(right, kind)]
    return x.ok && y.ok && intersects(x.pattern, y.pattern)
  }))
}

/** What `exeat lint` warns of: none of it is an error, all of it deserves a look. */
export function healthWarnings(health: readonly Health[], now: Instant): readonly Problem[] {
  return health.flatMap(({ optOut: { document, origin }, state, flags, because, duplicates }): Problem[] => {
    const { metadata: { name }, spec: { window: { from, until } } } = document
    const at = { file: origin.file, line: origin.line, column: origin.column }
    const subject = `opt-out \`${name}\``
    if (state === 'lapsed') {
      const old = now - until > longAgo
      return old ? [cliProblem('LINT_LAPSED_LONG_AGO', `${subject} ended at ${formatInstant(until)}, more than 90 days ago`, 'remove it; its name stays taken', at)]
        : [cliProblem('LINT_LAPSED', `${subject} ended at ${formatInstant(until)}`, 'remove it when nobody needs to see why the gate blocks again', at)]
    }
    return [
      ...(state === 'refused' ? [cliProblem('LINT_REFUSED', `${subject} is refused by its terms: ${because.map(({ message }) => message).join('; ')}`, because.find(({ hint }) => hint !== undefined)?.hint, at)] : []),
      ...(flags.includes('not-yet') ? [cliProblem('LINT_NOT_YET', `${subject} begins at ${formatInstant(from)}`, undefined, at)] : []),
      ...(flags.includes('expiring') ? [cliProblem('LINT_EXPIRING', `${subject} ends at ${formatInstant(until)}`, `see what turns red: \`exeat gate REPORTS --now ${formatInstant(until)}\``, at)] : []),
      ...(flags.includes('over-broad') ? [cliProblem('LINT_OVER_BROAD', `${subject} names neither a path, a resource, an image nor a fingerprint`, 'name where it applies', at)] : []),
      ...(duplicates.length > 0 ? [cliProblem('LINT_DUPLICATE', `${subject} and ${duplicates.map((other) => `\`${other}\``).join(', ')} excuse the same`, 'keep one of them', at)] : []),
    ]
  })
}
