/** An opt-out in words: all that it covers, what it turns off, until when, and why. */
import type { OptOut } from '@exeat/core'
import type { ReactNode } from 'react'
import { lengthOf, placesOf, utcOf, whenOf } from '../words.ts'

interface ExpansionProps {
  readonly document: OptOut
  /** How many findings were measured; undefined where no impact was. */
  readonly findings: number | undefined
  readonly used?: number
  /** Further rows of why. */
  readonly children?: ReactNode
}

export function Expansion({ document: { spec: { controls, window, reason, category, owner, ticket, compensatingControl, limits = {} } }, document, findings, used, children }: ExpansionProps): ReactNode {
  return (
    <>
      <section className="off" aria-labelledby="off">
        <h2 id="off">This turns off</h2>
        <ul className="controls">{controls.map((control) => <li key={control}><code>{control}</code></li>)}</ul>
        <dl className="terms">
          {placesOf(document).map(({ term, values, open }) => <Row key={term} term={`in ${term}`}>{open ? <em>{values[0]}</em> : values.map((value) => <code key={value}>{value}</code>)}</Row>)}
          <Row term="findings">{findings === undefined ? 'no impact was measured' : `${findings} measured, and no other`}{limits.findings === undefined ? '' : `; at most ${limits.findings}`}</Row>
          {limits.uses === undefined ? null : <Row term="uses">at most {limits.uses}{used === undefined ? '' : `, ${used} counted`}</Row>}
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

export function Instant({ at }: { readonly at: number }): ReactNode {
  const left = at - Date.now()
  return <><time dateTime={utcOf(at)}>{whenOf(at)}</time> <span className="quiet">({left > 0 ? `in ${lengthOf(left)}` : `${lengthOf(left)} ago`}; {utcOf(at)})</span></>
}
