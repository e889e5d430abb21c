/** A JWT of an issuer (RFC 7519), verified as RFC 8725 wants it: the key says the algorithm, and every claim that bounds it must stand. */
import { algorithms } from '@exeat/core/enrolment'
import { ExeatError } from '@exeat/core/error'
import { decodeJwt, importJWK, type JWTPayload, jwtVerify } from 'jose'
import type { IssuerKey, Issuers } from './issuers.ts'

/** In milliseconds: by how much an issuer's clock may differ. */
export const tolerance = 60_000
/** Characters. */
export const longestToken = 8192

export interface Expected {
  readonly issuer: string
  readonly audience: string
  /** Claims beside `iat` and `exp` that must stand; `sub` where nothing is said. */
  readonly required?: readonly string[]
}

export type VerifiedToken =
  | { readonly ok: true; readonly claims: JWTPayload & { readonly iat: number }; readonly key: IssuerKey }
  /** Why it is not what it must be; nothing of the token but names that it states. */
  | { readonly ok: false; readonly because: string }

/** @throws {ExeatError} ISSUER_AWAY */
export async function verifyToken(issuers: Issuers, token: string, { issuer, audience, required = ['sub'] }: Expected, now: number): Promise<VerifiedToken> {
  if (token.length > longestToken) return { ok: false, because: `it has ${token.length} characters, more than ${longestToken}` }
  let key: IssuerKey | undefined
  try {
    const { payload } = await jwtVerify(token, async ({ alg, kid }) => {
      key = await issuers.key(issuer, { alg, kid })
      if (key === undefined) throw new Error('it is signed by no key that its issuer names')
      return importJWK(key.jwk, key.alg)
    }, { algorithms: [...algorithms], issuer, audience, currentDate: new Date(now), clockTolerance: tolerance / 1000, requiredClaims: ['iat', 'exp', ...required] })
    const { iat } = payload
    if (iat === undefined || !(iat * 1000 <= now + tolerance)) return { ok: false, because: 'it was issued in the future' }
    return key === undefined ? { ok: false, because: 'it is signed by no key' } : { ok: true, claims: { ...payload, iat }, key }
  } catch (error) {
    if (error instanceof ExeatError) throw error
    return { ok: false, because: (error instanceof Error ? error.message : String(error)).slice(0, 200) }
  }
}

/** What a token says that nothing has verified: to find out whose keys to ask for, and no more. */
export function unverifiedClaims(token: string): JWTPayload | undefined {
  if (token.length > longestToken) return undefined
  try {
    return decodeJwt(token)
  } catch {
    return undefined
  }
}
