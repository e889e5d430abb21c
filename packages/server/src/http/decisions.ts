/** Decisions of the server: for a job by its own token, or for whoever can open the administrative socket, where nothing is proven. */
import type { RouteConfig } from '@hono/zod-openapi'
import type { MiddlewareHandler } from 'hono'
import { blockedControlSchema, decisionRequestSchema } from '@exeat/core/wire'
import * as z from 'zod'
import { serverProblem } from '../config/codes.ts'
import type { DecideRun, Requester } from '../decisions/index.ts'
import { identityError } from '../identity/codes.ts'
import type { Caller } from '../identity/types.ts'
import { claimedBy } from '../identity/workload/reach.ts'
import type { Env } from './env.ts'
import { decisionsPath, runsPath } from './guard.ts'
import { answers, type App, bodyOf, createRoute, dsse, forJobs } from './parts.ts'
import { refusal } from './problem.ts'

const answer = z.strictObject({
  decision: dsse.meta({ description: 'A DSSE envelope around the decision, for `verifyDecision` of @exeat/verify.' }),
  blocked: z.array(blockedControlSchema),
}).meta({ id: 'DecisionAnswer' })

const decide = createRoute({
  security: forJobs, tags: ['decisions'], method: 'post', path: decisionsPath, summary: 'Decide the findings of a run, and sign what comes of it',
  request: { body: bodyOf(decisionRequestSchema) }, responses: answers(answer, 'The signed decision, whether it blocks or not; and of what blocks, the way out.'),
})

export const decisionRoutes: readonly RouteConfig[] = [decide]

/** Runs decided at once: each may hold its reports in memory several times over. */
const mostAtOnce = 2

/** Reports are in memory for as long as these run. */
const isHeavy = (method: string, path: string): boolean => (method === 'POST' ? path === decisionsPath || path === runsPath : path.startsWith(`${runsPath}/`))

/** Comes before the body is read. */
export function fewAtOnce(): MiddlewareHandler<Env> {
  let running = 0
  return async (c, next) => {
    if (!isHeavy(c.req.method, c.req.path)) return next()
    if (running >= mostAtOnce) return refusal([serverProblem('DECISIONS_BUSY', `${running} runs are being decided, recorded or read, as many as are taken at once`, 'repeat it, a job with a new token: each is good once')], { 'retry-after': '1' })
    running += 1
    try {
      return await next()
    } finally {
      running -= 1
    }
  }
}

export function addDecisions(app: App, run: DecideRun): void {
  app.openapi(decide, async (c) => Response.json(await run(c.req.valid('json'), requesterOf(c.get('caller'))), { headers: { 'cache-control': 'no-store' } }))
}

/** @throws {ExeatError} CALLER_REFUSED */
export function requesterOf(caller: Caller): Requester {
  if (caller.kind === 'operator') return { caller: { kind: 'operator' }, proven: {}, preview: false }
  if (caller.kind !== 'workload') throw identityError('CALLER_REFUSED', 'a decision is given to a job with its own token, or at the administrative socket')
  const { provider, subject, refProtected, event, workflow, facts, previewOnly } = caller.workload
  return {
    caller: { kind: 'workload', provider, subject, refProtected, ...(event === undefined ? {} : { event }), ...(workflow === undefined ? {} : { workflow }) },
    proven: facts, preview: previewOnly,
    claiming: (uses, workspace, claim) => claimedBy(caller.workload, uses, workspace, claim),
  }
}
