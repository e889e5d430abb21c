/** Every opt-out that there ever was: filtered, in the order that is asked for, a page at a time. */
import { type inventoryOrders, type Inventory, type InventoryItem, phases } from '@exeat/core/wire'
import { type ReactNode, useCallback, useEffect, useState } from 'react'
import { endOf, readInventory } from '../inventory.ts'
import { useLive, useNow } from '../live/use-live.ts'
import { Foreign, Several } from '../parts/foreign.tsx'
import { Layout } from '../parts/layout.tsx'
import { LiveLine } from '../parts/live-line.tsx'
import { Loaded } from '../parts/loaded.tsx'
import { Marks } from '../parts/marks.tsx'
import { Phase } from '../parts/phase.tsx'
import type { SignedIn } from '../session.ts'
import { brieflyOf, countOf, utcOf } from '../words.ts'

const pageSize = 100
/** How long somebody may type before it is asked, in milliseconds. */
const typing = 300

const states = [['', 'any state'], ['proposed,approved', 'waiting for people'], ...phases.map((phase) => [phase, phase] as const)] as const
const categories = ['waiver', 'mitigated', 'false-positive', 'emergency'] as const
const orders: Readonly<Record<(typeof inventoryOrders)[number], string>> = { newest: 'asked for last', ending: 'ends first', ended: 'ended last', name: 'name' }
const fields = ['phases', 'environment', 'control', 'owner', 'category', 'order', 'review'] as const
type Filter = Readonly<Partial<Record<(typeof fields)[number], string>>>

/** What stands in the address: a filtered list is a link that can be sent to somebody. */
function filterIn(search: string): Filter {
  const given = new URLSearchParams(search)
  return Object.fromEntries(fields.flatMap((field) => {
    const value = given.get(field)
    return value === null || value === '' ? [] : [[field, value]]
  }))
}

export function OptOutsPage({ signedIn }: { readonly signedIn: SignedIn }): ReactNode {
  const [filter, setFilter] = useState(() => filterIn(location.search))
  const [asked, setAsked] = useState(filter)
  /** Where each page before this one began. */
  const [pages, setPages] = useState<readonly string[]>([])
  useEffect(() => {
    const timer = setTimeout(() => {
      setAsked(filter)
      const query = new URLSearchParams(filter).toString()
      history.replaceState(null, '', query === '' ? location.pathname : `${location.pathname}?${query}`)
    }, typing)
    return () => { clearTimeout(timer) }
  }, [filter])
  const change = (field: keyof Filter, value: string): void => {
    setPages([])
    setFilter(({ [field]: _before, ...rest }) => (value === '' ? rest : { ...rest, [field]: value }))
  }
  const after = pages.at(-1)
  const live = useLive(useCallback(() => readInventory({ ...asked, limit: String(pageSize), ...(after === undefined ? {} : { after }) }), [asked, after]))
  return (
    <Layout title="Opt-outs" signedIn={signedIn} wide>
      <Filters filter={filter} change={change} clear={() => { setPages([]); setFilter({}) }} />
      <LiveLine live={live} />
      <Loaded from={live}>{(found) => <Found found={found} page={pages.length} turn={(next) => { setPages((before) => (next === undefined ? before.slice(0, -1) : [...before, next])); scrollTo(0, 0) }} />}</Loaded>
    </Layout>
  )
}

interface FiltersProps {
  readonly filter: Filter
  readonly change: (field: keyof Filter, value: string) => void
  readonly clear: () => void
}

