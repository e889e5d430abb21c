/** All that an opt-out covers, in words: what somebody signs must stand here whole. */
import type { Binding, OptOut } from '@exeat/core'
import type { ReactNode } from 'react'
import { lengthOf, placesOf, utcOf, whenOf } from '../words.ts'

interface CoversProps {
  readonly document: OptOut
  /** How many were measured; undefined where there is no impact. */
  readonly findings: number | undefined
  /** Uses so far. */
  readonly counted?: number
  /** Further rows: who asked, who approved. */
  readonly children?: ReactNode
}

export function Covers({ document, findings, counted = 0, children }: CoversProps): ReactNode {
  const { spec: { controls, window, reason, category, owner, ticket, compensatingControl, limits = {}, expected = {} } } = document
  return (
    <>
      <section className="off" aria-labelledby="off">
        <h2 id="off">This turns off</h2>
        <ul className="controls">{controls.map((control) => <li key={control}><code>{control}</code></li>)}</ul>
        <dl className="terms">
          {placesOf(document).map(({ term, values, open }) => <Row key={term} term={`in ${term}`}>{open ? <em>{values[0]}</em> : values.map((value) => <code key={value}>{value}</code>)}</Row>)}
          <Row term="findings">{findings === undefined ? 'no impact was measured' : `${findings} measured, and no other`}{limits.findings === undefined ? '' : `; at most ${limits.findings}`}</Row>
          {limits.uses === undefined ? null : <Row term="uses">at most {limits.uses}, {counted} counted</Row>}
          {expected.usesPerDay === undefined ? null : <Row term="expected uses">at most {expected.usesPerDay} in 24 hours</Row>}
          {expected.points === undefined ? null : <Row term="expected at">{expected.points.map((point) => <code key={point}>{point}</code>)}</Row>}
          <Row term="from"><Instant at={window.from} /></Row>
          <Row term="until"><Instant at={window.until} /></Row>
        </dl>
      </section>
      <section aria-labelledby="why">
        <h2 id="why">Why</h2>
        <p className="reason">{reason}</p>
        <dl className="terms">
          <Row term="category">{category}</Row>
          <Row term="owner">{owner}</Row>
          {ticket === undefined ? null : <Row term="ticket">{ticket}</Row>}
          {compensatingControl === undefined ? null : <Row term="instead">{compensatingControl}</Row>}
          {children}
        </dl>
      </section>
    </>
  )
}

export const Row = ({ term, children }: { readonly term: string; readonly children: ReactNode }): ReactNode => <div><dt>{term}</dt><dd>{children}</dd></div>

export function SignedDigests({ uid, binding: { optOut, terms, impact }, children }: { readonly uid: string; readonly binding: Binding; readonly children?: ReactNode }): ReactNode {
  return (
    <details>
      <summary>What is signed</summary>
      <dl className="terms digests">
        <Row term="opt-out"><code>{uid}</code></Row>
        <Row term="document"><code>{optOut}</code></Row>
        <Row term="terms"><code>{terms}</code></Row>
        <Row term="impact"><code>{impact ?? 'none'}</code></Row>
        {children}
      </dl>
    </details>
  )
}

function Instant({ at }: { readonly at: number }): ReactNode {
  const left = at - Date.now()
  return <><time dateTime={utcOf(at)}>{whenOf(at)}</time> <span className="quiet">({left > 0 ? `in ${lengthOf(left)}` : `${lengthOf(left)} ago`}; {utcOf(at)})</span></>
}
