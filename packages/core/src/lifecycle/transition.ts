/**
 * The one judge of every act on an opt-out: total, pure, and the same on every surface (attack 23). It returns the events to append;
 * the caller appends them and folds them in one transaction.
 */
import { quorumMet } from '../policy/quorum.ts'
import type { Instant } from '../model/instant.ts'
import { granted, isActor, refused } from './act.ts'
import type { Act, ActFacts, Verdict } from './act.ts'
import { judgeEmergency, judgeOffline, judgeReview } from './emergency.ts'
import { sameIdentity } from './events.ts'
import type { Binding, Continuation } from './events.ts'
import { isIn, notEntitled, standingRefusal, told, waitingRefusal, windowRefusal, wrongPhase } from './guards.ts'
import { phaseAt, useKey } from './ledger.ts'
import type { Ledger, OptOutRecord } from './ledger.ts'
import type { Refusal } from './refusal.ts'
import { onePerPerson } from './persons.ts'
import { outgrown, type Renewal, renewalOf } from './renewal.ts'

export function transition(ledger: Ledger, act: Act, facts: ActFacts, now: Instant): Verdict {
  // INVARIANT: stated as what grants, so that a NaN clock refuses (test/lifecycle/transition.test.ts).
  const forward = Number.isSafeInteger(now) && (ledger.newest === undefined || ledger.newest <= now)
  // Ending stays safe whatever the clock says (failure semantics: expiry and revocation proceed).
  if (!forward && act.kind !== 'revoke') {
    return refused({ code: 'CLOCK_BACKWARDS', message: `the clock says ${told(now)}, the newest entry ${told(ledger.newest)}`, hint: 'set the clock; nothing was recorded' })
  }
  const at = forward || ledger.newest === undefined ? now : ledger.newest
  if (act.kind === 'request') return judgeRequest(ledger, act, facts, at)
  if (act.kind === 'emergency') return judgeEmergency(ledger, act, facts, at)
  if (act.kind === 'offline') return judgeOffline(ledger, act, facts, at)
  const record = ledger.records.get(act.uid)
  if (record === undefined) return refused({ code: 'UNKNOWN_OPTOUT', message: `no opt-out has the uid \`${act.uid}\`` })
  switch (act.kind) {
    case 'approve': return judgeApproval(record, act.signed, facts, at)
    case 'activate': return judgeActivation(ledger, record, act.signed, facts, at)
    case 'reject': return judgeRejection(record, act.reason, facts, at)
    case 'withdraw': return judgeWithdrawal(record, act.reason, facts, at)
    case 'revoke': return judgeRevocation(record, act.reason, facts, at)
    case 'use': return judgeUse(ledger, record, act.point, act.subject, at)
    case 'review': return judgeReview(record, act.verdict, act.reason, facts, at)
  }
}

function judgeRequest(ledger: Ledger, act: Act & { kind: 'request' }, facts: ActFacts, at: Instant): Verdict {
  const { asked, uid, involved } = act
  const { terms, binding } = facts
  const refusal = standingRefusal(ledger, uid, asked) ?? windowRefusal(asked, terms.duration, at) ?? waitingRefusal(ledger, facts, at)
  if (refusal !== undefined) return refused(refusal)
  const renewal = renewalOf(ledger, asked, terms, at)
  if ('code' in renewal) return refused(renewal)
  const { predecessor, count, total } = renewal
  return granted({
    type: predecessor === undefined ? 'optout.proposed' : 'optout.renewed',
    uid, at, asked, requester: facts.actor, groups: facts.groups, involved, binding, terms, renewal: count, total,
    ...(predecessor === undefined ? {} : { predecessor }),
  })
}

/** Digests that differ between what was signed and what stands now. */
function changes(signed: Binding, current: Binding): readonly (keyof Binding)[] {
  return (['optOut', 'terms', 'impact'] as const).filter((key) => signed[key] !== current[key])
}

const contentChanged = (changed: readonly string[]): Refusal =>
  ({ code: 'CONTENT_CHANGED', message: `${changed.join(', ')} changed since it was signed or shown`, hint: 'look at it again and ask anew' })

function judgeApproval(record: OptOutRecord, signed: Binding, facts: ActFacts, at: Instant): Verdict {
  const phase = phaseAt(record, at)
  if (phase !== 'proposed' && phase !== 'approved') return refused(wrongPhase(record, phase, 'approved'))
  const { uid } = record
  const changed = changes(record.binding, facts.binding)
  if (changed.length > 0) return refused(contentChanged(changed), { type: 'optout.stale', uid, at, changed })
  const misread = changes(signed, record.binding)
  if (misread.length > 0) return refused(contentChanged(misread))
  const by = facts.actor
  if ([record.requester, ...record.involved].some((each) => isActor(facts, each))) {
    return refused({ code: 'SELF_APPROVAL', message: `the actor asked for, wrote or pushed \`${record.asked.name}\`` })
  }
  if (record.approvals.some((approval) => isActor(facts, approval.by))) {
    return refused({ code: 'APPROVED_ALREADY', message: `the actor has approved \`${record.asked.name}\` before` })
  }
  const wanted = record.terms.approve.flatMap(({ groups }) => groups)
  if (!isIn(facts.groups, wanted)) return refused(notEntitled('approve', wanted))
  return granted({ type: 'optout.approved', uid, at, by, groups: facts.groups, binding: signed, evidence: facts.evidence })
}

