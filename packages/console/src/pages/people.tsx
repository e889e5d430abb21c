/** Whose keys count: enrolled, vouched for, removed. And one's own sessions. */
import { enrolmentSchema, enrolmentsSchema, linkSchema, type People, sessionsSchema } from '@exeat/core/wire'
import { localIssuer } from '@exeat/core/entry'
import { type ReactNode, useCallback, useState } from 'react'
import { anything, get, post, Refused, remove } from '../api.ts'
import { codeOfKey, type Enrolment } from '../keys.ts'
import { ComparisonCode } from '../parts/code.tsx'
import { Layout } from '../parts/layout.tsx'
import { Loaded, useLoaded } from '../parts/loaded.tsx'
import { OneTimeCodes } from '../parts/one-time-codes.tsx'
import { tapForKey } from '../parts/own-key.tsx'
import { Problem } from '../parts/problem.tsx'
import type { SignedIn } from '../session.ts'
import { brieflyOf } from '../words.ts'

export function PeoplePage({ signedIn }: { readonly signedIn: SignedIn }): ReactNode {
  const keys = useLoaded(useCallback(() => get('/v1/enrolments', enrolmentsSchema), []))
  return (
    <Layout title="People and keys" signedIn={signedIn}>
      <p>A key counts once somebody else has vouched for it, or an earlier key of the same person has signed for it, and a day has gone by. Vouching says: I compared the code with the person, and it is their key.</p>
      <Loaded from={keys}>{({ items }) => <Keys items={items} signedIn={signedIn} again={keys.again} />}</Loaded>
      <p><a className="button" href="/enrol">Enrol another key of yours</a></p>
      {signedIn.session === null ? null : <OneTimeCodes session={signedIn.session} again={keys.again} />}
      <Invite />
      <Sessions />
    </Layout>
  )
}

function Keys({ items, signedIn, again }: { readonly items: readonly Enrolment[]; readonly signedIn: SignedIn; readonly again: () => void }): ReactNode {
  const people = items.filter(({ person }) => person !== null)
  if (people.length === 0) return <p className="quiet">Nobody has enrolled a key.</p>
  return <ul className="list keys">{people.map((each) => <Key key={each.credential} enrolment={each} signedIn={signedIn} again={again} />)}</ul>
}

function Key({ enrolment, signedIn, again }: { readonly enrolment: Enrolment; readonly signedIn: SignedIn; readonly again: () => void }): ReactNode {
  const { person, label, index, kind, vouchedBy, removedAt, countsFrom, addedAt, detail, credential } = enrolment
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  const me = signedIn.session?.person
  const own = person !== null && me !== undefined && person.iss === me.iss && person.sub === me.sub
  const run = async (work: () => Promise<unknown>): Promise<void> => {
    setBusy(true)
    setError(undefined)
    try {
      await work()
      again()
    } catch (cause) {
      setError(cause)
    }
    setBusy(false)
  }
  const code = coded(enrolment)
  const vouch = async (): Promise<void> => {
    await post(`/v1/enrolments/${credential}/vouch`, { tap: await tapForKey(credential) }, enrolmentSchema)
  }
  return (
    <li className="item">
      <span className="head"><strong>{person?.sub}</strong><span className={`phase ${colours[standingOf(enrolment)]}`}>{standing(enrolment)}</span></span>
      <span>{label} <span className="quiet">({kinds[kind]}{detail.kind === 'webauthn' ? `, ${detail.backupEligible ? 'may be synced' : 'one device'}${detail.attested ? ', attested' : ''}` : ''}; entry {index}, {brieflyOf(Date.parse(addedAt))})</span></span>
      {vouchedBy.length === 0 ? null : <span className="quiet">vouched for by {vouchedBy.map(({ by, root }) => `${by.sub}${root ? ' (founder)' : ''}`).join(', ')}</span>}
      {removedAt !== undefined || (typeof code === 'string' && kind === 'totp') ? null : typeof code === 'string' ? <ComparisonCode code={code} of={`the key ${label}`} /> : <Problem error={code} />}
      {removedAt === undefined && typeof code === 'string' ? (
        <span className="buttons">
          {own || countsFrom !== null || kind === 'totp' ? null : <button type="button" disabled={busy} onClick={() => { void run(vouch) }}>Vouch for it…</button>}
          {own ? <button type="button" className="danger" disabled={busy} onClick={() => { void run(() => post(`/v1/enrolments/${credential}/removal`, { reason: 'removed by its owner' }, anything)) }}>Remove</button> : null}
        </span>
      ) : null}
      <Problem error={error} />
    </li>
  )
}

