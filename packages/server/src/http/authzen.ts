/** OpenID AuthZEN Authorization API 1.0: evaluations, in one request or in many, and where they are found (sections 6, 7, 9 and 10). */
import type { RouteConfig } from '@hono/zod-openapi'
import type { Context, MiddlewareHandler } from 'hono'
import * as z from 'zod'
import { evaluate, evaluateAll, evaluationAnswerSchema, evaluationSchema, evaluationsSchema } from '../authzen/index.ts'
import { serverError } from '../config/codes.ts'
import type { AskExcuses } from '../decisions/index.ts'
import type { Requester } from '../decisions/types.ts'
import type { Caller } from '../identity/types.ts'
import type { Env } from './env.ts'
import { answers, type App, bodyOf, createRoute, forAnyone, forPoints } from './parts.ts'
import type { People } from './people/services.ts'

export const evaluationPath = '/access/v1/evaluation'
export const evaluationsPath = '/access/v1/evaluations'

const many = z.object({ evaluations: z.array(evaluationAnswerSchema) }).meta({ id: 'AuthzenAnswers' })
const metadata = z.object({
  policy_decision_point: z.url(), access_evaluation_endpoint: z.url(), access_evaluations_endpoint: z.url(),
}).meta({ id: 'AuthzenConfiguration' })

const common = { security: forPoints, tags: ['authzen'], method: 'post' as const }

const one = createRoute({
  ...common, path: evaluationPath, summary: 'May a subject bypass a finding? (AuthZEN)', request: { body: bodyOf(evaluationSchema) },
  responses: answers(evaluationAnswerSchema, 'The decision. Nothing is counted as used by it.'),
})
const all = createRoute({
  ...common, path: evaluationsPath, summary: 'The same of several (AuthZEN)', request: { body: bodyOf(evaluationsSchema) },
  responses: answers(z.union([many, evaluationAnswerSchema]), 'The decisions in the order of the request, up to where its semantic stops; a single one where it holds no `evaluations`.'),
})
const configuration = createRoute({
  security: forAnyone, tags: ['authzen'], method: 'get', path: '/.well-known/authzen-configuration', summary: 'Where evaluations are found (AuthZEN)', responses: answers(metadata, 'The metadata.'),
})

export const authzenRoutes: readonly RouteConfig[] = [one, all, configuration]

/** Section 10.1.4: what came is sent back, with refusals too, so it goes before everything that may refuse. */
export const echoRequestId: MiddlewareHandler<Env> = async (c, next) => {
  await next()
  const id = c.req.header('x-request-id')
  if (id !== undefined) c.res.headers.set('x-request-id', id)
}

const fresh = { 'cache-control': 'no-store' }

export function addAuthzen(app: App, ask: AskExcuses, people: Pick<People, 'origins'>): void {
  app.openapi(one, async (c) => c.json(await evaluate(c.req.valid('json'), askingOf(c.get('caller')), ask), 200, fresh))
  app.openapi(all, async (c) => {
    const asked = c.req.valid('json')
    const requester = askingOf(c.get('caller'))
    if ((asked.evaluations ?? []).length > 0) return c.json({ evaluations: [...await evaluateAll(asked, requester, ask)] }, 200, fresh)
    // Section 7.1: without any it is the single evaluation that stands in their place.
    const single = evaluationSchema.safeParse(asked)
    if (!single.success) throw serverError('REQUEST_INVALID', `the request is wrong at \`body.${(single.error.issues[0]?.path ?? []).join('.').slice(0, 200)}\`: it holds no evaluations, and is none`)
    return c.json(await evaluate(single.data, requester, ask), 200, fresh)
  })
  app.openapi(configuration, async (c) => {
    const base = await baseOf(c, people)
    return c.json({ policy_decision_point: base, access_evaluation_endpoint: `${base}${evaluationPath}`, access_evaluations_endpoint: `${base}${evaluationsPath}` }, 200, { 'cache-control': 'public, max-age=300', vary: 'host' })
  })
}

/** One of the workspace's own addresses: whatever `Host` says otherwise, nobody is sent elsewhere (section 9.2.3). @throws {ExeatError} RESOURCE_UNKNOWN */
async function baseOf(c: Context<Env>, { origins }: Pick<People, 'origins'>): Promise<string> {
  const known = await origins()
  const host = c.req.header('host')
  const base = known.find((origin) => new URL(origin).host === host) ?? known[0]
  if (base === undefined) throw serverError('RESOURCE_UNKNOWN', 'the workspace names no address of this server', 'name it in `identity.relyingParty.origins` of the workspace')
  return base
}

/** Only a job proves something of the run; whatever another caller says is asserted. */
function askingOf(caller: Caller): Pick<Requester, 'proven' | 'preview'> {
  return caller.kind === 'workload' ? { proven: caller.workload.facts, preview: caller.workload.previewOnly } : { proven: {}, preview: false }
}
