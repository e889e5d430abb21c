/** Asks the incident system that the workspace names whether a ticket is an open incident. */
import type { Instant, Json } from '@exeat/core'
import { parseStrictJson } from '@exeat/formats'
import type { IncidentsOf } from '../ports/incidents.ts'
import { sha256 } from '../store/ed25519.ts'
import type { Connect } from './post.ts'

const most = 256 * 1024

export interface IncidentsOptions {
  readonly connect: Connect
  /** The value of `Authorization`; undefined: none is sent. */
  readonly secret: () => string | undefined
  readonly now: () => number
}

export function incidentsOf({ connect, secret, now }: IncidentsOptions): IncidentsOf {
  return async ({ url, field }, ticket) => {
    const authorization = secret()
    const at = now() as Instant
    const { status, body } = await connect(url.replace('{ticket}', () => encodeURIComponent(ticket)), {
      method: 'GET', headers: { accept: 'application/json', 'user-agent': 'exeat', ...(authorization === undefined ? {} : { authorization }) }, most,
    })
    const answer = Buffer.from(sha256(body)).toString('hex')
    if (status === 404 || status === 410) return { state: undefined, at, answer }
    if (status !== 200) throw new Error(`it answered ${status}`)
    return { state: stateIn(body, field), at, answer }
  }
}

/** @throws {Error} where the answer is not what the workspace says that it is */
function stateIn(body: Uint8Array, field: string): string {
  const json = parseStrictJson(body, 'the answer', { maxBytes: most, maxDepth: 32 })
  if (!json.ok) throw new Error('its answer is not strict JSON')
  let value: Json | undefined = json.value as Json
  for (const name of field.split('.')) value = typeof value === 'object' && value !== null && !Array.isArray(value) && Object.hasOwn(value, name) ? (value as { readonly [key: string]: Json })[name] : undefined
  if (typeof value !== 'string' || !/^[^\p{C}]{1,200}$/u.test(value)) throw new Error(`its answer has no text at \`${field}\``)
  return value
}
