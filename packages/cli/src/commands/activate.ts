import type { Command } from 'commander'
import { defineSigned } from '../acts/sign.ts'
import type { Io } from '../edge/io.ts'

const help = `
Shows all that the activation stands for, asks, and sends back exactly what was
shown. The document must stand at the protected branch, approved as the terms
say; from then on gates that read this log honour it until its window ends.

In git trust nobody is asked but your security key: --ssh names the approvals
that count, signs them and what they are about, and writes two files to merge.

Examples:
  exeat activate log4j-hotfix --actor carol
  exeat activate log4j-hotfix --actor carol --yes
  exeat activate log4j-hotfix --ssh ~/.ssh/id_ed25519_sk    git trust

Exit codes:
  0 active     1 the server could not be reached, or ssh-keygen did not sign
  3 refused
  4 it waits for people or for the merge           64 not confirmed`

export function define(command: Command, io: Io, finish: (exit: number) => void): void {
  defineSigned('activate', command, io, finish, help)
}
