/** The API's OpenAPI 3.1 description, from the schemas that check it. */
import type { OpenAPIHono } from '@hono/zod-openapi'
import * as z from 'zod'
import manifest from '../../package.json' with { type: 'json' }
import type { Env } from './env.ts'

type Document = ReturnType<OpenAPIHono['getOpenAPI31Document']>

const info = {
  title: 'Exeat',
  version: manifest.version,
  description: 'Opt-outs of automated controls, and the log that they stand in. Every refusal is `application/problem+json` (RFC 9457) with a stable code.',
  license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
}

const securitySchemes = {
  point: { type: 'http', scheme: 'bearer', description: 'The token of an enforcement point.' },
  socket: { type: 'apiKey', in: 'header', name: 'Exeat-Actor', description: 'The administrative socket: whoever can open it may act. Not a secret.' },
} as const

/**
 * The generator's paths with zod's own JSON Schemas: the generator calls a member required that may be absent but not `undefined` (`exactOptional`).
 */
export function openApiDocument(app: OpenAPIHono<Env>): Document {
  const generated = app.getOpenAPI31Document({ openapi: '3.1.0', info, tags: ['acts', 'reads', 'log', 'health'].map((name) => ({ name })) })
  const schemas = named()
  const used = new Set(Object.keys(generated.components?.schemas ?? {}))
  const paths = Object.fromEntries(Object.entries(generated.paths ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)))
  optionalParameters(app, paths)
  return {
    ...generated,
    paths,
    components: { securitySchemes, schemas: Object.fromEntries(Object.entries(schemas).filter(([name]) => used.has(name)).sort(([a], [b]) => (a < b ? -1 : 1))) },
  } as Document
}

/** Every schema that has an id, by it. */
function named(): Readonly<Record<string, unknown>> {
  const { schemas } = z.toJSONSchema(z.globalRegistry, { uri: (id) => `#/components/schemas/${id}`, io: 'input' })
  return Object.fromEntries(Object.entries(schemas).map(([id, { $schema: _schema, $id: _id, ...schema }]) => [id, schema]))
}

/** A parameter is required where its route's own schema says so. */
function optionalParameters(app: OpenAPIHono<Env>, paths: Record<string, unknown>): void {
  for (const definition of app.openAPIRegistry.definitions) {
    const query = definition.type === 'route' ? definition.route.request?.query : undefined
    if (definition.type !== 'route' || !(query instanceof z.ZodObject)) continue
    const { method, path } = definition.route
    const required = new Set(z.toJSONSchema(query, { io: 'input' }).required ?? [])
    const operation = (paths[path] as Record<string, { parameters?: { in: string; name: string; required?: boolean }[] }> | undefined)?.[method]
    for (const parameter of operation?.parameters ?? []) if (parameter.in === 'query') parameter.required = required.has(parameter.name)
  }
}
