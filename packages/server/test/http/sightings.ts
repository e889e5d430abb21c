/** Where secrets of a run were seen: in answers, addresses, reports, and every file that the server keeps but its keys. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { Asked, Reply, Site } from '../main/support.ts'

interface Exchange {
  readonly path: string
  readonly reply: Reply
}

export interface Secret {
  readonly name: string
  readonly value: string
  /** Answers that may hold it in their body: the one that gave it away, unless told. */
  readonly answers?: (path: string) => boolean
}

export interface Watched {
  readonly exchanges: readonly Exchange[]
  /** One line for each place where a secret stands and must not. Asked once the server has stopped, so that all is written. */
  sightings(secrets: readonly Secret[]): readonly string[]
}

/** Remembers every answer of a site from now on. */
export function watch(at: Site): Watched {
  const exchanges: Exchange[] = []
  const { ask } = at
  at.ask = async (path: string, asked?: Asked) => {
    const reply = await ask(path, asked)
    exchanges.push({ path, reply })
    return reply
  }
  return { exchanges, sightings: (secrets) => secrets.flatMap((secret) => [...inAnswers(secret, exchanges), ...inReports(secret, at.told), ...inFiles(secret, at.data)]) }
}

/** As it is, and as whoever writes it down may spell it. */
export function spellings(value: string): readonly string[] {
  const bytes = Buffer.from(value, 'utf8')
  const raw = /^[\w-]{20,}$/.test(value) ? Buffer.from(value, 'base64url') : bytes
  return [...new Set([value, ...[bytes, raw].flatMap((each) => [each.toString('base64').replace(/=+$/, ''), each.toString('base64url'), each.toString('hex')]), encodeURIComponent(value)])]
}

const holds = (text: string, value: string): boolean => {
  const folded = text.toLowerCase()
  return spellings(value).some((each) => (/^[0-9a-f]+$/.test(each) ? folded.includes(each) : text.includes(each)))
}

function inAnswers({ name, value, answers }: Secret, exchanges: readonly Exchange[]): readonly string[] {
  const found: string[] = []
  let given = answers !== undefined
  for (const { path, reply: { text, headers, status } } of exchanges) {
    const { 'set-cookie': _cookies, ...others } = headers
    if (holds(path, value)) found.push(`${name} in the address ${path}`)
    if (holds(JSON.stringify(others), value)) found.push(`${name} in a header of the answer to ${path}`)
    if (!holds(text, value) || answers?.(path) === true) continue
    if (given || status >= 400) found.push(`${name} in the answer to ${path}: ${text.slice(0, 200)}`)
    given = true
  }
  return found
}

const inReports = ({ name, value }: Secret, told: readonly unknown[]): readonly string[] =>
  told.flatMap((each) => (holds(typeof each === 'string' ? each : JSON.stringify(each, (_, inner: unknown) => (inner instanceof Error ? `${inner.message}${inner.stack ?? ''}` : inner)) ?? '', value) ? [`${name} in a report of the server`] : []))

/** Keys stand in files of their own, which nobody else can read; everything else must hold no secret. */
function inFiles({ name, value }: Secret, data: string): readonly string[] {
  const files = readdirSync(data, { recursive: true, withFileTypes: true }).filter((each) => each.isFile()).map((each) => relative(data, join(each.parentPath, each.name)))
  return files.filter((file) => !/^(?:keys|founders)\//.test(file) && holds(readFileSync(join(data, file), 'latin1'), value)).map((file) => `${name} in the file ${file}`)
}
