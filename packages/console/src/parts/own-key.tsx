/** The word of an earlier key of one's own for a new one: shown is the code of the key that was made, and the tap is over that key alone. */
import { enrolmentSchema, type People } from '@exeat/core/wire'
import { type ReactNode, useState } from 'react'
import { post } from '../api.ts'
import { codeOfKey, type Enrolment } from '../keys.ts'
import { challengeFor, tapWithPasskey } from '../tap.ts'
import { ComparisonCode } from './code.tsx'
import { Problem } from './problem.tsx'

interface OwnKeyProps {
  readonly held: People['heldPasskeySchema']
  readonly code: string
  readonly label: string
  readonly done: (enrolment: Enrolment) => void
}

export function OwnKey({ held: { id, credential }, code, label, done }: OwnKeyProps): ReactNode {
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  const confirm = async (): Promise<void> => {
    setBusy(true)
    setError(undefined)
    try {
      const tap = await tapForKey(credential)
      const enrolment = await post('/v1/enrolments/own/confirmation', { id, label, tap }, enrolmentSchema)
      done({ ...enrolment, code: codeOfKey(enrolment) })
    } catch (cause) {
      setError(cause)
    }
    setBusy(false)
  }
  return (
    <section className="card narrow" aria-label="Confirm it with an earlier key">
      <p><strong>{label}</strong> is made, and not enrolled yet. Confirm with a key of yours that counts already that this one is yours as well: it counts a day later.</p>
      <ComparisonCode code={code} of="the new key" />
      <button type="button" className="primary wide" disabled={busy} onClick={() => { void confirm() }}>{busy ? 'Waiting for your earlier key…' : 'Confirm with an earlier key'}</button>
      <Problem error={error} />
    </section>
  )
}

/** Over this credential, and nothing else. */
export const tapForKey = async (credential: string): Promise<Awaited<ReturnType<typeof tapWithPasskey>>> =>
  tapWithPasskey(await challengeFor({ purpose: 'enrol', credential }, (envelope) => 'about' in envelope && envelope.purpose === 'enrol' && envelope.about === credential))
