/** Who calls, and whether they may: established once for every request, before anything looks at what is asked. */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { Context, MiddlewareHandler } from 'hono'
import { getCookie } from 'hono/cookie'
import { identityKey, type Instant } from '@exeat/core'
import { identifier } from '@exeat/core/entry'
import { ExeatError } from '@exeat/core/error'
import { serverProblem } from '../config/codes.ts'
import type { ServerConfig } from '../config/schema.ts'
import { keyPrefix } from '../identity/api-keys.ts'
import { identityError, identityProblem } from '../identity/codes.ts'
import { provenKey } from '../identity/dpop.ts'
import { csrfOf } from '../identity/sessions.ts'
import { actorOfSession } from '../identity/signed-in.ts'
import type { Caller, Session } from '../identity/types.ts'
import { type Actor, operatorIssuer } from '../use/types.ts'
import type { Env } from './env.ts'
import { eventsPath } from './events.ts'
import { metricsPath } from './metrics.ts'
import type { People } from './people/services.ts'
import { type Permission, permissionOf } from './permissions.ts'
import { refusal } from './problem.ts'
import { isReceiving } from './receivers.ts'
import { callerOf as callerAt, type Limiter } from './rate.ts'

export const cookieName = '__Host-exeat'

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest()

/** The name of the point whose token this is. Every known hash is compared, each in constant time. */
function pointOf(token: string, points: ServerConfig['points']): string | undefined {
  const shown = sha256(token)
  return points.filter((point) => timingSafeEqual(Buffer.from(point.sha256, 'hex'), shown))[0]?.name
}

export interface AccessOptions {
  readonly points: ServerConfig['points']
  readonly people: People
  readonly perPoint: Limiter
  readonly perAddress: Limiter
  /** Of the operator, and of each person. */
  readonly acts: Limiter
}

/** Below these the table of permissions says who may call what; everything else is open to all, within rates. */
const isGuarded = (path: string): boolean => /^\/(?:v1|access)\//.test(path) || path === metricsPath

/** Establishes who calls, counts the request to them, and refuses what they may not call. */
export function access(options: AccessOptions): MiddlewareHandler<Env> {
  return async (c, next) => {
    if (isReceiving(c.req.method, c.req.path)) {
      c.set('caller', { kind: 'anonymous' })
      return next()
    }
    let caller: Caller
    let unknown: Response | undefined
    try {
      caller = await established(c, options)
    } catch (error) {
      if (!(error instanceof ExeatError)) throw error
      caller = { kind: 'anonymous' }
      unknown = refusal(error.problems, challenge('invalid_token'))
    }
    c.set('caller', caller)
    const wait = waitOf(c, caller, options)
    if (wait !== undefined) return tooMany(wait)
    if (!isGuarded(c.req.path)) return next()
    const answer = unknown ?? refused(caller, permissionOf(c.req.method, c.req.path))
    if (answer === nothingHere) return refusal([serverProblem('RESOURCE_UNKNOWN', `there is nothing at \`${c.req.path.slice(0, 200)}\``, '/openapi.json lists what there is')])
    return answer ?? next()
  }
}

function waitOf(c: Context<Env>, caller: Caller, { perPoint, perAddress, acts }: AccessOptions): number | undefined {
  if (c.env.channel === 'socket') return c.req.method === 'POST' ? acts('operator') : undefined
  if (caller.kind === 'point') return perPoint(caller.name)
  if (caller.kind === 'person') return acts(identityKey(caller.session.person))
  if (caller.kind === 'api-key') return perPoint(`key ${identityKey(caller.owner)} ${caller.name}`)
  return perAddress(callerAt(c.env.incoming.socket.remoteAddress))
}

/** @throws {ExeatError} where a token, proof or cookie was sent that is not what it must be: nobody falls back to being a stranger */
async function established(c: Context<Env>, { points, people }: AccessOptions): Promise<Caller> {
  if (c.env.channel === 'socket') return { kind: 'operator' }
  const [, scheme = '', token = ''] = /^(Bearer|DPoP) +([!-~]{1,8192})$/i.exec(c.req.header('authorization') ?? '') ?? []
  if (c.req.header('authorization') !== undefined && token === '') throw tokenUnknown()
  if (scheme.toLowerCase() === 'dpop') return boundSession(c, people, token)
  if (token !== '') return bearer(points, people, token, `${c.req.method} ${c.req.path}`)
  return cookieSession(c, people)
}

