/** The log, its appends measured: how long each took, and how often the store refused one. */
import { storeCodes } from '../codes.ts'
import type { LogStore } from '../ports/log.ts'

export interface Measures {
  /** Seconds. */
  readonly appended: (seconds: number) => void
  readonly failed: (code: string) => void
}

export function measured(log: LogStore, { appended, failed }: Measures, monotonic: () => number): LogStore {
  return {
    ...log,
    append: async (operation) => {
      const begun = monotonic()
      const answer = await log.append(operation)
      appended((monotonic() - begun) / 1000)
      // What an act is refused for by its judge is no failure of the log.
      if (!answer.ok && Object.hasOwn(storeCodes, answer.problem.code)) failed(answer.problem.code)
      return answer
    },
  }
}
