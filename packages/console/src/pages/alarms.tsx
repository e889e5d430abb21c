/** Emergencies that are in force, and the last drill: whom their alarms were told to, and who heard them. */
import type { Identity } from '@exeat/core'
import { drillAnswerSchema, drillSchema, listAnswerSchema, type Wire } from '@exeat/core/wire'
import { type ReactNode, useCallback } from 'react'
import { get, post, Refused } from '../api.ts'
import { AlarmText, Hear } from '../parts/alarm.tsx'
import { Row } from '../parts/covers.tsx'
import { EmergencyAlarm } from '../parts/emergency-alarm.tsx'
import { Layout } from '../parts/layout.tsx'
import { Loaded, useLoaded } from '../parts/loaded.tsx'
import { Phase } from '../parts/phase.tsx'
import type { Session, SignedIn } from '../session.ts'
import { lengthOf, whenOf } from '../words.ts'

type Drill = Wire['drillSchema']

export function AlarmsPage({ session: { person }, signedIn }: { readonly session: Session; readonly signedIn: SignedIn }): ReactNode {
  return (
    <Layout title="Alarms" signedIn={signedIn}>
      <Emergencies person={person} />
      <LastDrill person={person} />
    </Layout>
  )
}

function Emergencies({ person }: { readonly person: Identity }): ReactNode {
  const loaded = useLoaded(useCallback(() => get('/v1/opt-outs?phase=active&limit=200', listAnswerSchema), []))
  return (
    <section aria-labelledby="emergencies">
      <h2 id="emergencies">Emergencies in force</h2>
      <Loaded from={loaded}>{({ items, next }) => {
        const raised = items.filter(({ alarm }) => alarm !== undefined)
        return (
          <>
            {raised.length === 0 ? <p className="quiet">No emergency is in force.</p> : raised.map((view) => (
              <div key={view.uid} className="raised">
                <p className="head"><a href={`/opt-outs/${view.uid}`}><strong>{view.name}</strong></a> <Phase view={view} /> <span className="quiet">declared by {view.requester.sub}; ends in {lengthOf(Date.parse(view.window.until) - Date.now())}</span></p>
                <EmergencyAlarm view={view} person={person} again={loaded.again} />
              </div>
            ))}
            {next === undefined ? null : <p className="quiet">There are more opt-outs in force than this page looks at: <code>exeat status --phase active</code> lists all of them.</p>}
          </>
        )
      }}</Loaded>
    </section>
  )
}

/** Null: there was none yet. */
async function latestDrill(): Promise<Drill | null> {
  try {
    return await get('/v1/drills/latest', drillSchema)
  } catch (cause) {
    if (cause instanceof Refused && cause.problem.code === 'DRILL_UNKNOWN') return null
    throw cause
  }
}

function LastDrill({ person }: { readonly person: Identity }): ReactNode {
  const loaded = useLoaded(useCallback(latestDrill, []))
  return (
    <section aria-labelledby="drill">
      <h2 id="drill">Last drill</h2>
      <Loaded from={loaded}>{(drill) => (drill === null
        ? <p className="quiet">Nobody has tried the alarm out yet. <code>exeat drill start --wait</code> does, and excuses nothing.</p>
        : <DrillText drill={drill} person={person} again={loaded.again} />)}</Loaded>
    </section>
  )
}

const states: Readonly<Record<Drill['state'], string>> = {
  running: 'runs, and nobody has heard it yet', acknowledged: 'somebody heard it in time', unacknowledged: 'failed: nobody heard it in time', undelivered: 'failed: it reached nobody',
}

function DrillText({ drill: { index, by, at, until, state, deliveries, acknowledged }, person, again }: { readonly drill: Drill; readonly person: Identity; readonly again: () => void }): ReactNode {
  const own = person.iss === by.iss && person.sub === by.sub
  return (
    <section className="card" aria-label={`Drill of entry ${index}`}>
      <dl className="terms">
        <Row term="drill"><strong>{states[state]}</strong></Row>
        <Row term="started by">{by.sub}, {whenOf(Date.parse(at))}, entry {index} of the log</Row>
        <Row term={state === 'running' ? 'to be heard by' : 'was due by'}>{whenOf(Date.parse(until))}</Row>
      </dl>
      <AlarmText alarm={{ deliveries, ...(acknowledged === undefined ? {} : { acknowledged }) }} />
      {state !== 'running' ? null : own
        ? <p className="quiet">You started it, so somebody else is to hear it.</p>
        : <Hear of="the drill" hear={() => post(`/v1/drills/${index}/acknowledgement`, {}, drillAnswerSchema)} again={again} />}
    </section>
  )
}
