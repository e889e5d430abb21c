/** Acts that take a reason and no second look: they only ever take away. */
import type { Command } from 'commander'
import type { Io } from '../edge/io.ts'
import { printAnswer } from './answer.ts'
import { type ActFlags, acting, actOptions } from './server.ts'

interface EndFlags extends ActFlags {
  readonly reason: string
}

export function defineEnding(act: 'reject' | 'withdraw' | 'revoke', command: Command, io: Io, finish: (exit: number) => void, help: string): void {
  actOptions(command.argument('<name>', 'name or uid of the opt-out'))
    .requiredOption('--reason <text>', 'why; it is recorded')
    .addHelpText('after', help)
    .action(async (id: string, flags: EndFlags) => {
      const { client, key } = acting(flags, io)
      printAnswer(act, await client[act](id, flags.reason, key), flags, io)
      finish(0)
    })
}
