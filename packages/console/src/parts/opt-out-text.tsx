/** One opt-out as it is shown before anybody signs: all of it, in words. */
import type { ReactNode } from 'react'
import type { Shown } from '../shown.ts'
import { whenOf } from '../words.ts'
import { ComparisonCode } from './code.tsx'
import { Covers, Row, SignedDigests } from './covers.tsx'
import { Phase } from './phase.tsx'

export function OptOutText({ shown: { view, document, findings, code }, beginningHidden }: { readonly shown: Shown; readonly beginningHidden: boolean }): ReactNode {
  const { spec: { renews } } = document
  return (
    <>
      <p><Phase view={view} /></p>
      <Covers document={document} findings={findings} counted={view.uses.counted}>
        {renews === undefined && view.renewal === 0 ? null : <Row term="renewal">number {view.renewal}{renews === undefined ? '' : <>, of <code>{renews}</code></>}</Row>}
        <Row term="asked by">{view.requester.sub}</Row>
        {view.approvals.map(({ by, groups, evidence, at }) => <Row key={`${by.iss} ${by.sub}`} term="approved by">{by.sub} of {groups.join(', ')}, {evidence}, {whenOf(Date.parse(at))}</Row>)}
        {view.activation === undefined ? null : <Row term="activated by">{view.activation.by.sub}, {view.activation.evidence}, {whenOf(Date.parse(view.activation.at))}</Row>}
        {view.review === 'none' ? null : <Row term="review">{view.review}</Row>}
        {view.missing.length === 0 ? null : <Row term="still needs">{view.missing.join(', ')}</Row>}
      </Covers>
      <SignedDigests uid={view.uid} binding={view.binding}><Row term="entries">{view.entries.join(', ')} of the log</Row></SignedDigests>
      <ComparisonCode code={code} of="what is signed" beginningHidden={beginningHidden} />
    </>
  )
}
