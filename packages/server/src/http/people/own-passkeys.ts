/** Further passkeys of one's own: made, and enrolled with the tap of a key that counts already. */
import type { RouteConfig } from '@hono/zod-openapi'
import { ceremonyAnswerSchema, enrolmentSchema, heldPasskeySchema, ownPasskeySchema } from '@exeat/core/wire'
import { advanceCounter } from '../../identity/counters.ts'
import { holdPasskey, takePasskey } from '../../identity/own-passkeys.ts'
import { actorOfSession } from '../../identity/signed-in.ts'
import type { UseCases } from '../../use/types.ts'
import { addressOf, keyOf, sessionOf } from '../access.ts'
import { actHeaders, answers, type App, bodyOf, createRoute, forPeople } from '../parts.ts'
import { viewAt } from './enrolments.ts'
import type { People } from './services.ts'

const common = { tags: ['people'], security: forPeople }

const hold = createRoute({
  ...common, method: 'post', path: '/v1/enrolments/own', summary: 'End the making of a further passkey of one\'s own', request: { body: bodyOf(ceremonyAnswerSchema) },
  responses: answers(heldPasskeySchema, 'The key, to be signed for with an earlier one.', 201),
})
const confirm = createRoute({
  ...common, parameters: [actHeaders[0]], method: 'post', path: '/v1/enrolments/own/confirmation', summary: 'Enrol a further passkey of one\'s own', request: { body: bodyOf(ownPasskeySchema) },
  responses: answers(enrolmentSchema, 'The key, as the log has it; it counts a day later.', 201),
})

export const ownPasskeyRoutes: readonly RouteConfig[] = [hold, confirm]

const fresh = { 'cache-control': 'no-store' }

export function addOwnPasskeys(app: App, people: People, uses: UseCases): void {
  app.openapi(hold, async (c) => c.json(await holdPasskey(people.passkeys, sessionOf(c), c.req.valid('json')), 201, fresh))
  app.openapi(confirm, async (c) => {
    const session = sessionOf(c)
    const { id, label, tap } = c.req.valid('json')
    const key = keyOf(c)
    const { passkey, credential, counter } = await takePasskey(people.passkeys, session, id)
    const actor = { ...actorOfSession(session), tap: people.taps.made(session, { purpose: 'enrol', credential }, tap, addressOf(c)) }
    const index = await uses.enrol(actor, { credential: passkey, label }, key)
    await advanceCounter(people.rows, credential, counter, people.now(), people.passkeys.report)
    return c.json(await viewAt(uses, index), 201, fresh)
  })
}
