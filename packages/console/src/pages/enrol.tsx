/** Enrolling a key, by a one-time link or beside one that is enrolled already. The link's secret stands behind `#`, and never reaches a server's log. */
import { type PublicKeyCredentialCreationOptionsJSON, startRegistration } from '@simplewebauthn/browser'
import { ceremonySchema, enrolmentSchema } from '@exeat/core/wire'
import { type ReactNode, useState } from 'react'
import { post } from '../api.ts'
import { codeOfMade, type Enrolment } from '../keys.ts'
import { ComparisonCode } from '../parts/code.tsx'
import { Layout } from '../parts/layout.tsx'
import { Problem } from '../parts/problem.tsx'
import type { SignedIn } from '../session.ts'
import { whenOf } from '../words.ts'

/** Read once, and taken out of the address bar and the history. */
const secret = location.pathname === '/enrol' && location.hash.length > 1 ? location.hash.slice(1) : undefined
if (secret !== undefined) history.replaceState(null, '', '/enrol')

export function EnrolPage({ signedIn }: { readonly signedIn: SignedIn }): ReactNode {
  const [label, setLabel] = useState('')
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  const [done, setDone] = useState<Enrolment>()
  const enrol = async (): Promise<void> => {
    setBusy(true)
    setError(undefined)
    try {
      const { id, options } = await post('/v1/enrolments/options', secret === undefined ? {} : { secret }, ceremonySchema)
      const response = await startRegistration({ optionsJSON: options as unknown as PublicKeyCredentialCreationOptionsJSON })
      const enrolment = await post('/v1/enrolments', { id, response, label: label.trim() }, enrolmentSchema)
      setDone({ ...enrolment, code: codeOfMade(enrolment, response) })
    } catch (cause) {
      setError(cause)
    }
    setBusy(false)
  }
  if (done !== undefined) return <Enrolled enrolment={done} signedIn={signedIn} />
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
        <a className="button wide" href="/sign-in">Sign in with it</a>
      </section>
    </Layout>
  )
}
