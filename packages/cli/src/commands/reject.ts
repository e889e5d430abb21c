import type { Command } from 'commander'
import { defineEnding } from '../acts/end.ts'
import type { Io } from '../edge/io.ts'

const help = `
Ends a request that waits for approval or activation. Nobody can revive it.

Example:
  exeat reject log4j-hotfix --actor alice --reason 'the fixed release is out'

Exit codes:
  0 done   1 the server could not be reached   3 refused   64 wrong usage`

export function define(command: Command, io: Io, finish: (exit: number) => void): void {
  defineEnding('reject', command, io, finish, help)
}
