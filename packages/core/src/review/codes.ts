import type { CodeEntry } from '../error/problem.ts'

const refused = (summary: string): CodeEntry => ({ exit: 2, http: 422, summary })

export const reviewCodes = {
  REVIEW_MIXED: refused('A change touches opt-outs together with what judges them, or with the workflow that runs the review. Split it.'),
  REVIEW_TERMS: refused('The terms of the base refuse an opt-out that the change brings.'),
  REVIEW_ENDED: refused('An opt-out that the change brings is over before it could begin.'),
  REVIEW_CONTINUES: refused('A renewal, declared or not, repeats its reason, or goes beyond what the terms allow in number or length.'),
  REVIEW_NAME: refused('The content of an opt-out changes under its name, and the log gives each name once.'),
  REVIEW_BULK: refused('Many ends are put off in one change, and no reason says why.'),
  REVIEW_IMPACT: refused('The terms ask for an impact, and none stands beside the opt-out.'),
  REVIEW_BUDGET: refused('After the merge the repository would have more active opt-outs than the terms allow.'),
  REVIEW_DUPLICATE: refused('Another opt-out has the same scope at the same time. A warning.'),
  REVIEW_CONTROL: refused('None of the recorded findings is of a control that an opt-out names. A warning.'),
  REVIEW_BROAD: refused('An opt-out names no path, resource, image or fingerprint. A warning.'),
  REVIEW_UNGUARDED: refused('The workspace names nobody who must approve changes of governance. A warning.'),
} as const satisfies Record<string, CodeEntry>

export type ReviewCode = keyof typeof reviewCodes
