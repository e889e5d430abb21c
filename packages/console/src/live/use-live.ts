/** What a page shows, kept as it is now; what was read last stays while the server is away, and the page says how old it is. */
import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from 'react'
import { Refused } from '../api.ts'
import type { Loading } from '../parts/loaded.tsx'
import { feedState, type FeedState, listen, watchFeed } from './feed.ts'

export interface Live<T> extends Loading<T> {
  readonly feed: FeedState
  /** When it was read last, milliseconds since the epoch. */
  readonly at: number | undefined
  /** The last attempt reached nobody. */
  readonly offline: boolean
}

type Read<T> = Pick<Live<T>, 'state' | 'at' | 'offline'>

/** `load` must be stable (`useCallback`). Where it changes, what was shown stays until the other is there. */
export function useLive<T>(load: () => Promise<T>): Live<T> {
  const feed = useSyncExternalStore(watchFeed, feedState)
  const [read, setRead] = useState<Read<T>>({ state: { kind: 'loading' }, at: undefined, offline: false })
  const [round, setRound] = useState(0)
  const again = useCallback(() => { setRound((count) => count + 1) }, [])
  const newest = useRef(0)
  useEffect(() => listen(again), [again])
  useEffect(() => {
    const own = newest.current += 1
    const unlessOlder = (next: (last: Read<T>) => Read<T>): void => { if (own === newest.current) setRead(next) }
    load().then(
      (value) => { unlessOlder(() => ({ state: { kind: 'ready', value }, at: Date.now(), offline: false })) },
      (error: unknown) => { unlessOlder((last) => (last.state.kind === 'ready' && isAway(error) ? { ...last, offline: true } : { ...last, state: { kind: 'failed', error } })) },
    )
  }, [load, round])
  return { ...read, feed, again }
}

/** Nobody answered, or somebody who cannot now; not a refusal of what was asked. */
const isAway = (error: unknown): boolean => error instanceof Refused && (error.problem.code === 'UNREACHABLE' || (error.problem.status ?? 0) >= 500 || error.problem.status === 429)

/** The present, anew so often: what is left of a time is said by it. */
export function useNow(every = 30_000): number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => { setNow(Date.now()) }, every)
    return () => { clearInterval(timer) }
  }, [every])
  return now
}
