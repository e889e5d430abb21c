/** A backup on the disk: whole under its name or not at all, read line by line in memory that does not grow with it. */
import { createReadStream, createWriteStream, linkSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import { systemCode } from '../config/codes.ts'
import { syncFolder } from '../config/durable.ts'
import { stands } from '../config/folder.ts'
import { backupError } from './problem.ts'

/** A body of 8 MiB in base64, and what stands around it. */
const longestLine = 13 * 1024 * 1024
const lineFeed = 10

/**
 * Writes the lines beside the path and names the file once `check` found it whole. @throws {ExeatError} BACKUP_FAILED, and what `lines` and `check` throw
 */
export async function writeFile(path: string, lines: AsyncIterable<string>, check: (temporary: string) => Promise<void>): Promise<void> {
  if (stands(path)) throw backupError('BACKUP_FAILED', `\`${path}\` exists already, and nothing is overwritten`, 'name another file')
  const temporary = `${path}.part-${process.pid}`
  try {
    await pipeline(Readable.from(lines), createGzip(), createWriteStream(temporary, { flags: 'wx', mode: 0o600, flush: true }))
    await check(temporary)
    linkSync(temporary, path)
    syncFolder(dirname(path))
  } catch (error) {
    if (error instanceof Error && 'problems' in error) throw error
    throw backupError('BACKUP_FAILED', `\`${path}\` cannot be written: ${systemCode(error)}`, undefined, error)
  } finally {
    rmSync(temporary, { force: true })
  }
}

/** Every line without its line feed. @throws {ExeatError} BACKUP_INVALID */
export async function* readLines(path: string): AsyncGenerator<string> {
  let rest: Buffer[] = []
  let held = 0
  try {
    for await (const chunk of createReadStream(path).on('error', () => {}).pipe(createGunzip()) as AsyncIterable<Buffer>) {
      let from = 0
      for (let at = chunk.indexOf(lineFeed); at >= 0; at = chunk.indexOf(lineFeed, from)) {
        yield Buffer.concat([...rest, chunk.subarray(from, at)]).toString('utf8')
        ;[rest, held, from] = [[], 0, at + 1]
      }
      if (from < chunk.length) rest.push(chunk.subarray(from))
      held += chunk.length - from
      if (held > longestLine) throw backupError('BACKUP_INVALID', `a line of the backup is longer than ${longestLine} bytes`)
    }
  } catch (error) {
    if (error instanceof Error && 'problems' in error) throw error
    throw backupError('BACKUP_INVALID', `\`${path}\` cannot be read as a backup: ${systemCode(error)}`, undefined, error)
  }
  if (held > 0) throw backupError('BACKUP_INVALID', `\`${path}\` ends within a line`)
}
