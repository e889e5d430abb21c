/** Confirming somebody else's emergency, as the second person whom it names. */
import { tapPendingSchema } from '@exeat/core/wire'
import { type ReactNode, useCallback, useState } from 'react'
import { get, Refused } from '../api.ts'
import { fetchAsked } from '../asked.ts'
import { Layout } from '../parts/layout.tsx'
import { Loaded, useLoaded } from '../parts/loaded.tsx'
import { SignAct } from '../parts/sign-act.tsx'
import type { Session, SignedIn } from '../session.ts'
import { AskedText } from './handed.tsx'

export function SecondPage({ id, session, signedIn }: { readonly id: string; readonly session: Session; readonly signedIn: SignedIn }): ReactNode {
  const [done, setDone] = useState(false)
  const { person } = session
  const loaded = useLoaded(useCallback(async () => {
    const { wanted, by } = await get(`/v1/challenges/${encodeURIComponent(id)}`, tapPendingSchema)
    if (wanted.purpose !== 'emergency') throw new Refused({ code: 'TAP_OTHER', detail: 'this is no emergency that waits for a second person' })
    const confirming = { purpose: 'second', challenge: id } as const
    return { wanted, by, confirming, asked: await fetchAsked(wanted, person, confirming) }
  }, [id, person]))
  return (
    <Layout title="Confirm an emergency" signedIn={signedIn}>
      {done ? <section className="card narrow"><p role="status">You have confirmed it. It works once whoever declares it has tapped as well.</p></section> : (
        <Loaded from={loaded}>{({ wanted, by, confirming, asked }) => (
          <>
            <p><strong>{by.sub}</strong> <span className="quiet">({by.iss})</span> declares an emergency, and names you as the second person. Ask them for the code that they see.</p>
            <AskedText asked={asked} wanted={wanted} />
            <SignAct wanted={confirming} name={asked.document.metadata.name} note="Your tap confirms what stands above, in your own name. Whoever confirms it does not review it." expected={asked.expected} made={asked.challenge} done={() => { setDone(true) }} />
          </>
        )}</Loaded>
      )}
    </Layout>
  )
}
