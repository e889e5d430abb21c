/** The hook that stood there before ours: the same arguments, input, variables and folder; its own exit. */
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import type { Io } from '../edge/io.ts'
import { cliError, systemReason } from '../edge/problem.ts'
import { shown } from '../text/safe.ts'
import { statOf } from './place.ts'
import { resolve } from 'node:path'

/** 0 where there is none, or one that git would not run either: it is not executable. @throws {ExeatError} HOOK_CHAIN */
export function runChained(file: string, args: readonly string[], input: string, io: Io): Promise<number> {
  const path = resolve(io.cwd, file)
  const stat = statOf(path)
  if (stat === undefined) return Promise.resolve(0)
  if (!stat.isFile()) throw cliError('HOOK_CHAIN', `\`${shown(path)}\` is no plain file, and no hook is run through a link`, 'put the hook itself there')
  const plain = (stat.mode & 0o111) === 0
  if (plain && !path.includes('/.husky/')) return Promise.resolve(0)
  return new Promise((done, reject) => {
    // Husky runs its files with `sh -e`, executable or not.
    const child = plain ? spawn('/bin/sh', ['-e', path, ...args], { cwd: io.cwd, stdio: ['pipe', 'inherit', 'inherit'] }) : spawn(path, args, { cwd: io.cwd, stdio: ['pipe', 'inherit', 'inherit'] })
    child.on('error', (cause) => { reject(cliError('HOOK_CHAIN', `the hook \`${shown(path)}\` could not be started: ${systemReason(cause)}`, 'see its first line, and whether what it names is there')) })
    // A hook need not read what it is told.
    child.stdin.on('error', () => {})
    child.stdin.end(input)
    child.on('close', (exit, signal) => { done(exit ?? 128 + (signal === null ? 0 : constants.signals[signal])) })
  })
}
