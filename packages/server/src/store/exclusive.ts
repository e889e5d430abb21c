/** Runs one task at a time, in the order of the calls. */
export type Exclusive = <T>(task: () => Promise<T>) => Promise<T>

export function exclusive(): Exclusive {
  let last: Promise<unknown> = Promise.resolve()
  return (task) => {
    const running = last.then(task)
    last = running.catch(() => {})
    return running
  }
}
