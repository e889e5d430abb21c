/** Paths segment by segment: `**` takes any number of segments, `*` and `?` stay inside one. */
import { matchesWildcard } from './wildcard.ts'

/** `segments` of the pattern; a final `**` wants at least one segment, so that `a/**` is what lies under `a` and not `a` itself. */
export function matchesPath(segments: readonly string[], path: readonly string[]): boolean {
  let s = 0
  let p = 0
  let globstar = -1
  let resume = 0
  while (p < path.length) {
    const segment = segments[s]
    if (segment === '**') {
      globstar = s++
      if (s === segments.length) return true
      resume = p
    } else if (segment !== undefined && matchesWildcard(segment, path[p] as string)) {
      s++
      p++
    } else if (globstar !== -1) {
      s = globstar + 1
      p = ++resume
    } else {
      return false
    }
  }
  return s === segments.length
}
