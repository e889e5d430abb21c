/** Acts on opt-outs: by whoever signed in, with a second factor where the act takes one, or at the administrative socket by a typed name. */
import type { RouteConfig } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { actAnswerSchema, type ActAnswer, emergencyActSchema, erasureAnswerSchema, offlineImportSchema, erasureSchema, reasonSchema, requestActSchema, reviewActSchema, signedSchema, type tapSchema } from '@exeat/core/wire'
import * as z from 'zod'
import type { Actor, UseCases } from '../use/types.ts'
import { actorOf, addressOf, keyOf } from './access.ts'
import type { Env } from './env.ts'
import { actHeaders, answers, type App, bodyOf, createRoute, forActors, forOperators, idParameter } from './parts.ts'
import type { People } from './people/services.ts'

const common = { security: forActors, tags: ['acts'] }
const local = { security: forOperators, tags: ['acts'] }
const parameters = [...actHeaders]
const nothingSchema = z.strictObject({})
const started = answers(actAnswerSchema, 'The opt-out as it stands now, and the receipt of its entry.', 201)
const done = answers(actAnswerSchema, 'The opt-out as it stands now, and the receipt of the act\'s entry.')

const request = createRoute({ ...common, parameters, method: 'post', path: '/v1/opt-outs', summary: 'Ask for an opt-out', request: { body: bodyOf(requestActSchema) }, responses: started })
const emergency = createRoute({ ...common, parameters, method: 'post', path: '/v1/emergencies', summary: 'Declare an emergency', request: { body: bodyOf(emergencyActSchema) }, responses: started })
const importOffline = createRoute({ ...common, parameters, method: 'post', path: '/v1/offline-grants', summary: 'Enter an offline grant', request: { body: bodyOf(offlineImportSchema) }, responses: started })

/** An act on an opt-out that stands, and what it takes. */
const onOptOut = <const Name extends string, S extends z.ZodType>(name: Name, summary: string, schema: S) => createRoute({
  ...common, parameters, method: 'post', path: `/v1/opt-outs/{id}/${name}`, summary, request: { params: idParameter, body: bodyOf(schema) }, responses: done,
})
const approve = onOptOut('approvals', 'Approve what was shown', signedSchema)
const activate = onOptOut('activation', 'Activate what was approved', signedSchema)
const reject = onOptOut('rejection', 'Reject a request', reasonSchema)
const withdraw = onOptOut('withdrawal', 'Withdraw one\'s own request', reasonSchema)
const revoke = onOptOut('revocation', 'End an opt-out at once', reasonSchema)
const review = onOptOut('review', 'Judge an emergency', reviewActSchema)

const acknowledge = onOptOut('acknowledgement', 'Say that somebody heard the alarm of an emergency', nothingSchema)

const erase = createRoute({
  ...local, parameters, method: 'post', path: '/v1/erasures', summary: 'Erase what an ended opt-out said; its entries stand',
  request: { body: bodyOf(erasureSchema) }, responses: answers(erasureAnswerSchema, 'What is gone, by digest.'),
})
const synchronise = createRoute({
  ...local, method: 'post', path: '/v1/synchronise', summary: 'Read the protected ref again',
  responses: answers(z.strictObject({ commit: z.string(), changed: z.boolean() }).meta({ id: 'Synchronised' }), 'The commit that governs now.'),
})

export const actRoutes: readonly RouteConfig[] = [request, emergency, importOffline, approve, activate, reject, withdraw, revoke, review, acknowledge, erase, synchronise]

type Sent = z.output<typeof tapSchema> | undefined
type Wanted = Parameters<People['taps']['made']>[1]

