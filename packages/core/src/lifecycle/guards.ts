/** Refusals that several acts share. */
import { formatDuration, formatInstant } from '../document/time.ts'
import type { HexDigest } from '../model/digest.ts'
import type { Duration, Instant } from '../model/instant.ts'
import { type ActFacts, isActor } from './act.ts'
import type { Asked } from './events.ts'
import { type Ledger, type OptOutRecord, type Phase, phaseAt } from './ledger.ts'
import type { Refusal } from './refusal.ts'

export const told = (instant: Instant | undefined): string =>
  instant === undefined || !Number.isSafeInteger(instant) ? 'no instant' : formatInstant(instant)

/** Names and uids are spent for ever, whatever became of them. */
export function standingRefusal(ledger: Ledger, uid: HexDigest, asked: Asked): Refusal | undefined {
  if (ledger.records.has(uid)) return { code: 'ALREADY_STANDS', message: `\`${asked.name}\` with this content was asked for before` }
  if (ledger.names.has(asked.name)) {
    return { code: 'NAME_REUSED', message: `the name \`${asked.name}\` was used before`, hint: 'choose another name; say `renews: ' + asked.name + '` to continue it' }
  }
  return undefined
}

export function windowRefusal({ window: { from, until } }: Asked, longest: Duration, at: Instant): Refusal | undefined {
  if (!(from < until && at < until)) {
    return { code: 'WINDOW_OVER', message: `the window ends at ${told(until)}, asked for at ${told(at)}` }
  }
  if (!(until - from <= longest)) {
    return { code: 'DURATION_EXCEEDED', message: `the window lasts ${formatDuration((until - from) as Duration)}, the terms allow ${formatDuration(longest)}` }
  }
  return undefined
}

/** Most requests of one person that wait for approvers at once: whoever asks for more floods those who should read them (attack 24). */
export const mostWaiting = 50

export function waitingRefusal(ledger: Ledger, facts: ActFacts, at: Instant): Refusal | undefined {
  let waiting = 0
  for (const record of ledger.records.values()) if (isActor(facts, record.requester) && phaseAt(record, at) === 'proposed') waiting += 1
  if (waiting < mostWaiting) return undefined
  return { code: 'REQUESTS_WAITING', message: `${waiting} requests of the actor wait for approvers, and ${mostWaiting} may`, hint: 'withdraw what is not needed any more, or wait until some of them are judged' }
}

export const wrongPhase = (record: OptOutRecord, phase: Phase, verb: string): Refusal =>
  ({ code: 'WRONG_PHASE', message: `\`${record.asked.name}\` is ${phase} and cannot be ${verb}` })

export const isIn = (groups: readonly string[], wanted: readonly string[]): boolean => groups.some((group) => wanted.includes(group))

export const notEntitled = (verb: string, wanted: readonly string[]): Refusal =>
  ({ code: 'NOT_ENTITLED', message: `the actor is in none of ${named(wanted)}, who may ${verb}` })

/** Groups in words; an empty list is nobody. */
const named = (groups: readonly string[]): string => groups.map((group) => `\`${group}\``).join(', ') || 'the groups (there are none)'
