import * as z from 'zod'
import type { Json } from './located.ts'
import { documentSchemas } from './schema.ts'
import type { DocumentKind } from './schema.ts'

const base = 'https://exeat.dev/schemas'

/** File names of the schemas, by kind. */
const fileNames: Readonly<Record<DocumentKind, string>> = {
  Aliases: 'aliases.v1.json',
  OptOut: 'opt-out.v1.json',
  OptOutPolicy: 'opt-out-policy.v1.json',
  OptOutTest: 'opt-out-test.v1.json',
  Workspace: 'workspace.v1.json',
}

/**
 * JSON Schemas (draft 2020-12) of the documents by file name, and `exeat.v1.json` for a document of any kind. They describe what is
 * written, for editors; the decoder is stricter where a schema cannot say it (dates that do not exist, Unicode, patterns, windows).
 */
export function documentJsonSchemas(): ReadonlyMap<string, Json> {
  const kinds = (Object.keys(fileNames) as DocumentKind[]).sort()
  const each = kinds.map((kind) => [fileNames[kind], schemaOf(kind)] as const)
  const any: Json = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: `${base}/exeat.v1.json`,
    title: 'Exeat document',
    description: 'A document of any kind.',
    type: 'object',
    required: ['apiVersion', 'kind'],
    properties: { kind: { enum: kinds } },
    oneOf: kinds.map((kind) => ({ $ref: `#/$defs/${kind}` })),
    $defs: Object.fromEntries(kinds.map((kind) => [kind, { ...definition(kind) }])),
  }
  return new Map([...each, ['exeat.v1.json', any]])
}

function definition(kind: DocumentKind): { readonly [key: string]: Json } {
  const { $schema: _dialect, ...schema } = z.toJSONSchema(documentSchemas[kind], { target: 'draft-2020-12', io: 'input', reused: 'inline' })
  return JSON.parse(JSON.stringify(schema)) as { readonly [key: string]: Json }
}

function schemaOf(kind: DocumentKind): Json {
  return { $schema: 'https://json-schema.org/draft/2020-12/schema', $id: `${base}/${fileNames[kind]}`, ...definition(kind) }
}
