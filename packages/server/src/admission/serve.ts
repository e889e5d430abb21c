/** The HTTPS server of the webhook: bounds on what a stranger can make it hold, and one answer to each review. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { serverError, systemCode } from '../config/codes.ts'
import { bounds } from '../main/listen.ts'
import { type CertificateFiles, readPair, rotation } from './certificate.ts'
import type { Point } from './point.ts'
import { type AdmissionRequest, denied, largestReview, readReview, reviewOf } from './review.ts'

/** Answers a review within `deadline`, in milliseconds of `performance.now()`. */
export type ReviewHandler = (request: AdmissionRequest, body: Uint8Array, deadline: number) => Promise<string | Uint8Array>

export interface AdmissionOptions {
  readonly host: string
  readonly port: number
  readonly certificate: CertificateFiles
  /** PEM: only clients under it are answered; `/healthz` and `/readyz` too. */
  readonly clientCa?: string
  readonly point: Point
  readonly handle: ReviewHandler
  readonly report: (message: string) => void
  /** Milliseconds between two looks at the files, and between two bundles. */
  readonly every?: { readonly certificate: number; readonly bundle: number }
}

export interface RunningAdmission {
  readonly address: AddressInfo
  readonly stop: () => Promise<void>
}

/** A protected bundle lives five minutes: four tries before it ends. */
const usual = { certificate: 10_000, bundle: 60_000 }
/** Milliseconds: what the API server waits where a configuration states nothing, and at most. */
/** Kept back for the way. */
const margin = 200
const budget = { usual: 10_000, longest: 30_000 }

/** @throws {ExeatError} ADMISSION_CERTIFICATE, LISTEN_FAILED */
export async function serveAdmission(options: AdmissionOptions): Promise<RunningAdmission> {
  const { certificate, clientCa, point, report, every = usual } = options
  const pair = readPair(certificate)
  const server = createServer({
    ...pair, minVersion: 'TLSv1.2', maxHeaderSize: bounds.headerBytes, headersTimeout: bounds.head, requestTimeout: bounds.whole, keepAliveTimeout: 60_000,
    ...(clientCa === undefined ? {} : { ca: clientCa, requestCert: true, rejectUnauthorized: true }),
  }, (request, response) => { void answer(request, response, options) })
  server.maxConnections = 4 * bounds.connections
  await listening(server, options)
  await point.refresh()
  const timers = [setInterval(rotation(server, certificate, pair, report), every.certificate), setInterval(() => { void point.refresh() }, every.bundle)]
  return {
    address: server.address() as AddressInfo,
    stop: async () => {
      for (const timer of timers) clearInterval(timer)
      const closed = new Promise<void>((resolve) => { server.close(() => { resolve() }) })
      const hurry = setTimeout(() => { server.closeAllConnections() }, budget.usual)
      server.closeIdleConnections()
      await closed
      clearTimeout(hurry)
    },
  }
}

function listening(server: Server, { host, port }: AdmissionOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (cause: Error): void => { reject(serverError('LISTEN_FAILED', `the webhook cannot listen on \`${host}:${port}\`: ${systemCode(cause)}`, 'name another address with --listen')) }
    server.once('error', failed)
    server.listen(port, host, () => {
      server.off('error', failed)
      resolve()
    })
  })
}

async function answer(request: IncomingMessage, response: ServerResponse, options: AdmissionOptions): Promise<void> {
  const began = performance.now()
  const url = URL.parse(request.url ?? '', 'https://localhost')
  if (request.method === 'GET' && url?.pathname === '/healthz') return send(response, 200, 'ok\n', 'text/plain')
  if (request.method === 'GET' && url?.pathname === '/readyz') {
    const trouble = options.point.trouble()
    return send(response, trouble === undefined ? 200 : 503, `${trouble ?? 'ok'}\n`, 'text/plain')
  }
  if (url?.pathname !== '/admit') return send(response, 404, 'there is nothing here\n', 'text/plain')
  if (request.method !== 'POST') return send(response, 405, 'reviews are sent by POST\n', 'text/plain')
  if (!/^application\/json(?:;|$)/.test(request.headers['content-type'] ?? '')) return send(response, 415, 'reviews are sent as application/json\n', 'text/plain')
  const body = await bodyOf(request)
  if (body === undefined) return send(response, 413, `the review has more than ${largestReview} bytes\n`, 'text/plain', true)
  const review = readReview(body)
  if (!review.ok) return send(response, 400, `${review.message}\n`, 'text/plain')
  // The API server denies where the configuration says `failurePolicy: Fail`; this says why as well.
  const deadline = began + budgetOf(url)
  const refuse = (message: string): string => reviewOf(denied(review.request.uid, `exeat ${message}; nothing was excused`, 500))
  const late = new Promise<string>((resolve) => { setTimeout(() => { resolve(refuse('could not decide in time')) }, Math.max(1, deadline - performance.now() - margin)).unref() })
  const said = await Promise.race([options.handle(review.request, body, deadline), late]).catch(() => refuse('failed in a way it does not know'))
  return send(response, 200, said, 'application/json')
}

/** What the API server says that it waits (`timeout=10s`, a Go duration), in milliseconds. */
export function budgetOf(url: URL): number {
  const [, minutes = '0', seconds = '0', thousandths = '0'] = /^(?:(\d{1,3})m)?(?:(\d{1,3}(?:\.\d+)?)s)?(?:(\d{1,6})ms)?$/.exec(url.searchParams.get('timeout') ?? '') ?? []
  const stated = Number(minutes) * 60_000 + Number(seconds) * 1000 + Number(thousandths)
  return stated > 0 ? Math.min(stated, budget.longest) : budget.usual
}

/** Undefined where there is more than a review may have, or it broke off. */
async function bodyOf(request: IncomingMessage): Promise<Uint8Array | undefined> {
  const pieces: Buffer[] = []
  let size = 0
  try {
    for await (const piece of request) {
      size += (piece as Buffer).length
      if (size > largestReview) return undefined
      pieces.push(piece as Buffer)
    }
  } catch {
    return undefined
  }
  return Buffer.concat(pieces)
}

function send(response: ServerResponse, status: number, body: string | Uint8Array, type: string, close = false): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body), 'cache-control': 'no-store', ...(close ? { connection: 'close' } : {}) })
  response.end(body)
}
