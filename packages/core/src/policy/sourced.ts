/** Ways to merge two stated values. Each is associative, commutative and idempotent, names of policies included. */
import type { People, Sourced } from './types.ts'

/** Code unit order, without duplicates. */
export function sortedUnion(a: readonly string[], b: readonly string[]): readonly string[] {
  return [...new Set([...a, ...b])].sort()
}

const both = <T>(value: T, a: Sourced<T>, b: Sourced<T>): Sourced<T> => ({ value, policies: sortedUnion(a.policies, b.policies) })

/** The value that `prefer` calls the tighter one (negative: the first); on a tie both policies set it. */
export function tighter<T>(a: Sourced<T>, b: Sourced<T>, prefer: (a: T, b: T) => number): Sourced<T> {
  const order = prefer(a.value, b.value)
  return order < 0 ? a : order > 0 ? b : both(a.value, a, b)
}

/** `merge` where both are stated, else the one that is. */
export function stated<T>(a: T | undefined, b: T | undefined, merge: (a: T, b: T) => T): T | undefined {
  if (a === undefined) return b
  return b === undefined ? a : merge(a, b)
}

export const minimum = <T extends number>(a: Sourced<T>, b: Sourced<T>): Sourced<T> => tighter(a, b, (x, y) => x - y)

/** For what permits: true only if both say so. */
export const permitted = (a: Sourced<boolean>, b: Sourced<boolean>): Sourced<boolean> => tighter(a, b, (x, y) => Number(x) - Number(y))

/** For what restricts: true if either says so. */
export const required = (a: Sourced<boolean>, b: Sourced<boolean>): Sourced<boolean> => tighter(a, b, (x, y) => Number(y) - Number(x))

/** `anyone` restricts nothing; groups intersect by name and may leave nobody. */
export function intersectPeople(a: Sourced<People>, b: Sourced<People>): Sourced<People> {
  if (a.value === 'anyone') return b.value === 'anyone' ? both<People>('anyone', a, b) : b
  if (b.value === 'anyone') return a
  const groups = b.value
  return { value: a.value.filter((group) => groups.includes(group)), policies: sortedUnion(a.policies, b.policies) }
}

export const unite = (a: Sourced<readonly string[]>, b: Sourced<readonly string[]>): Sourced<readonly string[]> =>
  ({ value: sortedUnion(a.value, b.value), policies: sortedUnion(a.policies, b.policies) })

/** A set of values by key, sorted by it; `merge` settles two of the same key. */
export function uniteBy<T>(
  a: readonly Sourced<T>[], b: readonly Sourced<T>[], key: (value: T) => string, merge: (a: Sourced<T>, b: Sourced<T>) => Sourced<T>,
): readonly Sourced<T>[] {
  const byKey = new Map<string, Sourced<T>>()
  for (const item of [...a, ...b]) {
    const other = byKey.get(key(item.value))
    byKey.set(key(item.value), other === undefined ? item : merge(other, item))
  }
  return [...byKey].sort(([x], [y]) => (x < y ? -1 : 1)).map(([, item]) => item)
}

/** Two of the same value: both policies set it. */
export const sameValue = <T>(a: Sourced<T>, b: Sourced<T>): Sourced<T> => both(a.value, a, b)
