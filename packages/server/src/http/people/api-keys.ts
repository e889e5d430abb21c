/** Keys for programs, of one's own. */
import type { RouteConfig } from '@hono/zod-openapi'
import { apiKeySchema, apiKeysSchema, apiKeyWantedSchema } from '@exeat/core/wire'
import { line } from '@exeat/core/entry'
import * as z from 'zod'
import { serverProblem } from '../../config/codes.ts'
import { sessionOf } from '../access.ts'
import { answers, type App, bodyOf, createRoute, forPeople, refusals } from '../parts.ts'
import { refusal } from '../problem.ts'
import type { People } from './services.ts'

const common = { tags: ['people'], security: forPeople }

const make = createRoute({ ...common, method: 'post', path: '/v1/api-keys', summary: 'Make an API key', request: { body: bodyOf(apiKeyWantedSchema) }, responses: answers(apiKeySchema, 'The key; its secret is shown once.', 201) })
const list = createRoute({ ...common, method: 'get', path: '/v1/api-keys', summary: 'One\'s own API keys', responses: answers(apiKeysSchema, 'The keys, without their secrets.') })
const end = createRoute({ ...common, method: 'delete', path: '/v1/api-keys/{name}', summary: 'End an API key', request: { params: z.strictObject({ name: line }) }, responses: { 204: { description: 'It is over.' }, ...refusals } })

export const apiKeyRoutes: readonly RouteConfig[] = [make, list, end]

const fresh = { 'cache-control': 'no-store' }

export function addApiKeys(app: App, { apiKeys }: People): void {
  app.openapi(make, async (c) => c.json(await apiKeys.make(sessionOf(c).person, c.req.valid('json')), 201, fresh))
  app.openapi(list, async (c) => c.json({ items: [...await apiKeys.of(sessionOf(c).person)] }, 200, fresh))
  app.openapi(end, async (c) => (await apiKeys.end(sessionOf(c).person, c.req.valid('param').name) ? c.body(null, 204, fresh) : refusal([serverProblem('RESOURCE_UNKNOWN', 'there is no such key of yours')])))
}
