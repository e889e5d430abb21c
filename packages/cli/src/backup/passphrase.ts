import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Io } from '../edge/io.ts'
import { cliError, systemReason } from '../edge/problem.ts'

/** What a file says, without the line feed at its end: an argument would stand in the list of processes. @throws {ExeatError} INPUT_UNREADABLE */
export function readPassphrase(file: string, io: Io): string {
  try {
    return readFileSync(resolve(io.cwd, file), 'utf8').replace(/\r?\n$/, '')
  } catch (cause) {
    throw cliError('INPUT_UNREADABLE', `\`${file}\` cannot be read: ${systemReason(cause)}`)
  }
}
