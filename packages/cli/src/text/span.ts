import type { Instant } from '@exeat/core'

const units = [['d', 86_400_000], ['h', 3_600_000], ['m', 60_000], ['s', 1000]] as const

/** A length of time for people, at most two units: `2 d 4 h`, `12 m`; `0 s` under a second. */
export function spanText(milliseconds: number): string {
  let rest = Math.abs(milliseconds)
  const parts: string[] = []
  for (const [name, size] of units) {
    const count = Math.floor(rest / size)
    rest -= count * size
    if (count > 0) parts.push(`${count} ${name}`)
    if (parts.length === 2 || (parts.length === 1 && count === 0)) break
  }
  return parts.length === 0 ? '0 s' : parts.join(' ')
}

/** `in 3 d 2 h`, `2 h 5 m ago`. */
export const fromNow = (instant: Instant, now: Instant): string =>
  (instant >= now ? `in ${spanText(instant - now)}` : `${spanText(now - instant)} ago`)
