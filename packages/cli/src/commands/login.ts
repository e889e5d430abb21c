import type { Command } from 'commander'
import { serverOptions, type ServerFlags } from '../acts/server.ts'
import type { Io } from '../edge/io.ts'

const help = `
Shows a code to type at the server's own page, where you sign in with a passkey or by
your identity provider. The session is bound to a key that is made here and kept for
your user alone: a copied token opens nothing. Approving and activating still ask for
a second factor, each time.

Example:
  exeat login --server https://exeat.acme.example

Exit codes:
  0 signed in   1 the server could not be reached   4 nobody answered   3 refused   64 wrong usage`

export function define(command: Command, io: Io, finish: (exit: number) => void): void {
  serverOptions(command).addHelpText('after', help).action(async (flags: ServerFlags) => {
    await (await import('../people/login.ts')).login(flags, io)
    finish(0)
  })
}
