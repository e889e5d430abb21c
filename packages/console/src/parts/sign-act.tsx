/** The acts on one opt-out that take a tap, each over what its page shows. */
import type { AnyEnvelope } from '@exeat/core/envelope'
import { type ReactNode, useState } from 'react'
import type { Shown } from '../shown.ts'
import { Sign } from './sign.tsx'

interface SignActProps {
  readonly act: 'approve' | 'activate'
  readonly shown: Shown
  readonly again: () => void
}

const notes = {
  approve: 'Your tap signs what stands above, and nothing else. It changes nothing by itself: somebody activates it afterwards.',
  activate: 'Your tap makes it work, from the entry in the log on, until the end stated above.',
} as const

export function SignAct({ act, shown, again }: SignActProps): ReactNode {
  const { view: { uid, binding, name } } = shown
  const verb = act === 'approve' ? 'Approve' : 'Activate'
  return <Sign wanted={{ purpose: act, id: uid, signed: binding }} states={(envelope) => states(envelope, act, shown)} verb={verb} label={`${verb} ${name}`} note={notes[act]} done={again} />
}

/** What an emergency came to, in somebody else's judgement. */
export function ReviewAct({ shown, again }: Omit<SignActProps, 'act'>): ReactNode {
  const [verdict, setVerdict] = useState<'justified' | 'unjustified'>()
  const [reason, setReason] = useState('')
  const { view: { name } } = shown
  const said = reason.trim()
  return (
    <section className="card end" aria-label={`Review ${name}`}>
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
  readonly done: () => void
}

/** The tap of a review, over this verdict and this reason. */
export function Judge({ shown, verdict, reason, done }: JudgeProps): ReactNode {
  const { view: { uid, name } } = shown
  return (
    <Sign wanted={{ purpose: 'review', id: uid, review: { verdict, reason } }} states={(envelope) => states(envelope, 'review', shown)} verb="Record it" label={`Record the review of ${name}`}
      note={`Your tap records that it was ${verdict}, and why. It stands for ever.`} done={done} />
  )
}

/** What stands above is what the envelope must state: act, opt-out, document, terms, impact and end. */
function states(envelope: AnyEnvelope, act: string, { view, document }: Shown): boolean {
  if ('about' in envelope) return false
  const { purpose, uid, optOut, terms, impact, window } = envelope
  return purpose === act && uid === view.uid && optOut === view.binding.optOut && terms === view.binding.terms && impact === view.binding.impact
    && window.from === document.spec.window.from && window.until === document.spec.window.until
}
