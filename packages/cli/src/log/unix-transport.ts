/** HTTP over a Unix socket: what a server's administrative socket speaks. */
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { collect, type HttpAnswer, reasonOf, type Streaming, type Transport } from '@exeat/client/log'

/** The host of a URL is not looked at; its path and query are. */
export function unixTransport(socketPath: string): Transport {
  return async ({ method, url, headers, body, maxBytes, timeout }) => {
    const { pathname, search } = new URL(url)
    const signal = AbortSignal.timeout(timeout)
    try {
      const answer = await new Promise<IncomingMessage>((resolve, reject) => {
        const request = httpRequest({ socketPath, method, path: `${pathname}${search}`, headers: { host: 'localhost', ...headers }, agent: false, signal }, resolve)
        request.on('error', reject)
        request.end(body)
      })
      return await read(answer, maxBytes)
    } catch (error) {
      throw new Error(signal.aborted ? `no whole answer came within ${timeout} ms` : reasonOf(error, timeout), { cause: error })
    }
  }
}

/** An answer that goes on for as long as both sides like. */
export function unixStreaming(socketPath: string): Streaming {
  return async ({ url, headers, silence, signal }) => {
    const { pathname, search } = new URL(url)
    try {
      const answer = await new Promise<IncomingMessage>((resolve, reject) => {
        const request = httpRequest({ socketPath, path: `${pathname}${search}`, headers: { host: 'localhost', ...headers }, agent: false, timeout: silence }, resolve)
        request.on('timeout', () => { request.destroy(new Error(`nothing came for ${silence} ms`)) })
        request.on('error', reject)
        signal?.addEventListener('abort', () => { request.destroy() })
        request.end()
      })
      return { status: answer.statusCode ?? 0, headers: headersOf(answer), body: answer as AsyncIterable<Uint8Array> }
    } catch (error) {
      throw new Error(reasonOf(error, silence), { cause: error })
    }
  }
}

async function read(answer: IncomingMessage, maxBytes: number): Promise<HttpAnswer> {
  const headers = headersOf(answer)
  // Leaving the loop early destroys the stream, and with it the connection.
  return { status: answer.statusCode ?? 0, headers, body: await collect(headers, answer as AsyncIterable<Uint8Array>, maxBytes) }
}

const headersOf = ({ headers }: IncomingMessage): ReadonlyMap<string, string> =>
  new Map(Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value ?? '']))
