/**
 * A real OpenID provider on loopback (`oidc-provider`), with accounts that sign in without a person: a test says who, how and when, and may change the ID token
 * before it is sent, what any address answers, and the keys.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, importJWK, type JWK, type JWTHeaderParameters, SignJWT } from 'jose'
import { Provider } from 'oidc-provider'

/** Of a token, right or wrong; undefined is left out. */
export type Claims = Readonly<Record<string, unknown>>

export interface Login {
  readonly account: string
  readonly acr?: string
  readonly amr?: readonly string[]
  /** Seconds since the epoch; now where absent. */
  readonly at?: number
}

export interface ProviderOptions {
  readonly clientId: string
  /** None: a public client, which PKCE alone shows. */
  readonly secret?: string
  readonly redirectUris: readonly string[]
  /** What it says of each account beside `sub`. */
  readonly accounts: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

/** Answers the compact token to send instead. */
export type TokenTwist = (claims: Claims, sign: (claims: Claims, header?: Partial<JWTHeaderParameters>, key?: JWK) => Promise<string>) => Promise<string>

export interface TestProvider {
  readonly issuer: string
  /** Who signs in next, and how. */
  login: Login
  twist: TokenTwist | undefined
  /** What an address answers instead of the provider. */
  readonly instead: Map<string, (req: IncomingMessage, res: ServerResponse) => void>
  /** How often an address was asked. */
  readonly asked: Map<string, number>
  /** Logout tokens that it sent, as their receiver would get them. */
  readonly loggedOut: string[]
  /** The browser of these cookies goes to the provider, signs in there unless it has, and comes back: answers where to. */
  readonly browse: (url: string, cookies: Map<string, string>) => Promise<string>
  /** Signs with the current key. */
  readonly sign: (claims: Claims, header?: Partial<JWTHeaderParameters>, key?: JWK) => Promise<string>
  /** The current key, with its private half. */
  readonly key: () => JWK
  /** Ends the provider's sessions of an account, by its own logout token. */
  readonly endSession: (account: string, sid?: string) => Promise<string>
  /** Another key, and no longer the one before. */
  readonly rotate: () => Promise<void>
  readonly stop: () => Promise<void>
  /** After `stop`, at the same address. */
  readonly resume: () => Promise<void>
}

export async function newKey(alg: 'RS256' | 'ES256' = 'RS256', kid = 'key-1'): Promise<JWK> {
  const { privateKey } = await generateKeyPair(alg, { extractable: true })
  return { ...await exportJWK(privateKey), kid, alg, use: 'sig' }
}

export async function signed(claims: Claims, key: JWK, header: Partial<JWTHeaderParameters> = {}): Promise<string> {
  return new SignJWT({ ...claims }).setProtectedHeader({ alg: key.alg ?? 'RS256', ...(key.kid === undefined ? {} : { kid: key.kid }), ...header }).sign(await importJWK(key, String(header.alg ?? key.alg)))
}

export async function oidcProvider(options: ProviderOptions): Promise<TestProvider> {
  let key = await newKey()
  let keys = 1
  let current: { readonly provider: Provider; readonly handle: (req: IncomingMessage, res: ServerResponse) => void }
  const server = createServer((req, res) => {
    const { pathname } = new URL(req.url ?? '/', 'http://localhost')
    made.asked.set(pathname, (made.asked.get(pathname) ?? 0) + 1)
    const other = made.instead.get(pathname)
    if (other !== undefined) other(req, res)
    else if (pathname.startsWith('/interaction/')) void signIn(current.provider, made.login, req, res)
    else current.handle(req, res)
  })
  const listen = (port: number): Promise<void> => new Promise((resolve) => { server.listen({ host: '127.0.0.1', port }, () => { resolve() }) })
  await listen(0)
  const { port } = server.address() as AddressInfo
  const issuer = `http://127.0.0.1:${port}`
  const made: TestProvider = {
    issuer, login: { account: 'nobody' }, twist: undefined, instead: new Map(), asked: new Map(), loggedOut: [],
    browse: (url, cookies) => browse(url, issuer, cookies),
    sign: (claims, header, by = key) => signed(claims, by, header),
    key: () => key,
    endSession: async (account, sid) => {
      const client = await current.provider.Client.find(options.clientId) as unknown as { backchannelLogout(sub: string, sid: string | undefined): Promise<void> }
      await client.backchannelLogout(account, sid)
      const token = made.loggedOut.at(-1)
      if (token === undefined) throw new Error('the provider sent no logout token')
      return token
    },
    rotate: async () => {
      key = await newKey('RS256', `key-${keys += 1}`)
      current = running(issuer, key, options, made)
    },
    stop: () => new Promise((resolve) => {
      server.close(() => { resolve() })
      server.closeAllConnections()
    }),
    resume: () => listen(port),
  }
  current = running(issuer, key, options, made)
  return made
}

function running(issuer: string, key: JWK, { clientId, secret, redirectUris, accounts }: ProviderOptions, made: TestProvider) {
  const { warn, info } = console
  // It says that it is for development, which this is.
  console.warn = () => undefined
  console.info = () => undefined
  const provider = new Provider(issuer, {
    clients: [{
      client_id: clientId, redirect_uris: [...redirectUris], grant_types: ['authorization_code'], response_types: ['code'],
      backchannel_logout_uri: 'https://rp.example/logout', backchannel_logout_session_required: true,
      ...(secret === undefined ? { token_endpoint_auth_method: 'none' as const } : { client_secret: secret, token_endpoint_auth_method: 'client_secret_basic' as const }),
    }],
    jwks: { keys: [key as never] },
    cookies: { keys: ['test'] },
    claims: { openid: ['sub', 'acr', 'amr', 'auth_time', 'sid', 'groups', 'name'] },
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    features: { devInteractions: { enabled: false }, backchannelLogout: { enabled: true }, rpInitiatedLogout: { enabled: false } },
    ttl: { Interaction: 600, Grant: 600, Session: 600, AccessToken: 600, IdToken: 600, AuthorizationCode: 60 },
    acrValues: ['urn:acme:phr', 'urn:acme:pwd'],
    findAccount: (_, id) => (Object.hasOwn(accounts, id) ? { accountId: id, claims: () => ({ sub: id, ...accounts[id] }) } : undefined),
    loadExistingGrant: async (ctx) => {
      const grant = new ctx.oidc.provider.Grant({ clientId: String(ctx.oidc.client?.clientId), accountId: String(ctx.oidc.session?.accountId) })
      grant.addOIDCScope('openid profile')
      await grant.save()
      return grant
    },
    interactions: { url: (_, { uid }) => `/interaction/${uid}` },
    fetch: async (_, sent) => {
      made.loggedOut.push(new URLSearchParams(String(sent?.body)).get('logout_token') ?? '')
      return new Response(null, { status: 200 })
    },
  } as ConstructorParameters<typeof Provider>[1])
  console.warn = warn
  console.info = info
  provider.use(async (ctx, next) => {
    await next()
    const body = ctx.body as { id_token?: string } | undefined
    if (made.twist === undefined || typeof body !== 'object' || typeof body.id_token !== 'string') return
    const claims = JSON.parse(Buffer.from(body.id_token.split('.')[1] ?? '', 'base64url').toString('utf8')) as Claims
    ctx.body = { ...body, id_token: await made.twist(claims, made.sign) }
  })
  return { provider, handle: provider.callback() }
}

async function signIn(provider: Provider, { account, acr, amr, at }: Login, req: IncomingMessage, res: ServerResponse): Promise<void> {
  try {
    await provider.interactionFinished(req, res, account === 'nobody' ? { error: 'access_denied', error_description: 'somebody said <b>no</b>' } : {
      login: { accountId: account, ...(acr === undefined ? {} : { acr }), ...(amr === undefined ? {} : { amr: [...amr] }), ...(at === undefined ? {} : { ts: at }) },
    }, { mergeWithLastSubmission: false })
  } catch (error) {
    res.writeHead(500).end(String(error))
  }
}

async function browse(url: string, issuer: string, cookies: Map<string, string>): Promise<string> {
  let next = url
  for (let hops = 0; hops < 10; hops++) {
    // oxlint-disable-next-line no-await-in-loop -- a redirect after the other
    const answer = await fetch(next, { redirect: 'manual', headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') } })
    for (const set of answer.headers.getSetCookie()) {
      const [pair = ''] = set.split(';')
      const [name = '', ...value] = pair.split('=')
      if (/expires=Thu, 01 Jan 1970/i.test(set)) cookies.delete(name)
      else cookies.set(name, value.join('='))
    }
    const location = answer.headers.get('location')
    // oxlint-disable-next-line no-await-in-loop
    if (location === null) throw new Error(`the provider answers ${answer.status}: ${(await answer.text()).slice(0, 500)}`)
    next = new URL(location, next).href
    if (!next.startsWith(issuer)) return next
  }
  throw new Error('the provider sends in circles')
}