function judgeActivation(ledger: Ledger, record: OptOutRecord, signed: Binding, facts: ActFacts, at: Instant): Verdict {
  const phase = phaseAt(record, at)
  if (phase !== 'approved') return refused(wrongPhase(record, phase, 'activated'))
  const { uid, terms, asked } = record
  const changed = changes(record.binding, facts.binding)
  if (changed.length > 0) return refused(contentChanged(changed), { type: 'optout.stale', uid, at, changed })
  const misread = changes(signed, record.binding)
  if (misread.length > 0) return refused(contentChanged(misread))
  if (terms.activate !== 'anyone' && !isIn(facts.groups, terms.activate)) return refused(notEntitled('activate', terms.activate))
  if (!terms.approverMayActivate && record.approvals.some(({ by }) => isActor(facts, by))) {
    return refused({ code: 'APPROVER_MAY_NOT_ACTIVATE', message: `the actor is a counted approver of \`${asked.name}\`` })
  }
  // Removal bites at once; addition does not reach back: only groups held then and now count (attack 25).
  const left = record.approvals.map(({ by, groups }) => {
    const today = facts.groupsOf(by)
    return { by, groups: groups.filter((group) => today.includes(group)) }
  }).filter(({ groups }) => groups.length > 0)
  const standing = onePerPerson(left, record, facts.same)
  if (!quorumMet(terms.approve, standing.map(({ groups }) => groups))) {
    return refused({ code: 'QUORUM_LOST', message: `the approvals of \`${asked.name}\` no longer fill its quorum`, hint: 'ask another approver' })
  }
  const crowded = activeRefusal(ledger, record, at)
  if (crowded !== undefined) return refused(crowded)
  const behind = outgrown(ledger, record, at)
  if (behind !== undefined && 'code' in behind) return refused(behind)
  const counted = standing.map(({ by }) => by)
  return granted({ type: 'optout.activated', uid, at, by: facts.actor, groups: facts.groups, binding: signed, evidence: facts.evidence, counted, ...(behind === undefined ? {} : { continues: renewedBehind(behind) }) })
}

const renewedBehind = ({ predecessor, count, total }: Required<Renewal>): Continuation => ({ predecessor, renewal: count, total })

/** `limits.active` counts opt-outs of one repository; one that names several counts in each, one that names none in all. */
function activeRefusal(ledger: Ledger, record: OptOutRecord, at: Instant): Refusal | undefined {
  const limit = record.terms.active
  if (limit === undefined) return undefined
  const active = [...ledger.records.values()].filter((other) => other.uid !== record.uid && phaseAt(other, at) === 'active')
  const counts = (record.asked.repositories.length === 0 ? [undefined] : record.asked.repositories).map((repository) =>
    active.filter(({ asked }) => repository === undefined || asked.repositories.length === 0 || asked.repositories.includes(repository)).length)
  const most = Math.max(...counts)
  return most < limit ? undefined : { code: 'ACTIVE_EXCEEDED', message: `${most} opt-outs are active there, the terms allow ${limit}`, hint: 'revoke one, or wait until one ends' }
}

function judgeRejection(record: OptOutRecord, reason: string, facts: ActFacts, at: Instant): Verdict {
  const phase = phaseAt(record, at)
  if (phase !== 'proposed' && phase !== 'approved') return refused(wrongPhase(record, phase, 'rejected'))
  const wanted = record.terms.approve.flatMap(({ groups }) => groups)
  if (!isIn(facts.groups, wanted)) return refused(notEntitled('reject', wanted))
  return granted({ type: 'optout.rejected', uid: record.uid, at, by: facts.actor, reason })
}

function judgeWithdrawal(record: OptOutRecord, reason: string, facts: ActFacts, at: Instant): Verdict {
  const phase = phaseAt(record, at)
  if (phase !== 'proposed' && phase !== 'approved') return refused(wrongPhase(record, phase, 'withdrawn'))
  if (!sameIdentity(record.requester, facts.actor)) {
    return refused({ code: 'NOT_ENTITLED', message: `only who asked for \`${record.asked.name}\` may withdraw it`, hint: 'an approver can reject it' })
  }
  return granted({ type: 'optout.withdrawn', uid: record.uid, at, by: facts.actor, reason })
}

/** Who asked or activated may always end it; so may the terms' groups. Ending needs no quorum. */
function judgeRevocation(record: OptOutRecord, reason: string, facts: ActFacts, at: Instant): Verdict {
  const phase = phaseAt(record, at)
  if (phase !== 'active') return refused(wrongPhase(record, phase, 'revoked'))
  const own = [record.requester, ...(record.activation === undefined ? [] : [record.activation.by])].some((each) => sameIdentity(each, facts.actor))
  if (!own && !isIn(facts.groups, record.terms.revoke)) return refused(notEntitled('revoke', record.terms.revoke))
  return granted({ type: 'optout.revoked', uid: record.uid, at, by: facts.actor, reason })
}

function judgeUse(ledger: Ledger, record: OptOutRecord, point: string, subject: string, at: Instant): Verdict {
  const { uid, asked } = record
  const uses = ledger.uses.get(uid) ?? new Set<string>()
  const phase = phaseAt(record, at)
  // What an offline grant excused is told when it is over, and is no less true for it.
  const told = record.emergency?.offline !== undefined
  if (!told && (phase !== 'active' || !(asked.window.from <= at))) return refused(wrongPhase(record, phase, 'used'))
  // A retry of a counted use is the same use, and costs nothing: the last one that is allowed leaves the opt-out active for its own retries.
  if (uses.has(useKey(point, subject))) return granted()
  const limit = asked.limits.uses
  if (limit === undefined || uses.size < limit) return granted({ type: 'use.claimed', uid, at, point, subject })
  const spent: Refusal = { code: 'USES_EXCEEDED', message: `\`${asked.name}\` was used ${uses.size} times, it allows ${limit}; it is exhausted`, hint: 'ask for a renewal' }
  return refused(spent, { type: 'optout.exhausted', uid, at })
}
