/** For Hono: `app.use('/deployments/*', exeat(point, deny))`. */
import { type Deny, problemOf } from './excuse.ts'
import { problemType } from './problem.ts'
import type { Point } from './types.ts'

/** What of Hono's context is used. */
export interface HonoContext {
  body(data: string, status: 403, headers: Record<string, string>): unknown
}

export function exeat<C extends HonoContext>(point: Pick<Point, 'decide'>, deny: Deny<C>): (context: C, next: () => Promise<void>) => Promise<ReturnType<C['body']> | void> {
  return async (context, next) => {
    const problem = await problemOf(point, deny, context)
    if (problem === undefined) return next()
    return context.body(JSON.stringify(problem), 403, { 'content-type': problemType, 'cache-control': 'no-store' }) as ReturnType<C['body']>
  }
}

export { excuseOf } from './excuse.ts'
