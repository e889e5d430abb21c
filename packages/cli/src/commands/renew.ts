import type { Command } from 'commander'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ExeatError } from '@exeat/core/error'
import { findDocument } from '../acts/document.ts'
import { draftOf } from '../acts/draft.ts'
import { actOptions } from '../acts/server.ts'
import type { Io } from '../edge/io.ts'
import { writeOutput } from '../edge/output.ts'
import { cliError } from '../edge/problem.ts'
import { loadAuthored } from '../governance/load.ts'
import { request, type RequestFlags, waitOptions } from './request.ts'

const help = `
A renewal is a new document with \`renews: NAME\`, a name and a reason of its own,
and approvals of its own; the old one stays in force until its end. Where such a
document stands under .exeat/, it is asked for. Where none does, a draft is
printed, and with --write written beside the old one: its reason is empty, which
nothing accepts until you have said why the time was not enough.

Who signed in to a server confirms a renewal with a second factor: in a browser, or
by --ssh with a security key that is enrolled there.

Examples:
  exeat renew log4j-hotfix --actor alice --write    draft log4j-hotfix-2
  exeat renew log4j-hotfix --actor alice            ask for it, once it is written
  exeat renew log4j-hotfix --server https://exeat.example

Exit codes:
  0 asked for, or drafted; with --wait as \`exeat request\` says
  1 the server could not be reached   3 refused   64 wrong usage`

interface RenewFlags extends RequestFlags {
  readonly write?: boolean
}

export function define(command: Command, io: Io, finish: (exit: number) => void): void {
  waitOptions(actOptions(command.argument('<name>', 'the opt-out to renew')))
    .option('--write', 'write the draft beside the old document')
    .option('--ssh <keyfile>', 'with --server: this FIDO2 key gives the second factor; default: a browser')
    .option('-y, --yes', 'with --ssh: sign without being asked')
    .option('--code <code>', 'the comparison code that you saw; anything else is not signed')
    .addHelpText('after', help)
    .action(async (name: string, flags: RenewFlags) => { finish(await renew(name, flags, io)) })
}

/** @throws {ExeatError} OPTOUT_UNKNOWN, DRAFT_EXISTS, OUTPUT_FAILED, what is wrong with a draft written before, and all that `request` may */
async function renew(name: string, flags: RenewFlags, io: Io): Promise<number> {
  const governance = await loadAuthored({}, io)
  const renewals = governance.optOuts.filter(({ document }) => document.spec.renews === name)
  const [first, ...others] = renewals
  if (first !== undefined && others.length === 0) return request(first.document.metadata.name, flags, io)
  if (first !== undefined) throw cliError('OPTOUT_UNKNOWN', `${renewals.length} documents renew \`${name}\``, `name the one to ask for: \`exeat request ${first.document.metadata.name}\``)
  const old = findDocument(name, governance, io)
  const { name: newName, text } = draftOf(old.document, io.now, new Set(governance.optOuts.map(({ document }) => document.metadata.name)))
  const unfinished = governance.refused.find((each) => each.name === newName)
  if (unfinished !== undefined) throw new ExeatError(unfinished.problems)
  if (flags.write !== true) {
    io.stdout.write(text)
    io.stderr.write('nothing was written; --write puts it beside the old document\n')
    return 0
  }
  const root = governance.source.kind === 'worktree' ? governance.source.root : io.cwd
  const path = join(dirname(old.origin.file), `${newName}.yaml`)
  if (existsSync(join(root, path))) throw cliError('DRAFT_EXISTS', `\`${path}\` exists already`, 'edit it, or move it away')
  writeOutput(io, join(root, path), (sink) => { sink.write(text) })
  io.stdout.write(`wrote ${path}: give it a reason, merge it, then\n  $ exeat renew ${name}${flags.actor === undefined ? ' --server https://HOST' : ` --actor ${flags.actor}`}\n`)
  return 0
}
