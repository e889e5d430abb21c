import type { Command } from 'commander'
import type { Severity } from '@exeat/core'
import { ExeatError } from '@exeat/core/error'
import { gitFacts } from '@exeat/git'
import type { Io } from '../edge/io.ts'
import { writeOutput } from '../edge/output.ts'
import { cliError } from '../edge/problem.ts'
import { answerGit } from '../gate/answer.ts'
import { type GateQuestion, parsePreview, parseThreshold } from '../gate/decide.ts'
import { formats, type Output, outputFlags, refuseInputs } from '../gate/outputs.ts'
import { closeInputs, type ReadInput, readInputs } from '../gate/reports.ts'
import type { GateResult } from '../gate/result.ts'
import { compilePolicies, type GovernanceFlags, governanceOptions, loadGovernance } from '../governance/load.ts'
import { runFacts } from '../governance/facts.ts'
import { plainStyles, stylesFor } from '../text/style.ts'
import { trustMode } from '../trust/mode.ts'

const help = `
Reads what scanners found, applies the opt-outs that policy permits and time
still covers, and passes or blocks. Policies and opt-outs are read from the
protected branch, never from the change under judgement. Flags say where the
run is; nothing they say loosens anything. Where the workspace pins a log, an
opt-out excuses only if a signed bundle shows that it is active in that log.

Examples:
  exeat gate trivy.sarif --env staging
  semgrep --json . | exeat gate - --env development
  exeat gate 'reports/*.json' --env staging --format table \\
    --format sarif --output out/            a table here, SARIF files there
  exeat gate trivy.sarif --env staging \\
    --now 2026-12-01T00:00:00Z              what turns red on that day?
  exeat gate trivy.sarif --env production \\
    --bundle https://exeat.example          opt-outs from the log (EXEAT_TOKEN)

Exit codes:
  0 nothing blocks   1 Exeat or its needs failed   2 blocked
  3 a report, a policy or a bundle is invalid      64 wrong usage`

interface GateFlags extends GovernanceFlags {
  readonly env?: string
  readonly repo?: string
  readonly inputFormat?: string
  readonly severityThreshold?: string
  readonly now?: string
  readonly all?: boolean
  readonly trust?: string
  readonly bundle?: string
  readonly record?: boolean
  readonly server?: string
}

export function define(command: Command, io: Io, finish: (exit: number) => void): void {
  const outputs = outputFlags()
  command
    .argument('[reports...]', 'report files (globs too), or - for standard input')
    .option('--env <name>', 'environment that the run is for')
    .option('--repo <name>', 'repository, as the workspace names it; default: that of the remote `origin`')
    .option('-f, --format <format>', `${formats.join(', ')}; may be repeated, each with its --output`, (value) => { outputs.format(value) })
    .option('-o, --output <file>', 'where the --format before it goes; default: standard output', (value) => { outputs.output(value) })
    .option('--input-format <format>', 'what the reports are; default: told by their content')
    .option('--severity-threshold <severity>', 'block from this severity on; may only tighten what the workspace says')
    .option('--now <instant>', 'preview of a future instant; refused where CI is set')
    .option('--all', 'show every finding')
    .option('--trust <mode>', 'git or log; the workspace says which, and a flag cannot loosen it')
    .option('--record', 'send the reports to the server\'s history, for `exeat simulate --history`; changes no answer')
    .option('--server <address>', 'with --record: https://HOST or unix:/PATH/admin.sock; EXEAT_SERVER')
    .option('--bundle <url|file>', 'log trust: the server, or a bundle that `exeat bundle` fetched; EXEAT_BUNDLE')
  governanceOptions(command)
  command.addHelpText('after', help)
    .action(async (reports: readonly string[], flags: GateFlags) => { finish(await gate(reports, flags, outputs.outputs(io.cwd), io)) })
}

