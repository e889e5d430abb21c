/** Charts as inline SVG: shapes alone, with their words beside them in HTML, so that they can be read at any width and by a screen reader. */
import { parseInstant } from '@exeat/core'
import type { Simulation } from '@exeat/core/impact'
import { plural } from '../../text/wrap.ts'
import { coordinate, type Html, html, none } from './text.ts'

type Row = Simulation['bySeverity'][number]
type Counts = Row['before']
const kinds = ['blocked', 'excused', 'passed'] as const

/** Two bars for each severity, all to one scale. */
export function severityChart(rows: readonly Row[]): Html {
  if (rows.length === 0) return none
  const most = Math.max(1, ...rows.flatMap(({ before, after }) => [sum(before), sum(after)]))
  const said = rows.map(({ severity, before, after }) => `${severity}: ${counted(before)} without the change, ${counted(after)} with it`).join('; ')
  return html`<figure aria-labelledby="by-severity"><figcaption id="by-severity">Before and after, by severity</figcaption>
<p class="sr">${said}.</p><div class="bars" aria-hidden="true">
${rows.map(({ severity, before, after }) => html`<span class="name">${severity}</span>${bar('without', before, most)}${bar('with', after, most)}<span class="gap"></span>
`)}</div><ul class="key" aria-hidden="true">${kinds.map((kind) => html`<li><svg viewBox="0 0 1 1"><rect class="${kind}" width="1" height="1"/></svg>${kind}</li>`)}</ul></figure>`
}

const sum = ({ passed, excused, blocked }: Counts): number => passed + excused + blocked
const counted = (counts: Counts): string => kinds.filter((kind) => counts[kind] > 0).map((kind) => `${counts[kind]} ${kind}`).join(', ')

function bar(when: string, counts: Counts, most: number): Html {
  let at = 0
  const rects = kinds.map((kind) => {
    const width = (counts[kind] / most) * 100
    const x = at
    at += width
    return width === 0 ? none : html`<rect class="${kind}" x="${coordinate(x)}" y="0" width="${coordinate(width)}" height="10"/>`
  })
  return html`<span class="when">${when}</span><svg viewBox="0 0 100 10" preserveAspectRatio="none"><rect class="track" width="100" height="10"/>${rects}</svg><span class="sum">${counted(counts)}</span>`
}

interface Step { readonly at: number; readonly until: string; readonly ends: number }

/** How much is open, from the instant shown to the last end: a line that goes down a step at each. */
export function timelineChart({ at, timeline, after }: Pick<Simulation, 'at' | 'timeline' | 'after'>): Html {
  const from = parseInstant(at) ?? 0
  const steps = timeline.map(({ until, findings }): Step => ({ at: parseInstant(until) ?? 0, until, ends: findings }))
  const last = steps.at(-1)
  if (last === undefined || last.at <= from) return none
  const total = steps.reduce((all, { ends }) => all + ends, 0)
  const x = (instant: number): string => coordinate(((instant - from) / (last.at - from)) * 100)
  const y = (open: number): string => coordinate(38 - (open / total) * 36)
  let open = total
  let path = `M0 ${y(open)}`
  for (const step of steps) {
    path += `H${x(step.at)}`
    open -= step.ends
    path += `V${y(open)}`
  }
  const said = timeline.map(({ until, findings }) => `${plural(findings, 'finding')} until ${until}`).slice(0, 20).join('; ')
  return html`<figure class="steps" aria-labelledby="open-until"><figcaption id="open-until">What is open until when</figcaption>
<p class="sr">${plural(after.excused, 'finding')} excused at ${at}: ${said}.</p>
<svg aria-hidden="true" viewBox="0 0 100 40" preserveAspectRatio="none"><path class="area" d="${path}H100V38H0Z"/><path class="edge" d="${path}" vector-effect="non-scaling-stroke"/><path class="base" d="M0 38H100" vector-effect="non-scaling-stroke"/></svg>
<div class="axis" aria-hidden="true"><span>${at.slice(0, 10)}: ${total} open</span><span>${last.until.slice(0, 10)}: none</span></div></figure>`
}
