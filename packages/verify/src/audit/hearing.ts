/**
 * Who heard an alarm, and how drills ended. Nobody signs that, and it grants nothing: it is told as what the server says. That it is of an alarm that was raised, once, and
 * by somebody else than who raised it, is held against the log.
 */
import { type HexDigest, type Identity, type Instant, sameIdentity } from '@exeat/core'
import { type EventData, type LogEvent, operatorIssuer } from '@exeat/core/entry'
import { refuse, type Refusal } from '../codes.ts'
import type { AuditedAct, ShownEvidence } from './evidence-types.ts'
import { type Reading, wrongAct } from './reading.ts'

/** An alarm as the log raised it, by the index of that entry. */
export interface Raised {
  readonly uid: HexDigest | null
  readonly by: readonly Identity[]
  /** Of a drill. */
  readonly until?: Instant
  heard?: number
  over?: number
}

type Hearing = Extract<LogEvent, { readonly type: 'dev.exeat.emergency.acknowledged.v1' | 'dev.exeat.drill.started.v1' | 'dev.exeat.drill.acknowledged.v1' | 'dev.exeat.drill.ended.v1' }>

export const isHearing = (event: LogEvent): event is Hearing => event.type === 'dev.exeat.emergency.acknowledged.v1' || event.type.startsWith('dev.exeat.drill.')

/** Whatever else is said of the emergency, it raised an alarm. */
export function noteEmergency({ raised }: Reading, index: number, uid: HexDigest | null, { by, second }: EventData['dev.exeat.emergency.activated.v1']): void {
  raised.set(index, { uid, by: second === undefined ? [by] : [by, second] })
}

export function addHearing(reading: Reading, index: number, event: Hearing): void {
  const act: Omit<AuditedAct, 'state'> = { index, type: event.type, at: event.time, ...(event.subject === null ? {} : { uid: event.subject }), ...saidBy(event) }
  const about = aboutOf(event)
  const alarm = about === undefined ? undefined : reading.raised.get(about)
  if (about !== undefined && alarm === undefined && reading.raisedLost) {
    reading.acts.push({ ...act, state: 'unchecked', because: 'the body of the entry that raised the alarm is gone or missing' })
    return
  }
  const refused = typed(event) ?? judged(event, index, alarm)
  if (refused !== undefined) {
    wrongAct(reading, act, refused.problem)
    return
  }
  if (event.type === 'dev.exeat.drill.started.v1') reading.raised.set(index, { uid: null, by: [event.data.by], until: event.data.until })
  else if (alarm !== undefined) alarm[event.type === 'dev.exeat.drill.ended.v1' ? 'over' : 'heard'] = index
  reading.acts.push({ ...act, state: 'asserted', because: event.type === 'dev.exeat.drill.ended.v1' ? 'the server says so' : 'a sign-in or a typed name: nothing was signed, and it grants nothing' })
}

function aboutOf(event: Hearing): number | undefined {
  if (event.type === 'dev.exeat.drill.started.v1') return undefined
  return event.type === 'dev.exeat.emergency.acknowledged.v1' ? event.data.entry : event.data.drill
}

function saidBy(event: Hearing): Pick<AuditedAct, 'by' | 'evidence'> {
  if (event.type === 'dev.exeat.drill.ended.v1') return {}
  const { by, evidence } = event.data
  const shown: ShownEvidence | undefined = evidence.strength === 'operator-asserted' ? { strength: evidence.strength, kind: 'typed', name: evidence.name }
    : evidence.strength === 'none' ? { strength: evidence.strength, kind: 'sign-in', method: evidence.method } : undefined
  return { by, ...(shown === undefined ? {} : { evidence: shown }) }
}

/** A typed name is of whom it names, and of nobody who signs in. */
function typed(event: Hearing): Refusal | undefined {
  if (event.type === 'dev.exeat.drill.ended.v1') return undefined
  const { by, evidence } = event.data
  const holds = evidence.strength === 'operator-asserted' ? sameIdentity(by, { iss: operatorIssuer, sub: evidence.name }) : evidence.strength === 'none' && by.iss !== operatorIssuer
  return holds ? undefined : refuse('EVIDENCE_OTHER', 'the typed name or the sign-in is of somebody else')
}

function judged(event: Hearing, index: number, alarm: Raised | undefined): Refusal | undefined {
  if (event.type === 'dev.exeat.drill.started.v1') return undefined
  const isDrill = event.type !== 'dev.exeat.emergency.acknowledged.v1'
  if (alarm === undefined || alarm.uid !== event.subject || (alarm.until !== undefined) !== isDrill) return broken(index, 'is about no alarm that the log raised before')
  if (event.type === 'dev.exeat.drill.ended.v1') {
    if (alarm.over !== undefined) return broken(index, `ends a drill that entry ${alarm.over} ended`)
    return (event.data.outcome === 'acknowledged') === (alarm.heard !== undefined) ? undefined : broken(index, 'tells another end of the drill than came of it')
  }
  if (alarm.heard !== undefined || alarm.over !== undefined) return broken(index, 'hears an alarm that was heard before, or is over')
  if (alarm.by.some((each) => sameIdentity(each, event.data.by))) return broken(index, 'has an alarm heard by who raised it')
  return alarm.until === undefined || event.time < alarm.until ? undefined : broken(index, 'hears a drill that was over')
}

const broken = (index: number, because: string): Refusal => refuse('ALARM_HISTORY', `entry ${index} ${because}`)
