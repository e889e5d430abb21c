import type { CodeEntry } from '../error/problem.ts'

export const impactCodes = {
  IMPACT_INVALID: { exit: 3, http: 422, summary: 'An impact has another shape than `Impact`. It excuses nothing; the run goes on.' },
} as const satisfies Record<string, CodeEntry>

export type ImpactCode = keyof typeof impactCodes
