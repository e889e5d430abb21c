import type { Command } from 'commander'
import { defineSigned } from '../acts/sign.ts'
import type { Io } from '../edge/io.ts'

const help = `
Shows all that the approval stands for, asks, and sends back exactly what was
shown: a document, terms or impact that changed meanwhile is not approved. The
comparison code stands for all of it; people at two screens can read it aloud.

In git trust nobody is asked but your security key: --ssh shows and signs what
stands at the protected branch, and writes two files to commit and merge. With
--head it approves the merge of a change, as \`exeat review\` counts it, and no more.

Examples:
  exeat approve log4j-hotfix --actor bob
  exeat approve log4j-hotfix --actor bob --code 7QK2M-4E9WD-XTB0H-N5C8R
  exeat approve log4j-hotfix --ssh ~/.ssh/id_ed25519_sk     git trust
  exeat approve log4j-hotfix --head HEAD --ssh ~/.ssh/id_ed25519_sk
  exeat approve --change --head HEAD --ssh ~/.ssh/id_ed25519_sk
                                        policies, workspace, before the merge

Exit codes:
  0 approved   1 the server could not be reached, or ssh-keygen did not sign
  3 refused    64 not confirmed`

export function define(command: Command, io: Io, finish: (exit: number) => void): void {
  defineSigned('approve', command, io, finish, help)
}
