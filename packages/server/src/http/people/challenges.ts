/** Challenges of second factors: what an act would record now, for its person to tap. */
import type { RouteConfig } from '@hono/zod-openapi'
import { canonicalInstant } from '@exeat/core'
import { base64url } from '@exeat/core/entry'
import { challengeSchema, secondSchema, tapPendingSchema, tapWantedSchema } from '@exeat/core/wire'
import * as z from 'zod'
import { addressOf, sessionOf } from '../access.ts'
import { answers, type App, bodyOf, createRoute, forPeople, refusals } from '../parts.ts'
import type { People } from './services.ts'

const common = { tags: ['people'], security: forPeople }

const begin = createRoute({
  ...common, method: 'post', path: '/v1/challenges', summary: 'Ask for a second factor over an act', request: { body: bodyOf(tapWantedSchema) },
  responses: answers(challengeSchema, 'What would be recorded, and what is to be signed.'),
})
const waiting = createRoute({
  ...common, method: 'get', path: '/v1/challenges/{id}', summary: 'A challenge that waits: one\'s own, or of an emergency that names one as the second person', request: { params: z.strictObject({ id: base64url(64) }) },
  responses: answers(tapPendingSchema, 'What it is for.'),
})

const second = createRoute({
  ...common, method: 'post', path: '/v1/challenges/{id}/second', summary: 'Confirm somebody else\'s emergency, as the second person', request: { params: z.strictObject({ id: base64url(64) }), body: bodyOf(secondSchema) },
  responses: { 204: { description: 'It is kept for whoever declares the emergency.' }, ...refusals },
})

export const challengeRoutes: readonly RouteConfig[] = [begin, waiting, second]

export function addChallenges(app: App, people: People): void {
  // Instants are integers within, and canonical texts on the wire.
  app.openapi(begin, async (c) => Response.json(z.encode(challengeSchema, await people.taps.challenge(sessionOf(c), c.req.valid('json'))), { headers: fresh }))
  app.openapi(waiting, async (c) => {
    const { wanted, person: by, envelope, proved, seconded, expiresAt } = await people.taps.shown(sessionOf(c), c.req.valid('param').id)
    const pending = { wanted, by, envelope, proved: proved !== undefined, seconded: seconded !== undefined, expiresAt: canonicalInstant(expiresAt) }
    return Response.json(z.encode(tapPendingSchema, pending), { headers: fresh })
  })
  app.openapi(second, async (c) => {
    await people.taps.second(sessionOf(c), c.req.valid('param').id, c.req.valid('json').tap, addressOf(c))
    return c.body(null, 204, fresh)
  })
}

const fresh = { 'cache-control': 'no-store' }
