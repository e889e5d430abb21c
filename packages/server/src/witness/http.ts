/** A witness behind HTTP, with limits on all that a stranger can send. Encryption is a reverse proxy's business. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { formatVerifierKey, type VerifierKey } from '@exeat/log'
import type { Witness } from './witness.ts'

/** A proof of 63 lines and a checkpoint with all its signatures is a fifth of it. */
const maxBody = 128 * 1024
const maxConnections = 256
const limits = { headersTimeout: 10_000, requestTimeout: 15_000, keepAliveTimeout: 30_000, connectionsCheckingInterval: 1000, maxHeaderSize: 8 * 1024 }

/** `POST /add-checkpoint`; `GET /vkey` for its verifier key, `GET /healthz` for whether it still signs. Not listening yet. */
export function witnessServer(witness: Witness, key: VerifierKey): Server {
  const server = createServer(limits, (request, response) => {
    handle(witness, key, request, response).catch(() => { response.destroy() })
  })
  server.maxConnections = maxConnections
  return server
}

async function handle(witness: Witness, key: VerifierKey, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = (request.url ?? '').split('?', 1)[0]
  const methods = path === '/add-checkpoint' ? ['POST'] : path === '/vkey' || path === '/healthz' ? ['GET', 'HEAD'] : undefined
  if (methods === undefined) return answer(response, 404, 'there is nothing here\n')
  if (!methods.includes(request.method ?? '')) {
    response.setHeader('allow', methods.join(', '))
    return answer(response, 405, `use ${methods[0]}\n`)
  }
  if (path === '/vkey') return answer(response, 200, `${formatVerifierKey(key)}\n`)
  if (path === '/healthz') return witness.healthy() ? answer(response, 200, 'ok\n') : answer(response, 503, 'failed\n')
  const body = await readBody(request)
  if (body === undefined) {
    // The rest of the body is not read: the connection cannot be used again.
    response.setHeader('connection', 'close')
    return answer(response, 413, `the request has more than ${maxBody} bytes\n`)
  }
  const { status, type, body: told } = witness.addCheckpoint(body)
  return answer(response, status, told, type)
}

function answer(response: ServerResponse, status: number, body: string, type = 'text/plain; charset=utf-8'): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body), 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }).end(body)
}

/** Undefined where it is longer than the limit. Rejects where the client goes away. */
function readBody(request: IncomingMessage): Promise<Uint8Array | undefined> {
  return new Promise((resolve, reject) => {
    if (Number(request.headers['content-length'] ?? 0) > maxBody) {
      resolve(undefined)
      return
    }
    const parts: Buffer[] = []
    let length = 0
    request.on('data', (part: Buffer) => {
      length += part.length
      if (length > maxBody) {
        request.pause()
        resolve(undefined)
      } else parts.push(part)
    })
    request.on('end', () => { resolve(new Uint8Array(Buffer.concat(parts))) })
    request.on('error', reject)
    request.on('close', () => { reject(new Error('the client went away')) })
  })
}
