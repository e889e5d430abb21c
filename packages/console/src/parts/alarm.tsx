/** Whom an alarm was told to, and who heard it; and the word of somebody who did, so that it is not repeated. */
import { localIssuer } from '@exeat/core/entry'
import type { Wire } from '@exeat/core/wire'
import { type ReactNode, useState } from 'react'
import { whenOf } from '../words.ts'
import { Row } from './covers.tsx'
import { Problem } from './problem.tsx'
import { Quoting } from './said.tsx'

type Delivery = Wire['alarmSchema']['deliveries'][number]

export function AlarmText({ alarm: { deliveries, acknowledged } }: { readonly alarm: Wire['alarmSchema'] }): ReactNode {
  return (
    <dl className="terms">
      {deliveries.length === 0 ? <Row term="told">nobody: the workspace names no sink</Row> : null}
      {deliveries.map((each) => <Row key={each.sink} term={`told ${each.sink}`}><span><Quoting text={deliveryText(each)} /></span></Row>)}
      <Row term="heard by">{acknowledged === undefined ? <strong>nobody yet</strong> : heardText(acknowledged)}</Row>
    </dl>
  )
}

function heardText({ by: { iss, sub }, evidence, at }: NonNullable<Wire['alarmSchema']['acknowledged']>): string {
  return `${sub}${iss === localIssuer ? '' : ` (${iss})`}, ${evidence === 'none' ? 'signed in' : evidence}, ${whenOf(Date.parse(at))}`
}

function deliveryText({ state, attempts, at, message }: Delivery): string {
  const why = message === undefined ? '' : `: ${message}`
  if (state === 'delivered') return `delivered ${whenOf(Date.parse(at))}`
  const tried = attempts === 1 ? 'one attempt' : `${attempts} attempts`
  if (state === 'dead') return `given up ${whenOf(Date.parse(at))} after ${tried}${why}`
  return attempts === 0 ? 'not yet sent' : `not delivered after ${tried}${why}; it is tried again`
}

interface HearProps {
  /** Of which alarm. */
  readonly of: string
  /** Records it. */
  readonly hear: () => Promise<unknown>
  readonly again: () => void
}

/** Takes a sign-in, and no second factor: it grants nothing. */
export function Hear({ of, hear, again }: HearProps): ReactNode {
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  const run = async (): Promise<void> => {
    setBusy(true)
    setError(undefined)
    try {
      await hear()
      again()
    } catch (cause) {
      setError(cause)
    }
    setBusy(false)
  }
  return (
    <>
      <p className="quiet">Say so if you heard it: nobody is called again from then on, and the log says that it was you.</p>
      <button type="button" aria-label={`I heard the alarm of ${of}`} disabled={busy} onClick={() => { void run() }}>{busy ? 'Working…' : 'I heard it'}</button>
      <Problem error={error} />
    </>
  )
}
