import type { Command } from 'commander'
import { printAnswer } from '../acts/answer.ts'
import { type ActFlags, acting, actOptions } from '../acts/server.ts'
import type { Io } from '../edge/io.ts'
import { reviewInBrowser } from '../people/browser-ask.ts'

const help = `
Every emergency is judged afterwards, by somebody else and in time; an overdue
review blocks the next emergency of the same person or team.

Example:
  exeat review outage-4711 --actor dora --verdict justified --reason 'INC-4711 shows the need'

Exit codes:
  0 recorded   1 the server could not be reached   3 refused   64 wrong usage`

interface ReviewFlags extends ActFlags {
  readonly verdict: 'justified' | 'unjustified'
  readonly reason: string
}

export function define(command: Command, io: Io, finish: (exit: number) => void): void {
  actOptions(command.argument('<name>', 'name or uid of the emergency'))
    .addOption(command.createOption('--verdict <verdict>', 'what the reviewer found').choices(['justified', 'unjustified']).makeOptionMandatory())
    .requiredOption('--reason <text>', 'why; it is recorded')
    .addHelpText('after', help)
    .action(async (id: string, { verdict, reason, ...flags }: ReviewFlags) => {
      const server = acting(flags, io)
      const said = { verdict, reason }
      printAnswer('review', server.typed ? await server.client.review(id, said, server.key) : await reviewInBrowser(id, said, server, io), flags, io)
      finish(0)
    })
}
