/** An authorisation request that waits for its answer: beside the log, for ten minutes, for the browser that began it, and taken once. */
import { createHash } from 'node:crypto'
import type { HexDigest, Identity } from '@exeat/core'
import { type IdentityRows, rowKinds } from '../../ports/identity.ts'
import { identityError } from '../codes.ts'
import { fromBytes, hashOf, newSecret, toBytes } from '../secrets.ts'

/** In milliseconds. */
export const authorisationLife = 10 * 60_000

interface Common {
  readonly provider: string
  /** Where the provider sends the browser back to. */
  readonly redirectUri: string
}

/** What it is for. */
export type Authorisation =
  | Common & { readonly kind: 'sign-in'; readonly nonce: string; readonly returnTo: string; readonly earlier?: { readonly person: Identity; readonly id: HexDigest } }
  | Common & { readonly kind: 'step-up'; readonly challenge: string; readonly person: Identity; readonly session: HexDigest }

type Kept = Authorisation & { readonly browser: string }

export interface Begun {
  readonly state: string
  /** The proof of PKCE (RFC 7636): made from what the browser alone holds, and kept nowhere. */
  readonly verifier: string
  readonly cookie: { readonly name: string; readonly value: string }
}

const cookieNameOf = (state: string): string => `__Host-exeat-auth-${hashOf(state).slice(0, 16)}`
const verifierOf = (cookie: string): string => createHash('sha256').update(`exeat/pkce/v1\0${cookie}`, 'utf8').digest('base64url')

export async function beginAuthorisation(rows: IdentityRows, authorisation: Authorisation, now: number): Promise<Begun> {
  const [state, value] = [newSecret(), newSecret()]
  const kept: Kept = { ...authorisation, browser: hashOf(value) }
  if (!await rows.put(rowKinds.authorisation, hashOf(state), { value: toBytes(kept), expires: now + authorisationLife }, 0, now)) throw new Error('a random state came twice')
  return { state, verifier: verifierOf(value), cookie: { name: cookieNameOf(state), value } }
}

export interface Taken {
  readonly authorisation: Authorisation
  readonly verifier: string
  readonly cookie: string
}

/**
 * Takes the request first, and then looks whose it is.
 * @throws {ExeatError} AUTHORISATION_UNKNOWN
 */
export async function takeAuthorisation(rows: IdentityRows, provider: string, state: string, cookieOf: (name: string) => string | undefined, now: number): Promise<Taken> {
  const unknown = () => identityError('AUTHORISATION_UNKNOWN', 'the sign-in is unknown, was used, is over, or began in another browser', 'begin again')
  const row = /^[\w-]{43}$/.test(state) ? await rows.take(rowKinds.authorisation, hashOf(state), now) : undefined
  if (row === undefined) throw unknown()
  const { browser, ...authorisation } = fromBytes<Kept>(row.value)
  const cookie = cookieNameOf(state)
  const value = cookieOf(cookie)
  if (authorisation.provider !== provider || value === undefined || hashOf(value) !== browser) throw unknown()
  return { authorisation: authorisation as Authorisation, verifier: verifierOf(value), cookie }
}
