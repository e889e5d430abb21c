/** Equality of plain data: a member that is undefined is as good as absent. */
export function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null || Array.isArray(a) !== Array.isArray(b)) return false
  const left = members(a)
  const right = members(b)
  return left.length === right.length && left.every(([key, value], i) => right[i]?.[0] === key && same(value, right[i][1]))
}

const members = (value: object): readonly (readonly [string, unknown])[] =>
  Object.entries(value).filter(([, member]) => member !== undefined).sort(([x], [y]) => (x < y ? -1 : 1))
