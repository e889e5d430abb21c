/** Writes docs/openapi.json from the routes of the server. A test fails while the file differs from them. */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { openApiDocument } from '../packages/server/src/http/openapi.ts'

export const openApiText = (): string => `${JSON.stringify(openApiDocument(), null, 2)}\n`

if (import.meta.main) {
  writeFileSync(fileURLToPath(new URL('../docs/openapi.json', import.meta.url)), openApiText())
  process.stdout.write('docs/openapi.json\n')
}
