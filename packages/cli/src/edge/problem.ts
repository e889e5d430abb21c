import type { Place, Problem } from '@exeat/core'
import { ExeatError } from '@exeat/core/error'
import type { CliCode } from './codes.ts'

export function cliProblem(code: CliCode, message: string, hint?: string, at?: Place): Problem<CliCode> {
  return { code, message, ...(hint === undefined ? {} : { hint }), ...(at === undefined ? {} : { at }) }
}

export function cliError(code: CliCode, message: string, hint?: string, at?: Place): ExeatError {
  return new ExeatError([cliProblem(code, message, hint, at)])
}

/** The system's word for a failed call, without paths: `EACCES` and the like in words. */
export function systemReason(cause: unknown): string {
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : ''
  return reasons.get(code) ?? (code === '' ? (cause instanceof Error ? cause.message : String(cause)) : code)
}

const reasons: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'there is no such file'],
  ['EACCES', 'permission denied'],
  ['EPERM', 'permission denied'],
  ['EISDIR', 'it is a folder'],
  ['ENOTDIR', 'a part of the path is no folder'],
  ['ENOSPC', 'the disk is full'],
  ['EROFS', 'the file system is read-only'],
  ['ELOOP', 'symbolic links go round in a circle'],
  ['ENAMETOOLONG', 'the name is too long'],
  ['EEXIST', 'it exists already'],
])
