/** HTTP as far as a client of Exeat needs it, behind a function: global `fetch` here, a Unix socket in the command. */

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
  /** A longer answer is refused as soon as it shows. */
  readonly maxBytes: number
  /** For the whole exchange, body included, in milliseconds. */
  readonly timeout: number
}

export interface HttpAnswer {
  readonly status: number
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: Uint8Array
}

/**
 * One exchange. Follows no redirect: a 3xx is an answer like any other. Rejects, with a message for people, where there is no whole answer
 * within the limits.
 */
export type Transport = (request: HttpRequest) => Promise<HttpAnswer>

/** An exchange whose answer comes for as long as both sides like. */
export interface StreamRequest {
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  /** For the head of the answer, and between any two pieces of its body, in milliseconds. */
  readonly silence: number
  /** `AbortSignal`, as far as it is used: the stream ends where it is aborted. */
  readonly signal?: { readonly aborted: boolean; readonly addEventListener: (type: 'abort', listener: () => void) => void; readonly removeEventListener: (type: 'abort', listener: () => void) => void }
}

export interface StreamAnswer extends Pick<HttpAnswer, 'status' | 'headers'> {
  /** Rejects where the connection is lost, or silent for too long. */
  readonly body: AsyncIterable<Uint8Array>
}

/** `GET`, its answer piece by piece. Follows no redirect. Rejects, with a message for people, where there is no answer. */
export type Streaming = (request: StreamRequest) => Promise<StreamAnswer>

/** What of the Fetch standard is used; every runtime has it and `lib: ES2024` does not. */
interface FetchAnswer {
  readonly status: number
  readonly headers: Iterable<readonly [string, string]>
  readonly body: { getReader(): { read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array }>; cancel(): Promise<void> } } | null
}
declare const fetch: (url: string, options: Readonly<Record<string, unknown>>) => Promise<FetchAnswer>
declare const AbortSignal: { timeout(milliseconds: number): unknown }
declare class AbortController {
  readonly signal: unknown
  abort(): void
}
declare const setTimeout: (run: () => void, milliseconds: number) => unknown
declare const clearTimeout: (timer: unknown) => void

/** The transport over the runtime's own `fetch`. Bodies come as they are stored: no compression is asked for. */
export const fetchTransport: Transport = async ({ method, url, headers, body, maxBytes, timeout }) => {
  try {
    const answer = await fetch(url, {
      method, headers: { 'accept-encoding': 'identity', ...headers }, redirect: 'manual', cache: 'no-store', credentials: 'omit',
      signal: AbortSignal.timeout(timeout), ...(body === undefined ? {} : { body }),
    })
    const all = new Map([...answer.headers].map(([name, value]) => [name.toLowerCase(), value]))
    return { status: answer.status, headers: all, body: await collect(all, pieces(answer), maxBytes) }
  } catch (error) {
    throw new Error(reasonOf(error, timeout), { cause: error })
  }
}

/** The stream over the runtime's own `fetch`. */
export const fetchStreaming: Streaming = async ({ url, headers, silence, signal }) => {
  const over = new AbortController()
  const end = (): void => { over.abort() }
  signal?.addEventListener('abort', end)
  if (signal?.aborted === true) end()
  let timer = setTimeout(end, silence)
  const heard = (): void => {
    clearTimeout(timer)
    timer = setTimeout(end, silence)
  }
  const done = (): void => {
    clearTimeout(timer)
    signal?.removeEventListener('abort', end)
  }
  try {
    const answer = await fetch(url, { method: 'GET', headers: { 'accept-encoding': 'identity', ...headers }, redirect: 'manual', cache: 'no-store', credentials: 'omit', signal: over.signal })
    const all = new Map([...answer.headers].map(([name, value]) => [name.toLowerCase(), value]))
    return { status: answer.status, headers: all, body: listened(answer, heard, done, silence) }
  } catch (error) {
    done()
    throw new Error(reasonOf(error, silence), { cause: error })
  }
}

async function* listened(answer: FetchAnswer, heard: () => void, done: () => void, silence: number): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for await (const piece of pieces(answer)) {
      heard()
      yield piece
    }
  } catch (error) {
    throw new Error(reasonOf(error, silence), { cause: error })
  } finally {
    done()
  }
}

async function* pieces({ body }: FetchAnswer): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = body?.getReader()
  if (reader === undefined) return
  let ended = false
  try {
    for (;;) {
      const { done, value } = await reader.read()
      ended = done
      if (done) return
      if (value !== undefined) yield value
    }
  } finally {
    // What was not read to its end is not wanted any more; a stream that failed needs no telling.
    if (!ended) reader.cancel().catch(() => undefined)
  }
}

/** A whole body, held against its stated length and the limit. @throws {Error} where it is longer than either, or shorter than stated */
export async function collect(headers: ReadonlyMap<string, string>, body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Uint8Array> {
  const stated = headers.has('content-encoding') ? undefined : headers.get('content-length')
  if (stated !== undefined && Number(stated) > maxBytes) throw new Error(`the answer has ${stated} bytes, more than the ${maxBytes} that it may have`)
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of body) {
    length += part.length
    if (length > maxBytes) throw new Error(`the answer has more than the ${maxBytes} bytes that it may have`)
    parts.push(part)
  }
  if (stated !== undefined && Number(stated) !== length) throw new Error(`the answer has ${length} bytes, and ${stated} were announced`)
  const whole = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** Why an exchange failed, in a few words: what `fetch` throws keeps its reason in `cause`. */
export function reasonOf(error: unknown, timeout: number): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError' || error.name === 'AbortError') return `no whole answer came within ${timeout} ms`
  const { cause } = error
  return cause instanceof Error && cause.message !== '' ? cause.message : error.message
}
