/** The HTTP API: what passes the guards is handed to the use cases, and everything thrown comes back as a problem. */
import type { Problem } from '@exeat/core'
import type { MiddlewareHandler } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { methodNotAllowed } from 'hono/method-not-allowed'
import { secureHeaders } from 'hono/secure-headers'
import { serverProblem } from '../config/codes.ts'
import type { ServerConfig } from '../config/schema.ts'
import { ExeatError } from '@exeat/core/error'
import type { Receivers } from '../receive/index.ts'
import { access, stepUp } from './access.ts'
import { echoRequestId } from './authzen.ts'
import { fewAtOnce } from './decisions.ts'
import type { Env } from './env.ts'
import { guardHead, limitBody, strictBody } from './guard.ts'
import { addPages, isPage } from './pages.ts'
import { type App, newApp } from './parts.ts'
import type { People } from './people/index.ts'
import { refusal, refusalOf } from './problem.ts'
import { rateLimiter } from './rate.ts'
import { boundReceiving, isReceiving } from './receivers.ts'

/** What stands in front of every route. */
export interface EdgeOptions {
  readonly people: People
  /** Their bounds; what they take is a route's. */
  readonly receivers: Receivers
  /** Where the console's pages were built to; absent: there are none. */
  readonly pages?: string
  readonly points: ServerConfig['points']
  /** Each request of an enforcement point. */
  readonly pointSeen: (name: string) => void
  readonly limits?: ServerConfig['limits'] | undefined
  /** Milliseconds of a clock that never goes back. */
  readonly monotonic: () => number
  /** Why the log cannot be believed any more: nothing is granted, and only what takes away goes on. */
  readonly damage: () => Problem | undefined
  /** True once nothing more is taken. */
  readonly stopping: () => boolean
  /** For the operator: what failed in a way that nobody knows. */
  readonly report: (error: unknown) => void
}

/** What is allowed where `server.json` says nothing else. */
const rates = { point: { perSecond: 50, burst: 200 }, address: { perSecond: 20, burst: 200 }, acts: { perSecond: 50, burst: 200 } } as const

/** `add`: puts the routes behind the guards. */
export function createApp(options: EdgeOptions, add: (app: App) => void): App {
  const { receivers, people, points, limits = {}, monotonic, stopping, report } = options
  const app = newApp()

  const secured = secureHeaders({ contentSecurityPolicy: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] }, strictTransportSecurity: false, xFrameOptions: 'DENY' })
  app.use(async (c, next) => {
    if (isPage(c.req.path)) return next()
    await secured(c, next)
    const own = c.get('policy')
    if (own !== undefined) c.res.headers.set('content-security-policy', own)
    return undefined
  })
  app.use('/access/*', echoRequestId)
  app.use(guardHead)
  app.use(async (_, next) => (stopping() ? refusal([serverProblem('SERVER_STOPPING', 'the server is stopping, and takes nothing more', 'repeat it with the same key')], { connection: 'close', 'retry-after': '5' }) : next()))
  app.use(methodNotAllowed({
    app,
    onMethodNotAllowed: (c, methods) => refusal([serverProblem('REQUEST_METHOD', `\`${c.req.path.slice(0, 200)}\` does not know \`${c.req.method}\``)], { allow: methods.join(', ') }),
  }))
  app.use(access({
    points, people, perPoint: rateLimiter(limits.point ?? rates.point, monotonic), perAddress: rateLimiter(limits.address ?? rates.address, monotonic), acts: rateLimiter(limits.acts ?? rates.acts, monotonic),
  }))
  const undamaged: MiddlewareHandler<Env> = async (c, next) => {
    const caller = c.get('caller')
    if (caller.kind === 'point') options.pointSeen(caller.name)
    const damage = options.damage()
    return damage === undefined || takesAway(c.req.method, c.req.path) || isReceiving(c.req.method, c.req.path) ? next() : refusal([damage], {}, 503)
  }
  app.use('/v1/*', undamaged).use('/access/*', undamaged)
  app.use(boundReceiving(receivers, monotonic), fewAtOnce(), limitBody, strictBody)

  add(app)
  addPages(app, options.pages)

  app.notFound((c) => refusal([serverProblem('RESOURCE_UNKNOWN', `there is nothing at \`${c.req.path.slice(0, 200)}\``, '/openapi.json lists what there is')]))
  app.onError(async (error, c) => {
    // Whoever went away in the middle of a body hears no answer, and is no failure of ours.
    if (c.env.incoming.readableAborted) return refusal([serverProblem('REQUEST_SLOW', 'the request did not arrive as a whole')])
    if (error instanceof ExeatError && error.problems[0].code === 'TAP_NEEDED') return refusal(error.problems, await stepUp(c, people))
    return error instanceof HTTPException ? fromHono(error) : refusalOf(error, report)
  })
  return app
}

/** Reads and whatever ends an excuse; a bundle gives some. */
const takesAway = (method: string, path: string): boolean =>
  method === 'POST' ? /\/(?:revocation|rejection|withdrawal|removal)$|^\/v1\/sign-in\//.test(path) : path !== '/v1/bundle' && !path.startsWith('/v1/opa/')

/** What Hono itself refuses: bodies that are sent as something else, or cannot be read. */
function fromHono(error: HTTPException): Response {
  if (error.status === 415) return refusal([serverProblem('REQUEST_MEDIA_TYPE', 'the body is not sent as `application/json`')])
  return refusal([serverProblem('REQUEST_INVALID', 'the request cannot be read')])
}
