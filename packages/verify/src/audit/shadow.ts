/** What other systems reported. Nobody signs that, and it excuses nothing: it is told as what the server says. That it fits together, and that what declared it stood then, is held against the log. */
import { inForce } from '@exeat/core'
import type { LogEvent } from '@exeat/core/entry'
import { refuse, type Refusal } from '../codes.ts'
import type { AuditedAct } from './evidence-types.ts'
import { type Reading, wrongAct } from './reading.ts'

type Shadow = Extract<LogEvent, { readonly type: 'dev.exeat.shadow.detected.v1' | 'dev.exeat.shadow.covered.v1' | 'dev.exeat.shadow.resolved.v1' }>

export const isShadow = (event: LogEvent): event is Shadow => event.type.startsWith('dev.exeat.shadow.')

export function addShadow(reading: Reading, index: number, event: Shadow): void {
  const act: Omit<AuditedAct, 'state'> = { index, type: event.type, at: event.time, name: event.data.what }
  const refused = judged(reading, index, event)
  if (refused !== undefined) {
    wrongAct(reading, act, refused.problem)
    return
  }
  const { thing } = event.data
  const unchecked = event.type === 'dev.exeat.shadow.resolved.v1' && reading.shadows.get(thing) !== event.data.entry
  if (event.type === 'dev.exeat.shadow.resolved.v1') reading.shadows.delete(thing)
  else reading.shadows.set(thing, index)
  reading.acts.push(unchecked ? { ...act, state: 'unchecked', because: 'the body of the entry that told of it is gone or missing' } : { ...act, state: 'asserted', because: 'another system reported it, says the server' })
}

function judged(reading: Reading, index: number, event: Shadow): Refusal | undefined {
  if (event.subject !== null) return broken(index, 'is about an opt-out, and states what another system reported')
  if (event.type === 'dev.exeat.shadow.resolved.v1') return reading.shadows.get(event.data.thing) === event.data.entry || reading.shadowsLost ? undefined : broken(index, 'ends what no entry before it told of, or what had ended')
  return event.type === 'dev.exeat.shadow.covered.v1' ? undeclared(reading, index, event) : undefined
}

/** Of an opt-out that was passed over nothing is known but that there is one. */
function undeclared({ uids, lives }: Reading, index: number, { data: { optOut: { uid } }, time }: Shadow & { readonly type: 'dev.exeat.shadow.covered.v1' }): Refusal | undefined {
  if (!uids.has(uid)) return broken(index, `says that \`${uid}\` declares it, and the log has no such opt-out`)
  const life = lives.get(uid)
  const record = life?.lost === undefined ? life?.ledger.records.get(uid) : undefined
  return record === undefined || inForce(record, time) ? undefined : broken(index, `says that \`${uid}\` declares it, which was not in force`)
}

const broken = (index: number, because: string): Refusal => refuse('SHADOW_HISTORY', `entry ${index} ${because}`)
