/** Group commit: whatever arrived while the last batch was being committed makes the next. No timer, no artificial delay. */

export interface Queue<T> {
  /** False where too many wait already. */
  readonly push: (item: T) => boolean
  /** Resolves once everything pushed so far has run. */
  readonly idle: () => Promise<void>
}

export interface QueueLimits {
  /** The most that one batch takes. */
  readonly batch: number
  /** The most that may wait. */
  readonly waiting: number
}

/** `run` gets 1 to `limits.batch` items in their order, is never called while it runs, and must not reject. */
export function groupQueue<T>(limits: QueueLimits, run: (items: readonly T[]) => Promise<void>): Queue<T> {
  let waiting: T[] = []
  let flushing: Promise<void> | undefined

  async function flush(): Promise<void> {
    while (waiting.length > 0) {
      await turn()
      const batch = waiting.slice(0, limits.batch)
      waiting = waiting.slice(limits.batch)
      await run(batch)
    }
    flushing = undefined
  }

  return {
    push: (item) => {
      if (waiting.length >= limits.waiting) return false
      waiting.push(item)
      flushing ??= flush()
      return true
    },
    idle: async () => { await flushing },
  }
}

/** One turn of the event loop, in which callers that were answered come back with their next operation. */
const turn = (): Promise<void> => new Promise((resolve) => { setImmediate(resolve) })
