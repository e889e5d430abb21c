/** A second factor for one act: what would be signed is held against what this page showed, before the person is asked to tap. */
import { startAuthentication, type PublicKeyCredentialRequestOptionsJSON } from '@simplewebauthn/browser'
import { type AnyEnvelope, challengeOf } from '@exeat/core/envelope'
import { challengeSchema, type People } from '@exeat/core/wire'
import { post, Refused } from './api.ts'
import { fromBase64url, sha256, toBase64url } from './crypto.ts'

export type Wanted = People['tapWantedSchema']
export type Challenge = People['challengeSchema']
export type Tap = { readonly challenge: string; readonly proof: { readonly kind: 'webauthn'; readonly response: unknown } | { readonly kind: 'totp'; readonly code: string } | { readonly kind: 'oidc' } }

/** What the page showed, and so what the envelope must state. */
export type Expected = (envelope: AnyEnvelope) => boolean

export async function challengeFor(wanted: Wanted, expected: Expected): Promise<Challenge> {
  const challenge = await post('/v1/challenges', wanted, challengeSchema)
  refuseOther(challenge.envelope, expected)
  return challenge
}

/** @throws {Refused} CHALLENGE_OTHER where the envelope states something else than the page shows */
export function refuseOther(envelope: AnyEnvelope, expected: Expected): void {
  if (!expected(envelope)) throw other('it is for something else than this page shows')
}

/** @throws {Refused} where the challenge is not the envelope's; {Error} where the person or the browser declines */
export async function tapWithPasskey({ id, envelope, random, factors: { webauthn } }: Challenge): Promise<Tap> {
  if (webauthn === undefined) throw new Refused({ code: 'NO_PASSKEY', detail: 'the terms take no passkey for this, or none of yours counts yet' })
  const options = webauthn as unknown as PublicKeyCredentialRequestOptionsJSON
  if (options.challenge !== toBase64url(challengeOf(fromBase64url(random), envelope, sha256))) throw other('its challenge is not made from what this page shows')
  return { challenge: id, proof: { kind: 'webauthn', response: await startAuthentication({ optionsJSON: options }) } }
}

const other = (because: string): Refused =>
  new Refused({ code: 'CHALLENGE_OTHER', detail: `the server asks for a tap, and ${because}`, hint: 'nothing was signed; load the page again, and tell whoever keeps the server if it happens again' })
