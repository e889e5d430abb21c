/** Demonstrating proof of possession (RFC 9449): a stolen token, or a stolen device code, opens nothing without the key. */
import { base64url, calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, SignJWT } from 'jose'

export interface PublicJwk {
  readonly kty: 'EC'
  readonly crv: 'P-256'
  readonly x: string
  readonly y: string
}

/** Kept by its owner alone. */
export interface PrivateJwk extends PublicJwk {
  readonly d: string
}

interface Digest {
  readonly subtle: { digest(name: 'SHA-256', bytes: Uint8Array): Promise<ArrayBuffer> }
  randomUUID(): string
}
declare const crypto: Digest

export async function newSessionKey(): Promise<PrivateJwk> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const { x = '', y = '', d = '' } = await exportJWK(privateKey)
  return { kty: 'EC', crv: 'P-256', x, y, d }
}

export const publicPart = ({ kty, crv, x, y }: PublicJwk): PublicJwk => ({ kty, crv, x, y })

/** RFC 7638, SHA-256, base64url. */
export const thumbprintOf = (key: PublicJwk): Promise<string> => calculateJwkThumbprint({ ...publicPart(key) })

export interface Proving {
  readonly method: string
  /** Without query and fragment (RFC 9449 §4.2). */
  readonly url: string
  /** Milliseconds since the epoch. */
  readonly now: number
  /** The token that goes along; its hash is within the proof. */
  readonly token?: string
}

/** The value of the header `DPoP` for one request. */
export async function proofFor(key: PrivateJwk, { method, url, now, token }: Proving): Promise<string> {
  const hashed = token === undefined ? {} : { ath: base64url.encode(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token)))) }
  return new SignJWT({ htm: method, htu: url.replace(/[?#].*$/, ''), jti: crypto.randomUUID(), ...hashed })
    .setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk: { ...publicPart(key) } })
    .setIssuedAt(Math.floor(now / 1000))
    .sign(await importJWK({ ...key }, 'ES256'))
}

declare class TextEncoder { encode(text: string): Uint8Array }
