/** Where somebody else's log is read from. Nothing it gives is believed. */
import { CHECKPOINT_PATH, MAX_ENTRY_SIZE, MAX_NOTE_SIZE, parseTilePath, HASH_SIZE, type TileReader } from '@exeat/log'
import { refuse, type LogAnswer } from './codes.ts'
import type { Transport } from './transport.ts'

export interface LogSource extends TileReader {
  /** As the user named it. */
  readonly name: string
  /** The file at a path below the log's prefix, undefined where there is none; rejects where it cannot tell or the file has more bytes than `limit`. */
  readonly read: (path: string, limit: number) => Promise<Uint8Array | undefined>
  /** How many reads may be under way at once without harm: 1 for a folder. */
  readonly parallel: number
}

/** Where Exeat's log says which key it signs with: a C2SP verifier key on each line. Not part of C2SP tlog-tiles. */
export const KEY_PATH = 'vkey'
/** Where Exeat's server shows the newest checkpoint that a witness has signed. Not part of C2SP tlog-tiles either. */
export const COSIGNED_PATH = 'cosigned-checkpoint'
export const MAX_KEYS_SIZE: number = 16 * 1024

/** The most bytes that a tile or bundle of this path can have. @throws {Error} where it is no path of either */
export function tileLimit(path: string): number {
  const tile = parseTilePath(path)
  if (!tile.ok) throw new Error(tile.problem.message)
  const { level, width } = tile.value
  return width * (level === 'entries' ? 2 + MAX_ENTRY_SIZE : HASH_SIZE)
}

export interface HttpLogOptions {
  /** For each request, in milliseconds; 30 s where absent. */
  readonly timeout?: number
  /** Waits so many milliseconds; where absent a server that asks to wait is not waited for. */
  readonly pause?: (milliseconds: number) => Promise<void>
}

const tries = 5
const longestPause = 30_000
const shortestPause = 250

/** A log under an HTTP prefix (C2SP tlog-tiles), such as `https://log.example/log`. */
export function httpLog(prefix: string, transport: Transport, { timeout = 30_000, pause }: HttpLogOptions = {}): LogSource {
  const base = prefix.replace(/\/+$/, '')

  async function read(path: string, maxBytes: number): Promise<Uint8Array | undefined> {
    for (let attempt = 1; ; attempt++) {
      const { status, headers, body } = await transport({ method: 'GET', url: `${base}/${path}`, maxBytes, timeout })
      if (status === 200) return body
      if (status === 404 || status === 410) return undefined
      if (status === 0 || (status >= 300 && status < 400)) throw new Error(`the log answers with a redirect to \`${headers.get('location') ?? 'another place'}\`, which is not followed`)
      if ((status !== 429 && status !== 503) || pause === undefined || attempt >= tries) throw new Error(`the log answers with status ${status}`)
      await pause(pauseOf(headers.get('retry-after'), attempt))
    }
  }

  return { name: prefix, parallel: 16, read, readTile: (path) => read(path, tileLimit(path)) }
}

/** What `Retry-After` asks for in seconds, within bounds; longer with each attempt where it says nothing. */
function pauseOf(retryAfter: string | undefined, attempt: number): number {
  const seconds = retryAfter !== undefined && /^\d{1,6}$/.test(retryAfter) ? Number(retryAfter) : undefined
  return Math.min(longestPause, Math.max(shortestPause, seconds === undefined ? shortestPause * 2 ** attempt : seconds * 1000))
}

/** The signed checkpoint, unverified. `LOG_UNREACHABLE` where there is none to be had. */
export async function readCheckpoint(source: LogSource): Promise<LogAnswer<Uint8Array>> {
  try {
    const bytes = await source.read(CHECKPOINT_PATH, MAX_NOTE_SIZE)
    if (bytes !== undefined) return { ok: true, value: bytes }
    return refuse('LOG_UNREACHABLE', `there is no checkpoint at \`${source.name}\``, 'name the prefix below which `checkpoint` and `tile/` lie, such as https://exeat.example/log')
  } catch (error) {
    return unreachable(source, error)
  }
}

export function unreachable(source: LogSource, error: unknown): ReturnType<typeof refuse> {
  return refuse('LOG_UNREACHABLE', `the log at \`${source.name}\` could not be read: ${error instanceof Error ? error.message : String(error)}`)
}
