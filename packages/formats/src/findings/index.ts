import type { Problem } from '@exeat/core'
import { parseStrictJson } from '../json/strict.ts'
import { shown } from '../json/fault.ts'
import type { ReportCode } from './codes.ts'
import { inputFormats, nativeReaders } from './registry.ts'
import { isSarif, readSarif } from './sarif/index.ts'
import type { ByteSource, Json, NativeReader, ReadAnswer } from './types.ts'

export { reportCodes } from './codes.ts'
export type { ReportCode } from './codes.ts'
export { inputFormats, nativeReaders } from './registry.ts'

export interface ReadOptions {
  /** One of `inputFormats`; detected from the content unless told. */
  readonly format?: string
  /** Absolute folder that the tools ran in, as they write it: absolute paths under it become relative. */
  readonly root?: string
}

/** Native reports are held in memory; SARIF is not, and has no limit. */
const maxNativeBytes = 256 * 1024 * 1024

/**
 * The reports in one file. Never "no findings" for a doubt: what is not exactly one reader's, not whole, or not shaped as its tool
 * writes it, is a problem (design §4, Reports).
 */
export function readReports(source: ByteSource, options: ReadOptions = {}): ReadAnswer {
  const { format, root } = options
  if (format !== undefined && !inputFormats.includes(format)) return refused('FORMAT_UNKNOWN', source, `the input format \`${shown(format)}\` does not exist`, `known: ${inputFormats.join(', ')}`)
  if (format === 'sarif' || (format === undefined && isSarif(source))) return readSarif(source, root === undefined ? {} : { root })
  if (source.size > maxNativeBytes) {
    return refused('REPORT_TOO_LARGE', source, `the report has ${source.size} bytes, the limit for native formats is ${maxNativeBytes}`, 'have the tool write SARIF, which has no limit')
  }
  const bytes = wholeOf(source)
  if (bytes === undefined) return refused('REPORT_UNREADABLE', source, `the report does not have the ${source.size} bytes that it should have`, 'let nothing write to the file meanwhile')
  const parsed = parseStrictJson(bytes, source.name, { maxBytes: maxNativeBytes })
  if (!parsed.ok) return { ok: false, problems: [parsed.problem] }
  const reader = format === undefined ? detected(parsed.value, source) : nativeReaders.find((each) => each.format === format)
  if (reader === undefined || 'ok' in reader) return reader ?? unrecognised(source)
  return reader.read(parsed.value, source.name, root)
}

/** The one reader that knows the value, or why there is none. */
function detected(value: Json, source: ByteSource): NativeReader | ReadAnswer {
  const [first, ...others] = nativeReaders.filter((reader) => reader.detect(value))
  if (first !== undefined && others.length === 0) return first
  const candidates = first === undefined ? nativeReaders.filter((reader) => reader.doubtful(value)) : [first, ...others]
  if (candidates.length === 0) return unrecognised(source)
  const names = candidates.map((reader) => `\`${reader.format}\``).join(', ')
  return refused('REPORT_AMBIGUOUS', source, `the report may be one of ${names}, and does not say which`, `say which tool wrote it: \`--input-format ${candidates[0]?.format}\``)
}

const unrecognised = (source: ByteSource): ReadAnswer =>
  refused('REPORT_UNRECOGNISED', source, 'the input is JSON, but no report that is known', `known formats: ${inputFormats.join(', ')}; \`--input-format\` names one`)

function refused(code: ReportCode, source: ByteSource, message: string, hint: string): ReadAnswer {
  const problem: Problem<ReportCode> = { code, message, hint, at: { file: source.name, line: 1, column: 1 } }
  return { ok: false, problems: [problem] }
}

/** All bytes of a source; undefined where it ends early or goes on. */
function wholeOf(source: ByteSource): Uint8Array | undefined {
  const bytes = new Uint8Array(source.size)
  let position = 0
  while (position < bytes.length) {
    const count = source.read(bytes.subarray(position), position)
    if (count === 0) return undefined
    position += count
  }
  return source.read(new Uint8Array(1), position) === 0 ? bytes : undefined
}
