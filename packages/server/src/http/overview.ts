/** What people look at many opt-outs and policies by. Read at a glance, so that none of it is for enforcement points. */
import type { RouteConfig } from '@hono/zod-openapi'
import { inventoryAnswerSchema, inventoryQuerySchema, policiesAnswerSchema, usesOverTimeSchema } from '@exeat/core/wire'
import type { UseCases } from '../use/types.ts'
import { answers, type App, createRoute, forActors, idParameter } from './parts.ts'

const common = { security: forActors, tags: ['reads'], method: 'get' as const }

const inventory = createRoute({
  ...common, path: '/v1/inventory', summary: 'Opt-outs in small rows, filtered, ordered and counted', request: { query: inventoryQuerySchema },
  responses: answers(inventoryAnswerSchema, 'One page. `next` leads to the one behind it.'),
})
const uses = createRoute({ ...common, path: '/v1/opt-outs/{id}/uses', summary: 'When an opt-out was used', request: { params: idParameter }, responses: answers(usesOverTimeSchema, 'Its counted uses by hour or day.') })
const policies = createRoute({ ...common, path: '/v1/policies', summary: 'Who may opt out of what, by control and environment', responses: answers(policiesAnswerSchema, 'As the protected ref governs now.') })

export const overviewRoutes: readonly RouteConfig[] = [inventory, uses, policies]

const fresh = { 'cache-control': 'no-store' }

export function addOverview(app: App, cases: Pick<UseCases, 'inventory' | 'usesOverTime' | 'policies'>): void {
  app.openapi(inventory, async (c) => c.json(await cases.inventory(c.req.valid('query')), 200, fresh))
  app.openapi(uses, async (c) => c.json(await cases.usesOverTime(c.req.valid('param').id), 200, fresh))
  app.openapi(policies, async (c) => c.json(await cases.policies(), 200, fresh))
}
