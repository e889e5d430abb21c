/** A simulation for a terminal. */
import type { SimulatedOptOut, Simulation } from '@exeat/core/impact'
import type { Sink } from '../edge/output.ts'
import { clipped, shown } from '../text/safe.ts'
import type { Styles } from '../text/style.ts'
import { hanging, plural } from '../text/wrap.ts'

const width = 100
const mostRows = 10

export function writeText(simulation: Simulation, sink: Sink, styles: Styles): void {
  const line = (text = ''): void => { sink.write(`${text}\n`) }
  const { before, after, opened, closed } = simulation
  line(`simulation of ${shown(simulation.governance)}`)
  line(`at ${simulation.at}, ${plural(simulation.runs, 'run')}, ${plural(simulation.findings, 'finding')}; it decides nothing${simulation.isolated ? '' : '; NOT ISOLATED'}`)
  line()
  line(table([
    ['', 'blocked', 'excused', 'passed'],
    ['without the change', `${before.blocked}`, `${before.excused}`, `${before.passed}`],
    ['with the change', `${after.blocked}`, `${after.excused}`, `${after.passed}`],
  ]))
  line()
  line(styles.bold(`excused now: ${opened.total}`) + (closed.total === 0 ? '' : `; no longer excused: ${closed.total}`))
  for (const key of ['control', 'severity', 'repository', 'environment', 'path'] as const) counts(`by ${key}`, opened[key], line)
  for (const each of simulation.optOuts) writeOptOut(each, line, styles)
  writeOpen(simulation, line, styles)
  if (simulation.confirmed !== undefined) writeConfirmed(simulation.confirmed, line, styles)
  for (const { severity, code, message, hint } of simulation.problems) {
    line()
    line(`${(severity === 'error' ? styles.bad : styles.warn)(`${severity}[${code}]`)}: ${shown(message)}`)
    if (hint !== undefined) line(`  ${styles.dim('hint:')} ${shown(hint)}`)
  }
}

type Line = (text?: string) => void

function writeConfirmed({ tool, findings, excused, written, inexpressible, holds, silenced, remaining }: NonNullable<Simulation['confirmed']>, line: Line, styles: Styles): void {
  line()
  line(holds ? styles.good(`confirmed by ${tool}`) : styles.bad(`${tool} does otherwise`))
  line(`  ${plural(findings, 'finding')} without an excuse, ${excused} excused, ${written} of them in its own form`)
  for (const [title, { total, samples }] of [['silenced, and nobody excused it', silenced], ['still reported, though excused', remaining]] as const) {
    if (total === 0) continue
    line(styles.bad(`  ${title}: ${total}`))
    line(table(samples.slice(0, mostRows).map((each) => [`    ${clipped(each.control, 60)}`, place(each)])))
  }
  for (const { code, message } of inexpressible.slice(0, mostRows)) line(hanging('  not in its form: ', `${code}: ${shown(message)}`, width))
}

function counts(title: string, { top, others }: Simulation['opened']['control'], line: Line): void {
  if (top.length === 0) return
  line(`  ${title}`)
  line(table(top.slice(0, mostRows).map(({ name, findings }) => [`    ${clipped(name, 80)}`, `${findings}`])))
  const rest = top.slice(mostRows).reduce((sum, { findings }) => sum + findings, others)
  if (rest > 0) line(`    … and ${rest} more (--format json)`)
}

function writeOptOut(optOut: SimulatedOptOut, line: Line, styles: Styles): void {
  line()
  line(styles.bold(`opt-out ${shown(optOut.name)}`) + ` (${optOut.change}), ${optOut.from} to ${optOut.until}, ${shown(optOut.owner)}`)
  for (const { code, message } of optOut.refused) line(hanging('  refused: ', `${code}: ${shown(message)}`, width))
  line(`  covers ${plural(optOut.measured, 'finding')}${optOut.limit === undefined ? '' : `, limits.findings ${optOut.limit}`}`)
  if (optOut.impact !== undefined) line(`  impact ${impactText(optOut.impact)}`)
  if (optOut.unintended.total > 0) {
    line(styles.warn(`  nobody had in mind: ${plural(optOut.unintended.total, 'finding')} in scope and not in the recorded impact`))
    line(table(optOut.unintended.samples.slice(0, mostRows).map((each) => [`    ${each.fingerprint.slice(0, 12)}`, clipped(each.control, 40), place(each)])))
  }
  for (const { optOut: other, findings } of optOut.alreadyCovered.slice(0, mostRows)) line(`  covered already by ${shown(other)}: ${findings}`)
  for (const miss of optOut.nearMisses.slice(0, mostRows)) line(`  near miss: ${miss.findings} by ${missText(miss)}, such as ${clipped(miss.example.control, 40)} ${place(miss.example)}`)
  if (optOut.untold.nearMisses > 0) line(`  and ${optOut.untold.nearMisses} more that were not looked at for what they miss`)
  line(`  red again at ${optOut.redAgain.at}: ${optOut.redAgain.findings}`)
  writeCanaries(optOut, line, styles)
  writeSuggestion(optOut, line, styles)
}

