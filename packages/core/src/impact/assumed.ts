/**
 * An opt-out as it would stand once everybody whom its terms ask for had done their part. A simulation shows what a change would open, and
 * so takes approvals and second factors for given; what its document lacks refuses it all the same.
 */
import type { TermRefusalCode } from '../model/decision.ts'
import type { HexDigest } from '../model/digest.ts'
import type { Duration, Instant } from '../model/instant.ts'
import type { Met, OptOutSet, StandingOptOut } from '../model/optout.ts'
import type { People, PolicySet, Terms } from '../policy/types.ts'
import { judgeGitOptOuts, type Shown } from '../trust/git.ts'

/** Refusals of what only a log can show; where the workspace pins one, the log is taken to show it. */
const shownByLog: ReadonlySet<TermRefusalCode> = new Set(['TERM_NEEDS_LOG', 'EMERGENCY_NEEDS_LOG'])

/** Sorted as the gate would sort them at `at`, people taken for given. */
export function assumeActs(policySet: PolicySet, standing: readonly StandingOptOut[], at: Instant): OptOutSet {
  const logged = policySet.workspace.spec.log !== undefined
  const shown = new Map<HexDigest, readonly Shown[]>()
  for (const optOut of standing) {
    const answer = policySet.termsForOptOut(optOut.document)
    if (answer.kind === 'permitted') shown.set(optOut.uid, [shownFor(answer.terms, optOut, at, logged)])
  }
  const set = judgeGitOptOuts(policySet, standing, at, shown)
  if (!logged) return set
  const refused = set.refused.map((optOut) => ({ ...optOut, because: optOut.because.filter(({ code }) => !shownByLog.has(code)) }))
  return {
    ended: set.ended,
    active: [...set.active, ...refused.filter(({ because }) => because.length === 0).map((optOut) => ({ ...optOut, met: shown.get(optOut.uid)?.[0]?.met ?? nobody }))],
    refused: refused.filter(({ because }) => because.length > 0),
  }
}

const nobody: Met = { evidence: 'none', approvers: [], requester: [], activator: [] }

function shownFor(terms: Terms, { document: { spec } }: StandingOptOut, at: Instant, logged: boolean): Shown {
  const emergency = spec.category === 'emergency' ? terms.emergency?.value : undefined
  const groups = terms.approve.flatMap(({ value }) => value.groups)
  const approvers = terms.approve.flatMap(({ value: { count } }) => Array.from({ length: count }, () => groups))
  const met: Met = {
    evidence: 'user-signed', factor: { attested: true, backupEligible: false, age: 0 as Duration },
    approvers, requester: groupsOf(terms.request.value), activator: emergency?.groups ?? groupsOf(terms.activate.value),
    ...(logged ? { log: { renewal: 0, total: (spec.window.until - spec.window.from) as Duration, witnessed: true, ...(spec.limits?.uses === undefined ? {} : { uses: spec.limits.uses }) } } : {}),
  }
  return { met, approvedAt: approvers.map(() => at), activatedAt: at }
}

const groupsOf = (people: People): readonly string[] => (people === 'anyone' ? [] : people)
