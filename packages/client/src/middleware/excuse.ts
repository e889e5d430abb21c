/** What a policy of the API says of one request, and what becomes of it, whatever the framework. */
import type { BlockedProblem, Denial, Point, Verdict } from './types.ts'

export type Allowed = Extract<Verdict, { readonly allowed: true }>

/** What the API's own policy finds wrong with a request; undefined where it may go on. */
export type Deny<R> = (request: R) => Denial | undefined | Promise<Denial | undefined>

const excuses = new WeakMap<object, Allowed>()

/** By which opt-outs a request was let through, for handlers and logs. `request`: Hono's context, or the request of Express or Fastify. */
export const excuseOf = (request: object): Allowed | undefined => excuses.get(request)

/** The problem to answer with, and undefined where the request goes on. @throws whatever `deny` throws: then it does not */
export async function problemOf<R extends object>(point: Pick<Point, 'decide'>, deny: Deny<R>, request: R): Promise<BlockedProblem | undefined> {
  const denial = await deny(request)
  if (denial === undefined) return undefined
  const verdict = await point.decide(denial)
  if (!verdict.allowed) return verdict.problem
  excuses.set(request, verdict)
  return undefined
}
