/** The alarm tried out: by whoever signed in, or at the administrative socket by a typed name. */
import type { RouteConfig } from '@hono/zod-openapi'
import * as z from 'zod'
import { drillAnswerSchema, drillSchema, drillWantedSchema } from '@exeat/core/wire'
import type { UseCases } from '../use/types.ts'
import { actorOf } from './access.ts'
import { act } from './acts.ts'
import { actHeaders, answers, type App, bodyOf, createRoute, forActors, forPoints, wholeNumber } from './parts.ts'
import type { People } from './people/services.ts'

const common = { security: forActors, tags: ['acts'], parameters: [...actHeaders] }
const answered = (description: string, status: 200 | 201 = 200) => answers(drillAnswerSchema, description, status)

const start = createRoute({ ...common, method: 'post', path: '/v1/drills', summary: 'Try the alarm out: nothing is excused', request: { body: bodyOf(drillWantedSchema) }, responses: answered('The drill, and the receipt of its entry.', 201) })
const acknowledge = createRoute({
  ...common, method: 'post', path: '/v1/drills/{id}/acknowledgement', summary: 'Say that somebody heard a drill\'s alarm',
  request: { params: z.strictObject({ id: wholeNumber }), body: bodyOf(z.strictObject({})) }, responses: answered('The drill, which is over, and the receipt of the entry.'),
})
const one = createRoute({
  security: forPoints, tags: ['reads'], method: 'get', path: '/v1/drills/{id}', summary: 'A drill',
  request: { params: z.strictObject({ id: z.union([z.literal('latest'), wholeNumber]) }) }, responses: answers(drillSchema, 'By the index of the entry that started it, or the last one.'),
})

export const drillRoutes: readonly RouteConfig[] = [start, acknowledge, one]

export function addDrills(app: App, uses: UseCases, { now }: Pick<People, 'now'>): void {
  app.openapi(start, (c) => act(c, actorOf(c, now), (actor, key) => uses.startDrill(actor, c.req.valid('json'), key), 201, ({ drill: { index } }) => ({ location: `/v1/drills/${index}` })))
  app.openapi(acknowledge, (c) => act(c, actorOf(c, now), (actor, key) => uses.acknowledgeDrill(actor, c.req.valid('param').id, key)))
  app.openapi(one, async (c) => {
    const { id } = c.req.valid('param')
    return c.json(await uses.drill(id === 'latest' ? undefined : id), 200, { 'cache-control': 'no-store' })
  })
}
