/** One-time codes of one's own: a secret for an authenticator app, enrolled with its first code and the tap of a key that counts. */
import { enrolmentSchema, type People, totpSchema } from '@exeat/core/wire'
import { credentialDigest } from '@exeat/core/enrolment'
import { type ReactNode, useState } from 'react'
import { post, Refused } from '../api.ts'
import { sha256 } from '../crypto.ts'
import type { Session } from '../session.ts'
import { tapForKey } from './own-key.tsx'
import { Problem } from './problem.tsx'
import { Qr } from './qr.tsx'

type Secret = People['totpSchema']

/** Said wherever a code is asked for or enrolled: whoever reads the log later must not take it for more. */
export const codesAreWeak = 'A code is the weakest second factor: the log says server-asserted, which is the server\'s word alone that a right one was typed. Only policies that say so take it.'

export function OneTimeCodes({ session: { person }, again }: { readonly session: Session; readonly again: () => void }): ReactNode {
  const [secret, setSecret] = useState<Secret>()
  const [done, setDone] = useState(false)
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  const run = async (work: () => Promise<void>): Promise<void> => {
    setBusy(true)
    setError(undefined)
    try {
      await work()
    } catch (cause) {
      setError(cause)
    }
    setBusy(false)
  }
  const begin = (): Promise<void> => run(async () => {
    const made = await post('/v1/totp', undefined, totpSchema)
    if (credentialDigest(person, { kind: 'totp', id: made.id }, sha256) !== made.credential) throw differs
    setDone(false)
    setSecret(made)
  })
  const enrol = ({ id, credential }: Secret, code: string, label: string): Promise<void> => run(async () => {
    await post('/v1/totp/confirmation', { id, code, label, tap: await tapForKey(credential) }, enrolmentSchema)
    setSecret(undefined)
    setDone(true)
    again()
  })
  return (
    <section className="card" aria-labelledby="codes">
      <h2 id="codes">One-time codes</h2>
      <p>{codesAreWeak}</p>
      {done ? <p role="status">They are enrolled, and count in a day.</p> : null}
      {secret === undefined
        ? <button type="button" disabled={busy} onClick={() => { void begin() }}>Set up one-time codes…</button>
        : <FirstCode secret={secret} busy={busy} enrol={(code, label) => { void enrol(secret, code, label) }} />}
      <Problem error={error} />
    </section>
  )
}

function FirstCode({ secret, busy, enrol }: { readonly secret: Secret; readonly busy: boolean; readonly enrol: (code: string, label: string) => void }): ReactNode {
  const [code, setCode] = useState('')
  const [label, setLabel] = useState('')
  return (
    <form onSubmit={(event) => { event.preventDefault(); enrol(code, label.trim()) }}>
      {isOurs(secret) ? <Qr text={secret.uri} label="The secret as a QR code, for the camera of your authenticator app" /> : null}
      <p>Scan it with your authenticator app, or type this secret into it. It is shown once: <code className="link secret">{secret.secret.replaceAll(/(.{4})(?=.)/g, '$1 ')}</code></p>
      {isOurs(secret) ? <p><a href={secret.uri}>Open it in an app on this device</a></p> : null}
      <label>Name of this app or device<input name="codes-label" required maxLength={100} autoComplete="off" value={label} onChange={(event) => { setLabel(event.target.value) }} /></label>
      <label>Code that it shows now<input name="first-code" required inputMode="numeric" autoComplete="one-time-code" pattern="[0-9]{6}" value={code} onChange={(event) => { setCode(event.target.value) }} /></label>
      <button type="submit" className="primary" disabled={busy}>{busy ? 'Waiting for your key…' : 'Enrol them with your key'}</button>
    </form>
  )
}

/** An address that an app for codes takes, and nothing else a camera would open. */
const isOurs = ({ uri }: Secret): boolean => uri.startsWith('otpauth://totp/') && uri.length <= 1000

const differs = new Refused({ code: 'SHOWN_DIFFERS', detail: 'the secret that the server made is not for you', hint: 'nothing was signed; tell whoever keeps the server' })
