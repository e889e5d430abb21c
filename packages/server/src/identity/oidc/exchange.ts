/** From the provider's redirect to an ID token that is verified: the code exchanged with the proof of PKCE, everything about the exchange checked by the library, and the signature by the issuer's keys. */
import { authorizationCodeGrant, AuthorizationResponseError, ClientError, ResponseBodyError } from 'openid-client'
import { ExeatError } from '@exeat/core/error'
import type { JWTPayload } from 'jose'
import { identityError } from '../codes.ts'
import type { IssuerKey } from '../issuer/issuers.ts'
import { verifyToken } from '../issuer/token.ts'
import { clientFor, type Provider, type ProviderDependencies } from './provider.ts'

export interface Exchange {
  /** With what the provider put behind it. */
  readonly callback: URL
  readonly state: string
  readonly nonce: string
  readonly verifier: string
}

export interface Identified {
  readonly claims: JWTPayload
  readonly key: IssuerKey
  /** The compact ID token. */
  readonly token: string
}

/** @throws {ExeatError} ISSUER_AWAY, PROVIDER_REFUSED */
export async function exchange(deps: ProviderDependencies, provider: Provider, { callback, state, nonce, verifier }: Exchange): Promise<Identified> {
  const client = await clientFor(deps, provider)
  let token: string | undefined
  try {
    const answer = await authorizationCodeGrant(client, callback, { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier, idTokenExpected: true })
    token = answer.id_token
  } catch (error) {
    if (error instanceof ExeatError) throw error
    throw refusedBy(provider, error)
  }
  if (token === undefined) throw refusal(provider, 'it sent no ID token')
  // The library trusts the connection for it; what an act may rest on later is its signature.
  const verified = await verifyToken(deps.issuers, token, { issuer: provider.issuer, audience: provider.clientId, required: ['sub', 'nonce'] }, deps.now())
  if (!verified.ok) throw refusal(provider, `its ID token does not verify: ${verified.because}`)
  if (verified.claims['nonce'] !== nonce) throw refusal(provider, 'its ID token is for another sign-in')
  return { claims: verified.claims, key: verified.key, token }
}

const refusal = ({ name }: Provider, because: string) => identityError('PROVIDER_REFUSED', `the identity provider \`${name}\` signed nobody in: ${because}`, 'begin again; if it happens again, ask whoever keeps the provider')

/** The provider's own words are for machines (RFC 6749 §4.1.2.1, §5.2): its code is told, its description is not. */
function refusedBy(provider: Provider, error: unknown): ExeatError {
  if (error instanceof AuthorizationResponseError || error instanceof ResponseBodyError) return refusal(provider, `it answers \`${/^[\w.-]{1,60}$/.test(error.error) ? error.error : 'an error'}\``)
  const cause = error instanceof ClientError ? error.cause : undefined
  if (cause instanceof ExeatError) return cause
  return refusal(provider, (cause instanceof Error ? cause.message : error instanceof Error ? error.message : String(error)).slice(0, 200))
}
