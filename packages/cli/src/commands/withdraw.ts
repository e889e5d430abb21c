import type { Command } from 'commander'
import { defineEnding } from '../acts/end.ts'
import type { Io } from '../edge/io.ts'

const help = `
Takes back a request of one's own that is not active yet.

Example:
  exeat withdraw log4j-hotfix --actor alice --reason 'the fixed release is out'

Exit codes:
  0 done   1 the server could not be reached   3 refused   64 wrong usage`

export function define(command: Command, io: Io, finish: (exit: number) => void): void {
  defineEnding('withdraw', command, io, finish, help)
}
