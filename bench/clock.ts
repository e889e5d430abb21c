/** Time of work, two ways: on the wall, and of the processor, which other work on the machine moves less. */

/** Milliseconds. `processor` counts every thread of this process: also garbage collection and compilation beside the work. */
export interface Took {
  readonly wall: number
  readonly processor: number
}

export function timed<T>(work: () => T): Took & { readonly value: T } {
  const before = process.cpuUsage()
  const start = performance.now()
  const value = work()
  const wall = performance.now() - start
  const { user, system } = process.cpuUsage(before)
  return { value, wall, processor: (user + system) / 1000 }
}

export const duration = (ms: number): string =>
  (ms < 1 ? `${(ms * 1000).toFixed(1)} µs` : ms < 10_000 ? `${ms.toFixed(1)} ms` : `${(ms / 1000).toFixed(1)} s`)

export const line = (what: string, { wall, processor }: Took, rest = ''): void => {
  console.log(`  ${what.padEnd(46)} ${duration(wall).padStart(10)}, processor ${duration(processor).padStart(10)}${rest}`)
}
