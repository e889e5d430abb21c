/** Small files that a run leaves for the next one: whole or not at all, for their owner alone. */
import { closeSync, constants, fstatSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { syncFolder } from '../log/state.ts'

/** @throws whatever the file system does */
export function writeWhole(path: string, bytes: Uint8Array): void {
  const folder = dirname(path)
  const temporary = `${path}.${process.pid}.part`
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  try {
    rmSync(temporary, { force: true })
    const handle = openSync(temporary, 'wx', 0o600)
    try {
      for (let at = 0; at < bytes.length;) at += writeSync(handle, bytes, at)
      fsyncSync(handle)
    } finally {
      closeSync(handle)
    }
    renameSync(temporary, path)
    syncFolder(folder)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}

/** Undefined where there is no such file. @throws where it cannot be read, is none, or has more than `limit` bytes */
export function readWithin(path: string, limit: number): Uint8Array | undefined {
  let handle: number
  try {
    // Without waiting: a pipe in its place would hold the run for ever.
    handle = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
    throw cause
  }
  try {
    const stat = fstatSync(handle)
    if (!stat.isFile()) throw new Error('it is no file')
    if (stat.size > limit) throw new Error(`it has ${stat.size} bytes, more than the ${limit} that it may have`)
    return new Uint8Array(readFileSync(handle))
  } finally {
    closeSync(handle)
  }
}
