/** Back from an identity provider: its answer waits at the challenge. All that it was given for is shown again, and then completes this one act. */
import { type ReactNode, useCallback, useState } from 'react'
import { perform, verbs } from '../acts.ts'
import { type Confirming, fetchConfirming } from '../confirming.ts'
import { isBeginning, TypedCode } from '../parts/code.tsx'
import { Layout } from '../parts/layout.tsx'
import { Loaded, useLoaded } from '../parts/loaded.tsx'
import { OptOutText } from '../parts/opt-out-text.tsx'
import { Problem } from '../parts/problem.tsx'
import { otherCode } from '../parts/sign-act.tsx'
import type { Session, SignedIn } from '../session.ts'
import { AskedText, ReviewText } from './handed.tsx'

export function TapPage({ id, session, signedIn }: { readonly id: string; readonly session: Session; readonly signedIn: SignedIn }): ReactNode {
  const loaded = useLoaded(useCallback(() => fetchConfirming(id, session), [id, session]))
  return (
    <Layout title="Signed in again" signedIn={signedIn}>
      <Loaded from={loaded}>{(confirming) => (
        <>
          <Stated confirming={confirming} />
          <Confirm id={id} confirming={confirming} />
        </>
      )}</Loaded>
    </Layout>
  )
}

const typedFor = (confirming: Confirming): boolean => confirming.kind === 'opt-out' && confirming.wanted.purpose === 'approve' && confirming.shown.view.critical

function Stated({ confirming }: { readonly confirming: Confirming }): ReactNode {
  switch (confirming.kind) {
    case 'opt-out': return (
      <>
        <h2>{confirming.name}</h2>
        <OptOutText shown={confirming.shown} beginningHidden={typedFor(confirming)} />
      </>
    )
    case 'review': return <ReviewText wanted={confirming.wanted} shown={confirming.shown} />
    case 'asked': return <AskedText asked={confirming.stated} wanted={confirming.asked} />
  }
}

function Confirm({ id, confirming }: { readonly id: string; readonly confirming: Confirming }): ReactNode {
  const { wanted, proved, name, code } = confirming
  const [typed, setTyped] = useState('')
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  const verb = verbs[wanted.purpose]
  const complete = async (): Promise<void> => {
    setBusy(true)
    setError(undefined)
    try {
      if (typedFor(confirming) && !isBeginning(typed, code)) throw otherCode
      location.assign(await perform(wanted, { challenge: id, proof: { kind: 'oidc' } }))
    } catch (cause) {
      setError(cause)
      setBusy(false)
    }
  }
  return (
    <form className="card sign" aria-label={`${verb}: ${name}`} onSubmit={(event) => { event.preventDefault(); void complete() }}>
      <p>{proved ? 'Your identity provider has confirmed it is you, for what stands above and nothing else. Nothing is done yet.' : 'Your identity provider has not answered for this act.'}</p>
      {typedFor(confirming) && proved ? <TypedCode name={name} value={typed} change={setTyped} /> : null}
      <button type="submit" className="primary" disabled={busy || !proved}>{verb}</button>
      <Problem error={error} />
    </form>
  )
}
