import { readFileSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { parseStrictJson } from '@exeat/formats'
import { serverError, systemCode } from './codes.ts'
import { checkDataFolder, dataPaths } from './folder.ts'
import { configSchema, type ServerConfig } from './schema.ts'

/** @throws {ExeatError} DATA_MISSING, DATA_OPEN, CONFIG_INVALID */
export function readConfig(folder: string): ServerConfig {
  checkDataFolder(folder)
  const { config: path } = dataPaths(folder)
  let bytes: Uint8Array
  try {
    bytes = readFileSync(path)
  } catch (cause) {
    throw serverError('DATA_MISSING', `\`${path}\` cannot be read: ${systemCode(cause)}`, 'run: exeat init --server')
  }
  const json = parseStrictJson(bytes, path, { maxBytes: 1024 * 1024, maxDepth: 16 })
  if (!json.ok) throw serverError('CONFIG_INVALID', `\`${path}\` is wrong: ${json.problem.message}`)
  const parsed = configSchema.safeParse(json.value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw serverError('CONFIG_INVALID', `\`${path}\` is wrong at \`${issue?.path.join('.') ?? ''}\`: ${lower(issue?.message ?? 'it is invalid')}`, 'docs/server.md lists what it takes')
}

export const inFolder = (folder: string, path: string): string => (isAbsolute(path) ? path : join(folder, path))

const lower = (text: string): string => `${text.charAt(0).toLowerCase()}${text.slice(1)}`
