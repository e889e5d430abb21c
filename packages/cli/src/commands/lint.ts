import type { Command } from 'commander'
import { compareProblems, type OptOutSet, type PolicySet, type Problem } from '@exeat/core'
import { ExeatError } from '@exeat/core/error'
import type { Governance } from '@exeat/git'
import type { Io } from '../edge/io.ts'
import { exitOf } from '../edge/code-table.ts'
import { cliProblem } from '../edge/problem.ts'
import { problemLines } from '../edge/report.ts'
import { healthWarnings, healthOf } from '../governance/health.ts'
import { judgeStanding, leavingOutPeople } from '../governance/standing.ts'
import { authorOptions, compilePolicies, type GovernanceFlags, loadAuthored } from '../governance/load.ts'
import { lintSigners } from '../governance/signers.ts'
import { stylesFor } from '../text/style.ts'
import { plural } from '../text/wrap.ts'

const help = `
Checks every document under .exeat/ and prints all problems at once, each with
its file, line and column. Reads the files as they lie here; --ref reads those
of a branch instead.

Examples:
  exeat lint
  exeat lint --ref origin/main --format json

Exit codes: 0 sound (warnings may remain), 3 something is wrong.`

interface LintFlags extends GovernanceFlags {
  readonly format: 'text' | 'json'
}

export function define(command: Command, io: Io, finish: (exit: number) => void): void {
  command
    .addOption(command.createOption('-f, --format <format>', 'how to print it').choices(['text', 'json']).default('text'))
  authorOptions(command)
  command.addHelpText('after', help)
    .action(async (flags: LintFlags) => { finish(await lint(flags, io)) })
}

interface Found {
  readonly errors: readonly Problem[]
  readonly warnings: readonly Problem[]
  readonly governance?: Governance
}

async function lint(flags: LintFlags, io: Io): Promise<number> {
  const found = await look(flags, io)
  const errors = [...found.errors].sort(compareProblems)
  const warnings = [...found.warnings].sort(compareProblems)
  const exit = errors.length === 0 ? 0 : exitOf(errors.map(({ code }) => code))
  if (flags.format === 'json') {
    io.stdout.write(`${JSON.stringify({ schemaVersion: 1, kind: 'LintResult', exit, errors, warnings })}\n`)
    return exit
  }
  const styles = stylesFor(io.stdout, io.env)
  io.stdout.write(problemLines(errors, 'error', styles) + problemLines(warnings, 'warning', styles))
  io.stdout.write(`${errors.length === 0 ? styles.good('sound') : styles.bad(plural(errors.length, 'error'))}, ${plural(warnings.length, 'warning')}${countText(found.governance)}\n`)
  return exit
}

/** Reading, compiling and judging each throw all they find; the later steps need the earlier. */
async function look(flags: LintFlags, io: Io): Promise<Found> {
  let governance: Governance
  try {
    governance = await loadAuthored(flags, io)
  } catch (error) {
    return { errors: problemsOf(error), warnings: [] }
  }
  const signers = await lintSigners(governance, io)
  const errors = [...governance.refused.flatMap(({ problems }) => problems), ...signers.problems, ...unheard(governance)]
  let policySet: PolicySet
  try {
    policySet = await compilePolicies(governance)
  } catch (error) {
    return { errors: [...errors, ...problemsOf(error)], warnings: governance.warnings, governance }
  }
  const health = healthOf(await judge(policySet, governance, signers, io), io.now)
  return { errors, warnings: [...governance.warnings, ...healthWarnings(health, io.now)], governance }
}

async function judge(policySet: PolicySet, governance: Governance, signers: { readonly stands: boolean; readonly problems: readonly Problem[] }, io: Io): Promise<OptOutSet> {
  if (governance.source.kind === 'worktree') {
    const set = await judgeStanding(policySet, governance, io.now, { dir: io.cwd })
    return signers.stands ? leavingOutPeople(set) : set
  }
  // A broken file of signers is told already, and says nothing of the opt-outs.
  return signers.problems.length > 0 ? { active: [], ended: [], refused: [] } : judgeStanding(policySet, governance, io.now, { dir: io.cwd })
}

/** An emergency is never silent: one that no policy of those that cover it tells anybody of is refused by the server. */
const unheard = ({ policies }: Governance): readonly Problem[] => policies.flatMap(({ document: { metadata: { name }, spec }, origin: { file, line, column } }) =>
  (spec.effect === 'permit' && spec.emergency !== undefined && spec.alerts === undefined
    ? [cliProblem('LINT_UNHEARD', `policy \`${name}\` permits emergencies, and names no \`alerts\` that are told of them`, 'name a sink of the workspace: `alerts: [oncall]`', { file, line, column })] : []))

function problemsOf(error: unknown): readonly Problem[] {
  if (error instanceof ExeatError) return error.problems
  throw error
}

function countText(governance: Governance | undefined): string {
  if (governance === undefined) return ''
  const { policies, optOuts, refused, tests } = governance
  return ` in ${plural(policies.length, 'policy', 'policies')}, ${plural(optOuts.length + refused.length, 'opt-out')}, ${plural(tests.length, 'test')}`
}
