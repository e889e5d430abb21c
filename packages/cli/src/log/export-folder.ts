/** A folder that is written one whole, durable file at a time. */
import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, renameSync, rmdirSync, rmSync, statSync, writeSync } from 'node:fs'
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

  function makeFolder(folder: string): void {
    if (statSync(folder, { throwIfNoEntry: false }) !== undefined) return
    makeFolder(dirname(folder))
    mkdirSync(folder)
    changed.add(dirname(folder))
  }

  function write(file: string, bytes: Uint8Array): void {
    const target = join(path, file)
    const temporary = join(path, `.part-${process.pid}`)
    try {
      makeFolder(dirname(target))
      const handle = openSync(temporary, 'w', 0o644)
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
