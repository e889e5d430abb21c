/** A reviewed change as GitLab's Code Quality report: what is wrong, at its line. */
import { createHash } from 'node:crypto'
import { resolve } from 'node:path'
import { writeFileSync } from 'node:fs'
import type { Problem } from '@exeat/core'
import type { Io } from '../edge/io.ts'
import { cliError, systemReason } from '../edge/problem.ts'
import { oneLine } from '../text/safe.ts'
import type { ReviewedChange } from './change.ts'
import { placedProblems } from './placed.ts'

/** Only what stands somewhere: the report has no other lines. */
export function codeQuality(reviewed: ReviewedChange): readonly object[] {
  const { failures, warnings } = placedProblems(reviewed)
  return [...failures.map((problem) => entryOf(problem, 'blocker')), ...warnings.map((problem) => entryOf(problem, 'minor'))].flat()
}

function entryOf({ code, message, hint, at }: Problem, severity: 'blocker' | 'minor'): readonly object[] {
  if (at === undefined) return []
  const description = `${oneLine(message)}${hint === undefined ? '' : ` (${oneLine(hint)})`}`
  // GitLab compares reports by it: the same problem at another line is the same.
  const fingerprint = createHash('sha256').update(JSON.stringify([code, at.file, message])).digest('hex')
  return [{ description, check_name: code, fingerprint, severity, location: { path: at.file, lines: { begin: at.line } } }]
}

/** @throws {ExeatError} OUTPUT_FAILED */
export function writeCodeQuality(reviewed: ReviewedChange, file: string, io: Io): void {
  try {
    writeFileSync(resolve(io.cwd, file), `${JSON.stringify(codeQuality(reviewed), undefined, 2)}\n`)
  } catch (cause) {
    throw cliError('OUTPUT_FAILED', `\`${file}\` cannot be written: ${systemReason(cause)}`)
  }
}
