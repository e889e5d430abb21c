import type { Command } from 'commander'
import { defineEnding } from '../acts/end.ts'
import type { Io } from '../edge/io.ts'

const help = `
Ends an active opt-out at once. Every gate honours that with its next bundle, and says
how old its bundle may be.

Example:
  exeat revoke log4j-hotfix --actor alice --reason 'the fixed release is out'

Exit codes:
  0 done   1 the server could not be reached   3 refused   64 wrong usage`

export function define(command: Command, io: Io, finish: (exit: number) => void): void {
  defineEnding('revoke', command, io, finish, help)
}
