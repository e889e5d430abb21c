/** What a command may touch of the process it runs in; `now` is read once, here. */
import type { Instant } from '@exeat/core'

export interface TextStream {
  /** Bytes are copied: the caller may use them again. */
  write(text: string | Uint8Array): void
  readonly isTTY: boolean
  /** Width in characters; 80 where nobody knows. */
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
    stdout: textStream(process.stdout),
    stderr: textStream(process.stderr),
  }
}

function textStream(stream: NodeJS.WriteStream): TextStream {
  let closed = false
  // A reader that has gone (`exeat gate … | head`) is no failure; the exit code still says what was decided.
  stream.on('error', () => { closed = true })
  return {
    write(text) { if (!closed) stream.write(typeof text === 'string' ? text : Uint8Array.from(text)) },
    isTTY: stream.isTTY === true,
    columns: stream.columns ?? 80,
  }
}

/** `CI` as the common services set it. */
export const inCi = (io: Io): boolean => !['', 'false', '0', undefined].includes(io.env['CI'])
