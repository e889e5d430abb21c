/** Errors for people on standard error, and for programs on standard output where they asked for JSON. */
import { compareProblems, type Problem } from '@exeat/core'
import { ExeatError } from '@exeat/core/error'
import { shown } from '../text/safe.ts'
import { plainStyles, type Styles, stylesFor } from '../text/style.ts'
import { exitOf } from './code-table.ts'
import type { Io } from './io.ts'
import { cliProblem } from './problem.ts'

/** Prints what was thrown and answers the exit code. */
export function report(error: unknown, argv: readonly string[], io: Io): number {
  const problems = error instanceof ExeatError ? error.problems : [unexpected(error, io)]
  return reportProblems(problems, argv, io)
}

export function reportProblems(problems: readonly Problem[], argv: readonly string[], io: Io): number {
  const sorted = [...problems].sort(compareProblems)
  const exit = exitOf(sorted.map(({ code }) => code))
  io.stderr.write(problemLines(sorted, 'error', stylesFor(io.stderr, io.env)))
  if (wantsJson(argv)) io.stdout.write(`${JSON.stringify({ schemaVersion: 1, kind: 'Problems', exit, problems: sorted })}\n`)
  return exit
}

/** `error[CODE] file:line:column: message`, then its hint. */
export function problemLines(problems: readonly Problem[], word: 'error' | 'warning', styles: Styles = plainStyles): string {
  return problems.map(({ code, message, hint, at }) => {
    const place = at === undefined ? '' : ` ${shown(at.file)}:${at.line}:${at.column}`
    const head = (word === 'error' ? styles.bad : styles.warn)(`${word}[${code}]`)
    return `${head}${place}: ${shown(message)}\n${hint === undefined ? '' : `  ${styles.dim('hint:')} ${shown(hint)}\n`}`
  }).join('')
}

function unexpected(error: unknown, io: Io): Problem {
  const text = error instanceof Error ? error.message : String(error)
  const detail = io.env['EXEAT_DEBUG'] === undefined || !(error instanceof Error) ? '' : `: ${error.stack ?? ''}`
  return cliProblem('INTERNAL', `something unexpected failed: \`${text.slice(0, 500)}\`${detail}`, 'nothing was excused; say `EXEAT_DEBUG=1` for where it failed, and report it')
}

/** JSON on standard output, not into a file: there nothing half-written is left. */
function wantsJson(argv: readonly string[]): boolean {
  if (argv.some((word) => word === '--output' || word === '-o' || word.startsWith('--output='))) return false
  return argv.some((word, index) => word === '--format=json' || ((word === '--format' || word === '-f') && argv[index + 1] === 'json'))
}
