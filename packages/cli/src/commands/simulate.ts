import type { Command } from 'commander'
import { gitFacts } from '@exeat/git'
import { governanceFiles } from '@exeat/git/files'
import type { Io } from '../edge/io.ts'
import { writeOutput } from '../edge/output.ts'
import { cliError } from '../edge/problem.ts'
import { repositoryRoot } from '../gate/reports.ts'
import type { Simulation } from '@exeat/core/impact'
import type { SimulateQuestion } from '../simulate/question.ts'
import type { Caps } from '../simulate/run.ts'
import { writeText } from '../simulate/text.ts'
import { plainStyles, stylesFor } from '../text/style.ts'

const help = `
Replays the findings of the given reports through the decisions of the gate, with
an opt-out and without it, and shows the difference: what it excuses, what nobody
had in mind, what almost matches, what turns red again when it ends, and which
neighbours of a finding would slip through. Approvals and second factors are taken
for given; it decides nothing.

Examples:
  exeat simulate trivy.sarif --optout log4j-hotfix
  exeat simulate 'reports/*.json' --base origin/main --head HEAD
  exeat simulate trivy.sarif --optout log4j-hotfix --suggest
  exeat simulate trivy.sarif --optout log4j-hotfix --format html -o impact.html

  exeat simulate --history --since 90d --base origin/main --head HEAD
  exeat simulate --with gitleaks --optout test-key --env staging

Exit codes:
  0 shown   1 Exeat or its needs failed   2 the tool of --with does otherwise   3 the impact is stale or above its limit,
  its form cannot say what is excused, or an input is invalid   64 wrong usage`

interface SimulateFlags {
  readonly optout?: string
  readonly base?: string
  readonly head?: string
  readonly ref?: string
  readonly env?: readonly string[]
  readonly repo?: string
  readonly inputFormat?: string
  readonly each?: boolean
  readonly tolerance: string
  readonly samples: string
  readonly suggest?: boolean
  readonly format: 'text' | 'json' | 'html'
  readonly output?: string
  readonly maxMemory: string
  readonly maxSeconds: string
  readonly isolation: boolean
  readonly with?: string
  readonly history?: boolean
  readonly since?: string
  readonly server?: string
  readonly own?: boolean
  readonly target?: readonly string[]
  readonly policies: string
  readonly asChild?: boolean
}

export function define(command: Command, io: Io, finish: (exit: number) => void): void {
  command
    .argument('[reports...]', 'report files (globs too), or - for standard input')
    .option('--optout <name>', 'the opt-out that stands, of the work tree or of --ref')
    .option('--ref <ref>', 'with --optout: read the documents of this branch')
    .option('--head <ref>', 'branch or commit whose opt-outs are tried, or HEAD')
    .option('--base <ref>', 'branch or commit that governs: its policies judge')
    .option('--env <name>', 'environment to replay in, may be repeated; default: those that the opt-out names', gathered)
    .option('--repo <name>', 'repository that the reports are of')
    .option('--input-format <format>', 'what the reports are; default: told by their content')
    .option('--each', 'each report is a run of its own; default: all are one run, as for the gate')
    .option('--tolerance <findings>', 'how many findings a recorded impact may differ by', '0')
    .option('--samples <count>', 'findings named in each list', '50')
    .option('--suggest', 'show the narrowest scope that covers what is meant, as a patch')
    .option('--history', 'replay what gates recorded at the server (`exeat gate --record`) in place of files, each run where it was made')
    .option('--since <duration>', 'with --history: how far back; default: 30d')
    .option('--server <address>', 'with --history: https://HOST or unix:/PATH/admin.sock; EXEAT_SERVER')
    .addOption(command.createOption('--with <tool>', 'run it over a copy of the tree, with the opt-out in its own form, and compare').choices(['checkov', 'conftest', 'gitleaks', 'kyverno', 'opa', 'semgrep', 'trivy']))
    .option('--target <path>', 'with --with: what the tool is to look at; default: the whole tree', gathered)
    .option('--policies <folder>', 'with --with conftest: its policies, of the base', 'policy')
    .option('--own', 'with --with: the change is no fork\'s, though nothing shows it')
    .addOption(command.createOption('-f, --format <format>', 'how to print it').choices(['text', 'json', 'html']).default('text'))
    .option('--max-memory <mib>', 'heap that the replay may take', '2048')
    .option('--max-seconds <seconds>', 'time that the replay may take', '600')
    .option('--no-isolation', 'where no namespace can be made: documents of your own, with a network; never with --head, nor where CI is set')
    .addOption(command.createOption('--as-child', 'read the question from standard input').hideHelp())
    .option('-o, --output <file>', 'where it goes; default: standard output')
  command.addHelpText('after', help)
    .action(async (reports: readonly string[], flags: SimulateFlags) => { finish(await simulate(reports, flags, io)) })
}

const gathered = (value: string, before: readonly string[] = []): readonly string[] => [...before, value]

async function simulate(reports: readonly string[], flags: SimulateFlags, io: Io): Promise<number> {
  if (flags.asChild === true) {
    await (await import('../simulate/wire.ts')).answerAsChild()
    return 0
  }
  if (flags.history === true) return fromHistory(reports, flags, io)
  if (flags.since !== undefined || flags.server !== undefined) throw cliError('USAGE', `\`--${flags.since === undefined ? 'server' : 'since'}\` is of recorded runs`, 'ask for them: `--history`')
  if (reports.length === 0 && flags.with === undefined) throw cliError('INPUT_NONE', 'no report was given', 'name report files, or `-` for standard input')
  const asked = await questionOf(flags, io)
  const { question } = asked
  const { runSimulation } = await import('../simulate/run.ts')
  const caps = capsOf(flags)
  const simulation = flags.with === undefined ? (await runSimulation(question, reports, caps, io)).simulation : await confirmed(flags.with, asked, reports, caps, flags, io)
  return show(simulation, flags, io)
}

