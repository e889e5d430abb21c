import type { Command } from 'commander'
import type { Io } from '../edge/io.ts'
import { governanceOptions } from '../governance/load.ts'
import { ask, type DecideFlags, verify } from '../decisions/decide.ts'

const help = `
Has the server decide what scanners found, by the job's own token, and takes
nothing of the answer without verifying it. What the server signs is for
whoever lets the change in: with --verify they hold it against the run, and
believe nothing else of the job. A gate that the change itself can edit is
advisory; this is not.

Examples:
  exeat decide trivy.sarif --env production --server https://exeat.example \\
    -o decision.json
  exeat decide trivy.sarif --env production --verify decision.json --proven
  exeat decide trivy.sarif --env production --verify decision.json --proven \\
    --workflow 8f4b7f84864484a7bf31766abe9204da3cbe65b3   that commit alone may ask

Exit codes:
  0 nothing blocks   1 the server could not be asked   2 blocked
  3 refused, or not honoured   64 wrong usage`

export function define(command: Command, io: Io, finish: (exit: number) => void): void {
  command
    .argument('<reports...>', 'report files (globs too), or - for standard input')
    .option('--env <name>', 'environment that the run is for')
    .option('--repo <name>', 'repository, as the workspace names it; default: that of the remote `origin`')
    .option('--commit <sha>', 'that was scanned, in full; default: what is checked out')
    .option('--input-format <format>', 'what the reports are; default: told by their content')
    .option('--server <address>', 'https://HOST or unix:/PATH/admin.sock; EXEAT_SERVER')
    .option('-o, --output <file>', 'where the signed decision goes')
    .option('--verify <file>', 'hold this decision against the run; no server is asked')
    .option('--proven', 'with --verify: repository, commit and environment must be shown by a job\'s token')
    .option('--workflow <sha>', 'with --verify: commit of a reusable workflow that may have asked; may be repeated', (sha: string, all: readonly string[] = []) => [...all, sha])
    .addOption(command.createOption('-f, --format <format>', 'how to print it').choices(['text', 'json']).default('text'))
  governanceOptions(command)
  command.addHelpText('after', help)
    .action(async (reports: readonly string[], flags: DecideFlags) => { finish(await (flags.verify === undefined ? ask(reports, flags, io) : verify(reports, flags.verify, flags, io))) })
}
