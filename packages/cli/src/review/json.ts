/** A reviewed change for programs. */
import { formatInstant } from '@exeat/core'
import type { ReviewedOptOut, ReviewedPolicyChange } from '@exeat/core/review'
import { exitOfReview, type ReviewedChange } from './change.ts'

export function reviewJson(reviewed: ReviewedChange): unknown {
  const { change: { base, head, mergeBase, files, people }, label, review: { outcome, optOuts, policies, governance, problems, warnings, counted, excluded }, invalid, left, unsigned, pusher } = reviewed
  return {
    schemaVersion: 1, kind: 'ReviewResult', exit: exitOfReview(reviewed), outcome: invalid.length > 0 ? 'invalid' : outcome, judgedBy: label, base, head, mergeBase, files: files.length, people, ...(pusher === undefined ? {} : { pusher }),
    optOuts: optOuts.map(optOutJson), policies: policies.map(policyJson), governance, problems: [...invalid, ...problems], warnings: [...warnings, ...unsigned], approvals: { counted, excluded, left },
  }
}

function optOutJson({ name, change, effects, emergency, renewal, origin, optOut: { document: { spec }, digest, uid }, problems, warnings, approve, met, could }: ReviewedOptOut): unknown {
  const { controls, targets = {}, window: { from, until }, reason, owner } = spec
  return { name, change, effects, emergency, renewal, at: origin, digest, uid, controls, targets, from: formatInstant(from), until: formatInstant(until), reason, owner, problems, warnings, approve, met, could }
}

const policyJson = ({ origin, ...rest }: ReviewedPolicyChange): unknown => ({ ...rest, at: origin })
