/** When an opt-out was used: a bar for each hour or day, and the same as a table. A few dozen bars take no library, and none of theirs fits the page's policy. */
import type { UsesOverTime } from '@exeat/core/wire'
import type { ReactNode } from 'react'
import { brieflyOf, countOf, dayOf, utcOf } from '../words.ts'

const lengths = { hour: 3_600_000, day: 86_400_000 } as const
/** Most bars; beyond it the newest stand. */
const most = 120
/** Fewest, so that one use is no wall. */
const least = { hour: 24, day: 14 } as const
const height = 96

interface Bar {
  readonly at: number
  readonly count: number
}

/** One for each step, those without a use too. */
export function barsOf({ step, from, until, steps }: Pick<UsesOverTime, 'step' | 'from' | 'until' | 'steps'>): readonly Bar[] {
  const length = lengths[step]
  const counts = new Map(steps.map(({ at, count }) => [Date.parse(at), count]))
  const last = Math.max(Math.floor(Date.parse(until) / length) * length, ...counts.keys())
  const begun = Math.min(Math.floor(Date.parse(from) / length) * length, last - (least[step] - 1) * length, ...counts.keys())
  const first = Math.max(begun, last - (most - 1) * length)
  return Array.from({ length: (last - first) / length + 1 }, (_, i) => ({ at: first + i * length, count: counts.get(first + i * length) ?? 0 }))
}

export function UsesChart({ uses, over }: { readonly uses: UsesOverTime; readonly over: boolean }): ReactNode {
  const { counted, limit, step, steps } = uses
  const bars = barsOf(uses)
  const largest = Math.max(...bars.map(({ count }) => count), 1)
  const width = 100 / bars.length
  const named = (at: number): string => (step === 'day' ? dayOf(at) : brieflyOf(at))
  return (
    <section className="card" aria-labelledby="uses">
      <h2 id="uses">Uses over time</h2>
      <p><strong>{countOf(counted, 'use')}</strong>{limit === null ? ', and no limit' : ` of ${limit} that are allowed`}{limit === null ? null : <meter min={0} max={limit} value={Math.min(counted, limit)} aria-label="Uses that are gone">{counted} of {limit}</meter>}</p>
      {counted === 0 ? <p className="quiet">{over ? 'It excused nothing.' : <>It has excused nothing yet. An opt-out that nobody uses may end early: <code>exeat revoke</code>.</>}</p> : (
        <>
          <svg className="bars" width="100%" height={height + 4} role="img" aria-label={`Uses by ${step}: at most ${largest}, ${named(bars[0]?.at ?? 0)} to ${named(bars.at(-1)?.at ?? 0)}`}>
            {bars.map(({ at, count }, i) => <rect key={at} className="rest" x={`${i * width + width * 0.1}%`} width={`${width * 0.8}%`} y={height - (count / largest) * height + (count === 0 ? 0 : 2)} height={(count / largest) * height} rx="1.5" />)}
            <line className="axis" x1="0" x2="100%" y1={height + 3} y2={height + 3} />
          </svg>
          <p className="ends quiet"><span>{named(bars[0]?.at ?? 0)}</span><span>most in {step === 'hour' ? 'an hour' : 'a day'}: {largest}</span><span>{named(bars.at(-1)?.at ?? 0)}</span></p>
          <details>
            <summary>As a table</summary>
            <table className="wide-table"><thead><tr><th scope="col">{step === 'hour' ? 'Hour' : 'Day (UTC)'}</th><th scope="col">Uses</th></tr></thead>
              <tbody>{steps.slice(-most).map(({ at, count }) => <tr key={at}><td><time dateTime={utcOf(Date.parse(at))}>{named(Date.parse(at))}</time></td><td>{count}</td></tr>)}</tbody></table>
          </details>
        </>
      )}
    </section>
  )
}
