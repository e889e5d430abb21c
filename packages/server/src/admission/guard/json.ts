/** Objects of the cluster, read without trust in their shape. */
export type Value = unknown

export function at(value: Value, ...keys: readonly string[]): Value {
  let found = value
  for (const key of keys) found = isObject(found) && Object.hasOwn(found, key) ? found[key] : undefined
  return found
}

export const isObject = (value: Value): value is Readonly<Record<string, Value>> => typeof value === 'object' && value !== null && !Array.isArray(value)
export const listAt = (value: Value, ...keys: readonly string[]): readonly Value[] => {
  const found = at(value, ...keys)
  return Array.isArray(found) ? found : []
}
export const textsAt = (value: Value, ...keys: readonly string[]): readonly string[] => listAt(value, ...keys).filter((each): each is string => typeof each === 'string')
export const textAt = (value: Value, ...keys: readonly string[]): string | undefined => {
  const found = at(value, ...keys)
  return typeof found === 'string' ? found : undefined
}

/** The same value, whatever the order of the keys. */
export function same(a: Value, b: Value): boolean {
  if (Array.isArray(a) || Array.isArray(b)) return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((each, i) => same(each, b[i]))
  if (!isObject(a) || !isObject(b)) return Object.is(a, b)
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && same(a[key], b[key]))
}

/** Whether every element of `next` stands in `before` too: a list that only lost some. */
export const within = (next: readonly Value[], before: readonly Value[]): boolean => next.every((each) => before.some((old) => same(each, old)))
