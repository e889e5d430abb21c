/** Recorded runs: sent by whoever gates them, read by people and by what reads for them. */
import type { RouteConfig } from '@hono/zod-openapi'
import { recordedRunSchema, runIdSchema, runReportsSchema, runRequestSchema, runsAnswerSchema, runsQuerySchema } from '@exeat/core/wire'
import * as z from 'zod'
import { serverError } from '../config/codes.ts'
import { runFacts } from '../decisions/facts.ts'
import { sentBytes } from '../decisions/reports.ts'
import type { Requester } from '../decisions/types.ts'
import { identityError } from '../identity/codes.ts'
import type { Caller } from '../identity/types.ts'
import type { GovernanceSource } from '../ports/governance.ts'
import type { Runs } from '../ports/runs.ts'
import { requesterOf } from './decisions.ts'
import { runsPath } from './guard.ts'
import { answers, type App, bodyOf, createRoute, forActors, forPoints } from './parts.ts'

const keep = createRoute({
  security: forPoints, tags: ['runs'], method: 'post', path: runsPath, summary: 'Record what tools reported of a run, for simulations',
  request: { body: bodyOf(runRequestSchema) }, responses: answers(recordedRunSchema, 'As it is kept; the same run once.', 201),
})
const list = createRoute({
  security: forActors, tags: ['runs'], method: 'get', path: runsPath, summary: 'List recorded runs, the oldest first', request: { query: runsQuerySchema },
  responses: answers(runsAnswerSchema, 'One page. `next` leads to the one behind it; a page can be empty and not the last.'),
})
const one = createRoute({
  security: forActors, tags: ['runs'], method: 'get', path: `${runsPath}/{id}`, summary: 'The reports of a recorded run', request: { params: z.strictObject({ id: runIdSchema }) },
  responses: answers(runReportsSchema, 'Their very bytes.'),
})

export const runRoutes: readonly RouteConfig[] = [keep, list, one]

const fresh = { 'cache-control': 'no-store' }

export function addRuns(app: App, runs: Runs, governance: Pick<GovernanceSource, 'current'>): void {
  app.openapi(keep, async (c) => {
    const asked = c.req.valid('json')
    const requester = senderOf(c.get('caller'))
    const { governance: { workspace } } = await governance.current()
    const { repository, environment, commit } = runFacts(asked, requester, workspace.document)
    const { sent, findings } = sentBytes(asked)
    const proven = repository.provenance === 'verified' && commit.provenance === 'verified' && environment?.provenance !== 'asserted'
    const kept = await runs.keep({ repository: repository.value, ...(environment === undefined ? {} : { environment: environment.value }), commit: commit.value, proven, ...(asked.root === undefined ? {} : { root: asked.root }), by: nameOf(c.get('caller')), findings, reports: sent })
    if (kept === undefined) throw serverError('HISTORY_OFF', 'this server keeps no history of runs', 'its operator turns it on: `history` in `server.json`')
    return c.json(kept, 201, { ...fresh, location: `${runsPath}/${kept.id}` })
  })
  app.openapi(list, async (c) => c.json(await runs.list(c.req.valid('query')), 200, fresh))
  app.openapi(one, async (c) => {
    const { id } = c.req.valid('param')
    const found = await runs.reportsOf(id)
    if (found === undefined) throw serverError('RESOURCE_UNKNOWN', `there is no recorded run \`${id}\`, or it is no longer kept`)
    return c.json(found, 200, fresh)
  })
}

/** Whoever shows no job's token proves nothing, and says where the run was. @throws {ExeatError} CALLER_REFUSED for what a fork's job sends */
function senderOf(caller: Caller): Requester {
  if (caller.kind !== 'workload') return { caller: { kind: 'operator' }, proven: {}, preview: false }
  const requester = requesterOf(caller)
  if (requester.preview) throw identityError('CALLER_REFUSED', 'what a preview\'s job reports is not recorded: the change under judgement could fill the history')
  return requester
}

const nameOf = (caller: Caller): string => (caller.kind === 'workload' ? caller.workload.provider : caller.kind === 'point' || caller.kind === 'api-key' ? caller.name : caller.kind)
