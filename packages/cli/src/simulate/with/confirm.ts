/**
 * Whether reality equals the prediction: the real tool runs over a throwaway copy of the tree, without an excuse and with the opt-out in the tool's own form, and
 * what it stops reporting is held against what was predicted.
 */
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, isAbsolute, join, sep } from 'node:path'
import type { Simulation, SimulationConfirmed } from '@exeat/core/impact'
import type { Io } from '../../edge/io.ts'
import type { CliCode } from '../../edge/codes.ts'
import { cliError } from '../../edge/problem.ts'
import { repositoryRoot } from '../../gate/reports.ts'
import { clipped, oneLine } from '../../text/safe.ts'
import { type Ended, endContained, runTool } from '../isolate.ts'
import type { NativeRun } from '../native.ts'
import type { SimulateQuestion } from '../question.ts'
import { type Caps, runSimulation, type Simulated } from '../run.ts'
import { type Engine, engines, without } from './engines.ts'
import { type Layout, layOut } from './lay-out.ts'

export interface Confirming extends Layout {
  readonly tool: string
}

/** Bytes of a report. */
const mostReport = 256 * 1024 * 1024
/** Differences that are named. */
const mostNamed = 50

/** @throws {ExeatError} SIMULATION_TOOL, NATIVE_INEXPRESSIBLE as a problem of the answer, and as `runSimulation` */
export async function simulateWith(given: Confirming, question: SimulateQuestion, reports: readonly string[], caps: Caps, io: Io): Promise<Simulation> {
  const reason = without[given.tool]
  if (reason !== undefined) throw cliError('SIMULATION_TOOL', `\`${given.tool}\` cannot confirm an opt-out: ${reason}`, 'leave `--with` out')
  const program = programOf(given.tool, io)
  const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'exeat-simulate-')))
  const unhand = onSignals(() => { remove(scratch) })
  try {
    const place: Place = { scratch, copy: join(scratch, 'tree'), program, caps, env: environmentIn(scratch, program) }
    for (const folder of [place.copy, join(scratch, 'home'), join(scratch, 'tmp')]) mkdirSync(folder, { mode: 0o700 })
    const engine = engines.find(({ name }) => name === given.tool)
    return await (engine === undefined ? confirmByOpa(question, reports, place, io) : confirmByEngine(engine, given, question, reports, place, io))
  } finally {
    unhand()
    remove(scratch)
  }
}

/** A tool that dies this very instant may still be writing. */
const remove = (scratch: string): void => { rmSync(scratch, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }) }

/** A copy of the tree, and a report that may hold secrets, outlive no end that can be seen. Answers how to take the handlers away. */
function onSignals(clean: () => void): () => void {
  const handlers = (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map((signal) => {
    const handler = (): void => {
      endContained()
      clean()
      unhand()
      process.kill(process.pid, signal)
    }
    process.on(signal, handler)
    return [signal, handler] as const
  })
  const unhand = (): void => { for (const [signal, handler] of handlers) process.off(signal, handler) }
  return unhand
}

interface Place {
  readonly scratch: string
  readonly copy: string
  readonly program: string
  readonly caps: Caps
  readonly env: Readonly<Record<string, string>>
}

/** The first on PATH that lies outside the repository: `node_modules/.bin` of what is checked out may be somebody else's, and package managers put it first. @throws {ExeatError} SIMULATION_TOOL */
function programOf(tool: string, { env, cwd }: Io): string {
  const name = engines.find((each) => each.name === tool)?.program ?? tool
  const root = `${realpathSync(repositoryRoot(cwd))}${sep}`
  const found = (env['PATH'] ?? '').split(delimiter).filter(isAbsolute).map((folder) => join(folder, name))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true)
  const outside = found.find((path) => ![path, join(realpathSync(dirname(path)), name), realpathSync(path)].some((each) => each.startsWith(root)))
  if (outside !== undefined) return outside
  throw cliError('SIMULATION_TOOL', found[0] === undefined ? `\`${name}\` is not on PATH` : `\`${found[0]}\` lies in the repository, and a change may have brought it`, 'install it outside, or leave `--with` out')
}

