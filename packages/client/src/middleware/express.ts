/** For Express 4 and 5: `app.use('/deployments', exeat(point, deny))`, behind what reads the body. */
import { type Deny, problemOf } from './excuse.ts'
import { problemType } from './problem.ts'
import type { Point } from './types.ts'

/** What of Express's response is used: that of Node. */
export interface ExpressResponse {
  statusCode: number
  setHeader(name: string, value: string): unknown
  end(text: string): unknown
}

export function exeat<R extends object>(point: Pick<Point, 'decide'>, deny: Deny<R>): (request: R, response: ExpressResponse, next: (error?: unknown) => void) => Promise<void> {
  return async (request, response, next) => {
    let problem: Awaited<ReturnType<typeof problemOf>>
    try {
      problem = await problemOf(point, deny, request)
    } catch (error) {
      // Express 4 does not wait for promises. What is falsy would let the request through.
      next(error instanceof Error ? error : new Error(`the policy failed: ${String(error)}`))
      return
    }
    if (problem === undefined) {
      next()
      return
    }
    response.statusCode = problem.status
    response.setHeader('content-type', problemType)
    response.setHeader('cache-control', 'no-store')
    response.end(JSON.stringify(problem))
  }
}

export { excuseOf } from './excuse.ts'
