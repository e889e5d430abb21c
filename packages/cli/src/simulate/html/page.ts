/** A simulation as one page that stands alone: no script, nothing from elsewhere, and a content security policy that says so. */
import { createHash } from 'node:crypto'
import type { Simulation } from '@exeat/core/impact'
import { plural } from '../../text/wrap.ts'
import { severityChart, timelineChart } from './charts.ts'
import { findingTable, optOutSection, table } from './opt-out.ts'
import { style } from './style.ts'
import { Html, html, none } from './text.ts'

export function simulationPage(simulation: Simulation): string {
  const digest = createHash('sha256').update(style).digest('base64')
  const { opened, closed, before, after, governance, at } = simulation
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-${digest}'; base-uri 'none'; form-action 'none'">
<meta name="referrer" content="no-referrer"><title>${title(simulation)}</title><style>${new Html(style)}</style></head>
<body><header><h1>${title(simulation)}</h1>
<p class="soft">${governance}; at ${at}; ${plural(simulation.runs, 'run')} replayed. A preview: it decides nothing, and takes approvals for given.${simulation.isolated ? '' : ' It was not isolated.'}${simulation.history === undefined ? '' : ` ${plural(simulation.history.runs, 'run')} recorded from ${simulation.history.from} to ${simulation.history.until}, of which ${simulation.history.asserted} are asserted and ${simulation.history.left} were left out.`}</p></header>
<main><div class="numbers"><div><b>${opened.total}</b>excused now</div>${closed.total === 0 ? none : html`<div><b>${closed.total}</b>no longer excused</div>`}
<div><b>${after.blocked}</b>still blocked, ${before.blocked} before</div><div><b>${after.excused}</b>excused by all opt-outs, ${before.excused} before</div></div>
${simulation.problems.map(({ severity, code, message, hint }) => html`<div class="problem ${severity}"><b class="${severity === 'error' ? 'bad' : 'warn'}">${severity}: ${code}</b><p>${message}</p>${hint === undefined ? none : html`<p class="soft">${hint}</p>`}</div>
`)}${severityChart(simulation.bySeverity)}${timelineChart(simulation)}
${openedSection(opened)}${simulation.optOuts.map(optOutSection)}${openSection(simulation)}${confirmedSection(simulation.confirmed)}</main></body></html>
`
  return page.text
}

function confirmedSection(confirmed: Simulation['confirmed']): Html {
  if (confirmed === undefined) return none
  const { tool, findings, excused, written, inexpressible, holds, silenced, remaining } = confirmed
  const places = (heading: string, { total, samples }: typeof silenced): Html => (total === 0 ? none : html`<h3>${heading}: ${total}</h3>${table(heading, ['Control', 'Place'], samples.map(({ control, path = '-', line, resource }) => [html`<code>${control}</code>`, html`<code>${path}${line === undefined ? '' : `:${line}`}${resource === undefined ? '' : ` ${resource}`}</code>`]))}`)
  return html`<section><h2>${holds ? html`Confirmed by <code>${tool}</code>` : html`<code>${tool}</code> does otherwise`}</h2><p>${plural(findings, 'finding')} without an excuse, ${excused} excused, ${written} of them in its own form.</p>
${places('Silenced, and nobody excused it', silenced)}${places('Still reported, though excused', remaining)}${inexpressible.length === 0 ? none : html`<h3>Not in its form</h3><ul>${inexpressible.map(({ code, message }) => html`<li><code>${code}</code> ${message}</li>`)}</ul>`}</section>`
}

function title({ optOuts, opened }: Simulation): string {
  const [only, ...others] = optOuts
  const what = only === undefined ? 'The change' : others.length === 0 ? `Opt-out ${only.name}` : `${optOuts.length} changed opt-outs`
  return `${what}: ${opened.total === 0 ? 'excuses nothing new' : `${plural(opened.total, 'finding')} excused that ${opened.total === 1 ? 'blocks' : 'block'} today`}`
}

function openedSection(opened: Simulation['opened']): Html {
  if (opened.total === 0) return none
  const by = (['control', 'path', 'environment', 'repository'] as const).filter((key) => opened[key].top.some(({ name }) => name !== '-'))
  return html`<section><h2>Excused now</h2><div class="tallies">${by.map((key) => html`<div><h3>By ${key}</h3>${tallyTable(`Excused now by ${key}`, key, opened[key])}</div>`)}</div>
<h3>Each finding</h3>${findingTable('Findings that are excused now', opened.samples)}${opened.total > opened.samples.length ? html`<p class="soft">and ${opened.total - opened.samples.length} more</p>` : none}</section>`
}

const mostRows = 12

function tallyTable(label: string, key: string, { top, others }: Simulation['opened']['control']): Html {
  const rest = top.slice(mostRows).reduce((sum, { findings }) => sum + findings, others)
  const rows = top.slice(0, mostRows).map(({ name, findings }) => [html`<code>${name}</code>`, html`${findings}`])
  return table(label, [key, 'Findings'].map((word) => `${word.charAt(0).toUpperCase()}${word.slice(1)}`), rest === 0 ? rows : [...rows, [html`all others`, html`${rest}`]])
}

function openSection({ open, timeline }: Simulation): Html {
  if (open.length === 0) return none
  return html`<section><h2>Left open by all opt-outs together</h2>
${table('Left open, by control and owner', ['Control', 'Owner', 'Findings', 'Until'], open.slice(0, 50).map(({ control, owner, findings, until }) => [html`<code>${control}</code>`, html`${owner}`, html`${findings}`, html`${until}`]))}
${open.length > 50 ? html`<p class="soft">and ${open.length - 50} more controls</p>` : none}
<h3>When they end</h3>${table('When opt-outs end', ['Until', 'Findings', 'Opt-outs'], timeline.slice(0, 50).map(({ until, findings, optOuts }) => [html`${until}`, html`${findings}`, html`${optOuts.join(', ')}`]))}</section>`
}
