/**
 * Tells a page when to read anew: after an event of the server's (`GET /v1/events`, server-sent events), and by the clock where there is no such stream. One stream a
 * page, however many parts of it listen.
 */
import { eventTypes, noticeTypes } from '@exeat/core/entry'

/** `polling`: the server has no stream, or it is away. */
export type FeedState = 'connecting' | 'live' | 'polling'

const path = '/v1/events'
/** In milliseconds. */
const withoutEvents = 15_000
/** What ends or falls due by the clock is no event. */
const withEvents = 60_000
/** An answer in another form than a stream ends it for good (HTML, "server-sent events"): it is asked for again so much later. */
const reopenAfter = 60_000
/** Events come in groups, and a busy log is read no more often than this. */
const leastApart = 1_000

let state: FeedState = 'connecting'
const readers = new Set<() => void>()
const watchers = new Set<() => void>()
let running = false
let told = 0
let planned: number | undefined
let reopening: number | undefined
let stream: EventSource | undefined
let clock: number | undefined

export const feedState = (): FeedState => state

export function watchFeed(watcher: () => void): () => void {
  watchers.add(watcher)
  return () => { watchers.delete(watcher) }
}

/** `reader` is called whenever there may be something new to read. */
export function listen(reader: () => void): () => void {
  readers.add(reader)
  if (!running) begin()
  return () => { readers.delete(reader) }
}

function begin(): void {
  running = true
  connect()
  addEventListener('online', soon)
  // A browser opens six connections to a server over HTTP/1.1: a tab that nobody looks at leaves them to the others.
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'hidden') return disconnect()
    connect()
    soon()
  })
}

function become(next: FeedState): void {
  if (state !== next) {
    state = next
    for (const watcher of watchers) watcher()
  }
  clearInterval(clock)
  clock = setInterval(() => { if (document.visibilityState === 'visible') soon() }, next === 'live' ? withEvents : withoutEvents)
}

function disconnect(): void {
  clearTimeout(reopening)
  stream?.close()
  stream = undefined
}

function connect(): void {
  disconnect()
  const opened = stream = new EventSource(path)
  let before = state !== 'connecting'
  opened.addEventListener('open', () => {
    become('live')
    // What happened while there was none was told to nobody.
    if (before) soon()
    before = true
  })
  for (const type of ['message', ...eventTypes, ...noticeTypes]) opened.addEventListener(type, soon)
  opened.addEventListener('error', () => {
    become('polling')
    before = true
    if (opened.readyState === EventSource.CLOSED) reopening = setTimeout(connect, reopenAfter)
  })
}

function soon(): void {
  if (planned !== undefined) return
  planned = setTimeout(() => {
    planned = undefined
    told = performance.now()
    for (const reader of readers) reader()
  }, Math.max(0, leastApart - (performance.now() - told)))
}
