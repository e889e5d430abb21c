/**
 * Whether reality equals the prediction: the real tool runs over a throwaway copy of the tree, without an excuse and with the opt-out in the tool's own form, and
 * what it stops reporting is held against what was predicted.
 */
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, isAbsolute, join } from 'node:path'
import type { Simulation, SimulationConfirmed } from '@exeat/core/impact'
import { copyTree } from '@exeat/git/tree'
import type { Io } from '../../edge/io.ts'
import { cliError } from '../../edge/problem.ts'
import { clipped, oneLine } from '../../text/safe.ts'
import { type Ended, runTool } from '../isolate.ts'
import type { NativeRun } from '../native.ts'
import type { SimulateQuestion } from '../question.ts'
import { type Caps, runSimulation, type Simulated } from '../run.ts'
import { type Engine, engines, without } from './engines.ts'

export interface Confirming {
  readonly tool: string
  /** Commits whose files are looked at, and whose settings count. */
  readonly head: string
  readonly base: string
  readonly targets: readonly string[]
  /** Folder of policies at the base, for tools that take one. */
  readonly policies: string
}

const limits = { files: 100_000, bytes: 1024 * 1024 * 1024 }
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
  try {
    const place: Place = { scratch, copy: join(scratch, 'tree'), program, caps, env: environmentIn(scratch, program) }
    for (const folder of [place.copy, join(scratch, 'home'), join(scratch, 'tmp')]) mkdirSync(folder, { mode: 0o700 })
    const engine = engines.find(({ name }) => name === given.tool)
    return await (engine === undefined ? confirmByOpa(question, reports, place, io) : confirmByEngine(engine, given, question, reports, place, io))
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

interface Place {
  readonly scratch: string
  readonly copy: string
  readonly program: string
  readonly caps: Caps
  readonly env: Readonly<Record<string, string>>
}

/** Absolute, so that the tree cannot bring one. @throws {ExeatError} SIMULATION_TOOL */
function programOf(tool: string, { env }: Io): string {
  const name = engines.find((each) => each.name === tool)?.program ?? tool
  const found = (env['PATH'] ?? '').split(delimiter).filter(isAbsolute).map((folder) => join(folder, name)).find((path) => existsSync(path) && statSync(path).isFile())
  if (found === undefined) throw cliError('SIMULATION_TOOL', `\`${name}\` is not on PATH`, 'install it, or leave `--with` out')
  return found
}

/** Nothing of the caller's: no token, no proxy, no home. */
const environmentIn = (scratch: string, program: string): Place['env'] => ({
  PATH: [dirname(program), '/usr/bin', '/bin'].join(delimiter), HOME: join(scratch, 'home'), TMPDIR: join(scratch, 'tmp'), LANG: 'C.UTF-8', NO_COLOR: '1',
})

async function confirmByEngine(engine: Engine, given: Confirming, question: SimulateQuestion, reports: readonly string[], place: Place, io: Io): Promise<Simulation> {
  if (reports.length > 0) throw cliError('USAGE', `\`--with ${engine.name}\` takes the report of the tool's own run`, 'leave the reports out')
  if (engine.needsTargets === true && given.targets.length === 0) throw cliError('USAGE', `\`${engine.name}\` must be told what to look at`, 'name it: --target PATH')
  await layOut(engine, given, place, io)
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
  return { ...before.simulation, confirmed: held(engine.name, before.native, before.native.findings.filter(({ written }) => !written), after.native.findings) }
}

/** The head's files, with the base's settings, and none by which the tool leaves findings out. */
async function layOut(engine: Engine, { head, base, targets, policies }: Confirming, { copy }: Place, io: Io): Promise<void> {
  const governed = new Set([...engine.settings, ...engine.ignores])
  const ofBase = (path: string): boolean => engine.settings.includes(path) || (engine.place === 'policy' && (path === policies || path.startsWith(`${policies}/`)))
  for (const path of [...targets, policies]) {
    if (isAbsolute(path) || path.startsWith('-') || path.split('/').includes('..')) throw cliError('USAGE', `\`${path}\` is no path within the tree`, 'name it as git does')
  }
  await copyTree(io.cwd, head, copy, (path) => !governed.has(path) && !ofBase(path), limits)
  await copyTree(io.cwd, base, copy, ofBase, limits)
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
  return { ...simulation, confirmed: held('opa', native, native.findings.filter(({ written }) => !written), native.findings.filter((_, index) => !excused.has(index))) }
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
