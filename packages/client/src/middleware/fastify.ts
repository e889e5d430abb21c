/** For Fastify: `fastify.addHook('preHandler', exeat(point, deny))`, or a route's own `preHandler`. */
import { type Deny, problemOf } from './excuse.ts'
import { problemType } from './problem.ts'
import type { Point } from './types.ts'

/** What of Fastify's reply is used. */
export interface FastifyReply {
  code(status: number): unknown
  header(name: string, value: string): unknown
  send(text: string): unknown
}

export function exeat<R extends object>(point: Pick<Point, 'decide'>, deny: Deny<R>): (request: R, reply: FastifyReply) => Promise<unknown> {
  return async (request, reply) => {
    const problem = await problemOf(point, deny, request)
    if (problem === undefined) return undefined
    reply.code(problem.status)
    reply.header('content-type', problemType)
    reply.header('cache-control', 'no-store')
    // A hook that answers returns the reply, or Fastify would go on.
    return reply.send(JSON.stringify(problem))
  }
}

export { excuseOf } from './excuse.ts'
