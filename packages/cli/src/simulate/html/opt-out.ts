/** What a reviewer of one changed opt-out wants to know, in the order in which they ask. */
import type { SimulatedOptOut } from '@exeat/core/impact'
import { plural } from '../../text/wrap.ts'
import { type Html, html, lines, none } from './text.ts'

export type Sample = SimulatedOptOut['unintended']['samples'][number]

export function optOutSection(optOut: SimulatedOptOut): Html {
  return html`<section><h2>Opt-out <code>${optOut.name}</code>, ${optOut.change}</h2>
${refusals(optOut)}<dl><dt>Covers</dt><dd>${plural(optOut.measured, 'finding')} in one run${optOut.limit === undefined ? ', and states no ceiling' : `, ceiling ${optOut.limit}`}</dd>
<dt>From</dt><dd>${optOut.from}</dd><dt>Until</dt><dd>${optOut.until}: ${plural(optOut.redAgain.findings, 'finding')} ${optOut.redAgain.findings === 1 ? 'turns' : 'turn'} red again</dd><dt>Owner</dt><dd>${optOut.owner}</dd>
<dt>Impact</dt><dd>${impact(optOut.impact)}</dd></dl>
${unintended(optOut)}${canaries(optOut)}${nearMisses(optOut)}${covered(optOut)}${suggestion(optOut)}</section>`
}

const refusals = ({ refused }: SimulatedOptOut): Html => (refused.length === 0 ? none : html`${refused.map(({ code, message, hint }) =>
  html`<div class="problem error"><b class="bad">Refused, ${code}</b><p>${message}</p>${hint === undefined ? none : html`<p class="soft">${hint}</p>`}</div>`)}`)

function impact(found: SimulatedOptOut['impact']): Html {
  if (found === undefined) return html`none`
  const { digest, recorded, fingerprints, assumed, stale, added, gone } = found
  const measured = html`<code>${digest ?? 'none'}</code>, ${plural(fingerprints, 'finding')}`
  if (recorded === undefined) return html`${measured}; <span class="warn">not recorded</span>${assumed ? ', and taken for recorded here' : ''}`
  if (recorded === digest) return html`${measured}; <span class="good">as recorded</span>`
  return html`${measured}; recorded is <code>${recorded}</code>: ${added} more, ${gone} gone${stale ? html` <span class="bad">(stale: it must be approved anew)</span>` : none}`
}

const unintended = ({ unintended: { total, samples } }: SimulatedOptOut): Html => (total === 0 ? none
  : html`<h3><span class="bad">${total}</span> that nobody had in mind</h3><p class="soft">In its declared scope, and not in the recorded impact.</p>${findingTable('Findings that nobody had in mind', samples)}`)

const names: Readonly<Record<SimulatedOptOut['canaries'][number]['kind'], string>> = {
  path: 'Another path', version: 'The next version of the package', environment: 'Another environment', rule: 'Another rule of the tool', repository: 'Another repository', second: 'A second of its kind in the same place',
}

const canaries = ({ canaries: rows, untold }: SimulatedOptOut): Html => (rows.length === 0 ? none : html`<h3>What else would slip through</h3>
<p class="soft">Neighbours of what it excuses, made up and tried: each differs in one thing.</p>
${table('Neighbours that were tried', ['Neighbour', 'Answer', 'Such as'], rows.map(({ kind, tried, excused, example }) => [
  html`${names[kind]}`, excused === 0 ? html`<span class="good">blocked</span>` : html`<span class="bad">excused</span>, ${excused} of ${tried}`, example === undefined ? none : html`<code>${example.control}</code> ${placeOf(example)}`,
]))}${untold.neighbours === 0 ? none : html`<p class="soft">Those of ${untold.neighbours} more excused findings were not tried.</p>`}`)

const nearMisses = ({ nearMisses: rows, untold }: SimulatedOptOut): Html => (rows.length === 0 ? none : html`<h3>Near misses</h3>
${table('Near misses', ['Findings', 'Missed by', 'Such as'], rows.map(({ findings, code, key, example }) => [html`${findings}`, html`${key === undefined ? code : `other ${key}`}`, html`<code>${example.control}</code> ${placeOf(example)}`]))}${untold.nearMisses === 0 ? none : html`<p class="soft">and ${untold.nearMisses} more that were not looked at for what they miss</p>`}`)

const covered = ({ alreadyCovered }: SimulatedOptOut): Html => (alreadyCovered.length === 0 ? none : html`<h3>Covered already</h3>
${table('Covered already by other opt-outs', ['Opt-out', 'Findings'], alreadyCovered.map(({ optOut, findings }) => [html`<code>${optOut}</code>`, html`${findings}`]))}`)

const suggestion = ({ suggestion: found }: SimulatedOptOut): Html => (found === undefined ? none : html`<h3>Narrowest scope that covers what is meant</h3>
${table('Suggested scope', ['Key', 'Now', 'Suggested'], found.keys.map(({ key, from, to }) => [html`<code>${key}</code>`, html`${from}`, html`${to}`]))}
${found.patch === undefined ? none : html`<p class="soft">As a patch for <code>git apply</code>:</p><pre tabindex="0" aria-label="Patch">${lines(found.patch)}</pre>`}`)

export const findingTable = (label: string, samples: readonly Sample[]): Html => (samples.length === 0 ? none
  : table(label, ['Control', 'Severity', 'Where', 'Environment'], samples.map((each) => [html`<code>${each.control}</code>`, html`${each.severity ?? 'unknown'}`, placeOf(each), html`${each.environment ?? ''}`])))

export const placeOf = ({ path, line, resource }: Sample): Html =>
  html`${[...(path === undefined ? [] : [`${path}${line === undefined ? '' : `:${line}`}`]), ...(resource === undefined ? [] : [resource])].map((part) => html`<code>${part}</code> `)}`

/** `label`: for whoever cannot see it. Wide tables scroll by themselves, by keyboard too. */
export const table = (label: string, head: readonly string[], rows: readonly (readonly Html[])[]): Html =>
  html`<div class="scroll" tabindex="0" role="region" aria-label="${label}"><table><thead><tr>${head.map((cell) => html`<th scope="col">${cell}</th>`)}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${row.map((cell) => html`<td>${cell}</td>`)}</tr>`)}</tbody></table></div>`
