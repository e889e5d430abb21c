/** People who sign in, and confirm an act, at an identity provider (OpenID Connect Core 1.0, with PKCE). */
import type { HexDigest, Identity, Instant } from '@exeat/core'
import type { CredentialOf } from '@exeat/core/enrolment'
import { buildAuthorizationUrl, calculatePKCECodeChallenge } from 'openid-client'
import type { IdentityRows } from '../../ports/identity.ts'
import { challengeBytes } from '../challenges.ts'
import { identityError } from '../codes.ts'
import { recordPerson } from '../directory.ts'
import { newSecret } from '../secrets.ts'
import type { Opening } from '../sessions.ts'
import type { Attempts, Taps } from '../taps.ts'
import type { Session } from '../types.ts'
import { type Authorisation, type Begun, beginAuthorisation, takeAuthorisation, type Taken } from './authorisation.ts'
import { checkStrength, groupsOf, labelOf, personOf, providerSessionOf, signedInAt } from './claims.ts'
import { exchange, type Identified } from './exchange.ts'
import { issuerKeyOf } from './issuer-key.ts'
import { recordProviderSession } from './logout.ts'
import { clientFor, type Provider, type ProviderDependencies, providerNamed } from './provider.ts'

export interface OidcDependencies extends ProviderDependencies {
  readonly rows: IdentityRows
  readonly taps: Pick<Taps, 'waiting' | 'prove'>
  readonly attempts: Attempts
  readonly enrolIssuerKey: (credential: CredentialOf<'issuer-key'>, label: string) => Promise<number>
}

/** Where the browser goes, and what it must bring back. */
export interface Redirect {
  readonly url: string
  readonly cookie: Begun['cookie']
}

export type Answered =
  /** `earlier`: the session of this browser before, which ends. */
  | { readonly kind: 'signed-in'; readonly opening: Opening; readonly returnTo: string; readonly cookie: string; readonly earlier?: { readonly person: Identity; readonly id: HexDigest } }
  | { readonly kind: 'tapped'; readonly challenge: string; readonly cookie: string }

export interface CallbackInput {
  readonly provider: string
  /** Path and query, as the browser asked. */
  readonly search: string
  readonly cookieOf: (name: string) => string | undefined
  readonly address: string
}

export interface Oidc {
  /** `origin`: of this server, where the browser comes back to. `returnTo`: a page of this server. @throws {ExeatError} PROVIDER_UNKNOWN, ISSUER_AWAY */
  readonly start: (provider: string, origin: string, returnTo: string, earlier: Session | undefined) => Promise<Redirect>
  /** For a challenge of that session's own. @throws {ExeatError} TAP_UNKNOWN, TAP_KIND, PROVIDER_UNKNOWN, ISSUER_AWAY */
  readonly stepUp: (provider: string, origin: string, session: Session, challenge: string) => Promise<Redirect>
  /** @throws {ExeatError} AUTHORISATION_UNKNOWN, PROVIDER_REFUSED, TAP_WRONG, TAP_UNKNOWN, TRIES_LOCKED, ISSUER_AWAY */
  readonly callback: (input: CallbackInput) => Promise<Answered>
}

/** In milliseconds: how long ago somebody may have signed in at the provider. */
const signInAge = 12 * 3_600_000
/** How long before the challenge somebody may have signed in: the provider's clock, and the way to its page. As every point verifies it later. */
const before = 30_000

export const oidc = (deps: OidcDependencies): Oidc => ({
  start: (name, origin, returnTo, earlier) => start(deps, name, origin, returnTo, earlier),
  stepUp: (name, origin, session, challenge) => stepUp(deps, name, origin, session, challenge),
  callback: (input) => callback(deps, input),
})

async function start(deps: OidcDependencies, name: string, origin: string, returnTo: string, earlier: Session | undefined): Promise<Redirect> {
  const provider = await providerNamed(deps, name)
  const nonce = newSecret()
  const kept: Authorisation = {
    kind: 'sign-in', provider: name, redirectUri: redirectUriOf(origin, provider), nonce, returnTo, ...(earlier === undefined ? {} : { earlier: { person: earlier.person, id: earlier.id } }),
  }
  return redirected(deps, provider, kept, { nonce, max_age: String(signInAge / 1000) })
}

const redirectUriOf = (origin: string, { name }: Provider): string => `${origin}/auth/${name}/callback`

