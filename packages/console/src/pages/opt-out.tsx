/** One opt-out: all that it covers, what it turns off, until when; and the acts that it waits for. */
import { actAnswerSchema } from '@exeat/core/wire'
import { type ReactNode, useCallback, useState } from 'react'
import { post } from '../api.ts'
import { EmergencyAlarm } from '../parts/emergency-alarm.tsx'
import { Layout } from '../parts/layout.tsx'
import { Loaded, useLoaded } from '../parts/loaded.tsx'
import { OptOutMore } from '../parts/opt-out-more.tsx'
import { OptOutText } from '../parts/opt-out-text.tsx'
import { Problem } from '../parts/problem.tsx'
import type { SignedIn } from '../session.ts'
import { fetchShown, type Shown, statesShown } from '../shown.ts'
import { ReviewAct } from '../parts/review-act.tsx'
import { SignAct } from '../parts/sign-act.tsx'

/** For another screen to type it from: shown whole, and nothing can be signed. */
const codeAlone = new URLSearchParams(location.search).has('code')

const isOwn = ({ view: { requester } }: Shown, { session }: SignedIn): boolean => session?.person.iss === requester.iss && session.person.sub === requester.sub
const mayApprove = (shown: Shown, signedIn: SignedIn): boolean => shown.view.phase === 'proposed' && !isOwn(shown, signedIn)

export function OptOutPage({ id, signedIn }: { readonly id: string; readonly signedIn: SignedIn }): ReactNode {
  const loaded = useLoaded(useCallback(() => fetchShown(id), [id]))
  const { state } = loaded
  return (
    <Layout title={state.kind === 'ready' ? state.value.view.name : 'Opt-out'} signedIn={signedIn}>
      <Loaded from={loaded}>{(shown) => (
        <>
          <OptOutText shown={shown} beginningHidden={!codeAlone && mayApprove(shown, signedIn) && shown.view.critical} />
          <EmergencyAlarm view={shown.view} person={signedIn.session?.person} again={loaded.again} />
          {codeAlone ? <p className="quiet">This page shows the code alone, to be typed on another screen.</p> : <><Acts shown={shown} signedIn={signedIn} again={loaded.again} /><OptOutMore view={shown.view} /></>}
        </>
      )}</Loaded>
    </Layout>
  )
}

const notes = {
  approve: 'Your tap signs what stands above, and nothing else. It changes nothing by itself: somebody activates it afterwards.',
  activate: 'Your tap makes it work, from the entry in the log on, until the end stated above.',
} as const

interface ActsProps {
  readonly shown: Shown
  readonly signedIn: SignedIn
  readonly again: () => void
}

function Acts({ shown, signedIn, again }: ActsProps): ReactNode {
  const { view: { phase, uid, binding, name, review, critical }, code } = shown
  const own = isOwn(shown, signedIn)
  const signing = (purpose: 'approve' | 'activate'): ReactNode =>
    <SignAct wanted={{ purpose, id: uid, signed: binding }} name={name} note={notes[purpose]} {...(purpose === 'approve' && critical ? { typed: code } : {})} expected={(envelope) => statesShown(envelope, purpose, shown)} done={again} />
  if (phase === 'proposed') {
    return own
      ? <EndAct uid={uid} act="withdrawal" verb="Withdraw" again={again} note="You asked for it, so somebody else approves it." />
      : <div className="acts">{signing('approve')}<EndAct uid={uid} act="rejection" verb="Reject" again={again} /></div>
  }
  if (phase === 'approved') return <div className="acts">{signing('activate')}<EndAct uid={uid} act={own ? 'withdrawal' : 'rejection'} verb={own ? 'Withdraw' : 'Reject'} again={again} /></div>
  const reviewing = (review === 'due' || review === 'overdue') && !own ? <ReviewAct shown={shown} again={again} /> : null
  if (phase === 'active') return <div className="acts">{reviewing}<EndAct uid={uid} act="revocation" verb="Revoke" again={again} note="Revoking ends it at once, and cannot be undone." /></div>
  if (reviewing !== null) return reviewing
  return <p className="quiet">It is over, and excuses nothing. Names and opt-outs are never used again: ask for a new one.</p>
}

/** Ends something: takes a sign-in and a reason, and no second factor. */
function EndAct({ uid, act, verb, again, note }: { readonly uid: string; readonly act: 'rejection' | 'withdrawal' | 'revocation'; readonly verb: string; readonly again: () => void; readonly note?: string }): ReactNode {
  const [reason, setReason] = useState('')
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  const end = async (): Promise<void> => {
    setBusy(true)
    setError(undefined)
    try {
      await post(`/v1/opt-outs/${uid}/${act}`, { reason: reason.trim() }, actAnswerSchema)
      again()
    } catch (cause) {
      setError(cause)
    }
    setBusy(false)
  }
  return (
    <form className="card end" onSubmit={(event) => { event.preventDefault(); void end() }}>
      {note === undefined ? null : <p>{note}</p>}
      <label>Reason<textarea name="reason" required maxLength={4096} rows={2} value={reason} onChange={(event) => { setReason(event.target.value) }} /></label>
      <button type="submit" className="danger" disabled={busy || reason.trim() === ''}>{busy ? 'Working…' : verb}</button>
      <Problem error={error} />
    </form>
  )
}
