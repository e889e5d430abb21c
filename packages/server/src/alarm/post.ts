/** HTTP to sinks: encrypted, to an address that was checked and is the one connected to, soon answered, and led nowhere else. */
import { lookup as systemLookup, type LookupAddress } from 'node:dns'
import { request as plainRequest } from 'node:http'
import { request as tlsRequest } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import type { Post } from '../ports/alarm.ts'
import type { AddressGuard } from './address.ts'
import { isSinkUrl } from './url.ts'

/** Milliseconds for all of it, name and connection included. */
export const patience = 10_000

export type Lookup = (host: string, options: { readonly all: true }, done: (error: Error | null, addresses: LookupAddress[]) => void) => void

export interface PosterOptions {
  readonly guard: AddressGuard
  readonly lookup?: Lookup
  readonly patience?: number
  /** PEM certificates beside those of the system. */
  readonly ca?: readonly string[]
}

export function poster({ guard, lookup = systemLookup, patience: most = patience, ca }: PosterOptions): Post {
  const guarded = guardedLookup(guard, lookup)
  return (text, { headers, body }) => new Promise((resolve, reject) => {
    const url = isSinkUrl(text) ? URL.parse(text) : null
    if (url === null) return reject(new Error('its address is neither encrypted nor on this machine'))
    // Node looks up no name that is an address already.
    const literal = url.hostname.replace(/^\[(.*)\]$/, '$1')
    const refusal = isIP(literal) === 0 ? undefined : guard(literal)
    if (refusal !== undefined) return reject(new Error(refusal))
    const send = url.protocol === 'https:' ? tlsRequest : plainRequest
    // A connection of its own each time: one that is kept was checked for somebody else's message.
    const sent = send(url, {
      method: 'POST', agent: false, lookup: guarded, headers: { ...headers, 'content-length': String(body.length) }, maxHeaderSize: 16 * 1024,
      ...(ca === undefined ? {} : { ca: [...ca] }),
    })
    const timer = setTimeout(() => { sent.destroy(new Error(`it did not answer within ${most / 1000} s`)) }, most)
    sent.on('response', (answer) => {
      resolve(answer.statusCode ?? 0)
      // The status says it all: whatever else comes is not read.
      sent.destroy()
    })
    sent.on('error', (error) => { reject(new Error(because(error))) })
    sent.on('close', () => {
      clearTimeout(timer)
      reject(new Error('it closed the connection without an answer'))
    })
    sent.end(body)
    return undefined
  })
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
