/** Back from an identity provider: its answer waits at the challenge, and completes the one act that it was asked for. */
import { tapPendingSchema } from '@exeat/core/wire'
import { type ReactNode, useCallback, useState } from 'react'
import { perform, verbs } from '../acts.ts'
import { get } from '../api.ts'
import { Layout } from '../parts/layout.tsx'
import { Loaded, useLoaded } from '../parts/loaded.tsx'
import { Problem } from '../parts/problem.tsx'
import type { SignedIn } from '../session.ts'

export function TapPage({ id, signedIn }: { readonly id: string; readonly signedIn: SignedIn }): ReactNode {
  const loaded = useLoaded(useCallback(() => get(`/v1/challenges/${encodeURIComponent(id)}`, tapPendingSchema), [id]))
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  return (
    <Layout title="Signed in again" signedIn={signedIn}>
      <Loaded from={loaded}>{({ wanted, proved }) => {
        const complete = async (): Promise<void> => {
          setBusy(true)
          setError(undefined)
          try {
            location.assign(await perform(wanted, { challenge: id, proof: { kind: 'oidc' } }))
          } catch (cause) {
            setError(cause)
            setBusy(false)
          }
        }
        return (
          <section className="card narrow">
            <p>{proved ? 'Your identity provider has confirmed it is you, for this one act.' : 'Your identity provider has not answered for this act.'}</p>
            <span className="buttons">
              <button type="button" className="primary" disabled={busy || !proved} onClick={() => { void complete() }}>{verbs[wanted.purpose]}</button>
              {'id' in wanted ? <a className="button" href={`/opt-outs/${encodeURIComponent(wanted.id)}`}>Look at it again</a> : null}
            </span>
            <Problem error={error} />
          </section>
        )
      }}</Loaded>
    </Layout>
  )
}
