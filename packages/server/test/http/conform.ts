/** Holds an answer against docs/openapi.json: its path, status, content type and body must stand there. */
import { readFileSync } from 'node:fs'
import * as z from 'zod'

interface Media { readonly schema?: Record<string, unknown> }
interface Described { readonly content?: Readonly<Record<string, Media>> }
interface Operation { readonly responses: Readonly<Record<string, Described>> }
interface Document { readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>; readonly components: { readonly schemas: Readonly<Record<string, Record<string, unknown>>> } }

export const document = JSON.parse(readFileSync(new URL('../../../../docs/openapi.json', import.meta.url), 'utf8')) as Document

const templates = Object.keys(document.paths).map((path) => ({
  path,
  // The one parameter that may hold slashes is the rest of a tile's path.
  pattern: new RegExp(`^${path.replaceAll(/[.*+?^$()|[\]\\]/g, '\\$&').replace('{path}', '.+').replaceAll(/\{[^}]+\}/g, '[^/]+')}$`),
}))

const schemas = new Map<string, z.ZodType>()

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly text: string
}

/** Throws where the answer is none that the description knows. `method` and `path` as they were asked for. */
export function conform(method: string, path: string, { status, headers, text }: Answer): void {
  const plain = path.replace(/\?.*$/s, '')
  // A path without parameters before one with: `/log/proof/inclusion` is no tile.
  const found = templates.filter(({ pattern }) => pattern.test(plain)).sort((a, b) => a.path.split('{').length - b.path.split('{').length)[0]
  const operation = found === undefined ? undefined : document.paths[found.path]?.[method === 'HEAD' ? 'get' : method.toLowerCase()]
  if (operation === undefined && status < 400) throw new Error(`${method} ${path} answers ${status}, and the description does not know it`)
  const described = operation?.responses[String(status)] ?? (status >= 400 ? problem : undefined)
  if (described === undefined) throw new Error(`${method} ${path} answers ${status}, which the description does not know`)
  if (method === 'HEAD' || status === 304 || status === 204 || (described.content === undefined && text === '')) return
  const type = String(headers['content-type'] ?? '').replace(/;.*$/, '')
  const media = described.content?.[type]
  if (media === undefined) throw new Error(`${method} ${path} answers ${status} with \`${type}\`, which the description does not know`)
  if (!type.endsWith('json') || media.schema === undefined) return
  const body = JSON.parse(text) as { status?: number }
  const parsed = compiled(media.schema).safeParse(body)
  if (!parsed.success) throw new Error(`${method} ${path} answers ${status}: ${z.prettifyError(parsed.error)}\n${text.slice(0, 500)}`)
  if (status >= 400 && body.status !== status) throw new Error(`${method} ${path} answers ${status}, and its body says ${body.status}`)
}

const problem: Described = { content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } }

function compiled(schema: Record<string, unknown>): z.ZodType {
  const key = JSON.stringify(schema)
  const known = schemas.get(key)
  if (known !== undefined) return known
  const local = (value: unknown): Record<string, unknown> => JSON.parse(JSON.stringify(value).replaceAll('#/components/schemas/', '#/$defs/')) as Record<string, unknown>
  const made = z.fromJSONSchema({ $schema: 'https://json-schema.org/draft/2020-12/schema', ...local(schema), $defs: local(document.components.schemas) } as Parameters<typeof z.fromJSONSchema>[0])
  schemas.set(key, made)
  return made
}