const kinds: Readonly<Record<Enrolment['kind'], string>> = { webauthn: 'passkey', ssh: 'SSH security key', totp: 'one-time codes, server-asserted', 'issuer-key': 'identity provider' }

/** The code, or why there is none: one key that cannot be believed hides no other. */
function coded(enrolment: Enrolment): string | Refused {
  try {
    return codeOfKey(enrolment)
  } catch (cause) {
    if (cause instanceof Refused) return cause
    throw cause
  }
}

const colours = { removed: 'revoked', counts: 'active', waits: 'proposed' } as const

function standingOf({ removedAt, countsFrom }: Enrolment): keyof typeof colours {
  if (removedAt !== undefined) return 'removed'
  return countsFrom !== null && Date.parse(countsFrom) <= Date.now() ? 'counts' : 'waits'
}

function standing({ removedAt, countsFrom, vouchedBy }: Enrolment): string {
  if (removedAt !== undefined) return `removed ${brieflyOf(Date.parse(removedAt))}`
  if (countsFrom === null) return vouchedBy.length === 0 ? 'nobody vouched yet' : 'waits for more of those who govern to vouch'
  return Date.parse(countsFrom) <= Date.now() ? 'counts' : `counts from ${brieflyOf(Date.parse(countsFrom))}`
}

function Invite(): ReactNode {
  const [name, setName] = useState('')
  const [link, setLink] = useState<People['linkSchema']>()
  const [error, setError] = useState<unknown>()
  const invite = async (): Promise<void> => {
    setError(undefined)
    try {
      setLink(await post('/v1/links', { person: { iss: localIssuer, sub: name.trim() }, label: name.trim() }, linkSchema))
    } catch (cause) {
      setError(cause)
    }
  }
  return (
    <form className="card" onSubmit={(event) => { event.preventDefault(); void invite() }}>
      <h2>Invite somebody</h2>
      <label>Name<input name="person" required pattern="[!-~]{1,200}" autoComplete="off" value={name} onChange={(event) => { setName(event.target.value) }} /></label>
      <button type="submit" disabled={!/^[!-~]{1,200}$/.test(name.trim())}>Make a one-time link</button>
      {link === undefined ? null : <p>Give them this link, by a way that you trust; it works once, until {brieflyOf(Date.parse(link.expiresAt))}: <code className="link">{link.url}</code></p>}
      <Problem error={error} />
    </form>
  )
}

function Sessions(): ReactNode {
  const loaded = useLoaded(useCallback(() => get('/v1/sessions', sessionsSchema), []))
  return (
    <section aria-labelledby="sessions">
      <h2 id="sessions">Where you are signed in</h2>
      <Loaded from={loaded}>{({ items }) => (
        <ul className="list">{items.map(({ id, method, bound, current, createdAt, until }) => (
          <li key={id} className="item">
            <span>{bound ? 'Command line' : 'Browser'}, by {method}{current ? ', this one' : ''}</span>
            <span className="quiet">since {brieflyOf(Date.parse(createdAt))}, until {brieflyOf(Date.parse(until))} at most</span>
            {current ? null : <span className="buttons"><button type="button" className="danger" onClick={() => { void remove(`/v1/sessions/${id}`).then(loaded.again, loaded.again) }}>End it</button></span>}
          </li>
        ))}</ul>
      )}</Loaded>
    </section>
  )
}
