/** An act that a command line handed over: all of it, in words, before the tap. */
import { shownCode, statementDigest } from '@exeat/core/envelope'
import { enrolmentsSchema, type People, tapPendingSchema } from '@exeat/core/wire'
import { type ReactNode, useCallback, useEffect, useState } from 'react'
import { get, Refused } from '../api.ts'
import { type Asked, type AskedShown, type AskedWanted, fetchAsked } from '../asked.ts'
import { sha256 } from '../crypto.ts'
import { codeOfKey } from '../keys.ts'
import { ComparisonCode } from '../parts/code.tsx'
import { Covers, Row, SignedDigests } from '../parts/covers.tsx'
import { Loaded, useLoaded } from '../parts/loaded.tsx'
import { Judge } from '../parts/review-act.tsx'
import { SignAct } from '../parts/sign-act.tsx'
import type { Session } from '../session.ts'
import { fetchShown, type Shown } from '../shown.ts'
import type { Wanted } from '../tap.ts'

export type HandedAct = NonNullable<People['deviceViewSchema']['act']>

interface HandedProps<W> {
  readonly wanted: W
  readonly session: Session
  readonly done: (page: string) => void
}

export function Handed({ wanted, session, done }: HandedProps<HandedAct>): ReactNode {
  if (wanted.purpose === 'renew' || wanted.purpose === 'emergency') return <HandedDocument wanted={wanted} session={session} done={done} />
  if (wanted.purpose === 'review') return <HandedReview wanted={wanted} session={session} done={done} />
  if (wanted.purpose === 'enrol') return <HandedKey wanted={wanted} session={session} done={done} />
  return null
}

const askedNotes = {
  renew: 'Your tap asks for it, and nothing else: others approve it, and it is activated afterwards.',
  emergency: 'Your tap makes it work at once, for the time stated above. It stands in the log before it works, and somebody else has to review it in time.',
} as const

function HandedDocument({ wanted, session: { person }, done }: HandedProps<AskedWanted>): ReactNode {
  const loaded = useLoaded(useCallback(() => fetchAsked(wanted, person), [wanted, person]))
  const second = wanted.purpose === 'emergency' ? wanted.asked.second : undefined
  return (
    <Loaded from={loaded}>{(asked) => (
      <>
        <AskedText asked={asked} wanted={wanted} />
        {typeof second === 'object'
          ? <Seconded challenge={asked.challenge.id} by={second.sub}>{(waiting) => <Tap asked={asked} wanted={wanted} waiting={waiting} done={done} />}</Seconded>
          : <Tap asked={asked} wanted={wanted} done={done} />}
      </>
    )}</Loaded>
  )
}

function Tap({ asked: { document, expected, challenge }, wanted, waiting = false, done }: { readonly asked: Asked; readonly wanted: AskedWanted; readonly waiting?: boolean; readonly done: (page: string) => void }): ReactNode {
  return <SignAct wanted={wanted} name={document.metadata.name} note={askedNotes[wanted.purpose]} expected={expected} made={challenge} waiting={waiting} done={done} />
}

/** What a renewal or an emergency signs. */
export function AskedText({ asked: { document, findings, envelope, code }, wanted }: { readonly asked: AskedShown; readonly wanted: AskedWanted }): ReactNode {
  const second = wanted.purpose === 'emergency' ? wanted.asked.second : undefined
  return (
    <>
      <h2>{document.metadata.name}</h2>
      <Covers document={document} findings={findings}>
        {document.spec.renews === undefined ? null : <Row term="renews"><code>{document.spec.renews}</code></Row>}
        {wanted.purpose === 'emergency' ? <Row term="for the team">{wanted.asked.team}</Row> : null}
        {typeof second === 'object' ? <Row term="second person">{second.sub} <span className="quiet">({second.iss})</span></Row> : null}
      </Covers>
      <SignedDigests uid={envelope.uid} binding={envelope} />
      <ComparisonCode code={code} of="what is signed" />
    </>
  )
}

/** Milliseconds between two questions. */
const pause = 2000

/** Waits until the second person has confirmed. */
function Seconded({ challenge, by, children }: { readonly challenge: string; readonly by: string; readonly children: (waiting: boolean) => ReactNode }): ReactNode {
  const [seconded, setSeconded] = useState(false)
  useEffect(() => {
    if (seconded) return
    const timer = setInterval(() => {
      get(`/v1/challenges/${encodeURIComponent(challenge)}`, tapPendingSchema).then((pending) => { setSeconded(pending.seconded) }, () => undefined)
    }, pause)
    return () => { clearInterval(timer) }
  }, [challenge, seconded])
  return (
    <>
      <section className="card" aria-live="polite">
        {seconded
          ? <p><strong>{by}</strong> has confirmed it. Your own tap remains.</p>
          : <p><strong>{by}</strong> has to confirm it first, within five minutes, at <code className="link">{`${location.origin}/second/${challenge}`}</code></p>}
      </section>
      {children(!seconded)}
    </>
  )
}

export type ReviewWanted = Extract<Wanted, { readonly purpose: 'review' }>

function HandedReview({ wanted, done }: HandedProps<ReviewWanted>): ReactNode {
  const loaded = useLoaded(useCallback(() => fetchShown(wanted.id), [wanted]))
  return (
    <Loaded from={loaded}>{(shown) => (
      <>
        <ReviewText wanted={wanted} shown={shown} />
        <Judge shown={shown} verdict={wanted.review.verdict} reason={wanted.review.reason} done={done} />
      </>
    )}</Loaded>
  )
}

/** What a review signs. */
export function ReviewText({ wanted: { review: { verdict, reason } }, shown: { view, document, findings } }: { readonly wanted: ReviewWanted; readonly shown: Shown }): ReactNode {
  const statement = statementDigest({ verdict, reason }, sha256)
  return (
    <>
      <h2>{view.name}</h2>
      <section className="card" aria-label="The review">
        <p>It is found <strong>{verdict}</strong>:</p>
        <p className="reason">{reason}</p>
      </section>
      <Covers document={document} findings={findings} counted={view.uses.counted}><Row term="declared by">{view.requester.sub}</Row></Covers>
      <SignedDigests uid={view.uid} binding={view.binding} />
      <ComparisonCode code={shownCode(view.uid, view.binding, sha256, statement)} of="what is signed" />
    </>
  )
}

function HandedKey({ wanted, done }: HandedProps<Extract<Wanted, { readonly purpose: 'enrol' }>>): ReactNode {
  const { credential } = wanted
  const loaded = useLoaded(useCallback(async () => {
    const found = (await get('/v1/enrolments', enrolmentsSchema)).items.find((each) => each.credential === credential && each.removedAt === undefined)
    if (found === undefined) throw new Refused({ code: 'KEY_NOT_LISTED', detail: 'no such key is enrolled' })
    return { ...found, code: codeOfKey(found) }
  }, [credential]))
  return (
    <Loaded from={loaded}>{({ person, label, kind, code, index }) => (
      <>
        <dl className="terms">
          <Row term="key of">{person?.sub} <span className="quiet">({person?.iss})</span></Row>
          <Row term="key">{label}, {kind}, entry {index} of the log</Row>
        </dl>
        <ComparisonCode code={code} of="the key" />
        <SignAct wanted={wanted} name={label} note="Your tap says: I compared this code with the person, and it is their key." expected={(envelope) => 'about' in envelope && envelope.about === credential} done={done} />
      </>
    )}</Loaded>
  )
}
