/** The log's check, once a page: what stands around every page says how it came out. */
import { useEffect, useSyncExternalStore } from 'react'
import { listen } from '../live/feed.ts'
import { checkLog, type LogCheck, type LogProblem, type Witnesses } from './check.ts'

let last: LogCheck | undefined
let running: Promise<LogCheck> | undefined
let witnesses: Witnesses | undefined
const watchers = new Set<() => void>()

/** Checks it now, or waits for the check that runs. An alarm stays until the page is left. */
export async function check(): Promise<LogCheck> {
  running ??= checkLog(witnesses).then((checked) => {
    if (last?.kind !== 'alarm') last = checked
    for (const watcher of watchers) watcher()
    return last
  }).finally(() => { running = undefined })
  return running
}

/** What somebody found while they read: files of the log that do not lead to the head that it signed. */
export function raise(problem: LogProblem): void {
  last = { kind: 'alarm', problem, notes: last?.kind === 'sound' ? [new TextDecoder().decode(last.head.bytes)] : [] }
  for (const watcher of watchers) watcher()
}

/** The same with these witnesses asked for from now on. */
export async function checkWith(asked: Witnesses): Promise<LogCheck> {
  await running
  witnesses = asked
  return check()
}

export function useLogCheck(): LogCheck | undefined {
  useEffect(() => {
    void check()
    return listen(() => { void check() })
  }, [])
  return useSyncExternalStore(watch, () => last)
}

function watch(watcher: () => void): () => void {
  watchers.add(watcher)
  return () => { watchers.delete(watcher) }
}
