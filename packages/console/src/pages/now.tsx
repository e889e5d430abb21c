/** What is off at this moment, until when, and whom it waits for. */
import type { Inventory, InventoryItem } from '@exeat/core/wire'
import { type ReactNode, useCallback } from 'react'
import { endOf, readInventory } from '../inventory.ts'
import { useLive, useNow } from '../live/use-live.ts'
import { FirstRequest } from '../parts/first-request.tsx'
import { Foreign, Several } from '../parts/foreign.tsx'
import { Layout } from '../parts/layout.tsx'
import { LiveLine } from '../parts/live-line.tsx'
import { Loaded } from '../parts/loaded.tsx'
import { Marks } from '../parts/marks.tsx'
import { Timeline } from '../parts/timeline.tsx'
import type { SignedIn } from '../session.ts'
import { countOf } from '../words.ts'

const day = 24 * 3_600_000

interface Present {
  readonly active: Inventory
  readonly waiting: Inventory
  readonly ended: Inventory
  readonly reviews: Inventory
}

async function readPresent(): Promise<Present> {
  const [active, waiting, ended, reviews] = await Promise.all([
    readInventory({ phases: 'active', order: 'ending', limit: '200' }), readInventory({ phases: 'proposed,approved', order: 'newest', limit: '50' }),
    readInventory({ endedSince: new Date(Date.now() - day).toISOString(), order: 'ended', limit: '50' }), readInventory({ review: 'open', order: 'ending', limit: '50' }),
  ])
  return { active, waiting, ended, reviews }
}

export function NowPage({ signedIn }: { readonly signedIn: SignedIn }): ReactNode {
  const live = useLive(readPresent)
  return (
    <Layout title="Now" signedIn={signedIn} wide>
      <LiveLine live={live} />
      <Loaded from={live}>{(present) => <PresentText present={present} />}</Loaded>
    </Layout>
  )
}

function PresentText({ present: { active, waiting, ended, reviews } }: { readonly present: Present }): ReactNode {
  const now = useNow()
  const fresh = active.total + waiting.total + ended.total + reviews.total === 0
  const over = reviews.items.filter(({ phase }) => phase !== 'active')
  return (
    <>
      <Figures active={active} waiting={waiting} reviews={reviews} now={now} />
      {active.total === 0 ? null : <Groups active={active} />}
      <section aria-labelledby="active">
        <h2 id="active">Off right now</h2>
        {active.total === 0 ? <p className="quiet">No control is opted out of.</p> : <Timeline items={active.items} now={now} />}
        {active.next === undefined ? null : <p><a href="/opt-outs?phases=active&order=ending">All {countOf(active.total, 'active opt-out')}</a>; those that end first stand here.</p>}
      </section>
      {fresh ? <FirstRequest /> : (
        <div className="columns">
          <Waiting waiting={waiting} reviews={over} now={now} />
          <section aria-labelledby="ended">
            <h2 id="ended">Ended in the last 24 hours</h2>
            {ended.total === 0 ? <p className="quiet">Nothing ended.</p> : <ul className="list">{ended.items.map((item) => <Short key={item.uid} item={item} now={now} says={`${item.phase}, ${endOf(item, now)}`} />)}</ul>}
            {ended.next === undefined ? null : <p className="quiet">and {countOf(ended.total - ended.items.length, 'more', 'more')}</p>}
          </section>
        </div>
      )}
    </>
  )
}

function Figures({ active, waiting, reviews, now }: { readonly active: Inventory; readonly waiting: Inventory; readonly reviews: Inventory; readonly now: number }): ReactNode {
  const emergencies = active.items.filter(({ emergency }) => emergency).length
  const ending = active.items.filter(({ window }) => Date.parse(window.until) - now <= day).length
  const overdue = reviews.items.filter(({ review }) => review === 'overdue').length
  return (
    <ul className="figures" aria-label="In figures">
      <Figure count={active.total} says={active.total === 1 ? 'opt-out active' : 'opt-outs active'} kind={active.total === 0 ? 'good' : 'calm'} to="/opt-outs?phases=active&order=ending" />
      <Figure count={emergencies} says={emergencies === 1 ? 'emergency' : 'emergencies'} kind={emergencies === 0 ? 'none' : 'grave'} to="/alarms" />
      <Figure count={ending} says="end within a day" kind={ending === 0 ? 'none' : 'caution'} to="/opt-outs?phases=active&order=ending" />
      <Figure count={waiting.total} says={waiting.total === 1 ? 'waits for people' : 'wait for people'} kind={waiting.total === 0 ? 'none' : 'calm'} to="/opt-outs?phases=proposed%2Capproved" />
      <Figure count={reviews.total} says={`${reviews.total === 1 ? 'review' : 'reviews'} open${overdue === 0 ? '' : `, ${overdue} overdue`}`} kind={reviews.total === 0 ? 'none' : overdue === 0 ? 'caution' : 'grave'} to="/opt-outs?review=open&order=ending" />
    </ul>
  )
}

