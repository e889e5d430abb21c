import type { Command } from 'commander'
import { serverOptions, type ServerFlags } from '../acts/server.ts'
import type { Io } from '../edge/io.ts'

const help = `
Ends the session at the server and forgets it here.

Example:
  exeat logout --server https://exeat.acme.example

Exit codes:
  0 nobody is signed in any more   1 the server could not be told   64 wrong usage`

export function define(command: Command, io: Io, finish: (exit: number) => void): void {
  serverOptions(command).addHelpText('after', help).action(async (flags: ServerFlags) => {
    await (await import('../people/login.ts')).logout(flags, io)
    finish(0)
  })
}
