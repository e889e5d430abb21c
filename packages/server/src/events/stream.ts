/**
 * Server-sent events (WHATWG HTML, "Server-sent events"): `id` is the index of the entry, so that whoever was away goes on where it was. What is sent is read
 * from the log when the client has room for it: a client that never reads costs a socket, for a minute.
 */
import type { Feed, FeedItem } from './feed.ts'
import type { Growth } from './growth.ts'
import type { Teller } from './notices/teller.ts'
import type { Wants } from './select.ts'

/** In milliseconds. */
export const streamTimes = {
  heartbeat: 15_000,
  /** A client that took nothing for so long is gone. */
  stuck: 60_000,
  /** A stream ends, and its client comes back and shows again who it is. */
  whole: 10 * 60_000,
  /** What clients wait before they come back. */
  retry: 2_000,
} as const

/** Notices that wait for a client that reads slowly. */
const mostNoticed = 100

/** Entries that are read at once. */
const page = 64

export interface StreamOptions {
  readonly feed: Feed
  readonly growth: Growth
  /** The index of the first entry that is wanted. */
  readonly from: number
  readonly wants: Wants
  /** What stands in no entry is told as it comes, without a place: whoever was away reads the state anew. */
  readonly notices?: Pick<Teller, 'listen'>
  /** Whether the caller may still listen; asked with each heartbeat. */
  readonly allowed: () => Promise<boolean>
  /** Aborted when the server stops. */
  readonly stopping: AbortSignal
  /** Called once, however it ends. */
  readonly ended: () => void
  readonly times?: { readonly [K in keyof typeof streamTimes]: number }
}

const text = new TextEncoder()

export function eventStream({ feed, growth, from, wants, notices, allowed, stopping, ended, times = streamTimes }: StreamOptions): ReadableStream<Uint8Array> {
  const over = new AbortController()
  let next = from
  let stuck: NodeJS.Timeout | undefined
  const noticed: string[] = []
  let hear = new AbortController()
  const deaf = notices?.listen(({ type, json }) => {
    if (!wants(type) || noticed.length >= mostNoticed) return
    noticed.push(`event: ${type}\ndata: ${json}\n\n`)
    hear.abort()
  })

  function end(): void {
    if (over.signal.aborted) return
    over.abort()
    clearTimeout(whole)
    clearTimeout(stuck)
    deaf?.()
    stopping.removeEventListener('abort', end)
    ended()
  }
  const whole = setTimeout(end, times.whole).unref()
  stopping.addEventListener('abort', end)
  if (stopping.aborted) end()

  /** What there is to say now; undefined: nothing any more. */
  async function saying(): Promise<string | undefined> {
    for (let quiet = beat(); ;) {
      if (over.signal.aborted) return undefined
      const items = await feed.read(next, page)
      next += items.length
      const said = items.filter(({ type }) => wants(type)).map(message).join('') + noticed.splice(0).join('')
      if (said !== '') return said
      if (items.length > 0) continue
      if (hear.signal.aborted) hear = new AbortController()
      // oxlint-disable-next-line no-await-in-loop -- waits for the log or the clock, whichever comes first
      if (await quiet.before(growth.beyond(next, AbortSignal.any([quiet.signal, hear.signal])))) continue
      if (over.signal.aborted || !await allowed()) return undefined
      quiet = beat()
      return heartbeat(next)
    }
  }

  /** A span of silence that ends with the heartbeat, or with the stream. */
  function beat(): { readonly signal: AbortSignal; readonly before: (grown: Promise<void>) => Promise<boolean> } {
    const signal = AbortSignal.any([over.signal, AbortSignal.timeout(times.heartbeat)])
    return { signal, before: async (grown) => { await grown; return !signal.aborted } }
  }

  /** Whoever takes nothing of it for a while is cut off: what waits is for nobody. */
  function say(controller: ReadableStreamDefaultController<Uint8Array>, said: string): void {
    controller.enqueue(text.encode(said))
    stuck = setTimeout(() => {
      end()
      controller.error(new Error('the client took nothing for a minute'))
    }, times.stuck).unref()
  }

  return new ReadableStream<Uint8Array>({
    start: (controller) => { say(controller, `retry: ${times.retry}\n\n`) },
    pull: async (controller) => {
      clearTimeout(stuck)
      try {
        const said = await saying()
        if (said !== undefined) return say(controller, said)
        end()
        controller.close()
      } catch (error) {
        end()
        controller.error(error)
      }
      return undefined
    },
    cancel: end,
  }, { highWaterMark: 1 })
}

const message = ({ index, type, json }: FeedItem): string => `id: ${index}\nevent: ${type}\ndata: ${json}\n\n`

/** Moves the client's place without an event: what it does not want is not read again. */
const heartbeat = (next: number): string => (next === 0 ? ': nothing yet\n\n' : `id: ${next - 1}\n\n`)
