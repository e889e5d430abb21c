/** SARIF out: a SARIF input byte for byte with suppressions added; other inputs in SARIF of Exeat's own making. */
import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Decision, type ExcusedBy, fingerprints } from '@exeat/core'
import { ExeatError } from '@exeat/core/error'
import { type DecidedReport, type SarifSuppression, spliceSuppressions, suppressionOf, type SuppressionTrust, toSarif } from '@exeat/formats'
import type { Io } from '../../edge/io.ts'
import { type Sink, writeOutput } from '../../edge/output.ts'
import { cliError, systemReason } from '../../edge/problem.ts'
import { sha256 } from '../../governance/load.ts'
import { outputName } from '../inputs.ts'
import { isFolder } from '../outputs.ts'
import type { ReadInput } from '../reports.ts'
import type { GateResult } from '../result.ts'

/** @throws {ExeatError} OUTPUT_CONFLICT where several inputs cannot go into one file */
export function checkSarifOutput(inputs: readonly ReadInput[], path: string | undefined, cwd: string): void {
  if (path !== undefined && isFolder(path, cwd)) return
  if (inputs.length <= 1 || inputs.every(({ positions }) => positions === undefined)) return
  throw cliError('OUTPUT_CONFLICT', `${inputs.length} inputs cannot become one SARIF file: a SARIF input is written out as it came`,
    'name a folder: `--format sarif --output out/`, a file for each input')
}

export function writeSarif(result: GateResult, inputs: readonly ReadInput[], path: string | undefined, io: Io): void {
  const excused = excusedByReport(result)
  if (path === undefined || !isFolder(path, io.cwd)) {
    writeOutput(io, path, (sink) => { writeInputs(result, inputs, excused, sink) })
    return
  }
  makeFolder(resolve(io.cwd, path), path)
  const names = new Set<string>()
  for (const input of inputs) {
    const name = uniqueName(outputName(input.input.name, io.cwd), names)
    writeOutput(io, join(path, name), (sink) => { writeInputs(result, [input], excused, sink) })
  }
}

type Excused = ReadonlyMap<ReadInput['reports'][number], ReadonlyMap<number, ExcusedBy>>

/** A preview suppresses nothing. */
function excusedByReport({ reports, decisions, preview }: GateResult): Excused {
  let at = 0
  return new Map(reports.map((report) => {
    const found = new Map<number, ExcusedBy>()
    for (const index of report.findings.keys()) {
      const decision: Decision | undefined = decisions[at + index]
      if (decision?.optOut !== undefined && preview === undefined) found.set(index, decision.optOut)
    }
    at += report.findings.length
    return [report, found]
  }))
}

function writeInputs(result: GateResult, inputs: readonly ReadInput[], excused: Excused, sink: Sink): void {
  const [first] = inputs
  const trust = trustOf(result)
  if (first?.positions !== undefined) {
    const suppressions = first.reports.map((report) => new Map([...excused.get(report) ?? []].map(([index, optOut]): [number, SarifSuppression] => [index, suppressionOf(optOut, trust)])))
    const answer = spliceSuppressions(first.input, first.positions, suppressions, sink.bytes)
    if (!answer.ok) throw new ExeatError([answer.problem])
    return
  }
  sink.write(`${JSON.stringify(toSarif(inputs.flatMap(({ reports }) => reports.map((report) => decided(report, result, excused)))), undefined, 1)}\n`)
}

/** Git mode is what a suppression means that says nothing else. */
const trustOf = ({ mode, log }: GateResult): SuppressionTrust | undefined => (log === undefined ? (mode === 'log' ? { mode } : undefined) : { mode, log: { origin: log.origin, size: log.size } })
const trusting = (trust: SuppressionTrust | undefined): Pick<DecidedReport, 'trust'> => (trust === undefined ? {} : { trust })

function decided(report: ReadInput['reports'][number], result: GateResult, excused: Excused): DecidedReport {
  const { facts } = result
  const fingerprintAt = fingerprints(report.findings, facts.repository?.value.id ?? '', sha256)
  return {
    report,
    excused: excused.get(report) ?? new Map(),
    ...trusting(trustOf(result)),
    fingerprints: new Map(report.findings.map((_, index) => [index, fingerprintAt(index)])),
  }
}

function makeFolder(folder: string, path: string): void {
  try {
    mkdirSync(folder, { recursive: true })
  } catch (cause) {
    throw cliError('OUTPUT_FAILED', `\`${path}\` cannot be made: ${systemReason(cause)}`)
  }
}

function uniqueName(name: string, taken: Set<string>): string {
  const base = name.replace(/\.(?:sarif|json)$/i, '').slice(0, 180)
  let candidate = `${base}.sarif`
  for (let count = 2; taken.has(candidate); count++) candidate = `${base}-${count}.sarif`
  taken.add(candidate)
  return candidate
}
