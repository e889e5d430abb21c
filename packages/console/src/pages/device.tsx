/** Handing over from a command line (RFC 8628): shown is who asks and for what; the code is typed by hand, never followed from a link (§5.4). */
import { deviceViewSchema, type People } from '@exeat/core/wire'
import { type ReactNode, useState } from 'react'
import { anything, get, post } from '../api.ts'
import { Layout } from '../parts/layout.tsx'
import { Problem } from '../parts/problem.tsx'
import type { Session, SignedIn } from '../session.ts'
import { Handed, type HandedAct } from './handed.tsx'

type View = People['deviceViewSchema']

export function DevicePage({ session, signedIn }: { readonly session: Session; readonly signedIn: SignedIn }): ReactNode {
  const [code, setCode] = useState('')
  const [view, setView] = useState<View>()
  const [said, setSaid] = useState<'allowed' | 'denied'>()
  const [handed, setHanded] = useState<HandedAct>()
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  const plain = code.toUpperCase().replaceAll(/[^0-9A-Z]/g, '')
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
  const look = (): Promise<void> => run(async () => { setView(await get(`/v1/device/${encodeURIComponent(plain)}`, deviceViewSchema)) })
  const answer = (allow: boolean): Promise<void> => run(async () => {
    await post(`/v1/device/${encodeURIComponent(plain)}`, { code: plain, allow }, anything)
    const act = allow ? view?.act : undefined
    if (act?.purpose === 'approve' || act?.purpose === 'activate') location.assign(`/opt-outs/${encodeURIComponent(act.id)}`)
    else if (act !== undefined) setHanded(act)
    else setSaid(allow ? 'allowed' : 'denied')
  })
  if (said !== undefined) {
    return <Layout title="Command line" signedIn={signedIn}><section className="card narrow"><p role="status">{outcomes[said]}</p></section></Layout>
  }
  if (handed !== undefined) return <Layout title={titles[handed.purpose]} signedIn={signedIn}><Handed wanted={handed} session={session} done={(page) => { location.assign(page) }} /></Layout>
  return (
    <Layout title="Command line" signedIn={signedIn}>
      <form className="card narrow" onSubmit={(event) => { event.preventDefault(); void look() }}>
        <p>Type the code that your own terminal shows. Whoever sends you a code, or a link with one, wants to act as you.</p>
        <label>Code<input name="code" required autoComplete="off" autoCapitalize="characters" spellCheck={false} value={code} disabled={view !== undefined} onChange={(event) => { setCode(event.target.value) }} /></label>
        {view === undefined ? <button type="submit" className="primary wide" disabled={busy || plain.length < 6}>Look at it</button> : <Asked view={view} busy={busy} answer={answer} />}
        <Problem error={error} />
      </form>
    </Layout>
  )
}

const outcomes = {
  allowed: 'The command line is signed in as you. You can close this page.', denied: 'It was refused, and got nothing.'
} as const
const titles: Readonly<Record<HandedAct['purpose'], string>> = { approve: 'Approve', activate: 'Activate', renew: 'Ask for a renewal', emergency: 'Declare an emergency', review: 'Review an emergency', enrol: 'Vouch for a key' }
const purposes: Readonly<Record<HandedAct['purpose'], string>> = {
  approve: 'approving one opt-out', activate: 'activating one opt-out', renew: 'renewing one opt-out', emergency: 'declaring one emergency', review: 'reviewing one emergency', enrol: 'vouching for one key',
}

function Asked({ view: { client, act }, busy, answer }: { readonly view: View; readonly busy: boolean; readonly answer: (allow: boolean) => Promise<void> }): ReactNode {
  return (
    <>
      <dl className="terms">
        <div><dt>asked by</dt><dd><code>{client.user}@{client.host}</code></dd></div>
        <div><dt>from</dt><dd><code>{client.address}</code></dd></div>
        <div><dt>command</dt><dd><code>{client.command}</code></dd></div>
        <div><dt>for</dt><dd>{act === undefined ? 'acting as you until you sign out; approving and activating still need your key' : `${purposes[act.purpose]}, which you see next`}</dd></div>
      </dl>
      <p className="quiet">Host, user and command are what the other side says of itself.</p>
      <span className="buttons">
        <button type="button" className="primary" disabled={busy} onClick={() => { void answer(true) }}>{act === undefined ? 'Sign it in' : 'Go on'}</button>
        <button type="button" className="danger" disabled={busy} onClick={() => { void answer(false) }}>Refuse</button>
      </span>
    </>
  )
}
