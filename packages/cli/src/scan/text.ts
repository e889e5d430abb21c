/** A scan for a terminal: what it comes to first, then each file, then what to do. */
import Table from 'cli-table3'
import { type Instant, parseInstant } from '@exeat/core'
import type { ScannedSuppression, ScanResult } from '@exeat/core/wire'
import { clipped, shown } from '../text/safe.ts'
import type { Styles } from '../text/style.ts'
import { plural } from '../text/wrap.ts'
import { isCovered } from './answer.ts'

const mostListed = 60
const day = 86_400_000

/** `3 y 2 mo`, `5 mo`, `12 d`: how long people live with it. */
export function ageText(milliseconds: number): string {
  const days = Math.max(0, Math.floor(milliseconds / day))
  const years = Math.floor(days / 365)
  const months = Math.floor((days % 365) / 30)
  if (years > 0) return months > 0 ? `${years} y ${months} mo` : `${years} y`
  return months > 0 ? `${months} mo` : `${days} d`
}

const ageOf = (since: string | undefined, now: Instant): string => {
  const at = since === undefined ? undefined : parseInstant(since)
  return at === undefined ? '' : ageText(now - at)
}

interface Page {
  readonly line: (text?: string) => void
  readonly styles: Styles
  readonly now: Instant
}

export function writeText(result: ScanResult, all: boolean, write: (text: string) => void, { now, styles }: Pick<Page, 'now' | 'styles'>): void {
  const page: Page = { line: (text = '') => { write(`${text}\n`) }, styles, now }
  headline(page, result)
  if (result.summary.total > 0) {
    tools(page, result)
    list(page, result, all)
  }
  scanned(page, result)
  next(page, result)
}

function headline({ line, styles }: Page, { summary: { total, files, uncovered, added }, base }: ScanResult): void {
  if (added !== undefined) {
    const text = added === 0 ? 'this change adds no undeclared suppression' : `this change adds ${plural(added, 'undeclared suppression')}`
    line((added === 0 ? styles.good : styles.bad)(`${text}, against ${shown(base?.ref ?? '')}`))
  }
  if (total === 0) return line(styles.good('no suppression found: nothing that Exeat knows is switched off here'))
  return line(styles.bold(`${plural(total, 'control')} switched off in ${plural(files, 'file')}, ${uncovered === total ? 'none of them' : `${total - uncovered} of them`} by an opt-out`))
}

function tools({ line, now }: Page, { summary: { tools: rows } }: ScanResult): void {
  const table = new Table({ head: ['tool', 'suppressed', 'undeclared', 'no reason', 'no end', 'oldest'], style: { head: [], border: [], compact: true }, colAligns: ['left', 'right', 'right', 'right', 'right', 'right'], chars: blank })
  table.push(...rows.map(({ tool, total, uncovered, withoutReason, forEver, oldest }) => [clipped(toolName(tool), 30), total, uncovered, withoutReason, forEver, ageOf(oldest, now)]))
  line()
  line(table.toString())
}

const blank = {
  top: '', 'top-mid': '', 'top-left': '', 'top-right': '', bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '',
  left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '', middle: '  ',
} as const

const toolName = (tool: string): string => (tool === '*' ? 'any tool' : tool)

/** With a base what the change adds, else what nobody declared; the oldest of them first where there are more than are listed. */
function list({ line, styles, now }: Page, { suppressions, summary }: ScanResult, all: boolean): void {
  const wanted = all ? suppressions : suppressions.filter((each) => (summary.added === undefined ? !isCovered(each) : each.added === true && !isCovered(each)))
  const kept = all || wanted.length <= mostListed ? wanted : wanted.toSorted((a, b) => ((a.since ?? '~') < (b.since ?? '~') ? -1 : 1)).slice(0, mostListed)
  for (const [path, group] of Map.groupBy(kept, ({ path }) => path)) {
    line()
    line(styles.bold(clipped(path, 120)))
    for (const each of group.toSorted((a, b) => a.line - b.line)) line(row(each, styles, now))
  }
  if (kept.length < wanted.length) line(`\n… and ${wanted.length - kept.length} more: \`--all\` or \`--format json\``)
}

function row(each: ScannedSuppression, styles: Styles, now: Instant): string {
  const control = `${toolName(each.tool)}/${each.rule === '*' ? 'everything' : each.rule}`
  const notes = [each.author === undefined ? '' : `${ageOf(each.since, now)} by ${clipped(each.author, 30)}`, endText(each, now), optOutText(each)].filter((note) => note !== '')
  const reason = each.reason === undefined ? styles.warn('no reason') : `“${clipped(each.reason, 60)}”`
  return `  ${String(each.line).padStart(5)}  ${clipped(control, 48).padEnd(30)}  ${clipped(each.mark, 24)}  ${reason}${notes.length === 0 ? '' : styles.dim(`  ${notes.join(', ')}`)}`
}

function endText({ expires }: ScannedSuppression, now: Instant): string {
  if (expires === undefined) return ''
  const at = expires.at === undefined ? undefined : parseInstant(expires.at)
  if (at === undefined) return `“${clipped(expires.written, 20)}” is no end that the tool reads`
  return at <= now ? `ended ${expires.at?.slice(0, 10) ?? ''}` : `ends ${expires.at?.slice(0, 10) ?? ''}`
}

const optOutText = ({ optOut }: ScannedSuppression): string =>
  (optOut === undefined ? '' : optOut.state === 'active' ? `opt-out ${optOut.name}` : optOut.state === 'lapsed' ? `opt-out ${optOut.name} has lapsed` : `opt-out ${optOut.name} has not begun`)

function scanned({ line, styles }: Page, { scanned: { files, bytes, vendored, binary, large, links, unreadable, unblamed } }: ScanResult): void {
  const left = [[vendored, 'vendored (--vendored reads them)'], [binary, 'binary'], [large, 'larger than 4 MiB'], [links, 'through symbolic links'], [unreadable.length, 'unreadable']]
    .flatMap(([count, what]) => (count === 0 ? [] : [`${count} ${what}`]))
  line()
  line(styles.dim(`read ${plural(files, 'file')}, ${(bytes / 1e6).toFixed(1)} MB${left.length === 0 ? '' : `; left out: ${left.join(', ')}`}${unblamed === 0 ? '' : `; ${plural(unblamed, 'file')} without authors (--git-blame asks for all)`}`))
  for (const each of unreadable.slice(0, 5)) line(styles.warn(`unreadable: ${clipped(each, 110)}`))
}

function next({ line, styles }: Page, { summary: { total, uncovered, withoutReason, forEver, whole, expired } }: ScanResult): void {
  if (total === 0 || uncovered === 0) return
  line()
  line(`${forEver === total ? 'none of them ever ends' : `${forEver} of ${total} never end`}; ${withoutReason} say no reason; ${whole} silence a whole tool${expired === 0 ? '' : `; ${expired} have ended and still stand there`}`)
  line(`next: ${styles.bold('exeat adopt --owner YOU --for 30d --dry-run')} writes an opt-out with an owner and an end for each`)
}
