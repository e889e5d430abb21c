/**
 * What Exeat remembers of each log that it verified: the last checkpoint, as a signed note that any tool reads, and the keys it was verified with.
 * It is what shows that a log went back. Written whole or not at all, for its owner alone.
 */
import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs'
import { isAbsolute, join, resolve } from 'node:path'
import { MAX_NOTE_SIZE } from '@exeat/log'
import type { Io } from '../edge/io.ts'
import { cliError, systemReason } from '../edge/problem.ts'
import { sha256 } from './crypto.ts'

const checkpointSuffix = '.checkpoint'
const keySuffix = '.vkey'
const longestName = 180

/** @throws {ExeatError} STATE_UNUSABLE where neither option nor environment names a place */
export function stateFolder(flag: string | undefined, io: Io): string {
  if (flag !== undefined) return resolve(io.cwd, flag)
  const place = base(io)
  if (place === undefined) throw cliError('STATE_UNUSABLE', 'there is no home folder to keep the last checkpoint in', 'name a folder with `--state`')
  return join(place, 'exeat', 'checkpoints')
}

/** XDG base directories; a relative path there counts as none. */
function base({ env, platform }: Io): string | undefined {
  const absolute = (path: string | undefined): string | undefined => (path !== undefined && isAbsolute(path) ? path : undefined)
  const xdg = absolute(env['XDG_STATE_HOME'])
  if (xdg !== undefined) return xdg
  if (platform === 'win32') return absolute(env['LOCALAPPDATA'])
  const home = absolute(env['HOME'])
  return home === undefined ? undefined : join(home, ...(platform === 'darwin' ? ['Library', 'Application Support'] : ['.local', 'state']))
}

/** A name that is one path component, whatever the origin is. */
function nameOf(origin: string): string {
  const escaped = encodeURIComponent(origin)
  return escaped.length <= longestName ? escaped : Buffer.from(sha256(Buffer.from(origin))).toString('hex')
}

export const savedPath = (folder: string, origin: string): string => join(folder, `${nameOf(origin)}${checkpointSuffix}`)

/** The checkpoint kept of a log; undefined where there is none. @throws {ExeatError} STATE_UNUSABLE */
export function readSaved(folder: string, origin: string): Uint8Array | undefined {
  const path = savedPath(folder, origin)
  try {
    const bytes = readFileSync(path)
    if (bytes.length > MAX_NOTE_SIZE) throw new Error(`it has ${bytes.length} bytes, which no checkpoint has`)
    return new Uint8Array(bytes)
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
    throw cliError('STATE_UNUSABLE', `\`${path}\` cannot be read: ${systemReason(cause)}`, 'without it nothing shows whether the log went back')
  }
}

/** Puts `next` in the place of `expected`; false, and nothing written, where another run has put something else there since. @throws {ExeatError} STATE_UNUSABLE */
export function replaceSaved(folder: string, origin: string, expected: Uint8Array | undefined, next: Uint8Array): boolean {
  const now = readSaved(folder, origin)
  const same = now === undefined || expected === undefined ? now === expected : Buffer.compare(now, expected) === 0
  if (!same) return false
  if (now === undefined || Buffer.compare(now, next) !== 0) writeDurably(folder, savedPath(folder, origin), next)
  return true
}

/** The keys that a log was verified with, a line each. @throws {ExeatError} STATE_UNUSABLE */
export function saveKeys(folder: string, origin: string, keys: readonly string[]): void {
  writeDurably(folder, join(folder, `${nameOf(origin)}${keySuffix}`), Buffer.from(`${keys.join('\n')}\n`))
}

/** Keeps a head that the log should not have signed, as evidence; answers its path, or undefined where that cannot be. */
export function keepRejected(folder: string, origin: string, note: Uint8Array): string | undefined {
  const path = join(folder, `${nameOf(origin)}.rejected-${Buffer.from(sha256(note)).toString('hex').slice(0, 16)}`)
  try {
    writeDurably(folder, path, note)
    return path
  } catch {
    return undefined
  }
}

/** The keys of every log verified so far, in the order of their files. @throws {ExeatError} STATE_UNUSABLE */
export function savedKeys(folder: string): readonly string[] {
  try {
    const files = readdirSync(folder).filter((name) => name.endsWith(keySuffix)).sort()
    return files.flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n')).filter((line) => line !== '')
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return []
    throw cliError('STATE_UNUSABLE', `\`${folder}\` cannot be read: ${systemReason(cause)}`)
  }
}

function writeDurably(folder: string, path: string, bytes: Uint8Array): void {
  const temporary = `${path}.${process.pid}.part`
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
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
  } catch (cause) {
    rmSync(temporary, { force: true })
    throw cliError('STATE_UNUSABLE', `\`${path}\` cannot be written: ${systemReason(cause)}`, 'name a folder with `--state`; what is not kept cannot be compared next time')
  }
}

/** Makes renames in a folder durable, where the system can. */
export function syncFolder(folder: string): void {
  if (process.platform === 'win32') return
  const handle = openSync(folder, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}
