/** Break-glass (design §6): shorter, narrower, counted, and reviewed by somebody else in time. */
import { formatDuration } from '../document/time.ts'
import type { Duration, Instant } from '../model/instant.ts'
import { granted, isActor, refused } from './act.ts'
import type { Act, ActFacts, Verdict } from './act.ts'
import type { Asked } from './events.ts'
import { isIn, notEntitled, standingRefusal, told, windowRefusal } from './guards.ts'
import { inForce, phaseAt, reviewAt } from './ledger.ts'
import type { Ledger, OptOutRecord } from './ledger.ts'
import { scopesMeet } from './scope.ts'
import type { Refusal } from './refusal.ts'

const longest = (4 * 3_600_000) as Duration
const week = 7 * 86_400_000
const mostAPerson = 2
const mostATeam = 4

export function judgeEmergency(ledger: Ledger, act: Act & { kind: 'emergency' }, facts: ActFacts, at: Instant): Verdict {
  const { asked, uid, team, second } = act
  const terms = facts.terms.emergency
  if (terms === undefined) return refused({ code: 'EMERGENCY_NOT_PERMITTED', message: 'the terms that cover this know no emergency' })
  if (!isIn(facts.groups, terms.groups) || !facts.groups.includes(team)) {
    return refused({ code: 'NOT_ENTITLED', message: `the actor is not of \`${team}\` and one of ${terms.groups.map((group) => `\`${group}\``).join(', ')}` })
  }
  const allowed = Math.min(longest, terms.duration) as Duration
  if (asked.limits.findings === undefined || !asked.emergency || asked.renews !== undefined) {
    return refused({ code: 'EMERGENCY_TOO_WIDE', message: 'an emergency states `limits.findings`, is of category `emergency` and renews nothing' })
  }
  const refusal = standingRefusal(ledger, uid, asked) ?? windowRefusal(asked, allowed, at) ?? tooEarly(asked, allowed, at)
    ?? habitRefusal(ledger, facts, team, at) ?? overlapRefusal(ledger, act, facts, terms.groups, at)
  if (refusal !== undefined) return refused(refusal)
  return granted({
    type: 'emergency.activated', uid, at, asked, by: facts.actor, groups: facts.groups, team, binding: facts.binding, evidence: facts.evidence, terms: facts.terms,
    reviewBy: (at + terms.reviewWithin) as Instant,
    ...(second === undefined ? {} : { second: second.identity }),
  })
}

/**
 * What was signed while nobody could record it is entered whatever stands in the way of another emergency: it happened. It is reviewed, and counts against the
 * next, as any.
 */
export function judgeOffline(ledger: Ledger, act: Act & { kind: 'offline' }, facts: ActFacts, at: Instant): Verdict {
  const { asked, uid, team, second, grant } = act
  const terms = facts.terms.emergency
  if (terms === undefined) return refused({ code: 'EMERGENCY_NOT_PERMITTED', message: 'the terms that cover this know no emergency' })
  if (isActor(facts, second)) return refused({ code: 'SECOND_PERSON_NEEDED', message: 'one person signed the offline grant, and two are needed' })
  if (!isIn(facts.groups, terms.groups) || !facts.groups.includes(team)) return refused(notEntitled('declare it', terms.groups))
  const refusal = standingRefusal(ledger, uid, asked)
  if (refusal !== undefined) return refused(refusal)
  return granted({
    type: 'emergency.activated', uid, at, asked, by: facts.actor, groups: facts.groups, team, second, binding: facts.binding, evidence: facts.evidence, terms: facts.terms,
    reviewBy: (at + terms.reviewWithin) as Instant, offline: grant,
  })
}

/** What begins later than an emergency may last is no emergency: there is time to ask for approval. */
function tooEarly({ window: { from } }: Asked, allowed: Duration, at: Instant): Refusal | undefined {
  if (from - at <= allowed) return undefined
  return { code: 'EMERGENCY_TOO_WIDE', message: `the window begins at ${told(from)}, and an emergency that is declared at ${told(at)} begins within ${formatDuration(allowed)}`, hint: 'request it, and have it approved' }
}

/** An overdue review blocks the next emergency of that person and of that team; so does having had too many (attack 20). */
function habitRefusal(ledger: Ledger, facts: ActFacts, team: string, now: Instant): Refusal | undefined {
  const earlier = [...ledger.records.values()].filter(({ emergency }) => emergency !== undefined)
  const own = earlier.filter(({ requester }) => isActor(facts, requester))
  const teams = earlier.filter(({ emergency }) => emergency?.team === team)
  const overdue = [...own, ...teams].find((record) => reviewAt(record, now) === 'overdue')
  if (overdue !== undefined) {
    return { code: 'REVIEW_OVERDUE', message: `the review of \`${overdue.asked.name}\` is overdue`, hint: 'have it reviewed first' }
  }
  const recent = (records: readonly OptOutRecord[]): number => records.filter(({ proposedAt }) => now - proposedAt < week).length
  if (recent(own) >= mostAPerson) return tooOften('person', recent(own), mostAPerson)
  if (recent(teams) >= mostATeam) return tooOften('team', recent(teams), mostATeam)
  return undefined
}

const tooOften = (who: string, had: number, most: number): Refusal =>
  ({ code: 'EMERGENCY_TOO_OFTEN', message: `the ${who} has had ${had} emergencies in ${formatDuration(week as Duration)}, at most ${most} are allowed` })

function overlapRefusal(
  ledger: Ledger, act: Act & { kind: 'emergency' }, facts: ActFacts, entitled: readonly string[], now: Instant,
): Refusal | undefined {
  const open = [...ledger.records.values()].find((record) =>
    record.emergency !== undefined && record.emergency.verdict === undefined && scopesMeet(record.asked.scope, act.asked.scope))
  if (open === undefined) return undefined
  const { second } = act
  if (second !== undefined && !isActor(facts, second.identity) && isIn(second.groups, entitled)) return undefined
  return {
    code: 'SECOND_PERSON_NEEDED',
    message: `\`${open.asked.name}\` meets the same findings, ${inForce(open, now) ? 'is in force' : `is ${phaseAt(open, now)}`} and has not been reviewed`,
    hint: 'a second entitled person must confirm',
  }
}

export function judgeReview(record: OptOutRecord, verdict: 'justified' | 'unjustified', reason: string, facts: ActFacts, at: Instant): Verdict {
  const state = reviewAt(record, at)
  if (state !== 'due' && state !== 'overdue') {
    return refused({ code: 'REVIEW_NOT_DUE', message: state === 'none' ? `\`${record.asked.name}\` is no emergency` : `\`${record.asked.name}\` was reviewed as ${state}` })
  }
  const involved = [record.requester, ...(record.emergency?.second === undefined ? [] : [record.emergency.second])]
  if (involved.some((each) => isActor(facts, each))) {
    return refused({ code: 'SELF_APPROVAL', message: `the actor declared \`${record.asked.name}\`` })
  }
  const wanted = record.terms.emergency?.reviewers ?? []
  if (!isIn(facts.groups, wanted)) return refused(notEntitled('review', wanted))
  return granted({ type: 'emergency.reviewed', uid: record.uid, at, by: facts.actor, verdict, reason })
}
