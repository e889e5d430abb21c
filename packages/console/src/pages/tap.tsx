/** Back from an identity provider: its answer waits at the challenge, and completes the one act that it was asked for. */
import { actAnswerSchema, tapPendingSchema } from '@exeat/core/wire'
import { type ReactNode, useCallback, useState } from 'react'
import { get, post } from '../api.ts'
import { Layout } from '../parts/layout.tsx'
import { Loaded, useLoaded } from '../parts/loaded.tsx'
import { Problem } from '../parts/problem.tsx'
import type { SignedIn } from '../session.ts'

const paths = { approve: 'approvals', activate: 'activation' } as const

export function TapPage({ id, signedIn }: { readonly id: string; readonly signedIn: SignedIn }): ReactNode {
  const loaded = useLoaded(useCallback(() => get(`/v1/challenges/${encodeURIComponent(id)}`, tapPendingSchema), [id]))
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  return (
    <Layout title="Signed in again" signedIn={signedIn}>
      <Loaded from={loaded}>{({ wanted, proved }) => {
        if (wanted.purpose !== 'approve' && wanted.purpose !== 'activate') return <p>Go back to where you began; this page completes approvals and activations alone.</p>
        const path = paths[wanted.purpose]
        const complete = async (): Promise<void> => {
          setBusy(true)
          setError(undefined)
          try {
            const { optOut } = await post(`/v1/opt-outs/${encodeURIComponent(wanted.id)}/${path}`, { signed: wanted.signed, tap: { challenge: id, proof: { kind: 'oidc' } } }, actAnswerSchema)
            location.assign(`/opt-outs/${optOut.uid}`)
          } catch (cause) {
            setError(cause)
            setBusy(false)
          }
        }
        return (
          <section className="card narrow">
            <p>{proved ? 'Your identity provider has confirmed it is you, for this one act.' : 'Your identity provider has not answered for this act.'}</p>
            <span className="buttons">
              <button type="button" className="primary" disabled={busy || !proved} onClick={() => { void complete() }}>{wanted.purpose === 'approve' ? 'Approve' : 'Activate'}</button>
              <a className="button" href={`/opt-outs/${encodeURIComponent(wanted.id)}`}>Look at it again</a>
            </span>
            <Problem error={error} />
          </section>
        )
      }}</Loaded>
    </Layout>
  )
}
