/** What `--log` names: a folder, an HTTP prefix, or a server's socket. */
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fetchTransport, httpLog, type LogSource, tileLimit } from '@exeat/client/log'
import type { Io } from '../edge/io.ts'
import { cliError, systemReason } from '../edge/problem.ts'
import { unixTransport } from './unix-transport.ts'

/** @throws {ExeatError} USAGE for an address that is none */
export function openSource(text: string, io: Io): LogSource {
  if (text.startsWith('unix:')) return { ...httpLog('http://localhost/log', unixTransport(resolve(io.cwd, text.slice('unix:'.length))), { pause }), name: text }
  if (!/^[a-z][a-z0-9+.-]+:\/\//i.test(text)) return folderLog(resolve(io.cwd, text), text)
  const url = URL.parse(text)
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:') || url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw cliError('USAGE', `\`${text}\` is no address of a log`, 'name a folder, https://HOST/PREFIX or unix:/PATH/TO/SOCKET')
  }
  return { ...httpLog(url.href, fetchTransport, { pause }), name: text }
}

/** A static tlog-tiles folder, such as `exeat log export` writes. */
export function folderLog(folder: string, name: string = folder): LogSource {
  const read = (path: string, limit: number): Promise<Uint8Array | undefined> => readWithin(join(folder, path), limit)
  return { name, parallel: 1, read, readTile: (path) => read(path, tileLimit(path)) }
}

/** A file whole, undefined where there is none. @throws {Error} where it is no file, longer than `limit`, or cannot be read */
async function readWithin(path: string, limit: number): Promise<Uint8Array | undefined> {
  let file: FileHandle | undefined
  try {
    // Without waiting: a pipe put in a tile's place would hold the run for ever.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const stat = await file.stat()
    if (!stat.isFile()) throw new Error('it is no file')
    if (stat.size > limit) throw new Error(`it has ${stat.size} bytes, more than the ${limit} that it may have`)
    return new Uint8Array(await file.readFile())
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && (cause.code === 'ENOENT' || cause.code === 'ENOTDIR')) return undefined
    throw new Error(systemReason(cause), { cause })
  } finally {
    await file?.close()
  }
}
