/** What this browser makes of the log: a line at the foot of every page, and an alarm that nobody overlooks at its head. */
import { type ReactNode, useState } from 'react'
import type { LogCheck } from '../log/check.ts'
import { forget } from '../log/kept.ts'
import { countOf } from '../words.ts'
import { Foreign } from './foreign.tsx'
import { sentence } from './said.tsx'

export function LogAlarm({ check }: { readonly check: LogCheck | undefined }): ReactNode {
  const [sure, setSure] = useState(false)
  if (check?.kind !== 'alarm') return null
  const { problem: { code, message, hint }, notes } = check
  return (
    <section className="tampered" role="alert" aria-labelledby="tampered">
      <h2 id="tampered">This log is not the one that this browser saw before</h2>
      <p><Foreign text={sentence(message)} /> <code>{code}</code></p>
      {hint === undefined ? null : <p><Foreign text={sentence(hint)} /></p>}
      <p>Believe nothing that these pages show, and sign nothing. Tell whoever answers for security, and not only whoever keeps this server.</p>
      <details>
        <summary>Evidence, and beginning anew</summary>
        {notes.map((note, i) => <pre key={note} className="note" tabIndex={0} aria-label={i === 0 ? 'The checkpoint that this browser kept' : 'The checkpoint that the log shows now'}><Foreign text={note} /></pre>)}
        <p className="quiet">From a machine that the operator does not run: <code>exeat log verify --log {location.origin}/log --key KEY</code>, with the key that you have from elsewhere.</p>
        <label className="choice"><input type="checkbox" checked={sure} onChange={(event) => { setSure(event.target.checked) }} />The evidence is kept elsewhere, and somebody has found out why</label>
        <button type="button" className="danger" disabled={!sure} onClick={() => { forget(); location.reload() }}>Forget what this browser saw, and begin anew</button>
      </details>
    </section>
  )
}

export function LogFoot({ check }: { readonly check: LogCheck | undefined }): ReactNode {
  if (check === undefined) return 'The log is being checked.'
  if (check.kind === 'alarm') return <strong>The log is not the one that this browser saw before.</strong>
  if (check.kind === 'unread') return <>The log could not be checked here: <Foreign text={check.problem.message} most={200} /></>
  const { head: { checkpoint: { size } }, before, kept } = check
  return <><a href="/log">{countOf(size, 'entry', 'entries')} in the log</a>, checked in this browser{before === undefined ? ' for the first time' : `: it extends the ${countOf(before.size, 'entry', 'entries')} seen before`}{kept ? '' : '; this browser keeps nothing of it'}</>
}
