/** An identity provider that ends sessions (OpenID Connect Back-Channel Logout 1.0). */
import type { Identity } from '@exeat/core'
import { identifier } from '@exeat/core/entry'
import { type IdentityRows, rowKinds } from '../../ports/identity.ts'
import { identityError } from '../codes.ts'
import { recordSignOut } from '../directory.ts'
import { tolerance, verifyToken } from '../issuer/token.ts'
import { fromBytes, hashOf, toBytes } from '../secrets.ts'
import type { Sessions } from '../sessions.ts'
import { spendTokenId } from '../token-ids.ts'
import { type ProviderDependencies, providerNamed } from './provider.ts'

export interface LogoutDependencies extends ProviderDependencies {
  readonly rows: IdentityRows
  readonly sessions: Pick<Sessions, 'endProvided'>
}

const event = 'http://schemas.openid.net/event/backchannel-logout'
/** In milliseconds: how old a logout token may be (§4 recommends two minutes at most). */
const longestAge = 2 * 60_000
/** As long as any session lasts. */
const sessionsLast = 7 * 86_400_000

const keyOf = (issuer: string, sid: string): string => hashOf(JSON.stringify([issuer, sid]))

/** Whose session it is that a provider may later end by its `sid` alone. */
export async function recordProviderSession(rows: IdentityRows, person: Identity, sid: string, now: number): Promise<void> {
  const key = keyOf(person.iss, sid)
  const before = await rows.get(rowKinds.providerSession, key, now)
  // Whoever writes it at the same time writes the same.
  await rows.put(rowKinds.providerSession, key, { value: toBytes(person), expires: now + sessionsLast }, before?.version ?? 0, now)
}

/**
 * Ends the sessions that the token names: those of a provider's session, or all of a person, whose acts that have taken no effect are void then as well.
 * @throws {ExeatError} LOGOUT_WRONG, PROVIDER_UNKNOWN, ISSUER_AWAY
 */
export async function logout(deps: LogoutDependencies, name: string, token: string): Promise<void> {
  const provider = await providerNamed(deps, name)
  const now = deps.now()
  const wrong = (because: string) => identityError('LOGOUT_WRONG', `the logout token is not taken: ${because}`)
  const verified = await verifyToken(deps.issuers, token, { issuer: provider.issuer, audience: provider.clientId, required: ['jti', 'events'] }, now)
  if (!verified.ok) throw wrong(verified.because)
  const { claims } = verified
  const { iat, exp = 0, jti, sub, sid, events } = claims
  if (typeof events !== 'object' || events === null || !Object.hasOwn(events, event)) throw wrong('it is no logout token')
  // §2.4: an ID token has one, and would be a logout token otherwise.
  if ('nonce' in claims) throw wrong('it has a `nonce`')
  if (!(iat * 1000 >= now - longestAge - tolerance)) throw wrong('it is too old')
  const [who, which] = [identifier.safeParse(sub), identifier.safeParse(sid)]
  if ((sub !== undefined && !who.success) || (sid !== undefined && !which.success) || (sub === undefined && sid === undefined)) throw wrong('it names nobody')
  if (typeof jti !== 'string' || !await spendTokenId(deps.rows, provider.issuer, `logout ${jti}`, exp * 1000 + tolerance, now)) throw wrong('it was used before')
  const person = who.success ? { iss: provider.issuer, sub: who.data } : await personBehind(deps.rows, provider.issuer, which.data ?? '', now)
  if (person === undefined) return
  if (!which.success) await recordSignOut(deps.rows, person, now)
  await deps.sessions.endProvided(person, which.data)
}

async function personBehind(rows: IdentityRows, issuer: string, sid: string, now: number): Promise<Identity | undefined> {
  const row = await rows.get(rowKinds.providerSession, keyOf(issuer, sid), now)
  return row === undefined ? undefined : fromBytes<Identity>(row.value)
}
