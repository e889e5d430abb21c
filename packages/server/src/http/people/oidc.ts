/** Signing in, and confirming an act, at an identity provider: where the browser goes, and where it comes back to. */
import type { RouteConfig } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import { base64url, line } from '@exeat/core/entry'
import { ExeatError } from '@exeat/core/error'
import * as z from 'zod'
import { serverProblem } from '../../config/codes.ts'
import { identityError } from '../../identity/codes.ts'
import { authorisationLife } from '../../identity/oidc/authorisation.ts'
import type { Redirect } from '../../identity/oidc/index.ts'
import { longestToken } from '../../identity/issuer/token.ts'
import { addressOf, sessionOf } from '../access.ts'
import type { Env } from '../env.ts'
import { isPage } from '../pages.ts'
import { type App, createRoute, forAnyone, forPeople, refusals } from '../parts.ts'
import { refusalPage, refusalPolicy, wantsPage } from './refusal-page.ts'
import type { People } from './services.ts'
import { openSession } from './sign-in.ts'

const tags = ['people']
const params = z.strictObject({ provider: z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/) })
const elsewhere = { 302: { description: 'Where the browser goes next.' }, ...refusals }

const start = createRoute({
  tags, security: forAnyone, method: 'get', path: '/auth/{provider}/start', summary: 'Sign in at an identity provider',
  request: { params, query: z.object({ return: z.exactOptional(line) }) }, responses: elsewhere,
})
const stepUp = createRoute({
  tags, security: forPeople, method: 'get', path: '/auth/{provider}/step-up', summary: 'Confirm an act at an identity provider',
  request: { params, query: z.object({ challenge: base64url(64) }) }, responses: elsewhere,
})
const callback = createRoute({ tags, security: forAnyone, method: 'get', path: '/auth/{provider}/callback', summary: 'Back from an identity provider', request: { params }, responses: elsewhere })
const logout = createRoute({
  tags, security: forAnyone, method: 'post', path: '/auth/{provider}/logout', summary: 'An identity provider ends sessions (OpenID Connect Back-Channel Logout 1.0)',
  request: { params }, responses: { 200: { description: 'They are over.' }, ...refusals },
})

export const oidcRoutes: readonly RouteConfig[] = [start, stepUp, callback, logout]

const fresh = { 'cache-control': 'no-store' }

/** Lax, and not strict as that of a session: the browser comes back from the provider's own page. */
const cookie = { path: '/', secure: true, httpOnly: true, sameSite: 'Lax', maxAge: authorisationLife / 1000 } as const

export function addOidc(app: App, people: People): void {
  app.openapi(start, (c) => shown(c, async () => {
    const caller = c.get('caller')
    const { provider } = c.req.valid('param')
    return leave(c, await people.oidc.start(provider, await originOf(c, people), ownPage(c.req.valid('query').return), caller.kind === 'person' ? caller.session : undefined))
  }))
  app.openapi(stepUp, (c) => shown(c, async () => {
    const session = sessionOf(c)
    return leave(c, await people.oidc.stepUp(c.req.valid('param').provider, await originOf(c, people), session, c.req.valid('query').challenge))
  }))
  app.openapi(callback, (c) => shown(c, async () => {
    const { search } = new URL(c.req.url)
    const answered = await people.oidc.callback({ provider: c.req.valid('param').provider, search, cookieOf: (name) => getCookie(c, name), address: addressOf(c) })
    deleteCookie(c, answered.cookie, { path: '/', secure: true })
    if (answered.kind === 'tapped') return go(c, `/tap/${answered.challenge}`)
    if (answered.earlier !== undefined) await people.sessions.end(answered.earlier.person, answered.earlier.id)
    await openSession(c, people, answered.opening)
    return go(c, answered.returnTo)
  }))
  app.openapi(logout, async (c) => {
    await people.providerLogout(c.req.valid('param').provider, await logoutToken(c))
    return c.body(null, 200, fresh)
  })
}

function leave(c: Context<Env>, { url, cookie: { name, value } }: Redirect): Response {
  setCookie(c, name, value, cookie)
  return go(c, url)
}

/** Nothing of the address is told to where it leads. */
const go = (c: Context<Env>, url: string): Response => c.body(null, 302, { ...fresh, location: url, 'referrer-policy': 'no-referrer' })

/** A browser is shown a page, and whoever asks otherwise a problem. */
async function shown(c: Context<Env>, run: () => Promise<Response>): Promise<Response> {
  try {
    return await run()
  } catch (error) {
    if (!(error instanceof ExeatError) || !wantsPage(c.req.header('accept'))) throw error
    c.set('policy', refusalPolicy)
    return refusalPage(error.problems)
  }
}

/** The one of the workspace's origins by which the browser came; else the first. @throws {ExeatError} PASSKEYS_OFF */
async function originOf(c: Context<Env>, people: People): Promise<string> {
  const origins = await people.origins()
  const host = c.req.header('host')
  const found = origins.find((origin) => new URL(origin).host === host) ?? origins[0]
  if (found === undefined) throw identityError('PASSKEYS_OFF', 'the workspace names no address that an identity provider could send people back to', 'state `identity.relyingParty` in the workspace')
  return found
}

/** Nobody is sent to another site, whatever the link said that they came by. */
function ownPage(wanted: string | undefined): string {
  const [, path = '', rest = ''] = /^(\/[\w\-./]*)([?#][\w\-./?=&%:]*)?$/.exec(wanted ?? '') ?? []
  return isPage(path) ? `${path}${rest}` : '/'
}

/** @throws {ExeatError} REQUEST_MEDIA_TYPE, LOGOUT_WRONG */
async function logoutToken(c: Context<Env>): Promise<string> {
  const type = c.req.header('content-type') ?? ''
  if (!/^application\/x-www-form-urlencoded\s*(?:;.*)?$/i.test(type)) throw new ExeatError([serverProblem('REQUEST_MEDIA_TYPE', 'a logout token is sent as `application/x-www-form-urlencoded`')])
  const [token, ...more] = new URLSearchParams(await c.req.text()).getAll('logout_token')
  if (token === undefined || more.length > 0 || token.length > longestToken) throw identityError('LOGOUT_WRONG', 'the request carries no logout token, or several')
  return token
}

