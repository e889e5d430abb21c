import { resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { ExeatError } from '@exeat/core/error'
import { exitOf } from '../edge/code-table.ts'
import type { Io } from '../edge/io.ts'
import { cliError } from '../edge/problem.ts'
import { problemLines } from '../edge/report.ts'
import { shown } from '../text/safe.ts'
import { stylesFor } from '../text/style.ts'
import { plural } from '../text/wrap.ts'
import { addressOf, clientAt } from '../trust/address.ts'
import { exportLog } from './export.ts'
import { exportBodies, type ExportedBodies } from './export-bodies.ts'
import { exportFolder } from './export-folder.ts'
import { progressOn } from './progress.ts'
import { openSource } from './source.ts'
import { type SourceFlags, verifierOf, wholeNumber } from './trust.ts'

export interface ExportFlags extends SourceFlags {
  readonly bodies?: boolean
  readonly watch?: boolean
  readonly interval: string
}

/** Runs `exeat log export`. @throws {ExeatError} */
export async function exportTo(path: string, flags: ExportFlags, io: Io): Promise<void> {
  const seconds = wholeNumber(flags.interval, '--interval')
  if (seconds < 1 || seconds > 86_400) throw cliError('USAGE', `\`--interval ${seconds}\` is not between a second and a day`)
  if (flags.watch !== true) return exportOnce(path, flags, io)
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => { stop.abort() })
  while (!stop.signal.aborted) {
    await tried(() => exportOnce(path, flags, io), io)
    await pause(seconds * 1000, undefined, { signal: stop.signal }).catch(() => {})
  }
}

/** What may pass (the log is away, the disk is full) is told and tried again; what is wrong with the log or the folder ends the run. */
async function tried(run: () => Promise<void>, io: Io): Promise<void> {
  try {
    await run()
  } catch (error) {
    if (!(error instanceof ExeatError) || exitOf(error.problems.map(({ code }) => code)) !== 1) throw error
    io.stderr.write(problemLines(error.problems, 'warning', stylesFor(io.stderr, io.env)))
  }
}

async function exportOnce(path: string, flags: ExportFlags, io: Io): Promise<void> {
  if (flags.bodies === true && !flags.log.startsWith('unix:')) {
    throw cliError('USAGE', `\`--bodies\` takes what only the server's own machine gives, and \`${flags.log}\` is no socket`, 'name the administrative socket: --log unix:/PATH/TO/admin.sock')
  }
  const progress = progressOn(io)
  const target = resolve(io.cwd, path)
  const { head, from, files } = await exportLog(openSource(flags.log, io), verifierOf(flags), target, progress?.show).finally(() => progress?.clear())
  const { origin, size } = head.checkpoint
  io.stdout.write(`${size === from ? 'nothing new' : `${plural(size - from, 'entry', 'entries')} more`}: ${shown(path)} serves ${plural(size, 'entry', 'entries')} of ${shown(origin)}, ${plural(files, 'file')} written\n`)
  if (flags.bodies !== true) {
    io.stdout.write('the public tree alone: what entries say stands in bodies, which `--bodies` exports too\n')
    return
  }
  const exported = await exportBodies(exportFolder(target), head.checkpoint, clientAt(addressOf(flags.log, io), io), progress?.show).finally(() => progress?.clear())
  io.stdout.write(told(exported))
}

function told({ bodies, documents, written, erased, removed, missing }: ExportedBodies): string {
  return [
    `bodies: ${bodies}, documents: ${documents}, ${plural(written, 'file')} written; erased: ${erased}${removed === 0 ? '' : `, ${plural(removed, 'file')} of an earlier export removed`}`,
    ...(missing === 0 ? [] : [`missing: ${missing}, and no entry up to there says that they were erased; run it again where the log grew meanwhile`]),
    'these are private: let no web server serve bodies/ and documents/',
  ].map((line) => `${line}\n`).join('')
}
