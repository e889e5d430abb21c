/** What waits for people, and what is in force. */
import { listAnswerSchema, type OptOutView } from '@exeat/core/wire'
import { type ReactNode, useCallback } from 'react'
import { get } from '../api.ts'
import { Layout } from '../parts/layout.tsx'
import { Loaded, useLoaded } from '../parts/loaded.tsx'
import { Phase } from '../parts/phase.tsx'
import type { SignedIn } from '../session.ts'
import { lengthOf } from '../words.ts'

const sections = [
  ['Waiting for approval', 'proposed', 'Nothing waits for approval.'], ['Approved, to be activated', 'approved', 'Nothing waits to be activated.'], ['In force', 'active', 'No control is opted out of.'],
] as const

export function OptOutsPage({ signedIn }: { readonly signedIn: SignedIn }): ReactNode {
  return <Layout title="Opt-outs" signedIn={signedIn}>{sections.map(([title, phase, empty]) => <Section key={phase} title={title} phase={phase} empty={empty} />)}</Layout>
}

function Section({ title, phase, empty }: { readonly title: string; readonly phase: string; readonly empty: string }): ReactNode {
  const loaded = useLoaded(useCallback(() => get(`/v1/opt-outs?phase=${phase}&limit=100`, listAnswerSchema), [phase]))
  return (
    <section aria-labelledby={phase}>
      <h2 id={phase}>{title}</h2>
      <Loaded from={loaded}>{({ items, next }) => (items.length === 0 ? <p className="quiet">{empty}</p> : (
        <>
          <ul className="list">{items.map((view) => <Item key={view.uid} view={view} />)}</ul>
          {next === undefined ? null : <p className="quiet">There are more: <code>exeat status --phase {phase}</code> lists all of them.</p>}
        </>
      ))}</Loaded>
    </section>
  )
}

function Item({ view }: { readonly view: OptOutView }): ReactNode {
  const { uid, name, controls, repositories, environments, window, reason, missing, alarm, phase } = view
  const left = Date.parse(window.until) - Date.now()
  return (
    <li>
      <a className="item" href={`/opt-outs/${uid}`}>
        <span className="head"><strong>{name}</strong><Phase view={view} /></span>
        <span className="what">{controls.join(', ')} <span className="quiet">in</span> {[...repositories, ...environments].join(', ') || 'any place'}</span>
        <span className="quiet clip">{reason}</span>
        <span className="quiet">{left > 0 ? `ends in ${lengthOf(left)}` : `ended ${lengthOf(left)} ago`}{missing.length === 0 ? '' : ` · still needs ${missing.join(', ')}`}{phase === 'active' && alarm !== undefined && alarm.acknowledged === undefined ? ' · nobody has heard its alarm yet' : ''}</span>
      </a>
    </li>
  )
}
