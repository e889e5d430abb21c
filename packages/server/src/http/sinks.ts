/** Sinks of events: what came of what they were told, and what an operator does about it. */
import type { RouteConfig } from '@hono/zod-openapi'
import { canonicalInstant, type Instant } from '@exeat/core'
import { dnsLabel } from '@exeat/core/entry'
import { sinkReplaySchema, sinkSchema, sinksSchema } from '@exeat/core/wire'
import * as z from 'zod'
import { serverError } from '../config/codes.ts'
import type { Outbox } from '../events/outbox/index.ts'
import type { SinkStatus } from '../ports/sinks.ts'
import { answers, type App, bodyOf, createRoute, forActors, forOperators } from './parts.ts'

const named = z.strictObject({ name: dnsLabel })
const common = { security: forOperators, tags: ['sinks'] }

const list = createRoute({ ...common, security: forActors, method: 'get', path: '/v1/sinks', summary: 'Sinks of events, and how far they are', responses: answers(sinksSchema, 'In the order of the configuration.') })
const replay = createRoute({
  ...common, method: 'post', path: '/v1/sinks/{name}/replay', summary: 'Send entries to a sink again', request: { params: named, body: bodyOf(sinkReplaySchema) },
  responses: answers(sinkSchema, 'As it is now. They are sent in order and before all else, each under the id that it had.'),
})
const resume = createRoute({
  ...common, method: 'post', path: '/v1/sinks/{name}/resume', summary: 'Ask a sink again at once that was down, or said that it is gone', request: { params: named, body: bodyOf(z.strictObject({})) },
  responses: answers(sinkSchema, 'As it is now.'),
})

export const sinkRoutes: readonly RouteConfig[] = [list, replay, resume]

const fresh = { 'cache-control': 'no-store' }

export interface SinkOptions {
  readonly outbox: Pick<Outbox, 'sink' | 'statuses'>
  /** Of the log. */
  readonly size: () => Promise<number>
}

export function addSinks(app: App, { outbox, size }: SinkOptions): void {
  const sinkOf = (name: string) => {
    const found = outbox.sink(name)
    if (found === undefined) throw serverError('RESOURCE_UNKNOWN', `there is no sink \`${name}\``, '`sinks` in `server.json` lists what there is')
    return found
  }
  app.openapi(list, async (c) => c.json({ items: (await outbox.statuses()).map(shown) }, 200, fresh))
  app.openapi(replay, async (c) => {
    const sink = sinkOf(c.req.valid('param').name)
    const { from, to } = c.req.valid('json')
    const last = await size() - 1
    if (from > (to ?? last)) throw serverError('REQUEST_INVALID', `the range begins at entry ${from} and ends at ${to ?? last}`)
    await sink.replay({ from, to: Math.min(to ?? last, last) })
    return c.json(shown(await sink.status()), 200, fresh)
  })
  app.openapi(resume, async (c) => {
    const sink = sinkOf(c.req.valid('param').name)
    await sink.resume()
    return c.json(shown(await sink.status()), 200, fresh)
  })
}

const shown = ({ oldest, because, ...status }: SinkStatus) => ({
  ...status, ...(oldest === undefined ? {} : { oldest: canonicalInstant(oldest as Instant) }), ...(because === undefined ? {} : { message: because }),
})
