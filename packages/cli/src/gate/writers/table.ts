/** The answer for a person at a terminal or in a job's log. */
import { type Facts, type Finding, formatInstant, type Report } from '@exeat/core'
import { blockedGroups, type BlockedGroup } from '@exeat/core/run'
import type { Sink } from '../../edge/output.ts'
import { excusedGroups, type ExcusedGroup, placeOf, termsText } from '../groups.ts'
import { clipped, oneLine, shown } from '../../text/safe.ts'
import { reasonHint, reasonText } from '../../text/reason.ts'
import { fromNow, spanText } from '../../text/span.ts'
import type { Styles } from '../../text/style.ts'
import { hanging, plural } from '../../text/wrap.ts'
import { authority, type GateResult } from '../result.ts'
import { excusedText, trustText, usesText } from '../trust-text.ts'
import { statementsOn } from '../vex.ts'

export interface TableOptions {
  readonly width: number
  readonly styles: Styles
  /** Show every finding. */
  readonly all: boolean
}

/** Findings shown of one control, and of all. */
const mostOfControl = 5
const mostFindings = 25

interface Page extends TableOptions {
  readonly result: GateResult
  line(text?: string): void
}

export function writeTable(result: GateResult, sink: Sink, options: TableOptions): void {
  const page: Page = { ...options, result, line: (text = '') => { sink.write(`${text}\n`) } }
  preview(page)
  runBlocks(page)
  blocked(page)
  excused(page)
  shadow(page)
  footer(page)
}

function preview({ result: { preview, now }, styles, width, line }: Page): void {
  if (preview === undefined) return
  line(styles.warn(hanging('PREVIEW  ', `what would block at ${formatInstant(now)}, ${fromNow(now, preview.real)}; no use, no suppression`, width)))
  line(hanging('         ', preview.summary.outcome === 'blocked' ? 'the run blocks today as well, so it fails today' : 'the run passes today', width))
  line()
}

function runBlocks({ result: { blocks }, styles, width, line }: Page): void {
  if (blocks.length === 0) return
  line(styles.bad(`BLOCKED  the run as a whole, for ${plural(blocks.length, 'reason')}`))
  for (const { code, message, hint } of blocks) {
    line(hanging('  ', `${code}: ${oneLine(message)}`, width))
    if (hint !== undefined) line(styles.dim(hanging('    hint: ', oneLine(hint), width)))
  }
  line()
}

function blocked(page: Page): void {
  const { result: { decisions, summary }, styles, all, line } = page
  if (summary.blocked === 0) return
  const groups = blockedGroups(decisions)
  line(styles.bad(`BLOCKED  ${plural(summary.blocked, 'finding')} of ${plural(groups.length, 'control')}`))
  let left = all ? Infinity : mostFindings
  let shownGroups = 0
  for (const group of groups) {
    if (left <= 0) break
    const count = Math.min(group.decisions.length, all ? Infinity : mostOfControl, left)
    line()
    blockedGroup(page, group, count)
    left -= count
    shownGroups++
  }
  const hidden = groups.slice(shownGroups)
  if (hidden.length > 0) {
    const findings = hidden.reduce((sum, group) => sum + group.decisions.length, 0)
    line()
    line(`  … and ${findings} more of ${plural(hidden.length, 'control')} (--all)`)
  }
  line()
}

function blockedGroup({ result: { now, reports }, styles, width, line }: Page, group: BlockedGroup, count: number): void {
  const { control, severity, title, decisions } = group
  line(`  ${styles.bold(clipped(control, width - 20))}  ${styles.bad(severity ?? 'severity unknown')}`)
  const rule = control.slice(control.indexOf('/') + 1)
  if (title !== '' && title !== rule) line(styles.dim(`    ${clipped(oneLine(title), width - 4)}`))
  for (const decision of decisions.slice(0, count)) line(`    ${clipped(placeOf(decision), width - 4)}${besides(placeOf(decision), decision.finding.resource, width)}`)
  if (decisions.length > count) line(`    … and ${decisions.length - count} more (--all)`)
  for (const said of vexLines(decisions.slice(0, count).map(({ finding }) => finding), reports)) line(hanging('    vex      ', said, width))
  const { nearest, wayOut } = group.explain()
  for (const miss of nearest) {
    line(hanging('    nearest  ', reasonText(miss.reason, now), width))
    line(styles.dim(`             ${shown(miss.origin.file)}:${miss.origin.line}`))
    const hint = reasonHint(miss.reason, now)
    if (hint !== undefined) line(styles.dim(hanging('             hint: ', hint, width)))
  }
  if (wayOut === undefined) return
  if (wayOut.possible) line(hanging('    way out  ', `an opt-out is possible. ${termsText(wayOut)} (policy ${wayOut.policies.join(', ')})`, width))
  else line(hanging('    way out  ', `no opt-out is possible: ${oneLine(wayOut.because?.message ?? 'no policy permits one')}`, width))
  if (!wayOut.possible && wayOut.because?.hint !== undefined) line(styles.dim(hanging('             hint: ', oneLine(wayOut.because.hint), width)))
  // Never wrapped: it is there to be copied.
  if (wayOut.command !== undefined) line(`      $ ${shown(wayOut.command)}`)
}