/** Nothing of the caller's: no token, no proxy, no home. */
const environmentIn = (scratch: string, program: string): Place['env'] => ({
  PATH: [dirname(program), '/usr/bin', '/bin'].join(delimiter), HOME: join(scratch, 'home'), TMPDIR: join(scratch, 'tmp'), LANG: 'C.UTF-8', NO_COLOR: '1',
})

async function confirmByEngine(engine: Engine, given: Confirming, question: SimulateQuestion, reports: readonly string[], place: Place, io: Io): Promise<Simulation> {
  if (reports.length > 0) throw cliError('USAGE', `\`--with ${engine.name}\` takes the report of the tool's own run`, 'leave the reports out')
  if (engine.needsTargets === true && given.targets.length === 0) throw cliError('USAGE', `\`${engine.name}\` must be told what to look at`, 'name it: --target PATH')
  const changed = await layOut(engine, given, place.copy, io)
  const cache = io.env['TRIVY_CACHE_DIR']
  const run = async (excusing: boolean): Promise<Simulated & { readonly native: NativeRun }> => {
    const report = join(place.scratch, excusing ? 'after.json' : 'before.json')
    const ended = await runTool({
      command: [place.program, ...engine.command({ report, targets: given.targets, policies: given.policies, excusing, ...(cache === undefined ? {} : { cache }) })],
      cwd: place.copy, env: place.env, memory: place.caps.memory, seconds: place.caps.seconds, written: mostReport, exits: engine.exits,
    })
    const printed = printedBy(engine.name, ended, place.caps)
    if (engine.prints === true) writeFileSync(report, printed, { mode: 0o600 })
    if (!existsSync(report)) throw cliError('SIMULATION_TOOL', `\`${engine.name}\` ended without a report`, 'run it by hand to see why')
    return withNative(await runSimulation({ ...question, native: engine.name, format: engine.name, root: place.copy }, [report], place.caps, io))
  }
  const before = await run(false)
  for (const { path, content } of before.native.files) {
    const target = join(place.copy, engine.place === 'policy' ? given.policies : engine.place, path)
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, content)
  }
  const after = await run(true)
  return answered(before.simulation, held(engine.name, before.native, before.native.findings.filter(({ written }) => !written), after.native.findings), changed)
}

/** OPA has no ignore file: it evaluates the compiled bundle, and is asked about each finding of the reports. */
async function confirmByOpa(question: SimulateQuestion, reports: readonly string[], place: Place, io: Io): Promise<Simulation> {
  if (reports.length === 0) throw cliError('INPUT_NONE', '`--with opa` asks about the findings of reports, and none was given', 'name report files')
  const { simulation, native } = withNative(await runSimulation({ ...question, native: 'opa' }, reports, place.caps, io))
  for (const { path, content } of native.files) {
    mkdirSync(dirname(join(place.copy, path)), { recursive: true })
    writeFileSync(join(place.copy, path), content)
  }
  const ended = await runTool({
    command: [place.program, 'eval', '--format', 'json', '--bundle', place.copy, '--stdin-input', '[i | some i, finding in input.findings; data.exeat.excused(finding)]'],
    cwd: place.copy, env: place.env, stdin: JSON.stringify({ findings: native.findings.map(({ finding }) => finding) }), memory: place.caps.memory, seconds: place.caps.seconds, written: 0, exits: [0],
  })
  const excused = new Set(indexesIn(printedBy('opa', ended, place.caps)))
  return answered(simulation, held('opa', native, native.findings.filter(({ written }) => !written), native.findings.filter((_, index) => !excused.has(index))), [])
}

/** @throws {ExeatError} SIMULATION_TOOL */
function indexesIn(text: string): readonly number[] {
  try {
    const { result } = JSON.parse(text) as { readonly result: readonly [{ readonly expressions: readonly [{ readonly value: readonly number[] }] }] }
    return result[0].expressions[0].value
  } catch {
    throw cliError('SIMULATION_TOOL', '`opa` answered with something that is not understood', 'report it')
  }
}

function withNative({ simulation, native }: Simulated): Simulated & { readonly native: NativeRun } {
  if (native === undefined) throw cliError('SIMULATION_FAILED', 'the simulation did not say what a tool would be given', 'report it')
  return { simulation, native }
}