async function gate(names: readonly string[], flags: GateFlags, outputs: readonly Output[], io: Io): Promise<number> {
  if (names.length === 0) throw cliError('INPUT_NONE', 'no report was given', 'name report files, or `-` for standard input')
  const preview = parsePreview(flags.now, io)
  if (flags.record === true && preview !== undefined) throw cliError('USAGE', '`--record` and `--now` exclude each other: a preview is no run', 'leave one of them out')
  if (flags.record !== true && flags.server !== undefined) throw cliError('USAGE', '`--server` is where a run is recorded, and none is', 'say so: `--record`')
  const threshold = parseThreshold(flags.severityThreshold)
  // git works while the reports are read.
  const governing = settled(Promise.all([loadGovernance(flags, io), gitFacts(io.cwd, { repository: flags.repo === undefined })]))
  await governing.started
  const inputs = await settled(readInputs(names, flags.inputFormat, io)).outcome
  const governed = await governing.outcome
  if (!governed.ok || !inputs.ok) {
    if (inputs.ok) closeInputs(inputs.value)
    throw together([governed, inputs])
  }
  try {
    const [governance, known] = governed.value
    const question: GateQuestion = {
      governance, policySet: await compilePolicies(governance), facts: runFacts(flags, governance, known),
      reports: inputs.value.flatMap(({ reports }) => reports), now: io.now,
      ...(preview === undefined ? {} : { preview }),
      ...(threshold === undefined ? {} : { threshold } satisfies { threshold: Severity }),
    }
    const result = trustMode(flags.trust ?? (flags.bundle === undefined ? undefined : 'log'), governance.workspace.document) === 'git' ? await answerGit(question, flags, io)
      // Loaded where a log is pinned, and nowhere else: it brings signatures, schemas and sockets along.
      : await (await import('../trust/logged.ts')).answerLogged(question, flags, io)
    await writeAll(result, inputs.value, outputs, flags.all === true, io)
    await warn(result, io)
    if (flags.record === true) {
      const { recordRun } = await import('../gate/record.ts')
      await recordRun({ inputs: inputs.value.map(({ input }) => input), facts: question.facts, workspace: governance.workspace.document, ...(flags.inputFormat === undefined ? {} : { format: flags.inputFormat }), ...(flags.server === undefined ? {} : { server: flags.server }) }, io)
    }
    return result.exit
  } finally {
    closeInputs(inputs.value)
  }
}

async function writeAll(result: GateResult, inputs: readonly ReadInput[], outputs: readonly Output[], all: boolean, io: Io): Promise<void> {
  refuseInputs(outputs, inputs.map(({ input }) => input.path), io.cwd)
  const sarif = outputs.some(({ format }) => format === 'sarif') ? await import('../gate/writers/sarif.ts') : undefined
  for (const { format, path } of outputs) if (format === 'sarif') sarif?.checkSarifOutput(inputs, path, io.cwd)
  // oxlint-disable-next-line no-await-in-loop -- one after the other, so that a failure names its output
  for (const { format, path } of outputs) await writeOne(result, inputs, { format, path }, all, io)
}

async function writeOne(result: GateResult, inputs: readonly ReadInput[], { format, path }: { format: Output['format']; path: string | undefined }, all: boolean, io: Io): Promise<void> {
  switch (format) {
    case 'sarif': return (await import('../gate/writers/sarif.ts')).writeSarif(result, inputs, path, io)
    case 'json': {
      const { writeJson } = await import('../gate/writers/json.ts')
      return writeOutput(io, path, (sink) => { writeJson(result, sink) })
    }
    case 'junit': {
      const { writeJunit } = await import('../gate/writers/junit.ts')
      return writeOutput(io, path, (sink) => { writeJunit(result, sink) })
    }
    case 'github': {
      const { writeGithub } = await import('../gate/writers/github.ts')
      return writeOutput(io, path, (sink) => { writeGithub(result, sink, all) })
    }
    case 'markdown': {
      const { writeMarkdown } = await import('../gate/writers/markdown.ts')
      return writeOutput(io, path, (sink) => { writeMarkdown(result, sink, all) })
    }
    case 'table': {
      const { writeTable } = await import('../gate/writers/table.ts')
      const toTerminal = path === undefined
      const width = io.stdout.columns
      return writeOutput(io, path, (sink) => { writeTable(result, sink, { all, width, styles: toTerminal ? stylesFor(io.stdout, io.env) : plainStyles }) })
    }
  }
}

/** Opt-outs that are wrong are refused alone; whoever wrote them must hear of it. */
async function warn(result: GateResult, io: Io): Promise<void> {
  const warnings = [...result.governance.refused.flatMap(({ problems }) => problems), ...result.warnings]
  if (warnings.length === 0) return
  const { problemLines } = await import('../edge/report.ts')
  io.stderr.write(problemLines(warnings, 'warning', stylesFor(io.stderr, io.env)))
}

type Attempt<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown }

/** A promise that never rejects, and one turn of the loop for its child processes to start. */
function settled<T>(promise: Promise<T>): { readonly started: Promise<void>; readonly outcome: Promise<Attempt<T>> } {
  const outcome = promise.then((value): Attempt<T> => ({ ok: true, value }), (error: unknown): Attempt<T> => ({ ok: false, error }))
  return { outcome, started: new Promise((resolve) => { setImmediate(resolve) }) }
}

/** One error with the problems of all that failed. */
function together(attempts: readonly Attempt<unknown>[]): unknown {
  const errors = attempts.flatMap((each) => (each.ok ? [] : [each.error]))
  const other = errors.find((error) => !(error instanceof ExeatError))
  if (other !== undefined) return other
  const [first, ...rest] = errors.flatMap((error) => (error instanceof ExeatError ? error.problems : []))
  return first === undefined ? undefined : new ExeatError([first, ...rest])
}
