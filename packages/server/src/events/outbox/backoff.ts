/** When a message that was not taken is tried again: after 5 seconds, then twice as long each time up to an hour, less by chance, for three days. In milliseconds. */
export const backoff = { first: 5_000, longest: 3_600_000, giveUp: 3 * 86_400_000 } as const

/** `attempts`: how many failed, from 1. `jitter`: in [0, 1), so that sinks which came back are not met by all at once. */
export const delayOf = (attempts: number, jitter: number): number =>
  Math.ceil(Math.min(backoff.longest, backoff.first * 2 ** Math.min(attempts - 1, 20)) * (0.5 + jitter / 2))
