/** A reviewed change for a terminal. */
import type { Problem } from '@exeat/core'
import type { Io } from '../edge/io.ts'
import { clipped, oneLine, shown } from '../text/safe.ts'
import { type Style, type Styles, stylesFor } from '../text/style.ts'
import { hanging, plural } from '../text/wrap.ts'
import { exitOfReview, type ReviewedChange } from './change.ts'
import { isNothing, looseningWords, optOutWords, outcomes, policyWords, quorumWords, scopeWords, windowWords } from './words.ts'

interface Page {
  readonly io: Io
  readonly styles: Styles
  line(text?: string): void
  row(label: string, text: string, style?: Style): void
}

/** `most`: of opt-outs and of policies; whatever is beyond that is counted. */
export function writeText(reviewed: ReviewedChange, io: Io, most = Infinity): void {
  const { change, label, review: { optOuts, policies, governance, problems, warnings, counted, excluded }, invalid, left, unsigned, nameOf, pusher } = reviewed
  const page = pageOf(io)
  headline(page, reviewed)
  for (const each of invalid) tell(page, each, page.styles.bad)
  for (const each of problems) tell(page, each, page.styles.bad)
  for (const each of optOuts.slice(0, most)) {
    page.line(`\n  ${page.styles.bold(shown(each.name))}  opt-out, ${optOutWords(each)}`)
    if (each.change !== 'moved') {
      page.row('turns off', scopeWords(each))
      page.row('window', windowWords(each))
    }
    page.row('reason', clipped(oneLine(each.optOut.document.spec.reason), 240), page.styles.dim)
    if (each.change === 'added' || each.change === 'changed') page.row('approve', quorumWords(each, reviewed), each.met ? undefined : page.styles.warn)
    for (const problem of each.problems) tell(page, problem, page.styles.bad)
    for (const warning of each.warnings) tell(page, warning, page.styles.warn)
  }
  for (const each of policies.slice(0, most)) {
    page.line(`\n  ${page.styles.bold(shown(each.name))}  policy, ${policyWords(each)}`)
    for (const loosening of each.loosenings) page.row('looser', looseningWords(loosening), page.styles.warn)
    if (each.change !== 'moved') page.row('approve', quorumWords(each, reviewed), each.met ? undefined : page.styles.warn)
  }
  const beyond = [optOuts, policies].reduce((sum, all) => sum + Math.max(0, all.length - most), 0)
  if (beyond > 0) page.line(`\n  … and ${beyond} more: run \`exeat review\` for all of them`)
  if (governance.changed.length > 0) {
    page.line(`\n  ${page.styles.bold('governance')}  ${governance.changed.map(shown).join(', ')}`)
    page.row('approve', quorumWords(governance, reviewed), governance.met ? undefined : page.styles.warn)
  }
  page.line()
  for (const each of [...warnings, ...unsigned]) tell(page, each, page.styles.warn)
  page.row('judged by', shown(label))
  page.row('change', `${change.mergeBase.slice(0, 12)} to ${change.head.slice(0, 12)}, ${plural(change.files.length, 'file')}, by ${change.people.length === 0 ? 'nobody whom git names' : change.people.map(shown).join(', ')}`)
  if (pusher !== undefined) page.row('pushed by', pusher === 'unknown' ? 'nobody says whom' : `${shown(pusher)}, as whoever runs this says`)
  if (counted.length > 0) page.row('approvals', counted.map((person) => shown(nameOf(person))).join(', '))
  for (const person of excluded) page.row('left out', `${shown(nameOf(person))} wrote or pushed it`)
  for (const { by, because } of left) page.row('left out', `${shown(nameOf(by))}: ${because}`)
}

function pageOf(io: Io): Page {
  const line = (text = ''): void => { io.stdout.write(`${text}\n`) }
  return {
    io, styles: stylesFor(io.stdout, io.env), line,
    row: (label, text, style = (same) => same) => { line(style(hanging(`    ${label.padEnd(11)}`, oneLine(text), io.stdout.columns))) },
  }
}

function headline({ styles, line }: Page, reviewed: ReviewedChange): void {
  const { review: { outcome }, invalid } = reviewed
  if (isNothing(reviewed)) return line(styles.good('MAY MERGE  the change touches nothing that Exeat governs'))
  const exit = exitOfReview(reviewed)
  const words = invalid.length > 0 ? 'may not merge: a document is wrong' : outcomes[outcome]
  const paint = exit === 0 ? styles.good : exit === 4 ? styles.warn : styles.bad
  return line(paint(words.toUpperCase()))
}

function tell({ row, styles }: Page, { code, message, hint, at }: Problem, style: Style): void {
  row(code.replace(/^REVIEW_/, '').toLowerCase(), `${code}: ${message}${at === undefined ? '' : ` (${at.file}:${at.line})`}`, style)
  if (hint !== undefined) row('', `hint: ${hint}`, styles.dim)
}
