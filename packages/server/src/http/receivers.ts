/** Where other systems report, and what came of it. */
import type { RouteConfig } from '@hono/zod-openapi'
import type { MiddlewareHandler } from 'hono'
import * as z from 'zod'
import { dnsLabel } from '@exeat/core/entry'
import { receivedSchema, shadowQuerySchema, shadowsSchema } from '@exeat/core/wire'
import { serverError, serverProblem } from '../config/codes.ts'
import type { Receivers } from '../receive/index.ts'
import type { UseCases } from '../use/types.ts'
import type { Env } from './env.ts'
import { receiversPath } from './guard.ts'
import { answers, type App, createRoute, forAnyone, forPoints } from './parts.ts'
import { refusal } from './problem.ts'
import { callerOf, rateLimiter } from './rate.ts'

const take = createRoute({
  security: forAnyone, tags: ['receivers'], method: 'post', path: `${receiversPath}{name}`, summary: 'Report what makes a control weaker, as the system that it happened in',
  description: 'Signed by that system with a secret of the receiver, over the bytes as they are sent.',
  request: { params: z.strictObject({ name: dnsLabel }) }, responses: answers(receivedSchema, 'What came of it, once that is durable.'),
})
const list = createRoute({
  security: forPoints, tags: ['reads'], method: 'get', path: '/v1/shadow', summary: 'List shadow opt-outs that other systems reported, the oldest first', request: { query: shadowQuerySchema },
  responses: answers(shadowsSchema, 'One page. `next` leads to the one behind it; a page can be empty and not the last.'),
})

export const receiverRoutes: readonly RouteConfig[] = [take, list]

/** Whoever reports shows what no other caller has, and is counted apart: a forge sends hundreds at once, and none of them again. */
export const isReceiving = (method: string, path: string): boolean => method === 'POST' && path.startsWith(receiversPath)

/** Reports of one address; and those at once that are larger than most ever are. */
const ordinaryRate = { perSecond: 100, burst: 2_000 } as const
const large = { bytes: 256 * 1024, most: 8 } as const

/** Before the body is read. */
export function boundReceiving(receivers: Receivers, monotonic: () => number): MiddlewareHandler<Env> {
  const limiters = new Map<string, ReturnType<typeof rateLimiter>>()
  let running = 0
  return async (c, next) => {
    if (!isReceiving(c.req.method, c.req.path)) return next()
    const receiver = receivers.find(c.req.path.slice(receiversPath.length))
    if (receiver === undefined) return refusal([serverProblem('RESOURCE_UNKNOWN', `there is nothing at \`${c.req.path.slice(0, 200)}\``, '/openapi.json lists what there is')])
    const limiter = limiters.get(receiver.name) ?? rateLimiter(receiver.rate ?? ordinaryRate, monotonic)
    limiters.set(receiver.name, limiter)
    const wait = limiter(callerOf(c.env.incoming.socket.remoteAddress))
    if (wait !== undefined) return refusal([serverProblem('REQUEST_RATE', 'too many reports in a short time')], { 'retry-after': String(wait) })
    // Node refuses a body that is longer than its stated length.
    if (Number(c.req.header('content-length') ?? Infinity) <= large.bytes) return next()
    if (running >= large.most) return refusal([serverProblem('RECEIVERS_BUSY', `${running} large reports are being read, as many as are taken at once`)], { 'retry-after': '1' })
    running += 1
    try {
      return await next()
    } finally {
      running -= 1
    }
  }
}

const mediaType = /^([a-z]+\/[a-z0-9.+-]+)\s*(?:;\s*charset=(?:utf-8|"utf-8")\s*)?$/i

export function addReceivers(app: App, receivers: Receivers, uses: Pick<UseCases, 'shadows'>): void {
  app.openapi(take, async (c) => {
    const { name } = c.req.valid('param')
    const receiver = receivers.find(name)
    if (receiver === undefined) throw serverError('RESOURCE_UNKNOWN', `there is no receiver \`${name}\``)
    const [, type = ''] = mediaType.exec(c.req.header('content-type') ?? '') ?? []
    if (!receivers.takes(receiver, type.toLowerCase())) throw serverError('REQUEST_MEDIA_TYPE', 'the delivery is not sent as `application/json`')
    if ((c.req.header('content-encoding') ?? 'identity') !== 'identity') throw serverError('REQUEST_MEDIA_TYPE', 'the delivery is encoded, and no encoding is taken')
    const body = new Uint8Array(await c.req.arrayBuffer())
    return c.json(await receivers.take(receiver, (header) => c.req.header(header), body), 200, fresh)
  })
  app.openapi(list, async (c) => c.json(await uses.shadows(c.req.valid('query')), 200, fresh))
}

const fresh = { 'cache-control': 'no-store' }
