/** What Prometheus reads. */
import type { RouteConfig } from '@hono/zod-openapi'
import type { Metrics } from '../metrics/index.ts'
import { type App, createRoute, forPoints, plainAnswers } from './parts.ts'

export const metricsPath = '/metrics'

const metrics = createRoute({
  security: forPoints, tags: ['health'], method: 'get', path: metricsPath, summary: 'Metrics', responses: plainAnswers('text/plain', 'Prometheus\' text format, version 0.0.4.'),
})

export const metricsRoutes: readonly RouteConfig[] = [metrics]

export function addMetrics(app: App, { text, contentType }: Metrics): void {
  app.openapi(metrics, async () => new Response(await text(), { headers: { 'content-type': contentType, 'cache-control': 'no-store' } }))
}
