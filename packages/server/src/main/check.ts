/** The whole log read and recomputed, at start and then daily: the check of every start sees the right edge alone. */
import { fsck } from '@exeat/log'
import type { Problem } from '@exeat/core'
import { serverProblem } from '../config/codes.ts'
import type { LogReader } from '../ports/log.ts'
import { sha256 } from '../store/ed25519.ts'

export interface Checked {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly size: number
  /** What differs; undefined where all of it is what the head says. */
  readonly problem?: Problem
}

/** Reads so many files at a stretch, and then lets others have their turn. */
const atOnce = 16

export async function checkWhole(log: LogReader, now: () => number, stopped: () => boolean): Promise<Checked | undefined> {
  const head = await log.head()
  let count = 0
  const reader = {
    readTile: async (path: string) => {
      count += 1
      if (count % atOnce === 0) await new Promise((resolve) => { setImmediate(resolve) })
      if (stopped()) throw new Error('the server is stopping')
      return log.readTile(path)
    },
  }
  const report = await fsck(sha256, reader, head, 10)
  if (stopped()) return undefined
  const { first, size, total } = report
  const problem = first === undefined ? undefined : serverProblem('LOG_DIFFERS',
    `a whole reading of ${size} entries found ${total} differences, the first: ${first.message}`, 'stop the server and keep the database as it is: exeat log verify tells more')
  return { at: now(), size, ...(problem === undefined ? {} : { problem }) }
}
