/** An act that a command line handed over: shown here as it would be signed, whatever the command line showed. */
import { decodeDocument, documentDigest, type Json, type OptOut, unlocated } from '@exeat/core'
import { type AnyEnvelope, comparisonCode } from '@exeat/core/envelope'
import { decodeImpact, impactDigest } from '@exeat/core/impact'
import { type ReactNode, useCallback } from 'react'
import { Refused } from '../api.ts'
import { sha256 } from '../crypto.ts'
import { fetchShown } from '../shown.ts'
import type { SignedHere } from '../tap.ts'
import { ComparisonCode } from './code.tsx'
import { Expansion, Row } from './expansion.tsx'
import { Loaded, useLoaded } from './loaded.tsx'
import { Problem } from './problem.tsx'
import { Judge } from './sign-act.tsx'
import { Sign } from './sign.tsx'

type Asking = Extract<SignedHere, { readonly asked: unknown }>
type Reviewing = Extract<SignedHere, { readonly review: unknown }>

export const HandedAct = ({ act }: { readonly act: Asking | Reviewing }): ReactNode => ('asked' in act ? <Asked act={act} /> : <Reviewed act={act} />)

const signed = (uid: string): void => { location.assign(`/opt-outs/${encodeURIComponent(uid)}`) }

interface Sent {
  readonly document: OptOut
  readonly digest: string
  readonly impact: { readonly digest: string; readonly findings: number } | undefined
}

function Asked({ act }: { readonly act: Asking }): ReactNode {
  const sent = sentIn(act)
  if (sent instanceof Refused) return <Problem error={sent} />
  const { document, digest, impact } = sent
  const emergency = act.purpose === 'emergency'
  const states = (envelope: AnyEnvelope): boolean => !('about' in envelope) && envelope.purpose === act.purpose && envelope.optOut === digest && (impact === undefined || envelope.impact === impact.digest)
    && envelope.window.from === document.spec.window.from && envelope.window.until === document.spec.window.until
  const { name } = document.metadata
  return (
    <>
      <p><code>{name}</code></p>
      <Expansion document={document} findings={impact?.findings}>
        {document.spec.renews === undefined ? null : <Row term="renews"><code>{document.spec.renews}</code></Row>}
        {'team' in act.asked ? <Row term="on account of">{act.asked.team}</Row> : null}
      </Expansion>
      <ComparisonCode code={comparisonCode(digest)} of="what is signed" />
      <Sign wanted={act} states={states} verb={emergency ? 'Declare the emergency' : 'Ask for it'} label={`${emergency ? 'Declare' : 'Ask for'} ${name}`} done={signed}
        note={emergency ? 'Your tap makes it work at once, without approvals. Everybody who watches hears of it, and somebody else judges it afterwards.' : 'It continues what ended lately or ends soon. Your tap asks for it; others approve and activate it.'} />
    </>
  )
}

function Reviewed({ act: { id, review: { verdict, reason } } }: { readonly act: Reviewing }): ReactNode {
  const loaded = useLoaded(useCallback(() => fetchShown(id), [id]))
  return (
    <Loaded from={loaded}>{(shown) => (
      <>
        <Expansion document={shown.document} findings={shown.findings} used={shown.view.uses.counted}>
          <Row term="declared by">{shown.view.requester.sub}</Row>
          <Row term="your verdict">{verdict}</Row>
          <Row term="because">{reason}</Row>
        </Expansion>
        <Judge shown={shown} verdict={verdict} reason={reason} done={() => { signed(shown.view.uid) }} />
      </>
    )}</Loaded>
  )
}

function sentIn({ asked }: Asking): Sent | Refused {
  const wrong = (what: string): Refused => new Refused({ code: 'SHOWN_DIFFERS', detail: `the ${what} that the command line sent cannot be shown`, hint: 'nothing was signed; look at it in the terminal again' })
  const decoded = decodeDocument(unlocated(asked.document as Json, 'the document'))
  if (!decoded.ok || decoded.document.kind !== 'OptOut') return wrong('document')
  const digest = documentDigest(decoded.document, sha256)
  if (asked.impact === undefined) return { document: decoded.document, digest, impact: undefined }
  const impact = decodeImpact(asked.impact as Json, 'the impact')
  if (!impact.ok || impact.impact.optOut !== digest) return wrong('impact')
  return { document: decoded.document, digest, impact: { digest: impactDigest(impact.impact, sha256), findings: impact.impact.fingerprints.length } }
}
