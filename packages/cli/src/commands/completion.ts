/** Shell completion from the commands themselves: `exeat completion bash` prints a script that asks `exeat complete`. */
import attach from '@bomb.sh/tab/commander'
import type { Io } from '../edge/io.ts'
import { cliError } from '../edge/problem.ts'
import { buildProgram } from '../program.ts'

const shells = ['bash', 'zsh', 'fish', 'powershell'] as const

const help = `Usage: exeat completion SHELL

Print a completion script for ${shells.join(', ')}.

Examples:
  exeat completion bash > ~/.local/share/bash-completion/completions/exeat
  exeat completion zsh > "\${fpath[1]}/_exeat"
  exeat completion fish > ~/.config/fish/completions/exeat.fish
`

/** @throws {ExeatError} USAGE for a shell that it does not know */
export async function completion(argv: readonly string[], io: Io): Promise<number> {
  const [name, shell] = argv
  if (name === 'completion') {
    if (shell === '--help' || shell === '-h') {
      io.stdout.write(help)
      return 0
    }
    if (!shells.some((known) => known === shell)) {
      throw cliError('USAGE', shell === undefined ? 'no shell was named' : `there is no completion for \`${shell}\``, `name one of ${shells.map((known) => `\`${known}\``).join(', ')}`)
    }
  }
  const { program } = await buildProgram(io, () => true)
  attach(program, { completionCommandName: 'completion' })
  await program.parseAsync([...argv], { from: 'user' })
  return 0
}
