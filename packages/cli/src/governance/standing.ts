/** What commands that decide nothing make of the opt-outs that stand. */
import { type ActiveOptOut, type Instant, judgeGitOptOuts, type OptOutSet, type PolicySet, type RefusedOptOut, type TermRefusal } from '@exeat/core'
import type { Governance } from '@exeat/git'

/** Refusals of what people and the log show, and no document can. */
const shownElsewhere: ReadonlySet<TermRefusal['code']> = new Set(['TERM_NEEDS_LOG', 'TERM_NEEDS_SIGNATURE', 'EMERGENCY_NEEDS_LOG'])

export const pinsLog = ({ workspace }: Governance): boolean => workspace.document.spec.log !== undefined

/** As git trust judges them; where the workspace pins a log, what only that can show is left to it. `active` there means no more than sound. */
export function judgeStanding(policySet: PolicySet, governance: Governance, now: Instant): OptOutSet {
  const set = judgeGitOptOuts(policySet, governance.optOuts, now)
  if (!pinsLog(governance)) return set
  const refused = set.refused.map((optOut): RefusedOptOut => ({ ...optOut, because: optOut.because.filter(({ code }) => !shownElsewhere.has(code)) }))
  return {
    ended: set.ended,
    active: [...set.active, ...refused.filter(({ because }) => because.length === 0).map((optOut): ActiveOptOut => ({ ...optOut, met: nothing }))],
    refused: refused.filter(({ because }) => because.length > 0),
  }
}

const nothing: ActiveOptOut['met'] = { evidence: 'none', approvers: [], requester: [], activator: [] }
