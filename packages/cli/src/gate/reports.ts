/** Bytes to reports: every input, and every problem of every input. */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { compareProblems, type Problem, type Report } from '@exeat/core'
import { ExeatError } from '@exeat/core/error'
import type { SarifPositions } from '@exeat/formats'
import { readReports } from '@exeat/formats/findings'
import { inCi, type Io } from '../edge/io.ts'
import { type Input, inputNames, openInput } from './inputs.ts'

/** One input that was read, still open: SARIF is read again where it is written out. */
export interface ReadInput {
  readonly input: Input
  readonly reports: readonly Report[]
  /** SARIF alone. */
  readonly positions?: SarifPositions
}

/** @throws {ExeatError} with the problems of all inputs; then none of them is left open */
export function readInputs(given: readonly string[], format: string | undefined, io: Io): readonly ReadInput[] {
  const root = repositoryRoot(io.cwd)
  const read: ReadInput[] = []
  const problems: Problem[] = []
  for (const name of inputNames(given, io)) {
    try {
      read.push(readInput(name, format, root, io))
    } catch (error) {
      if (!(error instanceof ExeatError)) throw error
      problems.push(...error.problems)
    }
  }
  const [first, ...rest] = problems.sort(compareProblems)
  if (first === undefined) return read
  closeInputs(read)
  throw new ExeatError([first, ...rest])
}

export function closeInputs(read: readonly ReadInput[]): void {
  for (const { input } of read) input.close()
}

function readInput(name: string, format: string | undefined, root: string, io: Io): ReadInput {
  const input = openInput(name, io)
  const progress = progressOf(input, io)
  try {
    const answer = readReports(progress.source, { root, ...(format === undefined ? {} : { format }) })
    if (!answer.ok) throw new ExeatError(answer.problems)
    return { input, reports: answer.reports, ...(answer.positions === undefined ? {} : { positions: answer.positions }) }
  } catch (error) {
    input.close()
    throw error
  } finally {
    progress.end()
  }
}

const patience = 1000

/** A line on a terminal once reading has taken a second; nothing in a pipeline's log. */
function progressOf(input: Input, io: Io): { readonly source: Input; end(): void } {
  if (!io.stderr.isTTY || inCi(io)) return { source: input, end() {} }
  const started = performance.now()
  let told = false
  return {
    source: {
      ...input,
      read(into, position) {
        if (performance.now() - started > patience) {
          io.stderr.write(`\rreading: ${Math.floor((position / Math.max(input.size, 1)) * 100)} % of ${Math.ceil(input.size / 1e6)} MB `)
          told = true
        }
        return input.read(into, position)
      },
    },
    end() { if (told) io.stderr.write('\r\u001b[K') },
  }
}

/** Top of the repository around a folder, for reports that name files by their absolute path; the folder itself where there is none. */
function repositoryRoot(folder: string): string {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, '.git'))) return at
    if (dirname(at) === at) return folder
  }
}