const Figure = ({ count, says, kind, to }: { readonly count: number; readonly says: string; readonly kind: string; readonly to: string }): ReactNode =>
  <li className={`figure ${kind}`}><a href={to}><strong>{new Intl.NumberFormat().format(count)}</strong> <span>{says}</span></a></li>

const kinds = [['environments', 'By environment', 'environment', 'any environment'], ['controls', 'By control', 'control', 'any control'], ['owners', 'By owner', 'owner', 'nobody']] as const
const mostGroups = 4

function Groups({ active }: { readonly active: Inventory }): ReactNode {
  return (
    <div className="groups">
      {kinds.map(([key, title, filter, any]) => {
        const most = Math.max(...active[key].map(({ count }) => count), 1)
        return (
          <section key={key} className="card" aria-labelledby={`by-${key}`}>
            <h2 id={`by-${key}`}>{title}</h2>
            <ul>{active[key].slice(0, mostGroups).map(({ value, count }, i) => (
              <li key={`${i} ${value}`}>
                {value === '' ? <em>{any}</em> : <a href={`/opt-outs?${new URLSearchParams({ phases: 'active', [filter]: value }).toString()}`}><Foreign text={value} most={120} /></a>} <span className="count">{count}</span>
                <svg width="100%" height="4" aria-hidden="true" focusable="false"><rect className="rail" width="100%" height="4" rx="2" /><rect className="rest" width={`${(count / most) * 100}%`} height="4" rx="2" /></svg>
              </li>
            ))}</ul>
            {active[key].length > mostGroups ? <p className="quiet">and {active[key].length - mostGroups} more</p> : null}
          </section>
        )
      })}
    </div>
  )
}

function Waiting({ waiting, reviews, now }: { readonly waiting: Inventory; readonly reviews: readonly InventoryItem[]; readonly now: number }): ReactNode {
  const needs = useCallback(({ phase, missing }: InventoryItem) => (missing.length > 0 ? `needs ${missing.join(', ')}` : phase === 'approved' ? 'approved, to be activated' : 'waits for approval'), [])
  return (
    <section aria-labelledby="waiting">
      <h2 id="waiting">Waits for people</h2>
      {waiting.total + reviews.length === 0 ? <p className="quiet">Nothing waits for anybody.</p> : (
        <ul className="list">
          {reviews.map((item) => <Short key={item.uid} item={item} now={now} says={`its review is ${item.review}: somebody who did not declare it judges it`} />)}
          {waiting.items.map((item) => <Short key={item.uid} item={item} now={now} says={needs(item)} />)}
        </ul>
      )}
      {waiting.next === undefined ? null : <p><a href="/opt-outs?phases=proposed%2Capproved">All {countOf(waiting.total, 'that waits', 'that wait')}</a></p>}
    </section>
  )
}

function Short({ item, now, says }: { readonly item: InventoryItem; readonly now: number; readonly says: string }): ReactNode {
  const { uid, name, controls, repositories, environments } = item
  return (
    <li>
      <a className="item" href={`/opt-outs/${uid}`}>
        <span className="head"><strong><Foreign text={name} most={120} /></strong><Marks item={item} now={now} /></span>
        <span className="what"><Several values={controls} most={2} any="any control" /> <span className="quiet">in</span> <Several values={[...repositories, ...environments]} most={3} any="any place" /></span>
        <span className="quiet"><Foreign text={says} most={300} /></span>
      </a>
    </li>
  )
}
