import type { Problem, Report } from '@exeat/core'
import { byte } from '../../json/bytes.ts'
import { JsonFault } from '../../json/fault.ts'
import { jsonProblem, placeOf } from '../../json/place.ts'
import { JsonScanner } from '../../json/scanner.ts'
import { finish } from '../../json/strict.ts'
import type { ByteSource, ReadAnswer } from '../types.ts'
import { SarifFault, sarifHints } from './codes.ts'
import type { RunPositions, SarifPositions } from './positions.ts'
import { eachElement, list, object, starts, text } from './read.ts'
import type { Read, Reading } from './read.ts'
import { readResults } from './results.ts'
import { reportOf } from './run.ts'
import { externalShape, runShape } from './shapes.ts'
import { sharedStrings } from './strings.ts'

export interface SarifOptions {
  /** Absolute path or `file` URI of the repository's root on the machine that scanned, for reports that do not say it. */
  readonly root?: string
  /** Bytes read at once; 512 KiB unless told. */
  readonly window?: number
  /** Arrays and objects within each other; 256 unless told. */
  readonly maxDepth?: number
  /** Results, rules, artifacts and their parts that are kept; 4 million unless told, more than a file of 2 GB has. */
  readonly maxParts?: number
}

export type SarifAnswer = ReadAnswer & ({ readonly ok: false } | { readonly ok: true; readonly positions: SarifPositions })

/**
 * SARIF 2.1.0 (OASIS) as reports, one a run, in one pass over the file and with a window of it in memory. All of it is validated as
 * JSON; a byte order mark is passed (RFC 8259 section 8.1), as .NET tools write one. Results of kind `fail` (or none), `open` and
 * `review` are findings, whatever their `baselineState` except `absent` and whatever their suppressions, which are listed apart.
 * A run whose `results` are absent or `null` did not scan (§3.14.23) and is a report that is not completed. Results, rules or invocations that stand in
 * another file (§3.15) refuse the file.
 */
export function readSarif(source: ByteSource, options: SarifOptions = {}): SarifAnswer {
  try {
    return read(source, options)
  } catch (error) {
    if (error instanceof JsonFault) return { ok: false, problems: [jsonProblem(error, source)] }
    if (error instanceof SarifFault) return { ok: false, problems: [sarifProblem(error, source)] }
    throw error
  }
}

function sarifProblem(fault: SarifFault, source: ByteSource): Problem {
  const hint = sarifHints[fault.code]
  return { code: fault.code, message: fault.message, ...(hint === undefined ? {} : { hint }), at: placeOf(source, fault.offset) }
}

function read(source: ByteSource, options: SarifOptions): SarifAnswer {
  const reading: Reading = { scanner: new JsonScanner(source, options), strings: sharedStrings(), lastEnd: 0, lastEmpty: false, left: options.maxParts ?? 4_000_000 }
  const { scanner } = reading
  scanner.skipByteOrderMark()
  const first = scanner.peek()
  if (first < 0) scanner.fail('JSON_EMPTY', 'the input is empty')
  const start = scanner.offset
  const reports: Report[] = []
  const runs: RunPositions[] = []
  const log = object({
    version: readVersion,
    runs: runsReader(source.name, options.root, reports, runs),
    inlineExternalProperties: list(externalReader('a log file')),
  })(reading, 'the input')
  finish(scanner)
  if (log?.version === undefined) throw new SarifFault('SARIF_VERSION', start, 'the file states no SARIF version, expected `2.1.0`')
  if (log.runs === undefined) throw new SarifFault('SARIF_SHAPE', start, 'the file has no `runs`')
  return { ok: true, reports, positions: { size: source.size, runs } }
}

const readVersion: Read<string> = (reading, name) => {
  const offset = reading.scanner.offset
  const version = text(reading, name)
  if (version !== undefined && version !== '2.1.0') throw new SarifFault('SARIF_VERSION', offset, `the SARIF version is \`${version.slice(0, 40)}\`, expected \`2.1.0\``)
  return version
}

/** §3.13.4: `null` says that the producer failed to find the runs; an empty array is a clean answer. */
function runsReader(input: string, root: string | undefined, reports: Report[], positions: RunPositions[]): Read<true> {
  const readRun = object({
    ...runShape,
    externalPropertyFileReferences: externalReader('a run'),
    results: readResults,
  })
  return (reading, name) => {
    const { scanner } = reading
    const start = scanner.offset
    if (!starts(scanner, byte.openArray, name, 'an array')) throw new SarifFault('SARIF_NO_RUNS', start, '`runs` is `null`: the producer failed to find them')
    eachElement(scanner, () => {
      const offset = scanner.offset
      const run = readRun(reading, name)
      const tool = run?.tool?.driver?.name?.trim()
      if (run === undefined || tool === undefined || tool === '') throw new SarifFault('SARIF_SHAPE', offset, 'a run names no tool')
      const { report, positions: found } = reportOf(run, run.results, tool, input, root)
      reports.push(report)
      positions.push(found)
    })
    return true
  }
}

/** Refuses what keeps elsewhere that by which findings are found or judged. */
function externalReader(where: string): Read<true> {
  const readExternal = object(externalShape)
  return (reading, name) => {
    const offset = reading.scanner.offset
    const external = readExternal(reading, name)
    for (const [kind, there] of Object.entries(external ?? {})) {
      if (there === true) throw new SarifFault('SARIF_EXTERNAL', offset, `${where} keeps its \`${kind}\` apart, in \`${name}\``)
    }
    return true
  }
}

/** True for a JSON object with `runs`, which no other format has at its root. Reads no further than that key. */
export function isSarif(source: ByteSource): boolean {
  const scanner = new JsonScanner(source)
  try {
    scanner.skipByteOrderMark()
    if (scanner.peek() !== byte.openObject || !scanner.enterObject()) return false
    do {
      if (scanner.readKey() === 'runs') return true
      scanner.skipValue()
    } while (scanner.nextElement())
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error
  }
  return false
}
