/** What an ID token says of a person, as far as anything here rests on it. */
import type { Identity, Instant } from '@exeat/core'
import { identifier, line } from '@exeat/core/entry'
import type { JWTPayload } from 'jose'
import { identityError, type IdentityCode } from '../codes.ts'
import { tolerance } from '../issuer/token.ts'
import type { Provider } from './provider.ts'

const refused = (code: IdentityCode, because: string, hint = 'sign in again; if it happens again, ask whoever keeps the provider') =>
  identityError(code, `the identity provider's answer is not taken: ${because}`, hint)
const stronger = 'sign in there by a stronger factor, a security key or a passkey; whoever keeps the provider knows which ones it has'

/** OpenID Connect Core 1.0, §3.1.3.7: who it is, and that it was said to us. Issuer, audience, end and signature were verified before. @throws {ExeatError} */
export function personOf(claims: JWTPayload, { issuer, clientId }: Provider, code: IdentityCode): Identity {
  const { azp, aud, sub } = claims
  if ((Array.isArray(aud) && aud.length > 1 && azp === undefined) || (azp !== undefined && azp !== clientId)) throw refused(code, 'it was made for another client')
  const named = identifier.safeParse(sub)
  if (!named.success) throw refused(code, '`sub` is no name: 1 to 512 printable characters without spaces')
  return { iss: issuer, sub: named.data }
}

/**
 * When the person signed in at the provider: not before `earliest`, and not in the future.
 * @throws {ExeatError}
 */
export function signedInAt({ auth_time: stated }: JWTPayload, earliest: number, now: number, code: IdentityCode): Instant {
  if (typeof stated !== 'number') throw refused(code, 'it does not state when the person signed in (`auth_time`)')
  const at = stated * 1000
  // INVARIANT: stated as what grants, so that a time that is no number grants nothing (test/identity/oidc.test.ts).
  if (at >= earliest && at <= now + tolerance) return Math.min(Math.floor(at), now) as Instant
  throw refused(code, at < earliest ? 'the sign-in that it states is older than was asked for' : 'the sign-in that it states lies in the future')
}

/** @throws {ExeatError} */
export function checkStrength({ acr, amr }: JWTPayload, { stepUp = {} }: Provider, code: IdentityCode): void {
  if (stepUp.acr !== undefined && !(typeof acr === 'string' && stepUp.acr.includes(acr))) throw refused(code, `its \`acr\` is ${shown(acr)}, and the workspace asks for ${listed(stepUp.acr)}`, stronger)
  const methods = stringsOf(amr)
  if (stepUp.amr !== undefined && !stepUp.amr.some((each) => methods.includes(each))) throw refused(code, `its \`amr\` is ${shown(amr)}, and the workspace asks for ${listed(stepUp.amr)}`, stronger)
}

const listed = (values: readonly string[]): string => values.map((each) => `\`${each}\``).join(' or ')
const shown = (value: unknown): string => (value === undefined ? 'not stated' : `\`${JSON.stringify(value).slice(0, 100)}\``)

const most = 1000
/** A list of strings; whatever else it is, is none. */
const stringsOf = (value: unknown): readonly string[] =>
  (Array.isArray(value) && value.length <= most && value.every((each) => typeof each === 'string') ? value as readonly string[] : [])

/** Groups of Exeat, by the values that the provider states; what the mapping does not name gives none. */
export function groupsOf(claims: JWTPayload, { groups }: Provider): readonly string[] {
  if (groups === undefined || !Object.hasOwn(claims, groups.claim)) return []
  const { map } = groups
  return [...new Set(stringsOf(claims[groups.claim]).flatMap((value) => (Object.hasOwn(map, value) ? map[value] ?? [] : [])))].sort()
}

/** For people to read; never compared. */
export function labelOf(claims: JWTPayload, { sub }: Identity): string {
  const stated = [claims['name'], claims['preferred_username'], claims['email']].find((each) => typeof each === 'string' && each.length <= 200 && line.safeParse(each).success)
  return typeof stated === 'string' ? stated : sub
}

/** `sid`, for back-channel logout; one that could not be compared is none. */
export const providerSessionOf = ({ sid }: JWTPayload): string | undefined => (identifier.safeParse(sid).success ? String(sid) : undefined)
