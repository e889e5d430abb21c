/** Proof of possession (RFC 9449): whoever sends a token shows, with every request, that they hold the key that it was bound to. */
import { createHash } from 'node:crypto'
import { calculateJwkThumbprint, EmbeddedJWK, jwtVerify } from 'jose'
import * as z from 'zod'
import { type IdentityRows, rowKinds } from '../ports/identity.ts'
import { identityError } from './codes.ts'

/** How far the caller's clock may be off, in milliseconds; a proof's `jti` is remembered for twice as long. */
const tolerance = 60_000

const claims = z.object({ htm: z.string(), htu: z.string(), jti: z.string().min(8).max(128), iat: z.number(), ath: z.string().optional() })

export interface Proving {
  readonly proof: string | undefined
  readonly method: string
  /** Every address that the caller may have named, without query. */
  readonly urls: readonly string[]
  /** That came along. */
  readonly token?: string
}

/** Answers the RFC 7638 thumbprint of the key. @throws {ExeatError} PROOF_WRONG */
export async function provenKey({ proof, method, urls, token }: Proving, rows: IdentityRows, now: number): Promise<string> {
  if (proof === undefined) throw wrong('the request carries no proof of its key')
  const { jwk, said } = await verified(proof, now)
  if (said.htm !== method || !urls.includes(said.htu)) throw wrong('the proof is for another request')
  if (!(Math.abs(said.iat * 1000 - now) <= tolerance)) throw wrong('the proof was made at another time')
  if (said.ath !== (token === undefined ? undefined : createHash('sha256').update(token, 'utf8').digest('base64url'))) throw wrong('the proof is for another token')
  const thumbprint = await calculateJwkThumbprint(jwk)
  const key = createHash('sha256').update(JSON.stringify(['dpop', thumbprint, said.jti]), 'utf8').digest('hex')
  if (!await rows.put(rowKinds.token, key, { value: new Uint8Array(0), expires: now + 2 * tolerance }, 0, now)) throw wrong('the proof was used before')
  return thumbprint
}

async function verified(proof: string, now: number) {
  try {
    const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, { algorithms: ['ES256'], typ: 'dpop+jwt', currentDate: new Date(now) })
    const said = claims.parse(payload)
    if (protectedHeader.jwk === undefined) throw new Error('it names no key')
    return { jwk: protectedHeader.jwk, said }
  } catch {
    throw wrong('the proof of the key does not verify')
  }
}

const wrong = (message: string) => identityError('PROOF_WRONG', message, 'sign in again: exeat login')
