/** Server-sent events (WHATWG HTML, "Server-sent events") as the server sends them. */
import { type StreamedEvent, toldEventSchema } from '@exeat/core/wire'
import { createParser } from 'eventsource-parser'
import type { StreamAnswer } from '../log/transport.ts'
import { apiError } from './errors.ts'

export interface StreamMessage {
  /** Index of the last entry that is told of: where to go on after an interruption. Undefined before there is one. */
  readonly index: number | undefined
  /** Absent where only the place moved. */
  readonly event?: StreamedEvent
}

export interface EventsQuery {
  /** Index of the last entry that is known. Absent: what happens from now on. */
  readonly after?: number
  /** `optout.*`, `emergency.activated`; all where empty. */
  readonly types?: readonly string[]
}

/** Characters of a message: an event has 64 KiB at most. */
const longest = 256 * 1024

declare const TextDecoder: new (label: 'utf-8') => { decode(bytes: Uint8Array, options: { readonly stream: true }): string }

/** @throws {ApiError} API_UNREACHABLE where the connection is lost, API_ANSWER where something comes that is no event */
export async function* messagesOf({ body }: Pick<StreamAnswer, 'body'>, name: string): AsyncGenerator<StreamMessage, void, undefined> {
  const waiting: StreamMessage[] = []
  let index: number | undefined
  let wrong: string | undefined
  const parser = createParser({
    maxBufferSize: longest,
    onId: (id) => {
      if (/^\d{1,16}$/.test(id)) index = Number(id)
      waiting.push({ index })
    },
    onEvent: ({ data }) => {
      const event = eventIn(data)
      if (event === undefined) wrong = 'it sends what is no event'
      else waiting.push({ index, event })
    },
    onError: ({ message }) => { wrong = message },
  })
  const decoder = new TextDecoder('utf-8')
  try {
    for await (const piece of body) {
      parser.feed(decoder.decode(piece, { stream: true }))
      yield* waiting.splice(0)
      if (wrong !== undefined) break
    }
  } catch (error) {
    throw apiError('API_UNREACHABLE', `the server at \`${name}\` was lost: ${error instanceof Error ? error.message : String(error)}`, 'does it run? `exeat serve` starts it', undefined, error)
  }
  if (wrong !== undefined) throw apiError('API_ANSWER', `the server at \`${name}\` answers in a form that this release does not know: ${wrong}`, 'use a server and a command of the same release', 200)
}

function eventIn(text: string): StreamedEvent | undefined {
  try {
    const parsed = toldEventSchema.safeParse(JSON.parse(text))
    return parsed.success ? parsed.data : undefined
  } catch {
    return undefined
  }
}
