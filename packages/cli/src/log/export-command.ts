import { resolve } from 'node:path'
import type { Io } from '../edge/io.ts'
import { shown } from '../text/safe.ts'
import { plural } from '../text/wrap.ts'
import { exportLog } from './export.ts'
import { progressOn } from './progress.ts'
import { openSource } from './source.ts'
import { type SourceFlags, verifierOf } from './trust.ts'

/** Runs `exeat log export`. @throws {ExeatError} */
export async function exportTo(path: string, flags: SourceFlags, io: Io): Promise<void> {
  const progress = progressOn(io)
  const { head, from, files } = await exportLog(openSource(flags.log, io), verifierOf(flags), resolve(io.cwd, path), progress?.show).finally(() => progress?.clear())
  const { origin, size } = head.checkpoint
  io.stdout.write(`${size === from ? 'nothing new' : `${plural(size - from, 'entry', 'entries')} more`}: ${shown(path)} serves ${plural(size, 'entry', 'entries')} of ${shown(origin)}, ${plural(files, 'file')} written\n`)
}
