/** Runs a simulation in a child that reaches nothing: what a change brings is read there, as data, and only the answer comes back. */
import type { Problem } from '@exeat/core'
import { ExeatError } from '@exeat/core/error'
import { type Simulation, simulationSchema } from '@exeat/core/impact'
import { inCi, type Io } from '../edge/io.ts'
import { cliError } from '../edge/problem.ts'
import { type Input, inputNames, openInput } from '../gate/inputs.ts'
import { clipped } from '../text/safe.ts'
import { type Ended, runIsolated } from './isolate.ts'
import { type NativeRun, nativeRunSchema } from './native.ts'
import type { SimulateQuestion } from './question.ts'
import { type ChildAnswer, writeQuestion } from './wire.ts'

export interface Caps {
  /** MiB of the child's heap. */
  readonly memory: number
  readonly seconds: number
  /** False: `--no-isolation`, for documents of one's own where no namespace can be made. */
  readonly isolation: boolean
}

export interface Simulated {
  readonly simulation: Simulation
  /** Where the question names a tool. */
  readonly native?: NativeRun
}

/** Most files that a child is handed at once. */
const mostReports = 1000

/** @throws {ExeatError} what reports, documents or names get wrong; SIMULATION_NOT_ISOLATED, SIMULATION_TOO_LARGE, SIMULATION_TOO_LONG, SIMULATION_FAILED */
export async function runSimulation(question: SimulateQuestion, names: readonly string[], caps: Caps, io: Io): Promise<Simulated> {
  refuseUnisolated(question, caps, io)
  const reports: Input[] = []
  try {
    const files = inputNames(names, io)
    if (files.length > mostReports) throw cliError('USAGE', `${files.length} reports were given, at most ${mostReports} are replayed together`, 'simulate them in parts')
    for (const name of files) reports.push(openInput(name, io))
    const stdin = writeQuestion(question, reports)
    const ended = await runIsolated({ stdin, handles: reports.map(({ handle }) => handle), memory: caps.memory, seconds: caps.seconds, isolation: caps.isolation })
    return simulationOf(ended, caps)
  } finally {
    for (const report of reports) report.close()
  }
}

/** What somebody else brings never runs with a network, whoever asks: only one's own documents may. */
function refuseUnisolated({ head }: SimulateQuestion, { isolation }: Caps, io: Io): void {
  if (isolation) return
  if (head !== undefined) throw cliError('USAGE', '`--no-isolation` and `--head` exclude each other: a change is read in isolation alone', 'leave it out, or run it where `unshare` can make a namespace')
  if (inCi(io)) throw cliError('FLAG_IN_CI', '`--no-isolation` is refused where `CI` is set: it is for documents of one\'s own', 'leave it out')
}

/** What a child that has ended said. @throws {ExeatError} as `runSimulation` */
export function simulationOf(ended: Ended, caps: Caps): Simulated {
  switch (ended.kind) {
    case 'no-namespace':
      throw cliError('SIMULATION_NOT_ISOLATED', `no namespace without network can be made here: ${clipped(ended.reason, 200)}`,
        'allow unprivileged user namespaces on Linux, or, for documents of your own, say `--no-isolation`')
    case 'too-long': throw cliError('SIMULATION_TOO_LONG', `the simulation did not end within ${caps.seconds} s`, 'give it more with `--max-seconds`, or fewer reports')
    case 'too-large': throw cliError('SIMULATION_TOO_LARGE', `the simulation needs more than ${caps.memory} MiB`, 'give it more with `--max-memory`, or say `--each` where each report is a run of its own')
    case 'failed': throw cliError('SIMULATION_FAILED', `the simulation ended without an answer: ${clipped(ended.reason, 200)}`, 'report it')
    case 'answered': {
      const answer = readAnswer(ended.stdout)
      if (answer.simulation.isolated || !caps.isolation) return answer
      throw cliError('SIMULATION_NOT_ISOLATED', 'the child found a network or an environment where there should be none', 'report it')
    }
  }
}

/** What a child says is data like any other. */
function readAnswer(text: string): Simulated {
  let answer: ChildAnswer
  try {
    answer = JSON.parse(text) as ChildAnswer
  } catch {
    throw cliError('SIMULATION_FAILED', 'the simulation answered with what is no JSON', 'report it')
  }
  if (!answer.ok) {
    const [first, ...rest] = answer.problems as readonly Problem[]
    throw first === undefined ? cliError('SIMULATION_FAILED', 'the simulation failed and did not say why', 'report it') : new ExeatError([first, ...rest])
  }
  const parsed = simulationSchema.safeParse(answer.simulation)
  const native = nativeRunSchema.optional().safeParse(answer.native)
  const wrong = parsed.error ?? native.error
  if (!parsed.success || !native.success) throw cliError('SIMULATION_FAILED', `the simulation answered with another shape: ${clipped(wrong?.issues[0]?.message ?? '', 200)}`, 'report it')
  return { simulation: parsed.data, ...(native.data === undefined ? {} : { native: native.data }) }
}