/** Each thing said once, with who says it. */
function vexLines(findings: readonly Finding[], reports: readonly Report[]): readonly string[] {
  return [...new Set(findings.flatMap((finding) => statementsOn(finding, reports)).map(({ status, justification, statement, input }) => {
    const why = [justification, statement].filter((text) => text !== undefined).map(oneLine).join(': ')
    return `${status}${why === '' ? '' : ` (${why})`}, says ${shown(input)}; a statement excuses nothing`
  }))]
}

/** The resource after the place where both are there and the line has room. */
function besides(place: string, resource: string | undefined, width: number): string {
  const room = width - 4 - place.length - 2
  return resource === undefined || resource === place || room < 12 ? '' : `  ${clipped(resource, room)}`
}

function excused({ result: { decisions, summary, now }, styles, width, line }: Page): void {
  if (summary.excused === 0) return
  const groups = excusedGroups(decisions)
  line(styles.warn(`EXCUSED  ${plural(summary.excused, 'finding')} by ${plural(groups.length, 'opt-out')}; excused is not passed`))
  for (const group of groups) {
    line()
    excusedGroup(group, now, styles, width, line)
  }
  line()
}

function excusedGroup({ optOut, decisions }: ExcusedGroup, now: GateResult['now'], styles: Styles, width: number, line: Page['line']): void {
  const { name, until, category, owner, ticket, reason, evidence, unlogged, origin } = optOut
  line(`  ${styles.bold(shown(name))}  ${plural(decisions.length, 'finding')}, until ${formatInstant(until)} (${spanText(until - now)} left)`)
  line(hanging('    ', `${category}, owner ${oneLine(owner)}${ticket === undefined ? '' : `, ${oneLine(ticket)}`}, evidence ${evidence}${unlogged === undefined ? '' : ', unlogged'}, ${shown(origin.file)}:${origin.line}`, width))
  line(styles.dim(hanging('    ', clipped(oneLine(reason), 240), width)))
  for (const decision of decisions.slice(0, 3)) line(`    ${clipped(`${decision.control}  ${placeOf(decision)}`, width - 4)}`)
  if (decisions.length > 3) line(`    … and ${decisions.length - 3} more`)
}

function shadow({ result: { reports, summary }, styles, width, all, line }: Page): void {
  if (summary.shadow === 0) return
  line(styles.warn(hanging('SHADOW   ', `${plural(summary.shadow, 'suppression')} came with the reports; they changed nothing`, width)))
  const found = reports.flatMap((report) => report.suppressions)
  const most = all ? Infinity : 5
  for (const { tool, rule, path, line: at, kind } of found.slice(0, most)) {
    const place = path === undefined ? '' : `  ${path}${at === undefined ? '' : `:${at}`}`
    line(`    ${clipped(`${tool}/${rule}  ${kind}${place}`, width - 4)}`)
  }
  if (found.length > most) line(`    … and ${found.length - most} more (--all)`)
  line()
}

function footer({ result, styles, width, line }: Page): void {
  const { summary, facts, reports, exit } = result
  const uses = usesText(result)
  line(styles.dim(hanging('run      ', factsText(facts), width)))
  line(styles.dim(hanging('reports  ', reports.length === 0 ? 'none' : [...new Set(reports.map(({ input, tool }) => `${oneLine(input)} (${oneLine(tool)})`))].slice(0, 20).join(', '), width)))
  line(styles.dim(hanging('trust    ', trustText(result), width)))
  line(styles.dim(hanging('         ', authority, width)))
  if (uses !== undefined) line(styles.dim(hanging('uses     ', uses, width)))
  const counts = `${plural(summary.findings, 'finding')}: ${summary.blocked} blocked, ${excusedText(summary)}, ${summary.passed} passed`
  line(exit === 0 ? styles.good(`PASSED   ${counts}`) : styles.bad(`BLOCKED  ${counts}`))
}

/** Each fact with what it rests on: `production (asserted by --env)`. */
export function factsText({ repository, environment, commit }: Facts): string {
  const of = (name: string, value: string | undefined, fact: { readonly provenance: string; readonly from: string } | undefined): string =>
    (value === undefined || fact === undefined ? `${name} unknown` : `${name} ${oneLine(value)} (${fact.provenance}: ${oneLine(fact.from)})`)
  return [
    of('environment', environment?.value, environment),
    of('repository', repository?.value.name, repository),
    of('commit', commit?.value.slice(0, 12), commit),
  ].join('; ')
}
