import { resolve } from 'node:path'
import type { Io } from '../edge/io.ts'
import { cliError } from '../edge/problem.ts'
import { shown } from '../text/safe.ts'
import { plural } from '../text/wrap.ts'
import { addressOf, clientAt } from '../trust/address.ts'
import { exportLog } from './export.ts'
import { exportBodies, type ExportedBodies } from './export-bodies.ts'
import { exportFolder } from './export-folder.ts'
import { progressOn } from './progress.ts'
import { openSource } from './source.ts'
import { type SourceFlags, verifierOf } from './trust.ts'

export interface ExportFlags extends SourceFlags {
  readonly bodies?: boolean
}

/** Runs `exeat log export`. @throws {ExeatError} */
export async function exportTo(path: string, flags: ExportFlags, io: Io): Promise<void> {
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
