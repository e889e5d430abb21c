/** The alarm of one emergency, to be heard by whoever did not declare it. */
import type { Identity } from '@exeat/core'
import { actAnswerSchema, type OptOutView } from '@exeat/core/wire'
import type { ReactNode } from 'react'
import { post } from '../api.ts'
import { AlarmText, Hear } from './alarm.tsx'

/** Null where it raised none. */
export function EmergencyAlarm({ view: { uid, name, alarm, requester }, person, again }: { readonly view: OptOutView; readonly person: Identity | undefined; readonly again: () => void }): ReactNode {
  if (alarm === undefined) return null
  const own = person !== undefined && person.iss === requester.iss && person.sub === requester.sub
  return (
    <section className="card" aria-label={`Alarm of ${name}`}>
      <h2>Alarm</h2>
      <AlarmText alarm={alarm} />
      {alarm.acknowledged !== undefined ? null : own
        ? <p className="quiet">You declared it, so somebody else is to hear it.</p>
        : <Hear of={name} hear={() => post(`/v1/opt-outs/${uid}/acknowledgement`, {}, actAnswerSchema)} again={again} />}
    </section>
  )
}
