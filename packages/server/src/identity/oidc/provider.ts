/** An identity provider of the workspace, and the client that this server is to it. */
import type { Workspace } from '@exeat/core'
import { ClientSecretBasic, ClientSecretPost, clockSkew, clockTolerance, Configuration, customFetch, None, type ServerMetadata, allowInsecureRequests } from 'openid-client'
import { identityError } from '../codes.ts'
import { type IssuerFetch, isPrivateUrl } from '../issuer/fetch.ts'
import { away, type Issuers, reasonOf } from '../issuer/issuers.ts'
import { tolerance } from '../issuer/token.ts'

export type Provider = NonNullable<NonNullable<Workspace['spec']['identity']>['providers']>[number]

export interface ProviderDependencies {
  readonly workspace: () => Promise<Workspace>
  readonly issuers: Issuers
  readonly fetch: IssuerFetch
  /** Of the client at the provider of this name; undefined where it has none, and the proof of PKCE alone. @throws {ExeatError} KEY_UNREADABLE, KEY_OPEN */
  readonly secretOf: (provider: string) => string | undefined
  readonly now: () => number
}

/** @throws {ExeatError} PROVIDER_UNKNOWN */
export async function providerNamed({ workspace }: Pick<ProviderDependencies, 'workspace'>, name: string): Promise<Provider> {
  const found = (await workspace()).spec.identity?.providers?.find((each) => each.name === name)
  if (found === undefined) throw identityError('PROVIDER_UNKNOWN', `the workspace names no identity provider \`${name.slice(0, 100)}\``, 'see `identity.providers` in the workspace')
  return found
}

const endpoints = ['authorization_endpoint', 'token_endpoint'] as const

/** @throws {ExeatError} ISSUER_AWAY, KEY_UNREADABLE, KEY_OPEN */
export async function clientFor({ issuers, fetch, secretOf, now }: ProviderDependencies, { name, issuer, clientId }: Provider): Promise<Configuration> {
  const metadata = await issuers.metadata(issuer)
  for (const each of endpoints) {
    const url = metadata[each]
    if (typeof url !== 'string' || !isPrivateUrl(url)) throw identityError('ISSUER_AWAY', `\`${issuer}\` states no encrypted \`${each}\``, 'nobody was signed in; see its OpenID configuration')
  }
  const secret = secretOf(name)
  const supported = metadata['token_endpoint_auth_methods_supported']
  const post = Array.isArray(supported) && !supported.includes('client_secret_basic')
  const client = new Configuration(metadata as unknown as ServerMetadata, clientId, {
    // The server's clock is the one that counts, for this as for everything else.
    [clockSkew]: Math.round((now() - Date.now()) / 1000), [clockTolerance]: tolerance / 1000,
  }, secret === undefined ? None() : post ? ClientSecretPost(secret) : ClientSecretBasic(secret))
  client[customFetch] = async (url, sent) => {
    const answer = await fetch(url, sent).catch((cause: unknown) => { throw away(issuer, reasonOf(cause)) })
    if (answer.status >= 500) throw away(issuer, `it answers ${answer.status}`)
    return answer
  }
  // Where the issuer is on this very machine; `issuerFetch` refuses any other address that is not encrypted.
  if (issuer.startsWith('http:')) allowInsecureRequests(client)
  return client
}