async function fromHistory(reports: readonly string[], flags: SimulateFlags, io: Io): Promise<number> {
  const other = reports.length > 0 ? 'reports' : flags.with !== undefined ? '--with' : flags.each === true ? '--each' : undefined
  if (other !== undefined) throw cliError('USAGE', `\`--history\` brings the reports of recorded runs, each a run of its own, and \`${other}\` would bring others`, 'leave one of them out')
  const { question } = await questionOf(flags, io)
  const [{ historyOf }, { runSimulation }] = await Promise.all([import('../simulate/history.ts'), import('../simulate/run.ts')])
  const history = await historyOf(flags, io)
  try {
    const { simulation } = await runSimulation({ ...question, groups: history.groups, history: { ...history.told, left: 0 } }, history.files, capsOf(flags), io)
    return show(simulation, flags, io)
  } finally {
    history.remove()
  }
}

async function show(simulation: Simulation, flags: SimulateFlags, io: Io): Promise<number> {
  const page = flags.format === 'html' ? (await import('../simulate/html/page.ts')).simulationPage(simulation) : undefined
  writeOutput(io, flags.output, (sink) => {
    if (page !== undefined) sink.write(page)
    else if (flags.format === 'json') sink.write(`${JSON.stringify(simulation)}\n`)
    else writeText(simulation, sink, flags.output === undefined ? stylesFor(io.stdout, io.env) : plainStyles)
  })
  if (simulation.confirmed?.holds === false) return 2
  if (simulation.problems.some(({ severity }) => severity === 'error')) return 3
  return 0
}

async function confirmed(tool: string, { question, commits }: Asked, reports: readonly string[], caps: Caps, flags: SimulateFlags, io: Io): Promise<Simulation> {
  const [{ simulateWith }, { refuseForks }] = await Promise.all([import('../simulate/with/confirm.ts'), import('../simulate/with/fork.ts')])
  refuseForks(flags.head, flags.own === true, io)
  if (!caps.isolation) throw cliError('USAGE', '`--with` and `--no-isolation` exclude each other: a tool runs without a network alone', 'leave one of them out')
  if (commits === undefined) throw cliError('USAGE', '`--with` runs over the files of a commit, and there is none yet', 'commit something first')
  return simulateWith({ tool, ...commits, targets: flags.target ?? [], policies: flags.policies }, question, reports, caps, io)
}

const capsOf = (flags: SimulateFlags): Caps => ({ memory: wholeNumber(flags.maxMemory, '--max-memory', 64), seconds: wholeNumber(flags.maxSeconds, '--max-seconds', 1), isolation: flags.isolation })

function wholeNumber(text: string, flag: string, least: number): number {
  if (/^\d{1,6}$/.test(text) && Number(text) >= least) return Number(text)
  throw cliError('USAGE', `\`${flag} ${text}\` is no whole number from ${least} to 999999`, `write \`${flag} ${Math.max(least, 1)}\` or more`)
}

interface Asked {
  readonly question: SimulateQuestion
  /** Ids, resolved once: a tag of a branch's name is not the branch, and a push in between changes nothing. Absent where nothing was committed yet. */
  readonly commits?: { readonly base: string; readonly head: string }
}

/** @throws {ExeatError} USAGE, and every reason why documents cannot be read */
async function questionOf(flags: SimulateFlags, io: Io): Promise<Asked> {
  const { optout, base, head, ref } = flags
  if ((optout === undefined) === (head === undefined)) throw cliError('USAGE', 'one of `--optout` and `--head` says what is tried', '`--optout NAME` for one that stands, `--base REF --head REF` for a change')
  if ((head === undefined) !== (base === undefined)) throw cliError('USAGE', '`--head` and `--base` go together', 'the base governs: `--base origin/main`')
  if (head !== undefined && ref !== undefined) throw cliError('USAGE', '`--ref` and `--head` exclude each other', 'leave `--ref` out')
  const samples = wholeNumber(flags.samples, '--samples', 0)
  const tolerance = wholeNumber(flags.tolerance, '--tolerance', 0)
  const known = await gitFacts(io.cwd, { repository: flags.repo === undefined })
  // What is checked out may be tried; what governs must be named.
  const tried = head === 'HEAD' ? known.commit?.value ?? head : head
  const [governing, changing] = await Promise.all([governanceFiles(io.cwd, base ?? ref), tried === undefined ? undefined : governanceFiles(io.cwd, tried)])
  const stands = governing.commit ?? known.commit?.value
  const question: SimulateQuestion = {
    now: io.now, tolerance, samples, suggest: flags.suggest === true, each: flags.each === true, root: repositoryRoot(io.cwd),
    label: changing === undefined ? governing.label : `${changing.label}, judged by ${governing.label}`,
    base: governing.files,
    ...(changing === undefined ? {} : { head: changing.files }),
    ...(optout === undefined ? {} : { optOut: optout }),
    ...(flags.env === undefined ? {} : { environments: [...new Set(flags.env)] }),
    ...(flags.repo === undefined ? {} : { repository: flags.repo }),
    ...(known.repository === undefined ? {} : { remote: known.repository.value.name }),
    ...(flags.inputFormat === undefined ? {} : { format: flags.inputFormat }),
  }
  return { question, ...(stands === undefined ? {} : { commits: { base: stands, head: changing?.commit ?? stands } }) }
}
