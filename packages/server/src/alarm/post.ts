/** HTTP to where the workspace names: encrypted, to an address that was checked and is the one connected to, soon answered, and led nowhere else. */
import { lookup as systemLookup, type LookupAddress } from 'node:dns'
import { type IncomingMessage, request as plainRequest } from 'node:http'
import { request as tlsRequest } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import type { Post } from '../ports/alarm.ts'
import type { AddressGuard } from './address.ts'
import { isSinkUrl } from './url.ts'

/** Milliseconds for all of it, name and connection included. */
export const patience = 10_000

export type Lookup = (host: string, options: { readonly all: true }, done: (error: Error | null, addresses: LookupAddress[]) => void) => void

export interface ConnectorOptions {
  readonly guard: AddressGuard
  readonly lookup?: Lookup
  readonly patience?: number
}

export interface Sending {
  readonly method: 'GET' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Uint8Array
  /** Bytes of the answer that are wanted; 0: its status alone. More of them are an error. */
  readonly most: number
}

export interface Received {
  readonly status: number
  readonly body: Uint8Array
  /** RFC 9110, section 10.2.3, as it came. */
  readonly retryAfter?: string
}

/** Sends once. Rejects where there is no answer, with a reason that names no address. */
export type Connect = (url: string, sending: Sending) => Promise<Received>

export const poster = (connect: Connect): Post => async (url, { headers, body }) => (await connect(url, { method: 'POST', headers, body, most: 0 })).status

export function connector({ guard, lookup = systemLookup, patience: longest = patience }: ConnectorOptions): Connect {
  const guarded = guardedLookup(guard, lookup)
  return (text, { method, headers, body, most }) => new Promise((resolve, reject) => {
    const url = isSinkUrl(text) ? URL.parse(text) : null
    if (url === null) return reject(new Error('its address is neither encrypted nor on this machine'))
    // Node looks up no name that is an address already.
    const literal = url.hostname.replace(/^\[(.*)\]$/, '$1')
    const refusal = isIP(literal) === 0 ? undefined : guard(literal)
    if (refusal !== undefined) return reject(new Error(refusal))
    const send = url.protocol === 'https:' ? tlsRequest : plainRequest
    // A connection of its own each time: one that is kept was checked for somebody else's message.
    const sent = send(url, { method, agent: false, lookup: guarded, headers: { ...headers, ...(body === undefined ? {} : { 'content-length': String(body.length) }) }, maxHeaderSize: 16 * 1024 })
    const timer = setTimeout(() => { sent.destroy(new Error(`it did not answer within ${longest / 1000} s`)) }, longest)
    let answered = false
    sent.on('response', (answer) => {
      answered = true
      readBounded(answer, most).then((read) => { resolve({ status: answer.statusCode ?? 0, body: read, ...waitOf(answer) }) }, (error: unknown) => { reject(error instanceof Error ? new Error(because(error)) : new Error('it broke off')) })
        .finally(() => { sent.destroy() })
    })
    sent.on('error', (error) => { reject(new Error(because(error))) })
    sent.on('close', () => {
      clearTimeout(timer)
      // What was answered is read to its end, or to what cuts it off.
      if (!answered) reject(new Error('it closed the connection without an answer'))
    })
    sent.end(body)
    return undefined
  })
}

const waitOf = ({ headers: { 'retry-after': retryAfter } }: IncomingMessage): Pick<Received, 'retryAfter'> => (retryAfter === undefined ? {} : { retryAfter })

async function readBounded(answer: IncomingMessage, most: number): Promise<Uint8Array> {
  // The status says it all: whatever else comes is not read.
  if (most === 0) return new Uint8Array(0)
  const pieces: Buffer[] = []
  let size = 0
  for await (const piece of answer) {
    const bytes = piece as Buffer
    size += bytes.length
    if (size > most) throw new Error(`it answers with more than ${most} bytes`)
    pieces.push(bytes)
  }
  return new Uint8Array(Buffer.concat(pieces))
}

/** Checks every address of a name, and gives on those very addresses: whatever the name leads to a moment later is not asked. */
function guardedLookup(guard: AddressGuard, lookup: Lookup): LookupFunction {
  return (host, options, done) => {
    lookup(host, { all: true }, (error, addresses) => {
      if (error !== null) return done(error, '')
      const refusal = addresses.length === 0 ? 'its name leads to no address' : addresses.map(({ address }) => guard(address)).find((each) => each !== undefined)
      const [first] = addresses
      if (refusal !== undefined || first === undefined) return done(new Error(refusal ?? 'its name leads to no address'), '')
      return options.all === true ? done(null, addresses) : done(null, first.address, first.family)
    })
  }
}

/** Without addresses or names: messages of the system repeat them. */
function because(error: NodeJS.ErrnoException): string {
  return error.code === undefined ? error.message : `no connection: ${error.code}`
}
