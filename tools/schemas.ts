/** Writes the JSON Schemas of the documents, and of the outputs that repeat the API, into `schemas/`. A test fails while they differ from what the code takes and gives. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { documentJsonSchemas } from '../packages/core/src/document/json-schema.ts'
import { outputJsonSchemas } from '../packages/core/src/wire/json-schema.ts'

const folder = fileURLToPath(new URL('../schemas/', import.meta.url))
mkdirSync(`${folder}output`, { recursive: true })
const outputs = [...outputJsonSchemas()].map(([name, schema]) => [`output/${name}`, schema] as const)
for (const [name, schema] of [...documentJsonSchemas(), ...outputs]) {
  writeFileSync(`${folder}${name}`, `${JSON.stringify(schema, undefined, 2)}\n`)
  process.stdout.write(`schemas/${name}\n`)
}