function Filters({ filter, change, clear }: FiltersProps): ReactNode {
  const text = (field: 'environment' | 'control' | 'owner', label: string, placeholder: string): ReactNode => (
    <label>{label}<input type="search" name={field} autoComplete="off" spellCheck={false} maxLength={200} placeholder={placeholder} value={filter[field] ?? ''} onChange={(event) => { change(field, event.target.value.trim()) }} /></label>
  )
  const choice = (field: 'phases' | 'category' | 'order', label: string, values: readonly (readonly [string, string])[]): ReactNode => (
    <label>{label}<select name={field} value={filter[field] ?? ''} onChange={(event) => { change(field, event.target.value) }}>{values.map(([value, name]) => <option key={value} value={value}>{name}</option>)}</select></label>
  )
  return (
    <form className="filters" role="search" aria-label="Opt-outs" onSubmit={(event) => { event.preventDefault() }}>
      {choice('phases', 'State', states)}
      {text('control', 'Control', 'CVE-2021-44228')}
      {text('environment', 'Environment', 'production')}
      {text('owner', 'Owner', 'alice')}
      {choice('category', 'Category', [['', 'any category'], ...categories.map((each) => [each, each] as const)])}
      {choice('order', 'Order', Object.entries(orders).map(([value, name]) => [value === 'newest' ? '' : value, name] as const))}
      {filter.review === 'open' ? <p className="only">Only emergencies whose review is open</p> : null}
      {Object.keys(filter).length === 0 ? null : <button type="button" className="plain" onClick={clear}>Show all</button>}
    </form>
  )
}

interface FoundProps {
  readonly found: Inventory
  /** How many pages lie before this one. */
  readonly page: number
  /** To the page that begins behind this place; undefined: back. */
  readonly turn: (next: string | undefined) => void
}

function Found({ found: { items, total, next }, page, turn }: FoundProps): ReactNode {
  const now = useNow()
  const first = page * pageSize + 1
  return (
    <section aria-labelledby="found">
      <div role="status"><h2 id="found">{total === 0 ? 'No opt-out fits' : `${countOf(total, 'opt-out')}${total > pageSize ? `, ${first} to ${first + items.length - 1}` : ''}`}</h2></div>
      {items.length === 0 ? <p className="quiet">{total === 0 ? <>Ask for less above, or see <a href="/">what is off now</a>.</> : 'There is nothing on this page any more.'}</p> : (
        <table className="wide-table stacks opt-outs">
          <thead><tr><th scope="col">Opt-out</th><th scope="col">Turns off</th><th scope="col">Owner</th><th scope="col">State</th><th scope="col">Until</th></tr></thead>
          <tbody>{items.map((item) => <Line key={item.uid} item={item} now={now} />)}</tbody>
        </table>
      )}
      {page === 0 && next === undefined ? null : (
        <nav className="pager" aria-label="Pages">
          <button type="button" disabled={page === 0} onClick={() => { turn(undefined) }}>Earlier page</button>
          <span className="quiet">Page {page + 1} of {Math.max(page + 1, Math.ceil(total / pageSize))}</span>
          <button type="button" disabled={next === undefined} onClick={() => { turn(next) }}>Next page</button>
        </nav>
      )}
    </section>
  )
}

function Line({ item, now }: { readonly item: InventoryItem; readonly now: number }): ReactNode {
  const { uid, name, controls, repositories, environments, owner, reason, category, window, endedAt } = item
  const end = Date.parse(endedAt ?? window.until)
  return (
    <tr>
      <th scope="row"><a href={`/opt-outs/${uid}`}><Foreign text={name} most={120} /></a><span className="quiet below"><Foreign text={reason} most={140} /></span></th>
      <td data-term="Turns off"><span><Several values={controls} most={3} any="any control" /><span className="below quiet">in <Several values={[...repositories, ...environments]} most={4} any="any place" /></span></span></td>
      <td data-term="Owner"><span><Foreign text={owner} most={120} /><span className="quiet below"><Foreign text={category} most={40} /></span></span></td>
      <td data-term="State"><span className="flags"><Phase view={{ ...item, review: 'none' }} /><Marks item={item} now={now} /></span></td>
      <td data-term="Until"><span>{endOf(item, now)}<span className="quiet below"><time dateTime={utcOf(end)}>{brieflyOf(end)}</time></span></span></td>
    </tr>
  )
}
