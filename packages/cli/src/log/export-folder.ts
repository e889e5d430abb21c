/** A folder that is written one whole, durable file at a time. */
import { closeSync, fsyncSync, lstatSync, mkdirSync, openSync, readdirSync, renameSync, rmdirSync, rmSync, statSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { LogSource } from '@exeat/client/log'
import { cliError, systemReason } from '../edge/problem.ts'
import { folderLog } from './source.ts'
import { syncFolder } from './state.ts'

export interface ExportFolder {
  readonly path: string
  /** Reads what lies there. */
  readonly source: LogSource
  readonly has: (file: string) => boolean
  /** Whole or not at all; its bytes are on the disk when this returns, its name once `sync` does. @throws {ExeatError} OUTPUT_FAILED */
  readonly write: (file: string, bytes: Uint8Array) => void
  /** The same for its owner alone, in folders that are its owner's alone. @throws {ExeatError} OUTPUT_FAILED; EXPORT_TARGET where a folder on the way is a link */
  readonly writePrivate: (file: string, bytes: Uint8Array) => void
  /** Makes the names of all files written so far durable. @throws {ExeatError} OUTPUT_FAILED */
  readonly sync: () => void
  /** Removes files, and folders that this leaves empty. */
  readonly remove: (files: readonly string[]) => void
  /** @throws {ExeatError} EXPORT_TARGET where there is anything that an export does not write */
  readonly requireEmpty: () => void
}

const ours = /^(?:tile|vkey|\.part-.*)$/

export function exportFolder(path: string): ExportFolder {
  const changed = new Set<string>()
  const failed = (file: string, cause: unknown): Error => cliError('OUTPUT_FAILED', `\`${join(path, file)}\` cannot be written: ${systemReason(cause)}`, 'the folder still serves what it did before; run the command again to go on')

  function makeFolder(folder: string, mode?: number): void {
    if (statSync(folder, { throwIfNoEntry: false }) !== undefined) return
    makeFolder(dirname(folder), mode)
    mkdirSync(folder, { mode })
    changed.add(dirname(folder))
  }

  /** What is private goes nowhere else, whoever put a link in a folder's place. */
  function refuseLinks(file: string): void {
    for (let at = dirname(file); at !== '.'; at = dirname(at)) {
      const stat = lstatSync(join(path, at), { throwIfNoEntry: false })
      if (stat !== undefined && !stat.isDirectory()) throw cliError('EXPORT_TARGET', `\`${join(path, at)}\` is no folder that an export made`, 'name an empty folder, or one that does not exist yet')
    }
  }

  function write(file: string, bytes: Uint8Array, mode: { readonly file: number; readonly folder?: number } = { file: 0o644 }): void {
    const target = join(path, file)
    const temporary = join(path, `.part-${process.pid}`)
    try {
      makeFolder(dirname(target), mode.folder)
      // A link that waits under this name is not written through.
      rmSync(temporary, { force: true })
      const handle = openSync(temporary, 'wx', mode.file)
      try {
        for (let at = 0; at < bytes.length;) at += writeSync(handle, bytes, at)
        fsyncSync(handle)
      } finally {
        closeSync(handle)
      }
      renameSync(temporary, target)
    } catch (cause) {
      rmSync(temporary, { force: true })
      throw failed(file, cause)
    }
    changed.add(dirname(target))
  }

  return {
    path, write,
    writePrivate: (file, bytes) => {
      refuseLinks(file)
      write(file, bytes, { file: 0o600, folder: 0o700 })
    },
    source: folderLog(path),
    has: (file) => statSync(join(path, file), { throwIfNoEntry: false })?.isFile() === true,
    sync: () => {
      for (const folder of changed) {
        try {
          syncFolder(folder)
        } catch (cause) {
          throw failed('', cause)
        }
      }
      changed.clear()
    },
    remove: (files) => {
      for (const file of files) {
        rmSync(join(path, file), { force: true })
        if (dirname(file).endsWith('.p')) removeIfEmpty(join(path, dirname(file)))
      }
    },
    requireEmpty: () => {
      const strange = namesIn(path).find((name) => !ours.test(name))
      if (strange !== undefined) throw cliError('EXPORT_TARGET', `\`${path}\` holds \`${strange}\`, which is no part of an export`, 'name an empty folder, or one that does not exist yet')
    },
  }
}

function namesIn(path: string): readonly string[] {
  try {
    return readdirSync(path)
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return []
    throw cliError('EXPORT_TARGET', `\`${path}\` cannot be read: ${systemReason(cause)}`)
  }
}

function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder)
  } catch {
    // Not empty, or gone already: both are fine.
  }
}
