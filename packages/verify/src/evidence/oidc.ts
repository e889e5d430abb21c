/** An OpenID Connect step-up, verified later from the ID token: OpenID Connect Core §3.1.3.7 as far as it is about this act, and what the workspace asks of it. */
import { type Identity, utf8 } from '@exeat/core'
import type { EnrolledKey } from '@exeat/core/enrolment'
import type { EvidenceOf } from '@exeat/core/entry'
import { type AnyEnvelope, challengeOf } from '@exeat/core/envelope'
import { encodeBase64 } from '@exeat/log'
import * as z from 'zod'
import { type Answer, ok, refuse, type Refusal } from '../codes.ts'
import { fromBase64url } from './base64url.ts'
import { type EvidenceContext, type Moments, providerTolerance } from './types.ts'

const headerSchema = z.object({ alg: z.string(), kid: z.string().optional(), crit: z.undefined().optional() })
const time = z.number()
const claimsSchema = z.object({
  iss: z.string(), sub: z.string(), aud: z.union([z.string(), z.array(z.string())]), azp: z.string().optional(), exp: time, iat: time, nonce: z.string(), auth_time: time,
  acr: z.string().optional(), amr: z.array(z.string()).optional(),
})
type Claims = z.output<typeof claimsSchema>

/** How long before the challenge somebody may have signed in: the provider's clock, and the way to its page. In milliseconds. */
const before = 30_000

/** `EVIDENCE_MALFORMED`, `EVIDENCE_OTHER`, `EVIDENCE_UNVERIFIED_USER`, `EVIDENCE_SIGNATURE` */
export function verifyIdToken(evidence: EvidenceOf<'oidc'>, { credential }: EnrolledKey, envelope: AnyEnvelope, by: Identity, moments: Moments, { identity, deps }: EvidenceContext): Answer<null> {
  if (credential.kind !== 'issuer-key') return refuse('EVIDENCE_KEY', 'the entry that it names enrols no key of an identity provider')
  const provider = identity?.providers?.find(({ issuer }) => issuer === credential.iss)
  if (provider === undefined) return refuse('EVIDENCE_OTHER', `the workspace names no identity provider \`${credential.iss}\``)
  const read = readToken(evidence.token)
  const [random, key] = [fromBase64url(evidence.random), fromBase64url(credential.publicKey)]
  if (!read.ok) return read
  if (random?.length !== 32 || key === undefined) return malformed('a part of it is no base64url')
  const { header, claims, signed, signature } = read.value
  // The key says what it signs with; a token's own word for it is only held against that (RFC 8725 §3.1).
  if (header.alg !== credential.alg || (header.kid !== undefined && header.kid !== credential.kid)) return refuse('EVIDENCE_SIGNATURE', 'the token names another key or algorithm than was enrolled')
  if (!deps.verifyKey(credential.alg, key, signed, signature)) return refuse('EVIDENCE_SIGNATURE', 'the token does not verify under the key that was enrolled')
  const nonce = encodeBase64(challengeOf(random, envelope, deps.sha256)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
  if (claims.nonce !== nonce) return refuse('EVIDENCE_OTHER', 'the nonce of the token is not made from this envelope')
  const mismatch = whose(claims, credential.iss, provider.clientId, by) ?? when(claims, moments)
  if (mismatch !== undefined) return mismatch
  const { acr, amr } = provider.stepUp ?? {}
  if (acr !== undefined && (claims.acr === undefined || !acr.includes(claims.acr))) return refuse('EVIDENCE_UNVERIFIED_USER', `the provider states \`acr\` ${named(claims.acr)}, and the workspace asks for ${acr.map((each) => `\`${each}\``).join(' or ')}`)
  if (amr !== undefined && !amr.some((each) => claims.amr?.includes(each) === true)) return refuse('EVIDENCE_UNVERIFIED_USER', `the provider states \`amr\` ${named(claims.amr?.join(', '))}, and the workspace asks for ${amr.map((each) => `\`${each}\``).join(' or ')}`)
  return ok(null)
}

function whose(claims: Claims, issuer: string, clientId: string, by: Identity): Refusal | undefined {
  const audience = typeof claims.aud === 'string' ? [claims.aud] : claims.aud
  if (claims.iss !== issuer || by.iss !== issuer || claims.sub !== by.sub) return refuse('EVIDENCE_OTHER', 'the token is of somebody else')
  if (!audience.includes(clientId) || (audience.length > 1 && claims.azp === undefined) || (claims.azp !== undefined && claims.azp !== clientId)) {
    return refuse('EVIDENCE_OTHER', `the token was made for ${named(audience.join(', '))}, not for \`${clientId}\``)
  }
  return undefined
}

function when(claims: Claims, { asked, at }: Moments): Refusal | undefined {
  const [signedIn, issued, ends] = [claims.auth_time, claims.iat, claims.exp].map((seconds) => seconds * 1000)
  const fits = signedIn !== undefined && issued !== undefined && ends !== undefined
    && signedIn >= asked - before && signedIn <= at + providerTolerance && issued >= asked - providerTolerance && issued <= at + providerTolerance && ends > asked - providerTolerance
  return fits ? undefined : refuse('EVIDENCE_UNVERIFIED_USER', 'the sign-in that the token states is not one after the challenge and before the act')
}

interface ReadToken {
  readonly header: z.output<typeof headerSchema>
  readonly claims: Claims
  readonly signed: Uint8Array
  readonly signature: Uint8Array
}

/** RFC 7515 §3.1, compact. */
function readToken(token: string): Answer<ReadToken> {
  const [first = '', second = '', third = '', ...more] = token.split('.')
  const [header, claims] = [jsonOf(first), jsonOf(second)]
  const signature = fromBase64url(third)
  const [head, body] = [headerSchema.safeParse(header), claimsSchema.safeParse(claims)]
  if (more.length > 0 || signature === undefined || !head.success || !body.success) return malformed('it is no ID token in compact form')
  return ok({ header: head.data, claims: body.data, signed: utf8(`${first}.${second}`), signature })
}

function jsonOf(part: string): unknown {
  const bytes = fromBase64url(part)
  if (bytes === undefined) return undefined
  try {
    return JSON.parse(decodeURIComponent(Array.from(bytes, (byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')))
  } catch {
    return undefined
  }
}

const named = (text: string | undefined): string => (text === undefined || text === '' ? 'nothing' : `\`${text.slice(0, 200)}\``)
const malformed = (because: string) => refuse('EVIDENCE_MALFORMED', `the token cannot be read: ${because}`)
