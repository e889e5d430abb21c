/** The head of each log that a bundle showed here last: nothing older is honoured after it. In a pipeline it may be lost, which only forgets. */
import { join } from 'node:path'
import type { SeenHead } from '@exeat/verify'
import type { Problem } from '@exeat/core'
import type { Io } from '../edge/io.ts'
import { cliProblem, systemReason } from '../edge/problem.ts'
import { sha256 } from '../log/crypto.ts'
import { readWithin, writeWhole } from './files.ts'
import { stateBase } from './state-base.ts'

export interface Remembered {
  readonly last: SeenHead | undefined
  readonly warnings: readonly Problem[]
  /** Keeps a head that was verified, unless a later one stands there by now. */
  readonly keep: (head: SeenHead) => readonly Problem[]
}

export function rememberedHead(workspace: string, origin: string, io: Io): Remembered {
  const base = stateBase(io)
  if (base === undefined) return { last: undefined, warnings: [], keep: () => [] }
  const path = join(base, 'seen', `${Buffer.from(sha256(Buffer.from(JSON.stringify([workspace, origin])))).toString('hex')}.json`)
  const { head, problem } = read(path)
  return {
    last: head,
    warnings: problem === undefined ? [] : [problem],
    keep: (next) => {
      const now = read(path).head
      if (now !== undefined && now.size >= next.size && now.epoch >= next.epoch) return []
      try {
        writeWhole(path, Buffer.from(`${JSON.stringify({ schemaVersion: 1, kind: 'SeenHead', origin, size: next.size, root: Buffer.from(next.root).toString('hex'), epoch: next.epoch })}\n`))
        return []
      } catch (cause) {
        return [cliProblem('STATE_UNUSABLE', `\`${path}\` cannot be written: ${systemReason(cause)}`, 'a later run cannot tell whether the log went back')]
      }
    },
  }
}

function read(path: string): { readonly head?: SeenHead; readonly problem?: Problem } {
  try {
    const bytes = readWithin(path, 4096)
    if (bytes === undefined) return {}
    const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'))
    const head = headOf(value)
    if (head !== undefined) return { head }
    throw new Error('it is not what was written')
  } catch (cause) {
    return { problem: cliProblem('STATE_UNUSABLE', `\`${path}\` cannot be used: ${systemReason(cause)}`, 'the run goes on as if no bundle had been seen before; remove the file') }
  }
}

function headOf(value: unknown): SeenHead | undefined {
  if (typeof value !== 'object' || value === null || !('size' in value) || !('root' in value) || !('epoch' in value)) return undefined
  const { size, root, epoch } = value
  if (!isCount(size) || !isCount(epoch) || typeof root !== 'string' || !/^[0-9a-f]{64}$/.test(root)) return undefined
  return { size, epoch, root: new Uint8Array(Buffer.from(root, 'hex')) }
}

const isCount = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
