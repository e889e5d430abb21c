import { readFileSync, readdirSync } from 'node:fs'
import type { Finding, Report } from '@exeat/core'
import { bytesSource, readReports } from '../../src/index.ts'
import type { Json, ReadAnswer, ReadOptions } from '../../src/index.ts'

export const vectors = new URL('../../../../vectors/scanner-outputs/', import.meta.url)
export const vectorFiles: readonly string[] = readdirSync(vectors, { withFileTypes: true })
  .flatMap((entry) => (entry.isDirectory() ? readdirSync(new URL(`${entry.name}/`, vectors)).map((name) => `${entry.name}/${name}`) : [entry.name])).toSorted()

export const vector = (name: string): Uint8Array => readFileSync(new URL(name, vectors))

/** The file as `JSON.parse` sees it: nothing of the product's reading in between. */
export const parsed = (name: string): Json => JSON.parse(Buffer.from(vector(name)).toString('utf8')) as Json

export const bytes = (input: unknown): Uint8Array =>
  input instanceof Uint8Array ? input : new TextEncoder().encode(typeof input === 'string' ? input : JSON.stringify(input))

export const read = (input: unknown, options: ReadOptions = {}): ReadAnswer => readReports(bytesSource('report.json', bytes(input)), options)

export function reports(input: unknown, options: ReadOptions = {}): readonly Report[] {
  const answer = read(input, options)
  if (!answer.ok) throw new Error(JSON.stringify(answer.problems))
  return answer.reports
}

export const findings = (input: unknown, options: ReadOptions = {}): readonly Finding[] => reports(input, options).flatMap((report) => report.findings)

/** The only report of an input. */
export function report(input: unknown, options: ReadOptions = {}): Report {
  const [only, ...others] = reports(input, options)
  if (only === undefined || others.length > 0) throw new Error('not one report')
  return only
}

export function refusal(input: unknown, options: ReadOptions = {}): string {
  const answer = read(input, options)
  if (answer.ok) throw new Error(`accepted with ${answer.reports.flatMap((each) => each.findings).length} findings`)
  const [problem] = answer.problems
  return `${problem.code} ${problem.message}`
}

export const total = (answer: ReadAnswer): number => (answer.ok ? answer.reports.reduce((sum, each) => sum + each.findings.length, 0) : -1)

/** One path for each shape in a value: of a list the first and the last element stand for all, of a large table the first three. */
export function places(value: Json, path: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  if (typeof value !== 'object' || value === null) return [path]
  const members: (readonly [string | number, Json])[] = Array.isArray(value)
    ? [...new Set([0, value.length - 1])].filter((index) => index >= 0 && index < value.length).map((index) => [index, value[index] as Json] as const)
    : Object.entries(value as Record<string, Json>).slice(0, Object.keys(value).length > 30 ? 3 : 30)
  return [path, ...members.flatMap(([key, inner]) => places(inner, [...path, key]))]
}

export function valueAt(value: Json, path: readonly (string | number)[]): Json {
  return path.reduce<Json>((at, key) => (at as Record<string | number, Json>)[key] as Json, value)
}

/** The value with another one at a place; `undefined` takes the place away. */
export function replaced(value: Json, path: readonly (string | number)[], by: Json | undefined): Json {
  const [key, ...rest] = path
  if (key === undefined) return by ?? null
  if (Array.isArray(value)) {
    const copy = [...value as Json[]]
    if (rest.length === 0 && by === undefined) copy.splice(key as number, 1)
    else copy[key as number] = replaced(copy[key as number] as Json, rest, by)
    return copy
  }
  const copy = { ...value as Record<string, Json> }
  if (rest.length === 0 && by === undefined) delete copy[key]
  else copy[key] = replaced(copy[key] as Json, rest, by)
  return copy
}