function impactText({ digest, fingerprints, recorded, assumed, stale, added, gone }: NonNullable<SimulatedOptOut['impact']>): string {
  const measured = digest === undefined ? 'none' : digest
  if (recorded === undefined) return `${measured} (${plural(fingerprints, 'fingerprint')}), not recorded${assumed ? ', and taken for recorded here' : ''}`
  return recorded === digest ? `${recorded}, as recorded` : `${measured} measured, ${recorded} recorded: ${added} more, ${gone} gone${stale ? ', stale' : ''}`
}

const missText = ({ code, key }: SimulatedOptOut['nearMisses'][number]): string => (key === undefined ? code : `other ${key}`)

function writeCanaries({ canaries, untold }: SimulatedOptOut, line: Line, styles: Styles): void {
  if (canaries.length === 0) return
  line('  neighbours that nobody reported')
  line(table(canaries.map(({ kind, tried, excused, example }) =>
    [`    ${kinds[kind]}`, excused === 0 ? styles.good('none slips through') : styles.bad(`${excused} of ${tried} would be excused`), example === undefined ? '' : `${clipped(example.control, 40)} ${place(example)}`])))
  if (untold.neighbours > 0) line(`    those of ${untold.neighbours} more excused findings were not tried`)
}

const kinds: Readonly<Record<SimulatedOptOut['canaries'][number]['kind'], string>> = {
  path: 'another path', version: 'the next version', environment: 'another environment', rule: 'another rule of the tool', repository: 'another repository', second: 'a second of its kind',
}

function writeSuggestion({ suggestion }: SimulatedOptOut, line: Line, styles: Styles): void {
  if (suggestion === undefined) return
  line(styles.bold('  narrowest scope that covers what is meant'))
  for (const { key, from, to } of suggestion.keys) line(`    ${key}: ${clipped(from, 60)} -> ${clipped(to, 200)}`)
  if (suggestion.patch === undefined) return
  line('  as a patch for `git apply`')
  line()
  line(suggestion.patch.split('\n').map(shown).join('\n').trimEnd())
}

function writeOpen({ open, timeline }: Simulation, line: Line, styles: Styles): void {
  if (open.length === 0) return
  line()
  line(styles.bold('left open by all opt-outs together'))
  line(table([['  control', 'owner', 'findings', 'until'], ...open.slice(0, mostRows).map(({ control, owner, findings, until }) => [`  ${clipped(control, 50)}`, clipped(owner, 30), `${findings}`, until])]))
  if (open.length > mostRows) line(`  … and ${open.length - mostRows} more (--format json)`)
  const [next] = timeline
  if (next !== undefined) line(`  next to end: ${next.until}, ${plural(next.findings, 'finding')}, ${clipped(next.optOuts.join(', '), 60)}`)
}

const place = ({ path, line, resource, environment }: Pick<SimulatedOptOut['unintended']['samples'][number], 'path' | 'line' | 'resource' | 'environment'>): string =>
  [path === undefined ? resource ?? '' : `${path}${line === undefined ? '' : `:${line}`}`, environment === undefined ? '' : `[${environment}]`].filter((part) => part !== '').map((part) => clipped(part, 80)).join(' ')

const escapes = /\u001b\[[0-9;]*m/g

/** Columns as wide as their widest cell. */
function table(rows: readonly (readonly string[])[]): string {
  const length = (cell: string): number => cell.replace(escapes, '').length
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => length(row[column] ?? ''))))
  return rows.map((row) => row.map((cell, column) => `${cell}${' '.repeat((widths[column] ?? 0) - length(cell))}`).join('  ').trimEnd()).join('\n')
}
