/** The API's OpenAPI 3.1 description, from the schemas that check it. */
import { OpenAPIHono, type RouteConfig } from '@hono/zod-openapi'
import * as z from 'zod'
import manifest from '../../package.json' with { type: 'json' }
import { actRoutes } from './acts.ts'
import { authzenRoutes } from './authzen.ts'
import { decisionRoutes } from './decisions.ts'
import { drillRoutes } from './drills.ts'
import { eventRoutes } from './events.ts'
import { gitHubAppRoutes } from './github-app.ts'
import { healthRoutes } from './health.ts'
import { logRoutes } from './log.ts'
import { metricsRoutes } from './metrics.ts'
import { overviewRoutes } from './overview.ts'
import { opaRoutes } from './opa.ts'
import { answers, createRoute, forAnyone } from './parts.ts'
import { peopleRoutes } from './people/index.ts'
import { receiverRoutes } from './receivers.ts'
import { runRoutes } from './runs.ts'
import { readRoutes } from './reads.ts'
import { sinkRoutes } from './sinks.ts'

type Document = ReturnType<OpenAPIHono['getOpenAPI31Document']>

const info = {
  title: 'Exeat',
  version: manifest.version,
  description: 'Opt-outs of automated controls, and the log that they stand in. Every refusal is `application/problem+json` (RFC 9457) with a stable code.',
  license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
}

const securitySchemes = {
  point: { type: 'http', scheme: 'bearer', description: 'The token of an enforcement point, of a job, or an API key.' },
  session: { type: 'apiKey', in: 'cookie', name: '__Host-exeat', description: 'Whoever signed in with a browser. What changes something carries `Exeat-CSRF`, too.' },
  dpop: { type: 'http', scheme: 'DPoP', description: 'Whoever signed in with the command line: a token that is bound to a key (RFC 9449).' },
  socket: { type: 'apiKey', in: 'header', name: 'Exeat-Actor', description: 'The administrative socket: whoever can open it may act. Not a secret.' },
} as const

/** Every route of the API: what `addRoutes` answers, and what is described. */
export const routes: readonly RouteConfig[] = [
  ...actRoutes,
  ...drillRoutes,
  ...readRoutes,
  ...eventRoutes,
  ...decisionRoutes,
  ...runRoutes,
  ...sinkRoutes,
  ...receiverRoutes,
  ...gitHubAppRoutes,
  ...overviewRoutes,
  ...authzenRoutes,
  ...opaRoutes,
  ...peopleRoutes,
  ...logRoutes,
  ...healthRoutes,
  ...metricsRoutes,
  createRoute({
    method: 'get', path: '/openapi.json', summary: 'This description', tags: ['health'], security: forAnyone, responses: answers(z.record(z.string(), z.unknown()), 'OpenAPI 3.1.'),
  }),
]

/**
 * The generator's paths with zod's own JSON Schemas: the generator calls a member required that may be absent but not `undefined` (`exactOptional`).
 */
export function openApiDocument(): Document {
  const { openAPIRegistry, getOpenAPI31Document } = new OpenAPIHono()
  for (const route of routes) openAPIRegistry.registerPath(route)
  const generated = getOpenAPI31Document({ openapi: '3.1.0', info, tags: ['acts', 'reads', 'decisions', 'authzen', 'runs', 'sinks', 'receivers', 'people', 'log', 'health'].map((name) => ({ name })) })
  const used = new Set(Object.keys(generated.components?.schemas ?? {}))
  const paths = Object.fromEntries(Object.entries(generated.paths ?? {}).sort(byName))
  optionalParameters(paths)
  return {
    ...generated,
    paths,
    components: { securitySchemes, schemas: Object.fromEntries(Object.entries(named()).filter(([name]) => used.has(name)).sort(byName)) },
  } as Document
}

const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1)

/** Every schema that has an id, by it. */
function named(): Readonly<Record<string, unknown>> {
  const { schemas } = z.toJSONSchema(z.globalRegistry, { uri: (id) => `#/components/schemas/${id}`, io: 'input' })
  return Object.fromEntries(Object.entries(schemas).map(([id, { $schema: _schema, $id: _id, ...schema }]) => [id, schema]))
}

/** A parameter is required where its route's own schema says so. */
function optionalParameters(paths: Readonly<Record<string, unknown>>): void {
  for (const { method, path, request } of routes) {
    const query = request?.query
    if (!(query instanceof z.ZodObject)) continue
    const required = new Set(z.toJSONSchema(query, { io: 'input' }).required ?? [])
    const operation = (paths[path] as Record<string, { parameters?: { in: string; name: string; required?: boolean }[] }> | undefined)?.[method]
    for (const parameter of operation?.parameters ?? []) if (parameter.in === 'query') parameter.required = required.has(parameter.name)
  }
}
