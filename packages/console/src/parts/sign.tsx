/** A fresh tap over exactly what the page shows, by whatever factor the terms and the person's keys allow. */
import type { AnyEnvelope } from '@exeat/core/envelope'
import { type ReactNode, useState } from 'react'
import { type Challenge, challengeFor, complete, type SignedHere, type Tap, tapWithPasskey } from '../tap.ts'
import { Problem } from './problem.tsx'

interface SignProps {
  readonly wanted: SignedHere
  /** Whether an envelope states what this page shows. */
  readonly states: (envelope: AnyEnvelope) => boolean
  readonly verb: string
  readonly label: string
  readonly note: string
  readonly done: (uid: string) => void
}

export function Sign({ wanted, states, verb, label, note, done }: SignProps): ReactNode {
  const [challenge, setChallenge] = useState<Challenge>()
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  const run = async (work: () => Promise<void>): Promise<void> => {
    setBusy(true)
    setError(undefined)
    try {
      await work()
    } catch (cause) {
      setChallenge(undefined)
      setError(cause)
    }
    setBusy(false)
  }
  const finish = async (tap: Tap): Promise<void> => { done(await complete(wanted, tap)) }
  const begin = (): Promise<void> => run(async () => {
    const made = await challengeFor(wanted, states)
    if (made.factors.webauthn !== undefined && made.factors.totp === undefined && made.factors.oidc === undefined) return finish(await tapWithPasskey(made))
    setChallenge(made)
  })
  return (
    <section className="card sign" aria-label={label}>
      <p>{note}</p>
      {challenge === undefined
        ? <button type="button" className="primary" disabled={busy} onClick={() => { void begin() }}>{busy ? 'Waiting for your key…' : `${verb}…`}</button>
        : <Factors challenge={challenge} verb={verb} busy={busy} use={(tap) => { void run(async () => { await finish(await tap()) }) }} />}
      <Problem error={error} />
    </section>
  )
}

interface FactorsProps {
  readonly challenge: Challenge
  readonly verb: string
  readonly busy: boolean
  readonly use: (tap: () => Promise<Tap>) => void
}

function Factors({ challenge, verb, busy, use }: FactorsProps): ReactNode {
  const [code, setCode] = useState('')
  const { id, factors: { webauthn, totp, oidc } } = challenge
  return (
    <div className="factors">
      {webauthn === undefined ? null : <button type="button" className="primary" disabled={busy} onClick={() => { use(() => tapWithPasskey(challenge)) }}>{verb} with a passkey</button>}
      {oidc === undefined ? null : <a className="button" href={oidc}>{verb} by signing in again</a>}
      {totp === undefined ? null : (
        <form onSubmit={(event) => { event.preventDefault(); use(async () => ({ challenge: id, proof: { kind: 'totp', code } })) }}>
          <label>Code of your authenticator app<input inputMode="numeric" autoComplete="one-time-code" pattern="[0-9]{6,8}" required value={code} onChange={(event) => { setCode(event.target.value) }} /></label>
          <button type="submit" disabled={busy || !/^[0-9]{6,8}$/.test(code)}>{verb} with this code</button>
        </form>
      )}
      {webauthn === undefined && oidc === undefined && totp === undefined ? <p className="problem" role="alert">None of your keys will do for this. Enrol one, and have somebody vouch for it: <a href="/people">People and keys</a>.</p> : null}
    </div>
  )
}
