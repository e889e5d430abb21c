/** One entry in words. */
import { localIssuer } from '@exeat/core/entry'
import type { ReactNode } from 'react'
import type { Body } from '../log/entries.ts'
import { saidOf, strengths } from '../log/said.ts'
import { Foreign } from './foreign.tsx'

export function SaidEntry({ body }: { readonly body: Body }): ReactNode {
  if (body.kind === 'erased') return <em className="quiet">What it said was erased; the entry stands.</em>
  if (body.kind === 'wrong') return <strong className="refuted"><Foreign text={body.because} most={300} /></strong>
  const { by, did, what, evidence, reason } = saidOf(body.event)
  return (
    <>
      {by === undefined ? null : <strong title={by.iss}><Foreign text={by.sub} most={120} />{by.iss === localIssuer ? '' : <span className="quiet"> (<Foreign text={by.iss} most={80} />)</span>}</strong>} {by === undefined ? `${did.charAt(0).toUpperCase()}${did.slice(1)}` : did} {what === undefined ? null : <code><Foreign text={what} most={300} /></code>}
      {evidence === undefined ? null : <> <span className={`strength ${evidence}`} title={strengths[evidence]}>{evidence === 'none' ? 'signed in' : evidence}</span></>}
      {reason === undefined ? null : <span className="below quiet"><Foreign text={reason} most={500} /></span>}
    </>
  )
}
