/** An act that takes a fresh tap, over exactly what the page shows. */
import { type ReactNode, useState } from 'react'
import { perform, verbs } from '../acts.ts'
import { Refused } from '../api.ts'
import { useLogCheck } from '../log/watched.ts'
import { type Challenge, challengeFor, type Expected, type Tap, tapWithPasskey, type Wanted } from '../tap.ts'
import { isBeginning, TypedCode } from './code.tsx'
import { codesAreWeak } from './one-time-codes.tsx'
import { Problem } from './problem.tsx'

interface SignActProps {
  readonly wanted: Wanted
  /** Of what it is about. */
  readonly name: string
  readonly note: string
  readonly expected: Expected
  /** A challenge that was asked for already, to show what it states: good for one try. */
  readonly made?: Challenge
  /** The code whose beginning has to be typed first, from another screen. */
  readonly typed?: string
  /** Where the act has to wait for somebody. */
  readonly waiting?: boolean
  /** The page that shows what came of it. */
  readonly done: (page: string) => void
}

export function SignAct({ wanted, name, note, expected, made, typed: code, waiting = false, done }: SignActProps): ReactNode {
  const [challenge, setChallenge] = useState<Challenge>()
  const [tried, setTried] = useState(false)
  const [typed, setTyped] = useState('')
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  const verb = verbs[wanted.purpose]
  const alarmed = useLogCheck()?.kind === 'alarm'
  const run = async (work: () => Promise<void>): Promise<void> => {
    setBusy(true)
    setError(undefined)
    try {
      await work()
    } catch (cause) {
      setChallenge(undefined)
      setTried(true)
      setError(cause)
    }
    setBusy(false)
  }
  const finish = async (tap: Tap): Promise<void> => { done(await perform(wanted, tap)) }
  const begin = (): Promise<void> => run(async () => {
    if (code !== undefined && !isBeginning(typed, code)) throw otherCode
    const asked = made === undefined || tried ? await challengeFor(wanted, expected) : made
    const { webauthn, totp, oidc } = asked.factors
    if (webauthn !== undefined && totp === undefined && oidc === undefined) return finish(await tapWithPasskey(asked))
    setChallenge(asked)
  })
  return (
    <section className="card sign" aria-label={`${verb}: ${name}`}>
      <p>{note}</p>
      {alarmed ? <p><strong>Nothing is signed here while the log is not the one that this browser saw before.</strong></p> : null}
      {challenge === undefined
        ? (
          <form onSubmit={(event) => { event.preventDefault(); void begin() }}>
            {code === undefined ? null : <TypedCode name={name} value={typed} change={setTyped} />}
            <button type="submit" className="primary" disabled={busy || waiting || alarmed}>{busy ? 'Waiting for your key…' : `${verb}…`}</button>
          </form>
        )
        : <Factors challenge={challenge} verb={verb} busy={busy} use={(tap) => { void run(async () => { await finish(await tap()) }) }} />}
      <Problem error={error} />
    </section>
  )
}

/** Whoever has another code before them looks at another thing. */
export const otherCode = new Refused({
  code: 'CODE_OTHER', detail: 'this is not how the code of what this page shows begins', hint: 'nothing was sent; where the other screen shows another code, one of them shows another thing: tell whoever keeps the server',
})

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
          <p className="quiet">{codesAreWeak}</p>
          <label>Code of your authenticator app<input inputMode="numeric" autoComplete="one-time-code" pattern="[0-9]{6,8}" required value={code} onChange={(event) => { setCode(event.target.value) }} /></label>
          <button type="submit" disabled={busy || !/^[0-9]{6,8}$/.test(code)}>{verb} with this code</button>
        </form>
      )}
      {webauthn === undefined && oidc === undefined && totp === undefined ? <p className="problem" role="alert">None of your keys will do for this. Enrol one, and have somebody vouch for it: <a href="/people">People and keys</a>.</p> : null}
    </div>
  )
}
