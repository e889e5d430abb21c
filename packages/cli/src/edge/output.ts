/** Outputs that appear whole or not at all. */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { cliError, systemReason } from './problem.ts'
import type { Io } from './io.ts'

export interface Sink {
  write(text: string): void
  bytes(piece: Uint8Array): void
}

const pieceLength = 64 * 1024

/** Calls `produce` with a sink for a file (written beside it and renamed when complete) or for standard output. */
export function writeOutput(io: Io, path: string | undefined, produce: (sink: Sink) => void): void {
  if (path === undefined) {
    const sink = buffered((text) => { io.stdout.write(text) }, (piece) => { io.stdout.write(piece) })
    produce(sink)
    sink.flush()
    return
  }
  writeFile(resolve(io.cwd, path), path, produce)
}

/** @throws {ExeatError} OUTPUT_FAILED; whatever `produce` throws passes through, and no file is left either way */
function writeFile(target: string, shownPath: string, produce: (sink: Sink) => void): void {
  const failed = (cause: unknown): Error => cliError('OUTPUT_FAILED', `\`${shownPath}\` cannot be written: ${systemReason(cause)}`, 'choose another place with `--output`')
  if (isOther(target)) {
    streamTo(target, produce, failed)
    return
  }
  const temporary = join(dirname(target), `.${basename(target).slice(0, 100)}.${process.pid}.part`)
  let handle: number
  try {
    handle = openSync(temporary, 'wx', 0o644)
  } catch (cause) {
    throw failed(cause)
  }
  try {
    produceInto(handle, produce, failed)
    attempt(() => { fsyncSync(handle) }, failed)
    closeSync(handle)
    attempt(() => { renameSync(temporary, target) }, failed)
  } catch (error) {
    try { closeSync(handle) } catch { /* closed already */ }
    rmSync(temporary, { force: true })
    throw error
  }
}

/** A device or pipe (`/dev/stderr`, a FIFO) that exists is written to, not replaced. */
function isOther(target: string): boolean {
  const stat = statSync(target, { throwIfNoEntry: false })
  return stat !== undefined && !stat.isFile() && !stat.isDirectory()
}

function streamTo(target: string, produce: (sink: Sink) => void, failed: (cause: unknown) => Error): void {
  let handle: number | undefined
  attempt(() => { handle = openSync(target, 'w') }, failed)
  if (handle === undefined) return
  try {
    produceInto(handle, produce, failed)
  } finally {
    closeSync(handle)
  }
}

function produceInto(handle: number, produce: (sink: Sink) => void, failed: (cause: unknown) => Error): void {
  const put = (piece: Uint8Array): void => {
    attempt(() => {
      for (let at = 0; at < piece.length;) at += writeSync(handle, piece, at)
    }, failed)
  }
  const sink = buffered((text) => { put(Buffer.from(text, 'utf8')) }, put)
  produce(sink)
  sink.flush()
}

function attempt(act: () => void, failed: (cause: unknown) => Error): void {
  try {
    act()
  } catch (cause) {
    throw failed(cause)
  }
}

function buffered(putText: (text: string) => void, putBytes: (piece: Uint8Array) => void): Sink & { flush(): void } {
  let waiting = ''
  const flush = (): void => {
    if (waiting !== '') putText(waiting)
    waiting = ''
  }
  return {
    write(text) {
      waiting += text
      if (waiting.length >= pieceLength) flush()
    },
    bytes(piece) {
      flush()
      putBytes(piece)
    },
    flush,
  }
}
