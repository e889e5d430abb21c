/** Enrolling a key, by a one-time link or beside one that is enrolled already. The link's secret stands behind `#`, and never reaches a server's log. */
import { type PublicKeyCredentialCreationOptionsJSON, startRegistration } from '@simplewebauthn/browser'
import { ceremonySchema, enrolmentSchema, enrolmentsSchema, heldPasskeySchema, type People } from '@exeat/core/wire'
import { type ReactNode, useState } from 'react'
import { get, post } from '../api.ts'
import { codeOfMade, type Enrolment } from '../keys.ts'
import { ComparisonCode } from '../parts/code.tsx'
import { Layout } from '../parts/layout.tsx'
import { OwnKey } from '../parts/own-key.tsx'
import { Problem } from '../parts/problem.tsx'
import type { Session, SignedIn } from '../session.ts'
import { whenOf } from '../words.ts'

/** Read once, and taken out of the address bar and the history. */
const secret = location.pathname === '/enrol' && location.hash.length > 1 ? location.hash.slice(1) : undefined
if (secret !== undefined) history.replaceState(null, '', '/enrol')

export function EnrolPage({ signedIn }: { readonly signedIn: SignedIn }): ReactNode {
  const [label, setLabel] = useState('')
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  const [done, setDone] = useState<Enrolment>()
  const [held, setHeld] = useState<Held>()
  const enrol = async (): Promise<void> => {
    setBusy(true)
    setError(undefined)
    try {
      const { id, options } = await post('/v1/enrolments/options', secret === undefined ? {} : { secret }, ceremonySchema)
      const response = await startRegistration({ optionsJSON: options as unknown as PublicKeyCredentialCreationOptionsJSON })
      if (secret === undefined && signedIn.session !== null && await hasCounting(signedIn.session)) {
        const made = await post('/v1/enrolments/own', { id, response }, heldPasskeySchema)
        setHeld({ made, code: codeOfMade({ ...made, kind: 'webauthn', person: signedIn.session.person }, response) })
        setBusy(false)
        return
      }
      const enrolment = await post('/v1/enrolments', { id, response, label: label.trim() }, enrolmentSchema)
      setDone({ ...enrolment, code: codeOfMade(enrolment, response) })
    } catch (cause) {
      setError(cause)
    }
    setBusy(false)
  }
  if (done !== undefined) return <Enrolled enrolment={done} signedIn={signedIn} />
  if (held !== undefined) return <Layout title="Enrol a key" signedIn={signedIn}><OwnKey held={held.made} code={held.code} label={label.trim()} done={setDone} /></Layout>
  if (secret === undefined && signedIn.session === null) {
    return <Layout title="Enrol a key" signedIn={signedIn}><section className="card narrow"><p>This page needs a one-time link. Ask an administrator for one: <code>exeat enrol invite NAME</code>.</p></section></Layout>
  }
  return (
    <Layout title="Enrol a key" signedIn={signedIn}>
      <form className="card narrow" onSubmit={(event) => { event.preventDefault(); void enrol() }}>
        <p>The key that you enrol now is what you approve and activate with. Its public half is written to the log; the private half never leaves your device.</p>
        <label>Name of this key<input name="label" required maxLength={100} autoComplete="off" placeholder="Laptop, or: blue key on my ring" value={label} onChange={(event) => { setLabel(event.target.value) }} /></label>
        <button type="submit" className="primary wide" disabled={busy || label.trim() === ''}>{busy ? 'Waiting for your key…' : 'Enrol a passkey'}</button>
        <Problem error={error} />
      </form>
    </Layout>
  )
}

interface Held {
  readonly made: People['heldPasskeySchema']
  readonly code: string
}

/** Whether a passkey of theirs counts already, and so can speak for another. */
async function hasCounting({ person: { iss, sub } }: Session): Promise<boolean> {
  const { items } = await get('/v1/enrolments', enrolmentsSchema)
  return items.some(({ person, kind, removedAt, countsFrom }) =>
    person?.iss === iss && person.sub === sub && kind === 'webauthn' && removedAt === undefined && countsFrom !== null && Date.parse(countsFrom) <= Date.now())
}

function Enrolled({ enrolment, signedIn }: { readonly enrolment: Enrolment; readonly signedIn: SignedIn }): ReactNode {
  const { label, index, code, countsFrom, person } = enrolment
  return (
    <Layout title="Key enrolled" signedIn={signedIn}>
      <section className="card narrow">
        <p><strong>{label}</strong> is enrolled for <strong>{person?.sub}</strong>, as entry {index} of the log.</p>
        <ComparisonCode code={code} of="your key" />
        {countsFrom === null
          ? <p>It counts once somebody else has vouched for it. Read the code to them, in a call or face to face: they must see the same one.</p>
          : <p>It counts from {whenOf(Date.parse(countsFrom))} on.</p>}
        {signedIn.session === null ? <a className="button wide" href="/sign-in">Sign in with it</a> : <a className="button wide" href="/people">People and keys</a>}
      </section>
    </Layout>
  )
}
