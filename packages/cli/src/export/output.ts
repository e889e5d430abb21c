/** Where a compiled form goes, and what is told of it. */
import { mkdirSync, realpathSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { formatInstant } from '@exeat/core'
import type { NativeAnswer } from '@exeat/formats/native'
import type { Io } from '../edge/io.ts'
import { writeOutput } from '../edge/output.ts'
import { cliError, systemReason } from '../edge/problem.ts'
import { problemLines } from '../edge/report.ts'
import type { GateResult } from '../gate/result.ts'
import { oneLine } from '../text/safe.ts'
import { stylesFor } from '../text/style.ts'
import { plural } from '../text/wrap.ts'

interface Where {
  readonly to: string
  readonly out: string
  readonly format: 'text' | 'json'
}

/** @throws {ExeatError} OUTPUT_CONFLICT where several files cannot go to standard output */
export function checkOutput({ files }: NativeAnswer, { to, out, format }: Where): void {
  if (out !== '-' || format === 'json' || files.length === 1) return
  throw cliError('OUTPUT_CONFLICT', `the form of ${to} has ${files.length} files, and standard output takes one`, 'name a folder with `--out`')
}

export function writeNative(tool: string, answer: NativeAnswer, result: GateResult, { out, format }: Where, io: Io): void {
  if (out !== '-') writeFiles(answer, out, io)
  else if (format === 'text') for (const { content } of answer.files) io.stdout.write(content)
  if (format === 'json') io.stdout.write(`${JSON.stringify(jsonOf(tool, answer, result, out))}\n`)
  else tell(tool, answer, result, io)
}

function writeFiles({ files }: NativeAnswer, out: string, io: Io): void {
  const root = resolve(io.cwd, out)
  for (const { path, content } of files) {
    const folder = dirname(join(root, path))
    try {
      mkdirSync(folder, { recursive: true })
    } catch (cause) {
      throw cliError('OUTPUT_FAILED', `\`${out}\` cannot be made: ${systemReason(cause)}`, 'choose another folder with `--out`')
    }
    const from = relative(realpathSync(root), realpathSync(folder))
    if (from === '..' || from.startsWith(`..${sep}`)) throw cliError('OUTPUT_FAILED', `\`${path}\` would lie outside \`${out}\``, 'take the symbolic link away')
    writeOutput(io, join(out, path), (sink) => { sink.write(content) })
  }
}

function jsonOf(tool: string, { files, entries, losses, problems, exportAgainBy }: NativeAnswer, { mode, now, governance, evidence }: GateResult, out: string): object {
  return {
    schemaVersion: 1, kind: 'ExportResult', mode, authoritative: false, governance: governance.label, evidence, tool, now: formatInstant(now), exit: problems.length === 0 ? 0 : 3,
    written: out !== '-',
    ...(exportAgainBy === undefined ? {} : { exportAgainBy: formatInstant(exportAgainBy), notice: 'not evaluated while excused' }),
    files,
    entries: entries.map(({ until, ends, ...rest }) => ({ ...rest, until: formatInstant(until), ...(ends === undefined ? {} : { ends: formatInstant(ends) }) })),
    losses, problems,
  }
}

function tell(tool: string, { files, entries, losses, problems, exportAgainBy }: NativeAnswer, { mode, governance }: GateResult, io: Io): void {
  const styles = stylesFor(io.stderr, io.env)
  const lines = [
    `${files.map(({ path }) => path).join(', ')}: ${plural(entries.length, 'entry', 'entries')} for ${tool}; ${mode} mode, ${oneLine(governance.label)}`,
    ...(exportAgainBy === undefined ? [] : [`not evaluated while excused; export again by ${formatInstant(exportAgainBy)}`]),
    ...new Set(losses.map(({ optOut, control, message }) => `lost: ${oneLine(optOut)}, ${oneLine(control)}: ${oneLine(message)}`)),
  ]
  io.stderr.write(`${lines.join('\n')}\n`)
  if (problems.length > 0) io.stderr.write(problemLines(problems, 'warning', styles))
}
