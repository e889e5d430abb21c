/** What people read at the deployment: Markdown, in which nothing that a report or a document says is markup. */
import { clipped, oneLine } from '@exeat/core/text'
import type { BlockedControl } from '@exeat/core/wire'
import type { SignedDecision } from '@exeat/verify'

/** GitHub takes 1,024 characters or so without cutting; what is more is told of as a number. */
const most = 900

/** A code span that nothing in it closes. */
const code = (text: string): string => `\`${clipped(oneLine(text), 80).replaceAll('`', '\u02cb')}\``

export function verdictOf({ exit, summary, blocks, decisions }: SignedDecision, blocked: readonly BlockedControl[]): { readonly state: 'approved' | 'rejected'; readonly comment: string } {
  const excused = new Map(decisions.flatMap(({ optOut }) => (optOut === undefined ? [] : [[optOut.name, optOut.until] as const])))
  const lines = exit === 0
    ? [`Nothing blocks: ${summary.passed} passed, ${summary.excused} excused.`, ...[...excused].map(([name, until]) => `Excused by ${code(name)} until ${new Date(until).toISOString()}.`)]
    : [
      `Blocked: ${summary.blocked} of ${summary.passed + summary.excused + summary.blocked} findings.`, ...blocks.map(({ code: why, message }) => `${why}: ${code(message)}`),
      ...blocked.map(({ control, findings, nearest: [nearest] }) => `${code(control)}, ${findings === 1 ? '1 finding' : `${findings} findings`}${nearest === undefined ? '' : `: ${code(nearest.optOut)} nearly applies, ${nearest.code}`}. Who may opt out: \`exeat explain\` ${code(control)}`),
    ]
  return { state: exit === 0 ? 'approved' : 'rejected', comment: cut(lines) }
}

function cut(lines: readonly string[]): string {
  let text = ''
  for (const [i, line] of lines.entries()) {
    if (text.length + line.length > most) return `${text}\nAnd ${lines.length - i} more.`
    text += `${text === '' ? '' : '\n'}${line}`
  }
  return text
}
