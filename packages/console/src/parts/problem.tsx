/** A refusal: what, why, and what to do. */
import type { ReactNode } from 'react'
import { Refused } from '../api.ts'
import { Said } from './said.tsx'

export function Problem({ error, again }: { readonly error: unknown; readonly again?: () => void }): ReactNode {
  if (error === undefined) return null
  const { code, detail, hint, errors } = told(error)
  return (
    <div className="problem" role="alert">
      <p><strong><Said text={detail} /></strong> <code>{code}</code></p>
      {(errors ?? []).slice(1).map(({ code: each, message }) => <p key={`${each} ${message}`}><Said text={message} /> <code>{each}</code></p>)}
      {hint === undefined ? null : <p><Said text={hint} /></p>}
      {again === undefined ? null : <button type="button" className="plain" onClick={again}>Try again</button>}
    </div>
  )
}

function told(error: unknown): Refused['problem'] {
  if (error instanceof Refused) return error.problem
  if (error instanceof Error && (error.name === 'NotAllowedError' || error.name === 'AbortError')) {
    return { code: 'NOT_TAPPED', detail: 'nothing was signed: the prompt was closed, or no key answered in time', hint: 'try again, with the key that you enrolled' }
  }
  if (error instanceof Error && error.name === 'InvalidStateError') return { code: 'KEY_ENROLLED', detail: 'this key is enrolled already', hint: 'use another key' }
  return { code: 'FAILED', detail: error instanceof Error ? error.message : String(error) }
}
