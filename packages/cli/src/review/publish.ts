/** A verdict shown at the forge: a check with its places, a comment that is written over, and the summary of the job. */
import { appendFileSync } from 'node:fs'
import type { Problem } from '@exeat/core'
import { ExeatError } from '@exeat/core/error'
import type { ForgeAnnotation, ForgeVerdict } from '@exeat/server/forge'
import type { Io } from '../edge/io.ts'
import { cliError, systemReason } from '../edge/problem.ts'
import { clipped, oneLine } from '../text/safe.ts'
import type { ReviewedChange } from './change.ts'
import type { AtForge } from './forge.ts'
import { marker, reviewMarkdown } from './markdown.ts'
import { placedProblems } from './placed.ts'
import { isNothing, outcomes } from './words.ts'

/** What cannot be written there is told, and changes no exit code: the verdict stands by itself. @throws {ExeatError} OUTPUT_FAILED */
export async function publish(reviewed: ReviewedChange, at: AtForge, io: Io): Promise<void> {
  const { forge, proposed } = at
  try {
    const markdown = reviewMarkdown(reviewed, await forge.earlierComment(proposed, marker))
    summarise(markdown, at, io)
    const { check, comment } = await forge.publish(proposed, marker, verdictOf(reviewed, markdown))
    if (forge.kind === 'github') told('check', check, at, io)
    told('comment', comment, at, io)
  } catch (error) {
    if (!(error instanceof ExeatError) || !error.problems.every(({ code }) => code.startsWith('FORGE_'))) throw error
    for (const { code, message } of error.problems) io.stderr.write(`exeat: FORGE_PUBLISH: the verdict could not be shown: ${code}: ${clipped(oneLine(message), 400)}\n`)
  }
}

function told(what: string, url: string | undefined, { proposed: { isFork } }: AtForge, io: Io): void {
  const hint = isFork ? 'as is right for a fork: this run is a preview' : 'docs/forges.md lists what it needs'
  io.stderr.write(url === undefined ? `exeat: FORGE_PUBLISH: the token may not write the ${what}; ${hint}\n` : `exeat: wrote the ${what}: ${oneLine(url)}\n`)
}

function verdictOf(reviewed: ReviewedChange, markdown: string): ForgeVerdict {
  const { review: { outcome }, invalid } = reviewed
  const said = invalid.length > 0 ? 'invalid' : outcome
  const title = isNothing(reviewed) ? 'nothing that is governed changes' : said === 'invalid' ? 'a document is wrong' : outcomes[said]
  const found = placedProblems(reviewed)
  const annotations = [...found.failures.flatMap((problem) => annotationOf(problem, 'failure')), ...found.warnings.flatMap((problem) => annotationOf(problem, 'warning'))]
  return { outcome: said, title, markdown, annotations }
}

function annotationOf({ code, message, hint, at }: Problem, level: ForgeAnnotation['level']): readonly ForgeAnnotation[] {
  if (at === undefined) return []
  return [{ path: at.file, line: at.line, level, title: code, message: `${oneLine(message)}${hint === undefined ? '' : ` (${oneLine(hint)})`}` }]
}

/** Of the job, where it runs in one of GitHub. */
function summarise(markdown: string, { forge }: AtForge, { env }: Io): void {
  const file = env['GITHUB_STEP_SUMMARY']
  if (forge.kind !== 'github' || file === undefined || file === '') return
  try {
    appendFileSync(file, markdown)
  } catch (cause) {
    throw cliError('OUTPUT_FAILED', `GITHUB_STEP_SUMMARY names a file that cannot be written: ${systemReason(cause)}`)
  }
}
