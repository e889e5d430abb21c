/** Chores: run now, and again so long after each has ended. */
import type { Problem } from '@exeat/core'
import { ExeatError } from '@exeat/core/error'
import { serverProblem } from '../config/codes.ts'

/** What a part of the server does beside answering. */
export interface Chore {
  /** Milliseconds from its end to its next beginning. */
  readonly every: number
  readonly run: () => Promise<void>
}

export interface Repeating {
  /** Waits for what runs. */
  readonly stop: () => Promise<void>
}

export interface Repeater {
  /** What goes wrong is told once for as long as it stays the same. `after`: milliseconds. */
  readonly repeat: (after: number, chore: Chore['run']) => Repeating
  /** True once nothing begins any more. */
  readonly isStopped: () => boolean
  /** Begins nothing more, and waits for what runs. */
  readonly stop: () => Promise<void>
}

export function repeater(report: (problem: Problem | Error) => void): Repeater {
  let stopped = false
  const all: Repeating[] = []

  function repeat(after: number, chore: Chore['run']): Repeating {
    let timer: NodeJS.Timeout | undefined
    let told: string | undefined
    const run = async (): Promise<void> => {
      try {
        await chore()
        told = undefined
      } catch (error) {
        const problem = problemOf(error)
        if (!stopped && told !== problem.message) report(error instanceof ExeatError || !(error instanceof Error) ? problem : error)
        told = problem.message
      }
      if (!stopped) timer = setTimeout(() => { running = run() }, after).unref()
    }
    let running = run()
    const repeating = {
      stop: () => {
        clearTimeout(timer)
        return running
      },
    }
    all.push(repeating)
    return repeating
  }

  return {
    repeat,
    isStopped: () => stopped,
    stop: async () => {
      stopped = true
      await Promise.all(all.map((each) => each.stop()))
    },
  }
}

export function problemOf(error: unknown): Problem {
  if (error instanceof ExeatError) return error.problems[0]
  return serverProblem('SERVER_FAILED', error instanceof Error ? error.message : String(error))
}
