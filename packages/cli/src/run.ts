/** From the words on the command line to an exit code. Every error ends here. */
import { CommanderError } from 'commander'
import type { Problem } from '@exeat/core'
import { ExeatError } from '@exeat/core/error'
import type { Io } from './edge/io.ts'
import { cliProblem } from './edge/problem.ts'
import { buildProgram } from './program.ts'
import { commands, laterCommands } from './registry.ts'

export async function run(argv: readonly string[], io: Io): Promise<number> {
  try {
    if (argv[0] === 'completion' || argv[0] === 'complete') return await (await import('./commands/completion.ts')).completion(argv, io)
    refuseLater(argv)
    return await parse(argv, io)
  } catch (error) {
    const { report } = await import('./edge/report.ts')
    return report(error, argv, io)
  }
}

async function parse(argv: readonly string[], io: Io): Promise<number> {
  const [first, second] = argv
  const name = first === 'help' ? second : first
  const built = await buildProgram(io, (candidate) => candidate === name)
  // Listed here; it runs before any of this, as it needs all commands.
  built.program.command('completion').summary('print a completion script for a shell').argument('<shell>', 'bash, zsh, fish or powershell')
  if (first === undefined) {
    built.program.outputHelp()
    return 64
  }
  if (first === 'help' && second !== undefined && !commands.some((command) => command.name === second)) built.program.error(`unknown command '${second}'`)
  try {
    await built.program.parseAsync([...argv], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) return 0
    if (error.code === 'commander.help') {
      built.program.commands.find((command) => command.name() === first)?.outputHelp()
      return 64
    }
    throw new ExeatError([usageProblem(error, first)], { cause: error })
  }
  return built.exit()
}

function refuseLater(argv: readonly string[]): void {
  const name = argv[0] === 'help' ? argv[1] : argv[0]
  if (name === undefined || !laterCommands.includes(name)) return
  throw new ExeatError([cliProblem('COMMAND_LATER', `this release has no command \`${name}\``, 'it comes with a later one; `exeat help` lists what there is')])
}

/** Commander's words in Exeat's form: backticks around input, the suggestion as a hint. */
function usageProblem(error: CommanderError, first: string): Problem {
  const [head = '', ...more] = error.message.replace(/^error: /, '').split('\n')
  const suggestion = /\(Did you mean (?:one of )?(.+?)\?\)/.exec(more.join(' '))?.[1]
  const message = head.replaceAll(/'([^']*)'/g, '`$1`').replace(/\.$/, '')
  const known = commands.some(({ name }) => name === first)
  const see = known ? `exeat help ${first}` : 'exeat help'
  const hint = suggestion === undefined ? `see \`${see}\`` : `did you mean ${suggestion.split(', ').map((each) => `\`${each}\``).join(' or ')}? see \`${see}\``
  return cliProblem(error.code === 'commander.unknownCommand' ? 'COMMAND_UNKNOWN' : 'USAGE', message, hint)
}
