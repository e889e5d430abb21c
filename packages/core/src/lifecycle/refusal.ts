import type { CodeEntry } from '../error/problem.ts'

/** Why an act was refused. The state did not change, unless events are recorded beside the refusal (a stale request, a use too many). */
export interface Refusal {
  readonly code: RefusalCode
  readonly message: string
  readonly hint?: string
}

export const refusalCodes = {
  CLOCK_BACKWARDS: { exit: 1, http: 503, summary: 'the clock is earlier than the newest entry of the log' },
  UNKNOWN_OPTOUT: { exit: 3, http: 404, summary: 'no opt-out has this uid' },
  NAME_REUSED: { exit: 3, http: 409, summary: 'the name was used before; names are never reused' },
  ALREADY_STANDS: { exit: 3, http: 409, summary: 'the same document was asked for before' },
  REQUESTS_WAITING: { exit: 4, http: 429, summary: 'as many requests of the person wait for approvers as one person may have waiting' },
  WINDOW_OVER: { exit: 3, http: 422, summary: 'the window ends before it could begin to count' },
  DURATION_EXCEEDED: { exit: 3, http: 422, summary: 'the window is longer than the terms allow' },
  TOTAL_EXCEEDED: { exit: 3, http: 422, summary: 'the chain of renewals would last longer than the terms allow' },
  RENEWALS_EXCEEDED: { exit: 3, http: 422, summary: 'the chain has been renewed as often as the terms allow' },
  RENEWAL_UNKNOWN: { exit: 3, http: 422, summary: 'the opt-out it says it renews was never active' },
  REASON_UNCHANGED: { exit: 3, http: 422, summary: 'a renewal repeats a reason given before' },
  ACTIVE_EXCEEDED: { exit: 3, http: 422, summary: 'the repository has as many active opt-outs as the terms allow' },
  USES_EXCEEDED: { exit: 3, http: 422, summary: 'the opt-out was used as often as it allows, and is exhausted by the use too many' },
  WRONG_PHASE: { exit: 3, http: 409, summary: 'the opt-out is not in a phase in which this can be done' },
  NOT_ENTITLED: { exit: 3, http: 403, summary: 'the actor is in none of the groups that may do this' },
  SELF_APPROVAL: { exit: 3, http: 403, summary: 'a requester, author, committer or pusher may not approve' },
  APPROVED_ALREADY: { exit: 3, http: 409, summary: 'this person has approved before; a person counts once' },
  APPROVER_MAY_NOT_ACTIVATE: { exit: 3, http: 403, summary: 'a counted approver may not activate' },
  CONTENT_CHANGED: { exit: 3, http: 409, summary: 'document, terms or impact are no longer what was signed' },
  QUORUM_LOST: { exit: 3, http: 409, summary: 'an approver no longer counts, and the quorum is not met without them' },
  EMERGENCY_NOT_PERMITTED: { exit: 3, http: 403, summary: 'the terms know no emergency' },
  EMERGENCY_TOO_WIDE: { exit: 3, http: 422, summary: 'an emergency needs a ceiling on findings and at most four hours' },
  EMERGENCY_TOO_OFTEN: { exit: 3, http: 429, summary: 'the person or the team has had its emergencies of these seven days' },
  REVIEW_OVERDUE: { exit: 3, http: 409, summary: 'an earlier emergency of the person or the team waits for its review' },
  SECOND_PERSON_NEEDED: { exit: 4, http: 403, summary: 'the emergency overlaps an unreviewed one and needs a second person' },
  REVIEW_NOT_DUE: { exit: 3, http: 409, summary: 'there is no emergency to review, or it has been reviewed' },
} as const satisfies Record<string, CodeEntry>

export type RefusalCode = keyof typeof refusalCodes