/** @throws {ExeatError} SIMULATION_TOOL, SIMULATION_NOT_ISOLATED */
function printedBy(tool: string, ended: Ended, { seconds, memory }: Caps): string {
  switch (ended.kind) {
    case 'answered': return ended.stdout
    case 'no-namespace': throw cliError('SIMULATION_NOT_ISOLATED', `no namespace without network can be made here: ${clipped(ended.reason, 200)}`, 'a tool is run in one alone: allow unprivileged user namespaces, or leave `--with` out')
    case 'too-long': throw cliError('SIMULATION_TOOL', `\`${tool}\` did not end within ${seconds} s`, 'give it more with `--max-seconds`')
    case 'too-large': throw cliError('SIMULATION_TOOL', `\`${tool}\` took more than ${memory} MiB, or printed more than is read`, 'give it more with `--max-memory`')
    case 'failed': throw cliError('SIMULATION_TOOL', `\`${tool}\` failed: ${clipped(oneLine(ended.reason), 400)}`, 'run it by hand to see why')
  }
}

/** With what the tool's runs mean for the change. */
function answered(simulation: Simulation, confirmed: SimulationConfirmed, settings: readonly string[]): Simulation {
  const { tool, holds, silenced, remaining, excused, written } = confirmed
  const told: [code: CliCode | 'NATIVE_INEXPRESSIBLE', severity: 'error' | 'warning', message: string, hint: string][] = []
  if (!holds) {
    told.push(['SIMULATION_DIFFERS', 'error', `\`${tool}\` silences ${silenced.total} findings that nobody excused, and reports ${remaining.total} that its own form excuses`, 'judge its report with `exeat gate`, and report what differs'])
  }
  if (written < excused) {
    told.push(['NATIVE_INEXPRESSIBLE', 'error', `${excused} findings are excused, and the form of \`${tool}\` can say ${written} of them: the others were not confirmed`, 'judge its report with `exeat gate`, which needs no file of the tool'])
  }
  if (settings.length > 0) {
    told.push(['SIMULATION_SETTINGS', 'warning', `the head changes settings or ignore files of \`${tool}\`, which counted in neither run: ${settings.slice(0, 5).map((path) => `\`${clipped(path, 100)}\``).join(', ')}${settings.length > 5 ? ` and ${settings.length - 5} more` : ''}`,
      'merge them first, and simulate again'])
  }
  return { ...simulation, problems: [...simulation.problems, ...told.map(([code, severity, message, hint]) => ({ code, severity, message, hint }))], confirmed }
}

type Found = NativeRun['findings'][number]

/** Lines do not move between the runs, so that what a finding says of its place tells it apart. */
const keyOf = ({ finding: { tool, rule, path, line, resource, image } }: Found): string => JSON.stringify([tool, rule, path, line, resource, image])

function held(tool: string, { findings, problems }: NativeRun, expected: readonly Found[], real: readonly Found[]): SimulationConfirmed {
  const [silenced, remaining] = [beyond(expected, real), beyond(real, expected)]
  const [excused, written] = [findings.filter((each) => each.excused), findings.filter((each) => each.written)]
  return {
    tool, findings: findings.length, excused: excused.length, written: written.length, inexpressible: problems.slice(0, mostNamed).map(({ code, message }) => ({ code, message })),
    holds: silenced.length === 0 && remaining.length === 0, silenced: named(silenced), remaining: named(remaining),
  }
}

/** Those of the first, as often as they are not in the second. */
function beyond(first: readonly Found[], second: readonly Found[]): readonly Found[] {
  const left = new Map<string, number>()
  for (const each of second) left.set(keyOf(each), (left.get(keyOf(each)) ?? 0) + 1)
  return first.filter((each) => {
    const count = left.get(keyOf(each)) ?? 0
    left.set(keyOf(each), count - 1)
    return count <= 0
  })
}

const named = (list: readonly Found[]): SimulationConfirmed['silenced'] => ({
  total: list.length,
  samples: list.slice(0, mostNamed).map(({ control, finding: { path, line, resource } }) => ({ control, ...(path === undefined ? {} : { path }), ...(line === undefined ? {} : { line }), ...(resource === undefined ? {} : { resource }) })),
})
