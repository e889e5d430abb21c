/** Approving or activating: a fresh tap over exactly what the page shows, and the receipt held against it. */
import type { AnyEnvelope } from '@exeat/core/envelope'
import { actAnswerSchema } from '@exeat/core/wire'
import { type ReactNode, useState } from 'react'
import { post } from '../api.ts'
import type { Shown } from '../shown.ts'
import { type Challenge, challengeFor, type Tap, tapWithPasskey } from '../tap.ts'
import { Problem } from './problem.tsx'

interface SignActProps {
  readonly act: 'approve' | 'activate'
  readonly shown: Shown
  readonly again: () => void
}

const verbs = { approve: ['Approve', 'approvals'], activate: ['Activate', 'activation'] } as const

export function SignAct({ act, shown, again }: SignActProps): ReactNode {
  const [challenge, setChallenge] = useState<Challenge>()
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  const { view: { uid, binding, name } } = shown
  const [verb, path] = verbs[act]
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
  const finish = async (tap: Tap): Promise<void> => {
    await post(`/v1/opt-outs/${uid}/${path}`, { signed: binding, tap }, actAnswerSchema)
    again()
  }
  const ask = (): Promise<Challenge> => challengeFor({ purpose: act, id: uid, signed: binding }, (envelope) => states(envelope, act, shown))
  const begin = (): Promise<void> => run(async () => {
    const made = await ask()
    if (made.factors.webauthn !== undefined && made.factors.totp === undefined && made.factors.oidc === undefined) return finish(await tapWithPasskey(made))
    setChallenge(made)
  })
  return (
    <section className="card sign" aria-label={`${verb} ${name}`}>
      <p>{act === 'approve' ? 'Your tap signs what stands above, and nothing else. It changes nothing by itself: somebody activates it afterwards.' : 'Your tap makes it work, from the entry in the log on, until the end stated above.'}</p>
      {challenge === undefined
        ? <button type="button" className="primary" disabled={busy} onClick={() => { void begin() }}>{busy ? 'Waiting for your key…' : `${verb}…`}</button>
        : <Factors challenge={challenge} verb={verb} busy={busy} use={(tap) => { void run(async () => { await finish(await tap()) }) }} />}
      <Problem error={error} />
    </section>
  )
}

/** What stands above is what the envelope must state: act, opt-out, document, terms, impact and end. */
function states(envelope: AnyEnvelope, act: string, { view, document }: Shown): boolean {
  if ('about' in envelope) return false
  const { purpose, uid, optOut, terms, impact, window } = envelope
  return purpose === act && uid === view.uid && optOut === view.binding.optOut && terms === view.binding.terms && impact === view.binding.impact
    && window.from === document.spec.window.from && window.until === document.spec.window.until
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