async function stepUp(deps: OidcDependencies, name: string, origin: string, { id, person }: Session, challenge: string): Promise<Redirect> {
  const provider = await providerNamed(deps, name)
  const waiting = await deps.taps.waiting({ id, person }, challenge)
  const { stepUp: wanted } = provider
  if (wanted === undefined || person.iss !== provider.issuer) throw identityError('TAP_KIND', `\`${name}\` confirms no act of this person: it is not where they are from, or the workspace states no \`stepUp\` for it`)
  const kept: Authorisation = { kind: 'step-up', provider: name, redirectUri: redirectUriOf(origin, provider), challenge, person, session: id }
  return redirected(deps, provider, kept, {
    nonce: nonceOf(waiting), prompt: 'login', max_age: '0', ...(wanted.acr === undefined ? {} : { acr_values: wanted.acr.join(' ') }),
  })
}

const nonceOf = (challenge: Parameters<typeof challengeBytes>[0]): string => Buffer.from(challengeBytes(challenge)).toString('base64url')

async function redirected(deps: OidcDependencies, provider: Provider, kept: Authorisation, more: Readonly<Record<string, string>>): Promise<Redirect> {
  const client = await clientFor(deps, provider)
  const { state, verifier, cookie } = await beginAuthorisation(deps.rows, kept, deps.now())
  const url = buildAuthorizationUrl(client, {
    scope: 'openid profile', response_type: 'code', redirect_uri: kept.redirectUri, state, code_challenge: await calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256', ...more,
  })
  return { url: url.href, cookie }
}

async function callback(deps: OidcDependencies, input: CallbackInput): Promise<Answered> {
  const taken = await takeAuthorisation(deps.rows, input.provider, new URLSearchParams(input.search).get('state') ?? '', input.cookieOf, deps.now())
  const provider = await providerNamed(deps, taken.authorisation.provider)
  return taken.authorisation.kind === 'sign-in' ? signedIn(deps, provider, taken, taken.authorisation, input) : tapped(deps, provider, taken, taken.authorisation, input)
}

type SignIn = Extract<Authorisation, { readonly kind: 'sign-in' }>
type StepUp = Extract<Authorisation, { readonly kind: 'step-up' }>

function answer(deps: OidcDependencies, provider: Provider, { authorisation: { redirectUri }, verifier }: Taken, search: string, nonce: string): Promise<Identified> {
  return exchange(deps, provider, { callback: new URL(`${redirectUri}${search}`), state: new URLSearchParams(search).get('state') ?? '', nonce, verifier })
}

async function signedIn(deps: OidcDependencies, provider: Provider, taken: Taken, { nonce, returnTo, earlier }: SignIn, { search }: CallbackInput): Promise<Answered> {
  const { claims } = await answer(deps, provider, taken, search, nonce)
  const at = deps.now()
  const person = personOf(claims, provider, 'PROVIDER_REFUSED')
  const authenticatedAt: Instant = signedInAt(claims, at - signInAge - before, at, 'PROVIDER_REFUSED')
  const label = labelOf(claims, person)
  const providerSession = providerSessionOf(claims)
  await recordPerson(deps.rows, person, { groups: groupsOf(claims, provider), label }, at)
  if (providerSession !== undefined) await recordProviderSession(deps.rows, person, providerSession, at)
  return {
    kind: 'signed-in', returnTo, cookie: taken.cookie, ...(earlier === undefined ? {} : { earlier }),
    opening: { person, label, method: 'oidc', authenticatedAt, ...(providerSession === undefined ? {} : { providerSession }) },
  }
}

/** What is wrong with the answer counts as a wrong second factor; that the provider is away, or that the challenge is over, does not. */
async function tapped(deps: OidcDependencies, provider: Provider, taken: Taken, { challenge, person, session }: StepUp, { search, address }: CallbackInput): Promise<Answered> {
  await deps.attempts.refuseLocked(person, address)
  const holder = { id: session, person }
  const waiting = await deps.taps.waiting(holder, challenge)
  const { claims, key, token } = await answer(deps, provider, taken, search, nonceOf(waiting))
  try {
    if (personOf(claims, provider, 'TAP_WRONG').sub !== person.sub) throw identityError('TAP_WRONG', 'somebody else signed in at the identity provider', 'sign in as yourself')
    signedInAt(claims, waiting.createdAt - before, deps.now(), 'TAP_WRONG')
    checkStrength(claims, provider, 'TAP_WRONG')
  } catch (error) {
    await deps.attempts.failed(person, address)
    throw error
  }
  const enrolment = await deps.enrolIssuerKey(issuerKeyOf(provider.issuer, key), `signing key of ${provider.name}`)
  await deps.taps.prove(holder, challenge, { token, enrolment })
  return { kind: 'tapped', challenge, cookie: taken.cookie }
}
