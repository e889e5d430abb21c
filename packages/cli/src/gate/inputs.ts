/** Reports as byte sources: files wherever they are, and standard input by way of a file. */
import { closeSync, fstatSync, globSync, mkdtempSync, openSync, readSync, rmSync, type Stats, statSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import type { ByteSource } from '@exeat/formats'
import type { Io } from '../edge/io.ts'
import { cliError, systemReason } from '../edge/problem.ts'

/** Largest standard input that is taken, in bytes: it is spooled to a file, which must end somewhere. */
const maxStdin = 4 * 1024 * 1024 * 1024
const chunk = 256 * 1024

export interface Input extends ByteSource {
  /** Absolute; absent for standard input. */
  readonly path?: string
  /** Descriptor that it is open by. */
  readonly handle: number
  close(): void
}

/** Names as given, globs expanded where no file has that very name; sorted and each once. `-` is standard input. */
export function inputNames(given: readonly string[], io: Io): readonly string[] {
  const names = given.flatMap((name) => (name === '-' || !/[*?{[]/.test(name) || exists(resolve(io.cwd, name)) ? [name] : expand(name, io)))
  const seen = new Set<string>()
  return names.filter((name) => {
    const key = name === '-' ? name : resolve(io.cwd, name)
    if (seen.has(key)) return false
    seen.add(key)
    return true
  })
}

const exists = (path: string): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined

function expand(pattern: string, io: Io): readonly string[] {
  const found = globSync(pattern, { cwd: io.cwd }).sort()
  if (found.length === 0) throw cliError('INPUT_UNREADABLE', `no file matches \`${pattern}\``, 'check where the scanner wrote its report', start(pattern))
  return found
}

const start = (file: string): { file: string; line: number; column: number } => ({ file, line: 1, column: 1 })

/** @throws {ExeatError} INPUT_UNREADABLE, INPUT_NOT_A_FILE, INPUT_TOO_LARGE, INPUT_FAILED */
export function openInput(name: string, io: Io): Input {
  return name === '-' ? spoolStdin() : openFile(resolve(io.cwd, name), name)
}

function openFile(path: string, name: string): Input {
  const stat = lookAt(path, name)
  if (!stat.isFile()) {
    throw cliError('INPUT_NOT_A_FILE', `\`${name}\` is ${kindOf(stat)}, and a report is a file`, stat.isDirectory() ? `name the files in it: \`${name.replace(/\/+$/, '')}/*.json\`` : 'use `-` for standard input', start(name))
  }
  let handle: number
  try {
    handle = openSync(path, 'r')
  } catch (cause) {
    throw cliError('INPUT_UNREADABLE', `\`${name}\` cannot be read: ${systemReason(cause)}`, 'check the path and its permissions', start(name))
  }
  return { ...sourceOf(handle, name), path, close: () => { closeSync(handle) } }
}

function lookAt(path: string, name: string): Stats {
  try {
    return statSync(path)
  } catch (cause) {
    throw cliError('INPUT_UNREADABLE', `\`${name}\` cannot be read: ${systemReason(cause)}`, 'check where the scanner wrote its report', start(name))
  }
}

function kindOf(stat: Stats): string {
  if (stat.isDirectory()) return 'a folder'
  if (stat.isFIFO()) return 'a pipe'
  return stat.isSocket() ? 'a socket' : 'a device'
}

function sourceOf(handle: number, name: string): ByteSource & Pick<Input, 'handle'> {
  return {
    name,
    handle,
    size: fstatSync(handle).size,
    read(into, position) {
      try {
        let filled = 0
        while (filled < into.length) {
          const count = readSync(handle, into, filled, into.length - filled, position + filled)
          if (count === 0) break
          filled += count
        }
        return filled
      } catch (cause) {
        throw cliError('INPUT_FAILED', `reading \`${name}\` failed: ${systemReason(cause)}`, undefined, start(name))
      }
    },
  }
}

/** Standard input is read once, and reports are read in any order: so it goes through a file that only this user may read. */
function spoolStdin(): Input {
  const folder = mkdtempSync(join(tmpdir(), 'exeat-'))
  const remove = (): void => { rmSync(folder, { recursive: true, force: true }) }
  try {
    const handle = openSync(join(folder, 'stdin'), 'wx+', 0o600)
    copyStdin(handle)
    return { ...sourceOf(handle, '-'), close: () => { closeSync(handle); remove() } }
  } catch (error) {
    remove()
    throw error
  }
}

function copyStdin(handle: number): void {
  const buffer = new Uint8Array(chunk)
  let total = 0
  for (;;) {
    const count = readStdin(buffer)
    if (count === 0) return
    total += count
    if (total > maxStdin) throw cliError('INPUT_TOO_LARGE', `standard input is longer than ${maxStdin} bytes`, 'write the report to a file and name it', start('-'))
    for (let at = 0; at < count;) at += writeSync(handle, buffer, at, count - at)
  }
}

const pause = new Int32Array(new SharedArrayBuffer(4))

/** 0 at the end. A pipe that is not blocking answers EAGAIN while its writer is busy. */
function readStdin(buffer: Uint8Array): number {
  for (;;) {
    try {
      return readSync(0, buffer, 0, buffer.length, null)
    } catch (cause) {
      const code = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined
      if (code === 'EOF') return 0
      if (code !== 'EAGAIN') throw cliError('INPUT_FAILED', `reading standard input failed: ${systemReason(cause)}`, undefined, start('-'))
      Atomics.wait(pause, 0, 0, 10)
    }
  }
}

/** Where a report lies, for outputs that stand in a folder: its name without the way to it. */
export const outputName = (input: string, cwd: string): string => (input === '-' ? 'stdin' : relative(cwd, resolve(cwd, input)).replaceAll(/\.\.[/\\]/g, '').replaceAll(/[/\\]/g, '-'))
