/** Which formats go where: each `--format` may be followed by the `--output` it goes to; one of them may go to standard output. */
import { statSync } from 'node:fs'
import { extname, resolve } from 'node:path'
import { cliError } from '../edge/problem.ts'

export const formats = ['table', 'json', 'sarif', 'junit', 'markdown', 'github'] as const
export type Format = (typeof formats)[number]

export interface Output {
  readonly format: Format
  /** As given; absent: standard output. */
  readonly path?: string
}

interface Draft {
  format?: Format
  path?: string
}

export interface OutputFlags {
  format(value: string): void
  output(value: string): void
  /** @throws {ExeatError} OUTPUT_CONFLICT */
  outputs(cwd: string): readonly Output[]
}

const byExtension: ReadonlyMap<string, Format> = new Map([['.json', 'json'], ['.sarif', 'sarif'], ['.xml', 'junit'], ['.md', 'markdown'], ['.txt', 'table']])

/** Collects the two options in the order in which they stand on the command line. */
export function outputFlags(): OutputFlags {
  const drafts: Draft[] = []
  return {
    format(value) {
      const format = formats.find((known) => known === value)
      if (format === undefined) throw cliError('USAGE', `\`--format ${value}\` is no format`, `say one of ${formats.map((known) => `\`${known}\``).join(', ')}`)
      const last = drafts.at(-1)
      if (last !== undefined && last.format === undefined) last.format = format
      else drafts.push({ format })
    },
    output(value) {
      if (value === '') throw cliError('USAGE', '`--output` names no file')
      const last = drafts.at(-1)
      if (last !== undefined && last.path === undefined) last.path = value
      else drafts.push({ path: value })
    },
    outputs: (cwd) => settle(drafts, cwd),
  }
}

function settle(drafts: readonly Draft[], cwd: string): readonly Output[] {
  const outputs: Output[] = drafts.map(({ format, path }) => ({
    format: format ?? byExtension.get(extname(path ?? '')) ?? 'table',
    ...(path === undefined || path === '-' ? {} : { path }),
  }))
  if (outputs.length === 0) return [{ format: 'table' }]
  const places = outputs.map(({ path }) => (path === undefined ? '' : resolve(cwd, path)))
  const twice = outputs[places.findIndex((place, index) => places.indexOf(place) !== index)]
  if (twice !== undefined) {
    throw cliError('OUTPUT_CONFLICT', `two outputs go to ${twice.path === undefined ? 'standard output' : `\`${twice.path}\``}`, 'give each `--format` an `--output` of its own')
  }
  return outputs
}

/** A path that ends in a slash means a folder, whether it is there or not. */
/** @throws {ExeatError} OUTPUT_CONFLICT where an output would take the place of a report, by whatever name */
export function refuseInputs(outputs: readonly Output[], reports: readonly (string | undefined)[], cwd: string): void {
  const taken = new Set(reports.flatMap((path) => fileId(path)))
  const over = outputs.find(({ path }) => path !== undefined && fileId(resolve(cwd, path)).some((id) => taken.has(id)))
  if (over !== undefined) throw cliError('OUTPUT_CONFLICT', `\`${over.path}\` is one of the reports, and writing there would replace it`, 'choose another name for the output')
}

/** What tells a file apart from another, links followed; nothing for one that is not there. */
function fileId(path: string | undefined): readonly string[] {
  const stat = path === undefined ? undefined : statSync(path, { throwIfNoEntry: false })
  return stat === undefined ? [] : [`${stat.dev}:${stat.ino}`]
}

export const isFolder = (path: string, cwd: string): boolean => /[/\\]$/.test(path) || statSync(resolve(cwd, path), { throwIfNoEntry: false })?.isDirectory() === true