const tokenUnknown = () => new ExeatError([serverProblem('TOKEN_UNKNOWN', 'the token is not known here')])

async function bearer(points: ServerConfig['points'], people: People, token: string, purpose: string): Promise<Caller> {
  const point = pointOf(token, points)
  if (point !== undefined) return { kind: 'point', name: point }
  if (token.startsWith(keyPrefix)) {
    const key = await people.apiKeys.find(token)
    if (key !== undefined) return { kind: 'api-key', ...key }
  } else if (/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) return { kind: 'workload', workload: await people.workload(token, purpose) }
  throw tokenUnknown()
}

/** A session of the command line: its token alone is worth nothing. */
async function boundSession(c: Context<Env>, people: People, token: string): Promise<Caller> {
  const session = await people.sessions.find(token)
  const thumbprint = await provenKey({ proof: c.req.header('dpop'), method: c.req.method, urls: await urlsOf(c, people), token }, people.rows, people.now())
  if (session?.boundTo === undefined || session.boundTo !== thumbprint) throw tokenUnknown()
  return { kind: 'person', session }
}

/** Every address by which the caller may know this one. */
export async function urlsOf(c: Context<Env>, people: People): Promise<readonly string[]> {
  const host = c.req.header('host') ?? ''
  return [...await people.origins(), `http://${host}`, `https://${host}`].map((origin) => `${origin}${c.req.path}`)
}

async function cookieSession(c: Context<Env>, people: People): Promise<Caller> {
  const token = getCookie(c, cookieName)
  // A page that only listens keeps nobody signed in.
  const session = token === undefined ? undefined : await people.sessions.find(token, c.req.path === eventsPath)
  const safe = c.req.method === 'GET' || c.req.method === 'HEAD'
  if (!safe && isGuarded(c.req.path)) await checkOrigin(c, people)
  // Whose session is over is a stranger, who may sign in again; a bound one is for no browser.
  if (token === undefined || session === undefined || session.boundTo !== undefined) return { kind: 'anonymous' }
  c.set('cookie', token)
  if (!safe && c.req.header('exeat-csrf') !== csrfOf(token)) throw identityError('CSRF', 'the request carries no token of the page that it came from', 'load the page again')
  return { kind: 'person', session }
}

/** Browsers say where a request comes from; whoever is no browser says nothing, and holds no cookie. */
async function checkOrigin(c: Context<Env>, people: People): Promise<void> {
  const origin = c.req.header('origin')
  const site = c.req.header('sec-fetch-site')
  if (site !== undefined && site !== 'same-origin' && site !== 'none') throw identityError('CSRF', `the request comes from another site (\`${site.slice(0, 20)}\`)`)
  if (origin !== undefined && !(await people.origins()).includes(origin)) throw identityError('CSRF', `the request comes from \`${origin.slice(0, 200)}\`, which is none of the workspace's origins`)
}

const nothingHere = Symbol('nothing here')

function refused(caller: Caller, permission: Permission | undefined): Response | typeof nothingHere | undefined {
  // What has no line in the table is not called, whether it exists or not; that it does not is told to those who may know what there is.
  if (permission === undefined && caller.kind !== 'anonymous') return nothingHere
  const { callers, scope }: Permission = permission ?? { callers: ['point'] }
  if (callers.includes(caller.kind) && (caller.kind !== 'api-key' || scope === undefined || caller.scopes.includes(scope))) return undefined
  if (caller.kind !== 'anonymous') {
    const what = caller.kind === 'api-key' ? `an API key for ${caller.scopes.join(', ')}` : caller.kind === 'point' ? 'the token of an enforcement point' : caller.kind === 'workload' ? 'a job' : 'this caller'
    return refusal([identityProblem('CALLER_REFUSED', `${what} may not do this`, `it takes ${callers.filter((each) => each !== 'anonymous').map((each) => words[each]).join(' or ')}`)])
  }
  if (callers.includes('point')) {
    return refusal([serverProblem('TOKEN_MISSING', 'the request carries no token', 'sign in, or send `Authorization: Bearer …` with the token that `exeat init --server` printed')], challenge())
  }
  return refusal([identityProblem('NOT_SIGNED_IN_HERE', 'the request takes somebody who has signed in', 'sign in: exeat login; or act at the administrative socket of the server\'s own machine')], challenge())
}

