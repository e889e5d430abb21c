import type { CodeEntry } from '../error/problem.ts'

const invalid = (summary: string): CodeEntry => ({ exit: 3, http: 422, summary })

export const impactCodes = {
  IMPACT_INVALID: invalid('An impact has another shape than `Impact`. It excuses nothing; the run goes on.'),
  IMPACT_STALE: invalid('The findings differ from the recorded impact by more than the tolerance: what was approved is not what would be excused.'),
  IMPACT_LIMIT_BELOW: invalid('`limits.findings` is below what was measured: the opt-out would leave findings blocked, or excuse none.'),
  IMPACT_LIMIT_ABOVE: invalid('`limits.findings` is above what was measured: there is room for findings that nobody has seen. A warning.'),
  IMPACT_NOTHING: invalid('The opt-out covers no finding of the reports. A warning.'),
  IMPACT_TOO_LARGE: invalid('The opt-out covers more findings than one impact may name.'),
} as const satisfies Record<string, CodeEntry>

export type ImpactCode = keyof typeof impactCodes
