/** Judging an emergency: the verdict and its reason, and a tap over both. */
import { statementDigest } from '@exeat/core/envelope'
import { type ReactNode, useState } from 'react'
import { sha256 } from '../crypto.ts'
import { type Shown, statesShown } from '../shown.ts'
import { SignAct } from './sign-act.tsx'

export function ReviewAct({ shown, again }: { readonly shown: Shown; readonly again: () => void }): ReactNode {
  const [verdict, setVerdict] = useState<'justified' | 'unjustified'>()
  const [reason, setReason] = useState('')
  const said = reason.trim()
  return (
    <section className="card end" aria-label={`Review ${shown.view.name}`}>
      <fieldset>
        <legend>This emergency was</legend>
        {(['justified', 'unjustified'] as const).map((each) => (
          <label key={each} className="choice"><input type="radio" name="verdict" value={each} checked={verdict === each} onChange={() => { setVerdict(each) }} />{each}</label>
        ))}
      </fieldset>
      <label>Why<textarea name="why" required maxLength={4096} rows={2} value={reason} onChange={(event) => { setReason(event.target.value) }} /></label>
      {verdict === undefined || said === '' ? null : <Judge key={`${verdict} ${said}`} shown={shown} verdict={verdict} reason={said} done={again} />}
    </section>
  )
}

interface JudgeProps {
  readonly shown: Shown
  readonly verdict: 'justified' | 'unjustified'
  readonly reason: string
  readonly done: (page: string) => void
}

/** The tap of a review, over this verdict and this reason. */
export function Judge({ shown, verdict, reason, done }: JudgeProps): ReactNode {
  const { view: { uid, name } } = shown
  const review = { verdict, reason }
  const statement = statementDigest(review, sha256)
  return (
    <SignAct wanted={{ purpose: 'review', id: uid, review }} name={name} note={`Your tap records that it was ${verdict}, and why. It stands for ever.`}
      expected={(envelope) => statesShown(envelope, 'review', shown, statement)} done={done} />
  )
}
