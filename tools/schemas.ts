/** Writes the JSON Schemas of the documents into `schemas/`. A test fails while they differ from what the decoders take. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { documentJsonSchemas } from '../packages/core/src/document/json-schema.ts'

const folder = fileURLToPath(new URL('../schemas/', import.meta.url))
mkdirSync(folder, { recursive: true })
for (const [name, schema] of documentJsonSchemas()) {
  writeFileSync(`${folder}${name}`, `${JSON.stringify(schema, undefined, 2)}\n`)
  process.stdout.write(`schemas/${name}\n`)
}
