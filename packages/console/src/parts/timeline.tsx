/**
 * What is off, and until when, on one line of time. Plain SVG beside text: each row says in words what its bar shows, so that the bars are for eyes alone; and the
 * libraries for charts bring a style element, which the page's policy refuses.
 */
import type { InventoryItem } from '@exeat/core/wire'
import type { ReactNode } from 'react'
import { endOf } from '../inventory.ts'
import { brieflyOf, utcOf } from '../words.ts'
import { Foreign, Several } from './foreign.tsx'
import { Marks } from './marks.tsx'

interface Axis {
  readonly from: number
  readonly until: number
}

/** Part of the line that lies before now. */
const past = 0.12
const minute = 60_000

export function Timeline({ items, now }: { readonly items: readonly InventoryItem[]; readonly now: number }): ReactNode {
  const last = Math.max(...items.map(({ window }) => Date.parse(window.until)), now + 60 * minute)
  const axis = { from: now - (last - now) * (past / (1 - past)), until: last + (last - now) * 0.02 }
  return (
    <div className="timeline">
      <Scale axis={axis} now={now} />
      <ol>{items.map((item) => <Row key={item.uid} item={item} axis={axis} now={now} />)}</ol>
    </div>
  )
}

function Row({ item, axis, now }: { readonly item: InventoryItem; readonly axis: Axis; readonly now: number }): ReactNode {
  const { uid, name, controls, environments, repositories, owner, team, window, activatedAt, emergency } = item
  const until = Date.parse(window.until)
  return (
    <li>
      <a href={`/opt-outs/${uid}`} className="row">
        <span className="named">
          <span className="head"><strong><Foreign text={name} most={120} /></strong><Marks item={item} now={now} /></span>
          <span className="what"><Several values={controls} most={3} any="any control" /> <span className="quiet">in</span> <Several values={[...repositories, ...environments]} most={4} any="any place" /></span>
          <span className="quiet"><Foreign text={team === undefined ? owner : `${owner}, team ${team}`} most={120} /></span>
        </span>
        <span className="time">
          <Bar from={Math.max(Date.parse(activatedAt ?? window.from), Date.parse(window.from))} until={until} axis={axis} now={now} kind={emergency ? 'grave' : until - now <= 24 * 60 * minute ? 'caution' : 'calm'} />
          <span className="left"><strong>{endOf(item, now)}</strong> <span className="quiet"><time dateTime={utcOf(until)}>{brieflyOf(until)}</time></span></span>
        </span>
      </a>
    </li>
  )
}

const at = ({ from, until }: Axis, time: number): number => Math.min(100, Math.max(0, ((time - from) / (until - from)) * 100))
const percent = (value: number): string => `${value.toFixed(2)}%`

function Bar({ from, until, axis, now, kind }: { readonly from: number; readonly until: number; readonly axis: Axis; readonly now: number; readonly kind: string }): ReactNode {
  const [begin, end] = [at(axis, from), at(axis, until)]
  return (
    <svg className={`span ${kind}`} width="100%" height="22" aria-hidden="true" focusable="false">
      <line className="rail" x1="0" x2="100%" y1="11" y2="11" />
      <rect className="gone" x={percent(begin)} width={percent(Math.max(0, at(axis, now) - begin))} y="6" height="10" rx="3" />
      <rect className="rest" x={percent(Math.max(begin, at(axis, now)))} width={percent(Math.max(0.6, end - Math.max(begin, at(axis, now))))} y="6" height="10" rx="3" />
      <line className="stop" x1={percent(end)} x2={percent(end)} y1="1" y2="21" />
      <line className="now" x1={percent(at(axis, now))} x2={percent(at(axis, now))} y1="0" y2="22" />
    </svg>
  )
}

const steps = [15, 30, 60, 180, 360, 720, 1_440, 2_880, 10_080, 20_160, 43_200, 129_600, 525_600].map((minutes) => minutes * minute)

/** Marks at equal steps from now on, at most five. */
function Scale({ axis, now }: { readonly axis: Axis; readonly now: number }): ReactNode {
  const step = steps.find((each) => (axis.until - now) / each <= 5) ?? axis.until - now
  const marks = Array.from({ length: Math.floor((axis.until - now) / step) }, (_, i) => now + (i + 1) * step).filter((time) => at(axis, time) < 93)
  return (
    <svg className="scale" width="100%" height="20" aria-hidden="true" focusable="false">
      <text x={percent(at(axis, now))} y="14" textAnchor="middle" className="present">now</text>
      {marks.map((time) => <text key={time} x={percent(at(axis, time))} y="14" textAnchor="middle">{`+${shortOf(time - now)}`}</text>)}
    </svg>
  )
}

function shortOf(length: number): string {
  const minutes = Math.round(length / minute)
  if (minutes < 60) return `${minutes} min`
  return minutes < 2_880 ? `${Math.round(minutes / 60)} h` : `${Math.round(minutes / 1_440)} d`
}
