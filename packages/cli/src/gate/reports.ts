/** Bytes to reports: every input, and every problem of every input. */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { compareProblems, type Problem, type Report } from '@exeat/core'
import { ExeatError } from '@exeat/core/error'
import type { ByteSource, ReadAnswer, SarifPositions } from '@exeat/formats'
import { isSarif, readSarif } from '@exeat/formats/findings/sarif'
import { inCi, type Io } from '../edge/io.ts'
import { type Input, inputNames, openInput } from './inputs.ts'

const largeReport = 16 * 1024 * 1024

/** One input that was read, still open: SARIF is read again where it is written out. */
export interface ReadInput {
  readonly input: Input
  readonly reports: readonly Report[]
  /** SARIF alone. */
  readonly positions?: SarifPositions
}

/** `root` begins the absolute paths in them. @throws {ExeatError} with the problems of all inputs; then none of them is left open */
export async function readInputs(given: readonly string[], format: string | undefined, io: Io, root: string = repositoryRoot(io.cwd)): Promise<readonly ReadInput[]> {
  const read: ReadInput[] = []
  const problems: Problem[] = []
  for (const name of inputNames(given, io)) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- one report in memory at a time
      read.push(await readInput(name, format, root, io))
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

async function readInput(name: string, format: string | undefined, root: string, io: Io): Promise<ReadInput> {
  const input = openInput(name, io)
  // A large report makes very many small objects that stay, and the young generation alone would grow by 100 MB. Small ones need no V8 module.
  if (input.size > largeReport) process.getBuiltinModule('node:v8').setFlagsFromString('--semi-space-growth-factor=1')
  const progress = progressOf(input, io)
  try {
    const answer = await readSource(progress.source, format, root)
    if (!answer.ok) throw new ExeatError(answer.problems)
    return { input, reports: answer.reports, ...(answer.positions === undefined ? {} : { positions: answer.positions }) }
  } catch (error) {
    input.close()
    throw error
  } finally {
    progress.end()
  }
}

/** As `readReports` answers; its table of native formats is loaded only for what is no SARIF. */
async function readSource(source: ByteSource, format: string | undefined, root: string): Promise<ReadAnswer> {
  if (format === undefined && isSarif(source)) return readSarif(source, { root })
  const { readReports } = await import('@exeat/formats/findings')
  return readReports(source, { root, ...(format === undefined ? {} : { format }) })
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
export function repositoryRoot(folder: string): string {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, '.git'))) return at
    if (dirname(at) === at) return folder
  }
}
