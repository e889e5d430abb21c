/** What else there is to know of an opt-out, behind what is signed and the acts: its uses, its terms, its impact, and its entries, each proved here. */
import type { AgreedTerms, Json } from '@exeat/core'
import { decodeImpact } from '@exeat/core/impact'
import { type OptOutView, usesOverTimeSchema } from '@exeat/core/wire'
import { type ReactNode, useCallback, useState } from 'react'
import { anything, get, Refused } from '../api.ts'
import { type Body, bodyOf, type ProvedEntry, provedEntry, refusedLog } from '../log/entries.ts'
import { saidOf, strengths } from '../log/said.ts'
import { check } from '../log/watched.ts'
import { useLive } from '../live/use-live.ts'
import { brieflyOf, countOf, lengthOf, utcOf } from '../words.ts'
import { Row } from './covers.tsx'
import { Foreign } from './foreign.tsx'
import { Loaded, useLoaded } from './loaded.tsx'
import { SaidEntry } from './said-entry.tsx'
import { approvalOf } from './terms-text.tsx'
import { UsesChart } from './uses-chart.tsx'

interface Told {
  readonly entry: ProvedEntry
  readonly body: Body
}

/** Most entries that are read: a life has few, and uses are not among them. */
const mostEntries = 60

/** @throws {Refused} where the log is not what it was, or cannot be read */
async function readHistory(entries: readonly number[]): Promise<readonly Told[]> {
  const checked = await check()
  if (checked.kind !== 'sound') throw new Refused({ code: checked.problem.code, detail: checked.problem.message })
  const tree = await checked.tree()
  if (!tree.ok) throw refusedLog(tree.problem)
  const { value } = tree
  return Promise.all(entries.slice(-mostEntries).map(async (index) => {
    const entry = await provedEntry(value, index)
    return { entry, body: await bodyOf(entry) }
  }))
}

export function OptOutMore({ view }: { readonly view: OptOutView }): ReactNode {
  const { uid, entries, activation, ended, binding: { impact } } = view
  const key = entries.join(' ')
  const history = useLoaded(useCallback(() => readHistory(key.split(' ').map(Number)), [key]))
  const uses = useLive(useCallback(() => get(`/v1/opt-outs/${uid}/uses`, usesOverTimeSchema), [uid]))
  return (
    <div className="more">
      {activation === undefined ? null : <Loaded from={uses}>{(found) => <UsesChart uses={found} over={ended !== undefined} />}</Loaded>}
      <Loaded from={history}>{(told) => <><Terms told={told} /><History told={told} /></>}</Loaded>
      {impact === null ? null : <Impact digest={impact} />}
    </div>
  )
}

/** As they were merged when it was asked for, and are signed by digest. */
function termsIn(told: readonly Told[]): AgreedTerms | undefined {
  for (const { body } of told) if (body.kind === 'kept' && 'terms' in body.event.data) return body.event.data.terms
  return undefined
}

/** A timer that no policy states is as long as one can be (`agreedTerms`), in milliseconds. */
const unstated = 3650 * 86_400_000

function Terms({ told }: { readonly told: readonly Told[] }): ReactNode {
  const terms = termsIn(told)
  if (terms === undefined) return null
  const { approve, activate, revoke, duration, totalDuration, renewals, active, timers, emergency } = terms
  return (
    <section className="card" aria-labelledby="terms">
      <h2 id="terms">On what terms</h2>
      <dl className="terms">
        <Row term="approve"><Foreign text={approvalOf([...approve].map(({ groups, count }) => ({ groups: [...groups], count })))} /></Row>
        <Row term="activate"><Foreign text={activate === 'anyone' ? 'anyone' : activate.join(' or ')} />{timers.activation < unstated ? `, within ${lengthOf(timers.activation)} of the approval` : ''}</Row>
        <Row term="revoke"><Foreign text={revoke.length === 0 ? 'whoever asked' : revoke.join(' or ')} /></Row>
        <Row term="for">{lengthOf(duration)} at most{totalDuration === undefined ? '' : `, ${lengthOf(totalDuration)} with all renewals`}{renewals === undefined ? '' : `, renewed ${countOf(renewals, 'time')} at most`}</Row>
        {active === undefined ? null : <Row term="at once">{active} in a repository</Row>}
        {emergency === undefined ? null : <Row term="emergency"><Foreign text={`${emergency.groups.join(' or ')}, ${lengthOf(emergency.duration)}; judged by ${emergency.reviewers.join(' or ')} within ${lengthOf(emergency.reviewWithin)}`} /></Row>}
      </dl>
      <p className="quiet">The merge of every policy that covered it when it was asked for. At each decision the policies in force are merged again, and what they ask more of ends it: <a href="/policies">policies</a>.</p>
    </section>
  )
}

function History({ told }: { readonly told: readonly Told[] }): ReactNode {
  const shown = [...new Set(told.flatMap(({ body }) => (body.kind === 'kept' ? saidOf(body.event).evidence ?? [] : [])))]
  return (
    <section className="card" aria-labelledby="history">
      <h2 id="history">What happened</h2>
      <ol className="history">{told.map(({ entry, body }) => (
        <li key={entry.index}>
          <time className="quiet" dateTime={utcOf(entry.leaf.time)}>{brieflyOf(entry.leaf.time)}</time>
          <span className="what"><SaidEntry body={body} /></span>
          <span className="quiet receipt"><span className="tick" aria-hidden="true">✓</span> in the log as <a href={`/log#${entry.index}`}>entry {entry.index}</a> · <a href={`/v1/receipts/${entry.index}`} download={`receipt-${entry.index}.json`} aria-label={`Receipt of entry ${entry.index}`}>receipt</a></span>
        </li>
      ))}</ol>
      {shown.length === 0 ? null : <dl className="terms strengths">{shown.map((strength) => <Row key={strength} term={strength === 'none' ? 'signed in' : strength}>{strengths[strength]}</Row>)}</dl>}
    </section>
  )
}

/** Fingerprints that are shown of an impact. */
const mostFingerprints = 200

function Impact({ digest }: { readonly digest: string }): ReactNode {
  const [open, setOpen] = useState(false)
  return (
    <section className="card" aria-labelledby="impact">
      <h2 id="impact">Impact</h2>
      <p className="quiet">What may be excused is the set of findings that was measured, and no other.</p>
      <details onToggle={(event) => { setOpen(event.currentTarget.open) }}>
        <summary>Their fingerprints</summary>
        {open ? <Fingerprints digest={digest} /> : null}
      </details>
    </section>
  )
}

function Fingerprints({ digest }: { readonly digest: string }): ReactNode {
  const loaded = useLoaded(useCallback(async () => {
    const decoded = decodeImpact(await get(`/v1/documents/Impact/${digest}`, anything) as Json, 'the impact')
    if (!decoded.ok) throw new Refused({ code: 'SHOWN_DIFFERS', detail: 'the impact cannot be read' })
    return decoded.impact.fingerprints
  }, [digest]))
  return (
    <Loaded from={loaded}>{(fingerprints) => (
      <>
        <ul className="fingerprints">{fingerprints.slice(0, mostFingerprints).map((each) => <li key={each}><code>{each}</code></li>)}</ul>
        {fingerprints.length > mostFingerprints ? <p className="quiet">and {fingerprints.length - mostFingerprints} more</p> : null}
      </>
    )}</Loaded>
  )
}
