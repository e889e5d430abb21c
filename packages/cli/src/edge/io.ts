/** What a command may touch of the process it runs in; `now` is read once, here. */
import type { Instant } from '@exeat/core'

export interface TextStream {
  /** Bytes are copied: the caller may use them again. */
  write(text: string | Uint8Array): void
  readonly isTTY: boolean
  /** Width in characters, between 60 and 120; 100 where nobody knows. */
  readonly columns: number
}

export interface Io {
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly platform: string
  /** The one instant of the run. */
  readonly now: Instant
  readonly stdout: TextStream
  readonly stderr: TextStream
}

export function processIo(): Io {
  return {
    cwd: process.cwd(),
    env: process.env,
    platform: process.platform,
    now: Date.now() as Instant,
    stdout: textStream(process.stdout, process.env),
    stderr: textStream(process.stderr, process.env),
  }
}

function textStream(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): TextStream {
  let closed = false
  // A reader that has gone (`exeat gate … | head`) is no failure; the exit code still says what was decided.
  stream.on('error', () => { closed = true })
  return {
    write(text) { if (!closed) stream.write(typeof text === 'string' ? text : Uint8Array.from(text)) },
    isTTY: stream.isTTY === true,
    columns: columnsOf(stream, env),
  }
}

const unknownWidth = 100

/** The terminal's width, else what `COLUMNS` says (POSIX), within what can be read. */
function columnsOf(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): number {
  const stated = Number(env['COLUMNS'])
  const columns = stream.columns ?? (Number.isInteger(stated) && stated > 0 ? stated : unknownWidth)
  return Math.max(60, Math.min(columns, 120))
}

/** `CI` as the common services set it. */
export const inCi = (io: Io): boolean => !['', 'false', '0', undefined].includes(io.env['CI'])
