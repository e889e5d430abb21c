import type { Command } from 'commander'
import { nativeForms } from '@exeat/formats/native'
import { gitFacts } from '@exeat/git'
import type { Io } from '../edge/io.ts'
import { cliError } from '../edge/problem.ts'
import { checkOutput, writeNative } from '../export/output.ts'
import { compileFor } from '../export/native.ts'
import { answerGit } from '../gate/answer.ts'
import type { GateQuestion } from '../gate/decide.ts'
import { closeInputs, readInputs } from '../gate/reports.ts'
import { runFacts } from '../governance/facts.ts'
import { compilePolicies, type GovernanceFlags, governanceOptions, loadGovernance } from '../governance/load.ts'
import { trustMode } from '../trust/mode.ts'

const names = nativeForms.map(({ name }) => name)

const help = `
Writes what the gate excuses in these reports as the tool's own ignore file,
so that the tool itself stops reporting it. Only excused findings are written,
none that an entry would reach besides, and none for longer than its opt-out.
Forms that do not end by themselves, or are coarser than a finding, are written
only where the terms say \`nativeForms: { allowed: true, maxLag: … }\`; write
them anew within that time. What is lost is told on standard error.

\`exeat log export\` is another thing: a copy of the tamper-evident log.

Tools: ${names.join(', ')}

Examples:
  exeat export --to trivy trivy.json --env staging --out .
  exeat export --to opa semgrep.json --env staging --out bundle/
  exeat export --to osv-scanner osv.json --env staging --format json

Exit codes:
  0 every excused finding is written   2 a report cannot be believed
  3 one could not be written (the others are), or an input is invalid
  1 Exeat or its needs failed          64 wrong usage`

export interface ExportFlags extends GovernanceFlags {
  readonly to: string
  readonly out: string
  readonly env?: string
  readonly repo?: string
  readonly inputFormat?: string
  readonly trust?: string
  readonly bundle?: string
  readonly format: 'text' | 'json'
}

export function define(command: Command, io: Io, finish: (exit: number) => void): void {
  command
    .argument('[reports...]', 'report files (globs too), or - for standard input')
    .addOption(command.createOption('--to <tool>', 'whose format to write').choices(names).makeOptionMandatory())
    .option('--out <folder>', 'where the files go; - is standard output', '-')
    .option('--env <name>', 'environment that the run is for')
    .option('--repo <name>', 'repository, as the workspace names it; default: that of the remote `origin`')
    .option('--input-format <format>', 'what the reports are; default: told by their content')
    .option('--trust <mode>', 'git or log; the workspace says which, and a flag cannot loosen it')
    .option('--bundle <url|file>', 'log trust: the server, or a bundle that `exeat bundle` fetched; EXEAT_BUNDLE')
    .addOption(command.createOption('-f, --format <format>', 'how to tell what was written and lost').choices(['text', 'json']).default('text'))
  governanceOptions(command)
  command.addHelpText('after', help)
    .action(async (reports: readonly string[], flags: ExportFlags) => { finish(await exportNative(reports, flags, io)) })
}

async function exportNative(given: readonly string[], flags: ExportFlags, io: Io): Promise<number> {
  const form = nativeForms.find(({ name }) => name === flags.to)
  if (form === undefined) throw cliError('USAGE', `\`--to ${flags.to}\` is no tool that is known`, `say one of ${names.join(', ')}`)
  if (given.length === 0) throw cliError('INPUT_NONE', 'no report was given', 'name the tool\'s reports: entries are made of findings, never of patterns')
  const governance = await loadGovernance(flags, io)
  const known = await gitFacts(io.cwd, { repository: flags.repo === undefined })
  const policySet = await compilePolicies(governance)
  const inputs = await readInputs(given, flags.inputFormat, io)
  closeInputs(inputs)
  const question: GateQuestion = { governance, policySet, facts: runFacts(flags, governance, known), reports: inputs.flatMap(({ reports }) => reports), now: io.now }
  const result = trustMode(flags.trust ?? (flags.bundle === undefined ? undefined : 'log'), governance.workspace.document) === 'git' ? await answerGit(question, flags, io)
    : await (await import('../trust/logged.ts')).answerLogged(question, flags, io)
  const answer = compileFor(form, result, policySet)
  checkOutput(answer, flags)
  writeNative(form.name, answer, result, flags, io)
  return answer.problems.length === 0 ? 0 : 3
}
