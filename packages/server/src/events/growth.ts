/** Says when the log has grown: at once for what this process appended, and by a look each second for what other replicas did. A hint, never what anything rests on. */
import type { LogStore } from '../ports/log.ts'

export interface Growth {
  /** The most that is known of. */
  readonly size: () => number
  /** Resolves once the log may hold more than `size` entries, or `signal` is aborted. Never rejects. */
  readonly beyond: (size: number, signal: AbortSignal) => Promise<void>
  /** Looks at the head. */
  readonly look: () => Promise<void>
}

export interface Growing {
  /** The same log, whose appends are heard of. */
  readonly log: LogStore
  readonly growth: Growth
}

export function growing(log: LogStore): Growing {
  let known = 0
  const waiting = new Set<{ readonly size: number; readonly wake: () => void }>()

  function grown(size: number): void {
    if (size <= known) return
    known = size
    for (const each of waiting) if (known > each.size) each.wake()
  }
  const look = async (): Promise<void> => { grown((await log.head()).size) }

  return {
    log: {
      ...log,
      append: async (operation) => {
        const answer = await log.append(operation)
        // What was refused may have been entered all the same.
        if (answer.ok) grown(answer.value.index + answer.value.count)
        else if (waiting.size > 0) look().catch(() => undefined)
        return answer
      },
    },
    growth: {
      size: () => known,
      look,
      beyond: (size, signal) => new Promise((resolve) => {
        if (known > size || signal.aborted) return resolve()
        const entry = {
          size,
          wake: () => {
            waiting.delete(entry)
            signal.removeEventListener('abort', entry.wake)
            resolve()
          },
        }
        waiting.add(entry)
        signal.addEventListener('abort', entry.wake)
        return undefined
      }),
    },
  }
}