const words: Readonly<Record<Caller['kind'], string>> = {
  operator: 'the administrative socket', point: 'an enforcement point', person: 'somebody who has signed in', 'api-key': 'an API key for it', workload: 'a job with its own token', anonymous: 'anybody',
}

/** RFC 6750, section 3. */
const challenge = (error?: string) => ({ 'www-authenticate': `Bearer realm="exeat"${error === undefined ? '' : `, error="${error}"`}` })

/** RFC 9470: the caller is known, and this takes more than that: of whoever an identity provider knows, one of these `acr`. */
export async function stepUp(c: Context<Env>, people: Pick<People, 'workspace'>): Promise<Record<string, string>> {
  const caller = c.get('caller')
  const providers = caller.kind === 'person' ? (await people.workspace()).spec.identity?.providers ?? [] : []
  const acr = providers.find(({ issuer }) => caller.kind === 'person' && issuer === caller.session.person.iss)?.stepUp?.acr
  const values = acr === undefined ? '' : `, acr_values="${acr.join(' ').replaceAll(/["\\]/g, String.raw`\$&`)}"`
  return { 'www-authenticate': `Bearer realm="exeat", error="insufficient_user_authentication", error_description="a second factor over what the act does is needed"${values}, max_age="0"` }
}

export const tooMany = (seconds: number): Response =>
  refusal([serverProblem('REQUEST_RATE', `too many requests; the next one is taken in ${seconds} s`)], { 'retry-after': String(seconds) })

export const addressOf = (c: Context<Env>): string => callerAt(c.env.incoming.socket.remoteAddress)

/** Whoever acts: a name typed at the socket, somebody who signed in, or whoever an API key asks for. @throws {ExeatError} ACTOR_MISSING, NOT_SIGNED_IN_HERE */
export function actorOf(c: Context<Env>, now: () => number): Actor {
  const caller = c.get('caller')
  if (caller.kind === 'operator') return operatorOf(c)
  if (caller.kind === 'person') return actorOfSession(caller.session)
  if (caller.kind === 'api-key') return { identity: caller.owner, evidence: { strength: 'none', kind: 'sign-in', method: 'api-key', at: now() as Instant } }
  throw identityError('NOT_SIGNED_IN_HERE', 'the act takes somebody who has signed in')
}

/** No login, and every record says so. */
function operatorOf(c: Context<Env>): Actor {
  const name = c.req.header('exeat-actor')
  const parsed = identifier.safeParse(name)
  if (parsed.success) return { identity: { iss: operatorIssuer, sub: parsed.data }, evidence: { strength: 'operator-asserted', name: parsed.data } }
  const message = name === undefined ? 'the act states no actor' : 'the actor is no name: 1 to 512 printable characters without spaces'
  throw new ExeatError([serverProblem('ACTOR_MISSING', message, 'say who acts: --actor NAME; or sign in: exeat login --server https://HOST')])
}

/** @throws {ExeatError} NOT_SIGNED_IN_HERE */
export function sessionOf(c: Context<Env>): Session {
  const caller = c.get('caller')
  if (caller.kind === 'person') return caller.session
  throw identityError('NOT_SIGNED_IN_HERE', 'the request takes somebody who has signed in', 'sign in first')
}

/** Of the caller's choosing, so that a repetition is one and the same act. @throws {ExeatError} IDEMPOTENCY_KEY */
export function keyOf(c: Context<Env>): string {
  const key = c.req.header('idempotency-key')
  if (key !== undefined && /^[!-~]{1,120}$/.test(key)) return key
  const message = key === undefined ? 'the act carries no `Idempotency-Key`' : 'the `Idempotency-Key` is not 1 to 120 printable characters without spaces'
  throw new ExeatError([serverProblem('IDEMPOTENCY_KEY', message, 'send a random one, and the same again when you repeat the act')])
}
