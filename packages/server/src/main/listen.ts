/** Sockets: Node's own HTTP server with bounds on everything that a stranger can make it hold. */
import { getRequestListener } from '@hono/node-server'
import { chmodSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, ListenOptions, Socket } from 'node:net'
import { type ServerCode, serverError, serverProblem, systemCode } from '../config/codes.ts'
import type { Channel } from '../http/env.ts'
import type { App } from '../http/parts.ts'
import { problemDocument, problemType, refusal } from '../http/problem.ts'

/** What a stranger can make the server hold, and for how long. */
export const bounds = {
  /** Streams of events among them. */
  connections: 2_048,
  /** Milliseconds for the head of a request, and for all of it: whoever sends a byte a second is cut off. */
  head: 10_000, whole: 30_000, idle: 5_000, checkEvery: 2_000,
  /** Bytes of request line and headers. */
  headerBytes: 8 * 1024,
  /** Requests on one connection. */
  perConnection: 1_000,
} as const

export interface Tls {
  readonly cert: string
  readonly key: string
}

export interface Listener {
  readonly address: () => AddressInfo | string
  /** Takes no new connection, and waits for the requests that run, so many milliseconds at most. */
  readonly drain: (patience: number) => Promise<void>
}

export type Bounds = { readonly [K in keyof typeof bounds]: number }

export function httpServer(app: App, channel: Channel, { tls, bounds: within = bounds }: { readonly tls?: Tls | undefined; readonly bounds?: Bounds } = {}): Server {
  const listener = getRequestListener(
    (request, env) => app.fetch(request, { incoming: env.incoming as never, channel }),
    { hostname: 'localhost', errorHandler: () => refusal([serverProblem('REQUEST_INVALID', 'the request cannot be read')], { connection: 'close' }) },
  )
  const options = {
    maxHeaderSize: within.headerBytes, headersTimeout: within.head, requestTimeout: within.whole, keepAliveTimeout: within.idle, connectionsCheckingInterval: within.checkEvery,
  }
  const server = tls === undefined ? createServer(options, (req, res) => { void listener(req, res) }) : createTlsServer({ ...options, ...tls, minVersion: 'TLSv1.2' }, (req, res) => { void listener(req, res) })
  server.maxConnections = within.connections
  server.maxRequestsPerSocket = within.perConnection
  // Counted by `guardHead`, which says so; Node would leave out the rest in silence.
  server.maxHeadersCount = 0
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => { refuseRaw(error, socket as Socket) })
  return server
}

const raw: Readonly<Record<string, readonly [ServerCode, string, string]>> = {
  HPE_HEADER_OVERFLOW: ['REQUEST_HEADERS', `the request line and the headers have more than ${bounds.headerBytes} bytes`, '431 Request Header Fields Too Large'],
  ERR_HTTP_REQUEST_TIMEOUT: ['REQUEST_SLOW', 'the request did not arrive in time', '408 Request Timeout'],
}

/** What never became a request is answered all the same, and the connection ends. */
function refuseRaw(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const [code, message, status] = raw[error.code ?? ''] ?? ['REQUEST_INVALID', 'the request is not HTTP/1.1', '400 Bad Request']
  const body = JSON.stringify(problemDocument([serverProblem(code, message)]))
  socket.end(`HTTP/1.1 ${status}\r\ncontent-type: ${problemType}\r\ncontent-length: ${Buffer.byteLength(body)}\r\ncache-control: no-store\r\nconnection: close\r\n\r\n${body}`)
}

/** @throws {ExeatError} LISTEN_FAILED */
export async function listenNetwork(server: Server, host: string, port: number): Promise<Listener> {
  await listening(server, { host, port }, `${host}:${port}`)
  return listenerOf(server)
}

/**
 * The administrative socket. The caller holds the folder's lock, so that a socket which stands there is that of a dead server.
 * @throws {ExeatError} LISTEN_FAILED
 */
export async function listenSocket(server: Server, path: string): Promise<Listener> {
  const pipe = path.startsWith('\\\\.\\pipe\\')
  if (!pipe) rmSync(path, { force: true })
  await listening(server, { path }, path)
  // The folder keeps strangers out already, also in the instant before this.
  if (!pipe) chmodSync(path, 0o600)
  return listenerOf(server)
}

function listening(server: Server, where: ListenOptions, shown: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (cause: Error): void => { reject(serverError('LISTEN_FAILED', `the server cannot listen on \`${shown}\`: ${systemCode(cause)}`, 'name another address with --listen')) }
    server.once('error', failed)
    server.listen(where, () => {
      server.off('error', failed)
      resolve()
    })
  })
}

function listenerOf(server: Server): Listener {
  const address = server.address()
  if (address === null) throw new Error('a server that listens has an address')
  return {
    address: () => address,
    drain: async (patience) => {
      const closed = new Promise<void>((resolve) => { server.close(() => { resolve() }) })
      server.closeIdleConnections()
      const timer = setTimeout(() => { server.closeAllConnections() }, patience)
      await closed
      clearTimeout(timer)
    },
  }
}
