/** What commands that decide nothing make of the opt-outs that stand. */
import { type ActiveOptOut, type Instant, judgeGitOptOuts, type OptOutSet, type PolicySet, type RefusedOptOut, type StandingOptOut, type TermRefusal } from '@exeat/core'
import type { Governance } from '@exeat/git'
import type { SignedAt, SignedOptions } from './signed.ts'

/** Refusals of what people and the log show, and no document can. */
const shownElsewhere: ReadonlySet<TermRefusal['code']> = new Set(['TERM_NEEDS_LOG', 'TERM_NEEDS_SIGNATURE', 'EMERGENCY_NEEDS_LOG'])

export const pinsLog = ({ workspace }: Governance): boolean => workspace.document.spec.log !== undefined

/** Refused for want of people, whom signatures might show. */
const people: ReadonlySet<TermRefusal['code']> = new Set(['TERM_NEEDS_SIGNATURE', 'FACT_UNKNOWN'])

/**
 * What is signed for those that want people; undefined where nothing is. Most runs have none, and load nothing for it.
 * @throws {ExeatError} as `loadSigned`
 */
export async function signedFor(policySet: PolicySet, governance: Governance, standing: readonly StandingOptOut[], now: Instant, options: SignedOptions): Promise<SignedAt | undefined> {
  if (governance.source.kind !== 'ref') return undefined
  const wanting = judgeGitOptOuts(policySet, standing, now).refused.filter(({ because }) => because.some(({ code }) => people.has(code)))
  return wanting.length === 0 ? undefined : (await import('./signed.ts')).loadSigned(governance, policySet, wanting, options)
}

/** As git trust judges them; where the workspace pins a log, what only that can show is left to it. `active` there means no more than sound. */
export async function judgeStanding(policySet: PolicySet, governance: Governance, now: Instant, options: SignedOptions): Promise<OptOutSet> {
  if (!pinsLog(governance)) return judgeGitOptOuts(policySet, governance.optOuts, now, (await signedFor(policySet, governance, governance.optOuts, now, options))?.(now).shown)
  return leavingOut(judgeGitOptOuts(policySet, governance.optOuts, now), shownElsewhere)
}

/** For authors of documents whose signatures stand at the protected branch, and not in the work tree: people are no fault of a document. */
export const leavingOutPeople = (set: OptOutSet): OptOutSet => leavingOut(set, people)

function leavingOut(set: OptOutSet, codes: ReadonlySet<TermRefusal['code']>): OptOutSet {
  const refused = set.refused.map((optOut): RefusedOptOut => ({ ...optOut, because: optOut.because.filter(({ code }) => !codes.has(code)) }))
  return {
    ended: set.ended,
    active: [...set.active, ...refused.filter(({ because }) => because.length === 0).map((optOut): ActiveOptOut => ({ ...optOut, met: nothing }))],
    refused: refused.filter(({ because }) => because.length > 0),
  }
}

const nothing: ActiveOptOut['met'] = { evidence: 'none', approvers: [], requester: [], activator: [] }
