/** Arithmetic on tree sizes and indices: whole numbers up to 2^53 - 1, hence division instead of 32-bit operators. */

export const isSize = (value: number): boolean => Number.isSafeInteger(value) && value >= 0

export const half = (value: number): number => Math.floor(value / 2)

export const isOdd = (value: number): boolean => value % 2 === 1

/** How many bits are set: the number of perfect subtrees in a tree of that size. */
export function bitCount(value: number): number {
  let count = 0
  for (let rest = value; rest > 0; rest = half(rest)) count += rest % 2
  return count
}

/** How many bits the number takes; 0 for 0. */
export function bitLength(value: number): number {
  let length = 0
  for (let rest = value; rest > 0; rest = half(rest)) length += 1
  return length
}

/** The largest power of two smaller than `size`, which must be at least 2: where RFC 6962 splits a tree. */
export const splitPoint = (size: number): number => 2 ** (bitLength(size - 1) - 1)
