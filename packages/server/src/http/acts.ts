/** Acts on opt-outs: at the administrative socket, each with who acts and a key. */
import type { RouteConfig } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { actAnswerSchema, type ActAnswer, emergencySchema, erasureAnswerSchema, erasureSchema, reasonSchema, requestSchema, reviewSchema, signedSchema } from '@exeat/core/wire'
import * as z from 'zod'
import { serverProblem } from '../config/codes.ts'
import type { Actor, UseCases } from '../use/types.ts'
import { actorOf, keyOf } from './access.ts'
import type { Env } from './env.ts'
import { actHeaders, answers, type App, bodyOf, createRoute, forOperators, idParameter, refusals } from './parts.ts'
import { refusal } from './problem.ts'

const common = { security: forOperators, tags: ['acts'] }
const parameters = [...actHeaders]
const started = answers(actAnswerSchema, 'The opt-out as it stands now, and the receipt of its entry.', 201)
const done = answers(actAnswerSchema, 'The opt-out as it stands now, and the receipt of the act\'s entry.')

const request = createRoute({ ...common, parameters, method: 'post', path: '/v1/opt-outs', summary: 'Ask for an opt-out', request: { body: bodyOf(requestSchema) }, responses: started })
const emergency = createRoute({ ...common, parameters, method: 'post', path: '/v1/emergencies', summary: 'Declare an emergency', request: { body: bodyOf(emergencySchema) }, responses: started })

/** An act on an opt-out that stands, and what it takes. */
const onOptOut = <const Name extends string, S extends z.ZodType>(name: Name, summary: string, schema: S) => createRoute({
  ...common, parameters, method: 'post', path: `/v1/opt-outs/{id}/${name}`, summary, request: { params: idParameter, body: bodyOf(schema) }, responses: done,
})
const approve = onOptOut('approvals', 'Approve what was shown', signedSchema)
const activate = onOptOut('activation', 'Activate what was approved', signedSchema)
const reject = onOptOut('rejection', 'Reject a request', reasonSchema)
const withdraw = onOptOut('withdrawal', 'Withdraw one\'s own request', reasonSchema)
const revoke = onOptOut('revocation', 'End an opt-out at once', reasonSchema)
const review = onOptOut('review', 'Judge an emergency', reviewSchema)

const erase = createRoute({
  ...common, parameters, method: 'post', path: '/v1/erasures', summary: 'Erase what an ended opt-out said; its entries stand',
  request: { body: bodyOf(erasureSchema) }, responses: answers(erasureAnswerSchema, 'What is gone, by digest.'),
})
const synchronise = createRoute({
  ...common, method: 'post', path: '/v1/synchronise', summary: 'Read the protected ref again',
  responses: answers(z.strictObject({ commit: z.string(), changed: z.boolean() }).meta({ id: 'Synchronised' }), 'The commit that governs now.'),
})
const decide = createRoute({
  ...common, method: 'post', path: '/v1/decisions', summary: 'Decide findings; comes with a later release', responses: refusals,
})

export const actRoutes: readonly RouteConfig[] = [request, emergency, approve, activate, reject, withdraw, revoke, review, erase, synchronise, decide]

export function addActs(app: App, uses: UseCases): void {
  app.openapi(request, (c) => begun(c, (actor, key) => uses.request(actor, c.req.valid('json'), key)))
  app.openapi(emergency, (c) => begun(c, (actor, key) => uses.emergency(actor, c.req.valid('json'), key)))
  app.openapi(approve, (c) => act(c, (actor, key) => uses.approve(actor, c.req.valid('param').id, c.req.valid('json').signed, key)))
  app.openapi(activate, (c) => act(c, (actor, key) => uses.activate(actor, c.req.valid('param').id, c.req.valid('json').signed, key)))
  app.openapi(reject, (c) => act(c, (actor, key) => uses.reject(actor, c.req.valid('param').id, c.req.valid('json').reason, key)))
  app.openapi(withdraw, (c) => act(c, (actor, key) => uses.withdraw(actor, c.req.valid('param').id, c.req.valid('json').reason, key)))
  app.openapi(revoke, (c) => act(c, (actor, key) => uses.revoke(actor, c.req.valid('param').id, c.req.valid('json').reason, key)))
  app.openapi(review, (c) => act(c, (actor, key) => uses.review(actor, c.req.valid('param').id, c.req.valid('json'), key)))
  app.openapi(erase, (c) => act(c, (actor, key) => uses.erase(actor, c.req.valid('json'), key)))
  app.openapi(synchronise, async (c) => c.json(await uses.synchronise(), 200))
  app.openapi(decide, () => refusal([serverProblem('DECISIONS_LATER', 'the server does not decide findings in this release', 'let the gate decide: exeat gate REPORT --trust log --bundle URL')]))
}

async function act<T extends object>(c: Context<Env>, run: (actor: Actor, key: string) => Promise<T>, status: 200 | 201 = 200, fieldsOf: (answer: T) => Record<string, string> = () => ({})): Promise<Response> {
  const actor = actorOf(c)
  if (actor instanceof Response) return actor
  const key = keyOf(c)
  if (key instanceof Response) return key
  const answer = await run(actor, key)
  return Response.json(answer, { status, headers: { 'cache-control': 'no-store', ...fieldsOf(answer) } })
}

const begun = (c: Context<Env>, run: (actor: Actor, key: string) => Promise<ActAnswer>): Promise<Response> =>
  act(c, run, 201, ({ optOut }) => ({ location: `/v1/opt-outs/${optOut.uid}` }))
