/** Whether the process runs, and whether it can do its work. */
import type { RouteConfig } from '@hono/zod-openapi'
import * as z from 'zod'
import type { Problem } from '@exeat/core'
import { answers, type App, createRoute, forAnyone } from './parts.ts'
import { refusal } from './problem.ts'

const common = { security: forAnyone, tags: ['health'], method: 'get' as const }

const healthz = createRoute({ ...common, path: '/healthz', summary: 'The process answers', responses: answers(z.strictObject({ status: z.literal('ok') }).meta({ id: 'Alive' }), 'It does.') })
const readyz = createRoute({
  ...common, path: '/readyz', summary: 'The log takes entries, and the protected ref was read lately',
  responses: answers(z.strictObject({ status: z.literal('ready'), checkedAt: z.exactOptional(z.string()) }).meta({ id: 'Ready' }), 'Ready. `checkedAt`: when the last whole reading of the log ended.'),
})

export const healthRoutes: readonly RouteConfig[] = [healthz, readyz]

/** Every reason why the server is not ready; none where it is. */
export interface Readiness {
  readonly problems: readonly Problem[]
  /** When the last whole reading of the log ended, as an instant. */
  readonly checkedAt?: string
}

export function addHealth(app: App, readiness: () => Promise<Readiness>): void {
  app.openapi(healthz, (c) => c.json({ status: 'ok' as const }, 200, fresh))
  app.openapi(readyz, async (c) => {
    const { problems: [first, ...others], checkedAt } = await readiness()
    if (first === undefined) return c.json({ status: 'ready' as const, ...(checkedAt === undefined ? {} : { checkedAt }) }, 200, fresh)
    return refusal([first, ...others], {}, 503)
  })
}

const fresh = { 'cache-control': 'no-store' }
