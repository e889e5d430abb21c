/** Issuers of tokens: what they say of themselves (OpenID Connect Discovery 1.0), and the keys that they sign with now (RFC 7517). */
import { type Algorithm, algorithms } from '@exeat/core/enrolment'
import { calculateJwkThumbprint, type JWK } from 'jose'
import * as z from 'zod'
import { identityError } from '../codes.ts'
import { fetchJson, isPrivateUrl, type IssuerFetch } from './fetch.ts'

export interface IssuerKey {
  readonly kid: string
  readonly alg: Algorithm
  /** Its public half, and nothing else of what the set says. */
  readonly jwk: JWK
}

export interface Issuers {
  /** @throws {ExeatError} ISSUER_AWAY */
  readonly metadata: (issuer: string) => Promise<Readonly<Record<string, unknown>>>
  /** The key of that name and algorithm; without a name only where there is no other. @throws {ExeatError} ISSUER_AWAY */
  readonly key: (issuer: string, header: { readonly alg?: string | undefined; readonly kid?: string | undefined }) => Promise<IssuerKey | undefined>
}

export interface IssuersOptions {
  readonly fetch: IssuerFetch
  readonly now: () => number
  /** Key sets that `server.json` states, by issuer: nobody is asked for them. */
  readonly pinned: ReadonlyMap<string, readonly unknown[]>
}

/** In milliseconds: what was read is asked for again after that long, and is good for nothing after the other, however long the issuer is away. */
const fresh = 10 * 60_000
const usable = 60 * 60_000
/** A key that is not known is looked for this often at most: tokens that name one are free. */
const unknownEvery = 60_000
/** Whoever is away is left alone for so long: whoever sends tokens of its name would have it asked each time. */
const restAfterFailure = 5_000
const mostKeys = 100

interface Read {
  readonly metadata: Readonly<Record<string, unknown>>
  readonly keys: readonly IssuerKey[]
  readonly at: number
}

interface Known {
  read?: Read
  /** When it was asked last, answered or not. */
  asked: number
  failure?: unknown
  running?: Promise<Read>
}

export function issuers({ fetch, now, pinned }: IssuersOptions): Issuers {
  const known = new Map<string, Known>()

  async function again(issuer: string, of: Known): Promise<Read> {
    const since = now() - of.asked
    if (of.failure !== undefined && since >= 0 && since < restAfterFailure) throw of.failure
    of.asked = now()
    of.running ??= discover(fetch, issuer, now).finally(() => { delete of.running })
    try {
      of.read = await of.running
      delete of.failure
      return of.read
    } catch (cause) {
      of.failure = cause
      throw cause
    }
  }
  async function read(issuer: string): Promise<{ readonly read: Read; readonly of: Known }> {
    const of: Known = known.get(issuer) ?? { asked: Number.NEGATIVE_INFINITY }
    known.set(issuer, of)
    const { read: before } = of
    const age = before === undefined ? Number.POSITIVE_INFINITY : now() - before.at
    if (before !== undefined && age >= 0 && age < fresh) return { read: before, of }
    try {
      return { read: await again(issuer, of), of }
    } catch (cause) {
      if (before !== undefined && age >= 0 && age < usable) return { read: before, of }
      throw away(issuer, reasonOf(cause))
    }
  }
  return {
    metadata: async (issuer) => (await read(issuer)).read.metadata,
    key: async (issuer, header) => {
      const own = pinned.get(issuer)
      if (own !== undefined) return chosen(await usableKeys(own), header)
      const { read: { keys }, of } = await read(issuer)
      const found = chosen(keys, header)
      if (found !== undefined || now() - of.asked < unknownEvery) return found
      try {
        return chosen((await again(issuer, of)).keys, header)
      } catch (cause) {
        throw away(issuer, reasonOf(cause))
      }
    },
  }
}

export const away = (issuer: string, because: string) =>
  identityError('ISSUER_AWAY', `\`${issuer}\` cannot be asked: ${because}`, 'nobody was signed in, and nothing was granted; try again, or see whether the server reaches it')

export const reasonOf = (cause: unknown): string => {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause
  return (inner instanceof Error ? inner.message : String(inner)).slice(0, 200)
}

const metadataSchema = z.looseObject({ issuer: z.string(), jwks_uri: z.string().refine(isPrivateUrl, 'it is not encrypted') })

async function discover(fetching: IssuerFetch, issuer: string, now: () => number): Promise<Read> {
  const metadata = metadataSchema.safeParse(await fetchJson(fetching, `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`))
  if (!metadata.success) throw new Error('what it says of itself is no OpenID configuration')
  // OpenID Connect Discovery 1.0, section 4.3: else one issuer could speak for another.
  if (metadata.data.issuer !== issuer) throw new Error(`it calls itself \`${metadata.data.issuer.slice(0, 200)}\``)
  const { keys } = await fetchJson(fetching, metadata.data.jwks_uri)
  if (!Array.isArray(keys)) throw new Error('its key set has no keys')
  return { metadata: metadata.data, keys: await usableKeys(keys), at: now() }
}

const text = z.string().min(1).max(2048)
const publicKey = z.discriminatedUnion('kty', [
  z.object({ kty: z.literal('RSA'), n: text, e: text }),
  z.object({ kty: z.literal('EC'), crv: z.literal('P-256'), x: text, y: text }),
  z.object({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: text }),
])
const named = z.object({ kid: z.string().min(1).max(512).optional(), alg: z.enum(algorithms).optional(), use: z.literal('sig').optional() })
const algorithmOf = { RSA: 'RS256', EC: 'ES256', OKP: 'EdDSA' } as const

/** Those of a set that sign, by an algorithm that is verified here; a set may hold others beside them. @throws {Error} where there are too many */
async function usableKeys(set: readonly unknown[]): Promise<readonly IssuerKey[]> {
  if (set.length > mostKeys) throw new Error(`its key set has ${set.length} keys, more than ${mostKeys}`)
  const found = await Promise.all(set.map(async (each): Promise<readonly IssuerKey[]> => {
    const [key, name] = [publicKey.safeParse(each), named.safeParse(each)]
    if (!key.success || !name.success) return []
    const alg = algorithmOf[key.data.kty]
    if (name.data.alg !== undefined && name.data.alg !== alg) return []
    return [{ kid: name.data.kid ?? await calculateJwkThumbprint(key.data), alg, jwk: key.data }]
  }))
  return found.flat()
}

function chosen(keys: readonly IssuerKey[], { alg, kid }: { readonly alg?: string | undefined; readonly kid?: string | undefined }): IssuerKey | undefined {
  const fitting = keys.filter((key) => key.alg === alg && (kid === undefined || key.kid === kid))
  return fitting.length === 1 ? fitting[0] : undefined
}