export function addActs(app: App, uses: UseCases, people: People): void {
  /** The actor, with the second factor that was sent for this very act. */
  const acting = (c: Context<Env>, wanted: Wanted, tap: Sent): Actor => {
    const actor = actorOf(c, people.now)
    const caller = c.get('caller')
    return tap === undefined || caller.kind !== 'person' ? actor : { ...actor, tap: people.taps.made(caller.session, wanted, tap, addressOf(c)) }
  }
  const plainly = (c: Context<Env>): Actor => actorOf(c, people.now)
  /** The act with its second factor; a command line that handed over this very act is told of its entry. */
  const tapped = (c: Context<Env>, wanted: Wanted, tap: Sent, run: (actor: Actor, key: string) => Promise<ActAnswer>) => async (actor: Actor, key: string): Promise<ActAnswer> => {
    const answer = await run(actor, key)
    const caller = c.get('caller')
    if (tap !== undefined && caller.kind === 'person') await people.devices.done(caller.session, 'id' in wanted ? { ...wanted, id: answer.optOut.uid } : wanted, answer.index)
    return answer
  }

  app.openapi(request, (c) => {
    const { tap, ...asked } = c.req.valid('json')
    const wanted = { purpose: 'renew', asked } as const
    return begun(c, acting(c, wanted, tap), tapped(c, wanted, tap, (actor, key) => uses.request(actor, asked, key)))
  })
  app.openapi(emergency, (c) => {
    const { tap, ...asked } = c.req.valid('json')
    const wanted = { purpose: 'emergency', asked } as const
    return begun(c, acting(c, wanted, tap), tapped(c, wanted, tap, (actor, key) => uses.emergency(actor, asked, key)))
  })
  app.openapi(importOffline, (c) => begun(c, plainly(c), (actor, key) => uses.importOffline(actor, c.req.valid('json'), key)))
  const signing = (purpose: 'approve' | 'activate') => (c: Context<Env>, id: string, { signed, tap }: z.output<typeof signedSchema>): Promise<Response> => {
    const wanted = { purpose, id, signed }
    return act(c, acting(c, wanted, tap), tapped(c, wanted, tap, (actor, key) => uses[purpose](actor, id, signed, key)))
  }
  const approving = signing('approve')
  const activating = signing('activate')
  app.openapi(approve, (c) => approving(c, c.req.valid('param').id, c.req.valid('json')))
  app.openapi(activate, (c) => activating(c, c.req.valid('param').id, c.req.valid('json')))
  app.openapi(reject, (c) => act(c, plainly(c), (actor, key) => uses.reject(actor, c.req.valid('param').id, c.req.valid('json').reason, key)))
  app.openapi(withdraw, (c) => act(c, plainly(c), (actor, key) => uses.withdraw(actor, c.req.valid('param').id, c.req.valid('json').reason, key)))
  app.openapi(revoke, (c) => act(c, plainly(c), (actor, key) => uses.revoke(actor, c.req.valid('param').id, c.req.valid('json').reason, key)))
  app.openapi(review, (c) => {
    const { id } = c.req.valid('param')
    const { tap, ...said } = c.req.valid('json')
    const wanted = { purpose: 'review', id, review: said } as const
    return act(c, acting(c, wanted, tap), tapped(c, wanted, tap, (actor, key) => uses.review(actor, id, said, key)))
  })
  app.openapi(acknowledge, (c) => act(c, plainly(c), (actor, key) => uses.acknowledge(actor, c.req.valid('param').id, key)))
  app.openapi(erase, (c) => act(c, plainly(c), (actor, key) => uses.erase(actor, c.req.valid('json'), key)))
  app.openapi(synchronise, async (c) => c.json(await uses.synchronise(), 200))
}

export async function act<T extends object>(
  c: Context<Env>, actor: Actor, run: (actor: Actor, key: string) => Promise<T>, status: 200 | 201 = 200, fieldsOf: (answer: T) => Record<string, string> = () => ({}),
): Promise<Response> {
  const answer = await run(actor, keyOf(c))
  return Response.json(answer, { status, headers: { 'cache-control': 'no-store', ...fieldsOf(answer) } })
}

const begun = (c: Context<Env>, actor: Actor, run: (actor: Actor, key: string) => Promise<ActAnswer>): Promise<Response> =>
  act(c, actor, run, 201, ({ optOut }) => ({ location: `/v1/opt-outs/${optOut.uid}` }))
