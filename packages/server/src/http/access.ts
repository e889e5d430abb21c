/** Who may ask for what: by the channel that a request came through, and over the network by the token of an enforcement point. */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { Context, MiddlewareHandler } from 'hono'
import { identifier } from '@exeat/core/entry'
import { serverProblem } from '../config/codes.ts'
import type { ServerConfig } from '../config/schema.ts'
import { type Actor, operatorIssuer } from '../use/types.ts'
import type { Env } from './env.ts'
import { refusal } from './problem.ts'
import { callerOf, type Limiter } from './rate.ts'

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest()

/** The name of the point whose token this is. Every known hash is compared, each in constant time. */
export function pointOf(authorization: string | undefined, points: ServerConfig['points']): string | undefined {
  const token = /^Bearer +([!-~]{1,512})$/i.exec(authorization ?? '')?.[1]
  if (token === undefined) return undefined
  const shown = sha256(token)
  return points.filter((point) => timingSafeEqual(Buffer.from(point.sha256, 'hex'), shown))[0]?.name
}

export interface AccessOptions {
  readonly points: ServerConfig['points']
  readonly perPoint: Limiter
  readonly perAddress: Limiter
}

/** Rates for everything that comes over the network: a known point by its name, whoever else by the address. */
export function limitRates({ points, perPoint, perAddress }: AccessOptions): MiddlewareHandler<Env> {
  return async (c, next) => {
    if (c.env.channel === 'socket') return next()
    const point = pointOf(c.req.header('authorization'), points)
    c.set('point', point)
    const wait = point === undefined ? perAddress(callerOf(c.env.incoming.socket.remoteAddress)) : perPoint(point)
    return wait === undefined ? next() : tooMany(wait)
  }
}

export const tooMany = (seconds: number): Response =>
  refusal([serverProblem('REQUEST_RATE', `too many requests; the next one is taken in ${seconds} s`)], { 'retry-after': String(seconds) })

/** Reads under `/v1` want a token over the network. `limitRates` has looked it up. */
export const needPoint: MiddlewareHandler<Env> = async (c, next) => {
  if (c.env.channel === 'socket' || c.get('point') !== undefined) return next()
  if (c.req.header('authorization') === undefined) {
    return refusal([serverProblem('TOKEN_MISSING', 'the request carries no token', 'send `Authorization: Bearer …` with the token that `exeat init --server` printed')], challenge())
  }
  return refusal([serverProblem('TOKEN_UNKNOWN', 'the token is not known here')], challenge('invalid_token'))
}

/** RFC 6750, section 3. */
const challenge = (error?: string) => ({ 'www-authenticate': `Bearer realm="exeat"${error === undefined ? '' : `, error="${error}"`}` })

/** Acts are taken at the socket alone. */
export function needOperator(acts: Limiter): MiddlewareHandler<Env> {
  return async (c, next) => {
    if (c.env.channel !== 'socket') {
      return refusal([serverProblem('ACTS_ARE_LOCAL', 'acts are taken at the administrative socket alone', 'run the command on the server\'s own machine; real identities over the network come with a later release')])
    }
    const wait = acts('operator')
    return wait === undefined ? next() : tooMany(wait)
  }
}

/** Whoever could open the socket and typed this name: no login, and every record says so. */
export function actorOf(c: Context<Env>): Actor | Response {
  const name = c.req.header('exeat-actor')
  const parsed = identifier.safeParse(name)
  if (!parsed.success) {
    const message = name === undefined ? 'the act states no actor' : 'the actor is no name: 1 to 512 printable characters without spaces'
    return refusal([serverProblem('ACTOR_MISSING', message, 'say who acts: --actor NAME')])
  }
  return { identity: { iss: operatorIssuer, sub: parsed.data }, evidence: { strength: 'operator-asserted', name: parsed.data } }
}

/** Of the caller's choosing, so that a repetition is one and the same act. */
export function keyOf(c: Context<Env>): string | Response {
  const key = c.req.header('idempotency-key')
  if (key !== undefined && /^[!-~]{1,120}$/.test(key)) return key
  const message = key === undefined ? 'the act carries no `Idempotency-Key`' : 'the `Idempotency-Key` is not 1 to 120 printable characters without spaces'
  return refusal([serverProblem('IDEMPOTENCY_KEY', message, 'send a random one, and the same again when you repeat the act')])
}
