import { Command } from 'commander'
import manifest from '../package.json' with { type: 'json' }
import type { Io } from './edge/io.ts'
import { commands } from './registry.ts'

const examples = `
Examples:
  exeat init                                     write .exeat/ to start with
  exeat gate trivy.sarif --env staging           may this run pass?
  trivy fs -f sarif . | exeat gate - --env dev   the same, from standard input
  exeat explain trivy/CVE-2021-44228 --env dev   who could grant an opt-out?

Exit codes:
  0 nothing blocks   1 Exeat or its needs failed   2 blocked
  3 a policy, report, bundle or input is invalid   4 waiting for people
  64 wrong usage

Run \`exeat help COMMAND\` for the options and examples of one command.`

export interface Program {
  readonly program: Command
  /** Exit code that the command's action gave; 0 until then. */
  exit(): number
}

/** The whole command line, with the options of the commands that `wanted` names; the others are known by name alone. */
export async function buildProgram(io: Io, wanted: (name: string) => boolean): Promise<Program> {
  let code = 0
  const finish = (exit: number): void => { code = exit }
  const program = new Command('exeat')
    .description('Opt out of an automated security control for a stated scope, reason and time, if policy allows it.')
    .usage('COMMAND [OPTIONS]')
    .version(manifest.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [COMMAND]', 'print help of a command')
    .addHelpText('after', examples)
    .exitOverride()
    .configureHelp({ helpWidth: Math.min(io.stdout.columns, 100), sortSubcommands: false })
    .configureOutput({
      writeOut: (text) => { io.stdout.write(text) },
      // What commander says of wrong usage is thrown as well, and the edge prints it in Exeat's own form.
      writeErr: () => {},
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
  for (const entry of commands) {
    const command = program.command(entry.name).summary(entry.summary).description(sentence(entry.summary)).allowExcessArguments(false)
    // oxlint-disable-next-line no-await-in-loop -- one or all of them, and help keeps their order
    if (wanted(entry.name)) (await entry.load()).define(command, io, finish)
  }
  return { program, exit: () => code }
}

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
