/** A forge's HTTP on loopback: lists in pages, bodies as JSON, every request kept, and whatever a test wants it to answer instead. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface ForgeRequest {
  readonly method: string
  /** Without query. */
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingMessage['headers']
  readonly body: unknown
}

export interface ForgeReply {
  readonly status: number
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** Where it is one of many pages: these are all of them. */
  readonly list?: readonly unknown[]
}

export interface ServedForge {
  readonly origin: string
  readonly requests: ForgeRequest[]
  /** Taken one after the other, before anything else answers; undefined lets this one through. `hang`: none comes. */
  readonly instead: ((request: ForgeRequest) => ForgeReply | 'hang' | 'break' | undefined)[]
  /** Entries of a page at most, whatever is asked. */
  pageSize: number
  close(): Promise<void>
}

export async function serveForge(answer: (request: ForgeRequest) => Promise<ForgeReply> | ForgeReply): Promise<ServedForge> {
  const server = createServer((req, res) => {
    respond(req, res, answer, forge).catch((error: unknown) => { res.writeHead(500).end(String(error)) })
  })
  const forge: ServedForge = {
    origin: '', requests: [], instead: [], pageSize: 100,
    close: () => new Promise((resolve) => { server.close(() => { resolve() }); server.closeAllConnections() }),
  }
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  return Object.assign(forge, { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
}

async function respond(req: IncomingMessage, res: ServerResponse, answer: Parameters<typeof serveForge>[0], forge: ServedForge): Promise<void> {
  const url = new URL(req.url ?? '/', forge.origin)
  const request: ForgeRequest = { method: req.method ?? '', path: url.pathname, query: url.searchParams, headers: req.headers, body: await bodyOf(req) }
  forge.requests.push(request)
  const first = forge.instead.shift()
  const reply = first?.(request) ?? await answer(request)
  if (reply === 'hang') return
  if (reply === 'break') {
    req.socket.destroy()
    return
  }
  const paged = reply.list === undefined ? reply : pageOf(reply, url, forge.pageSize)
  res.writeHead(paged.status, { 'content-type': 'application/json; charset=utf-8', ...paged.headers })
  res.end(paged.body === undefined ? '' : typeof paged.body === 'string' ? paged.body : JSON.stringify(paged.body))
}

async function bodyOf(req: IncomingMessage): Promise<unknown> {
  const pieces: Buffer[] = []
  for await (const piece of req) pieces.push(piece as Buffer)
  const text = Buffer.concat(pieces).toString('utf8')
  if (text === '') return undefined
  if (!String(req.headers['content-type']).startsWith('application/json')) throw new Error('a body that is not sent as JSON')
  return JSON.parse(text) as unknown
}

/** RFC 8288: the next and the last page, as both forges name them. */
function pageOf({ list = [], ...reply }: ForgeReply, url: URL, most: number): ForgeReply {
  const size = Math.min(Number(url.searchParams.get('per_page') ?? 30), most)
  const page = Number(url.searchParams.get('page') ?? 1)
  const last = Math.max(1, Math.ceil(list.length / size))
  const link = (number: number, rel: string): string => {
    const other = new URL(url)
    other.searchParams.set('page', String(number))
    return `<${other.href}>; rel="${rel}"`
  }
  const links = page < last ? { link: `${link(last, 'last')}, ${link(page + 1, 'next')}` } : {}
  return { ...reply, body: list.slice((page - 1) * size, page * size), headers: { ...reply.headers, ...links } }
}
