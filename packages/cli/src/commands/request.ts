import type { Command } from 'commander'
import type { StandingOptOut } from '@exeat/core'
import { ExeatError } from '@exeat/core/error'
import type { ActAnswer, OptOutView } from '@exeat/core/wire'
import { whoMay } from '../acts/people.ts'
import { printAnswer } from '../acts/answer.ts'
import { findDocument, requestOf } from '../acts/document.ts'
import { inGitTrust, type SignFlags } from '../acts/sign.ts'
import { type ActFlags, type Acting, acting, actOptions } from '../acts/server.ts'
import { patienceOf, waitForPeople } from '../acts/wait.ts'
import type { Io } from '../edge/io.ts'
import { loadAuthored } from '../governance/load.ts'

const help = `
Sends the document as it lies here, with its impact from .exeat/impacts/ where one
was recorded, and starts the approvals. Whether the document stands at the
protected branch counts when it is activated.

In git trust a signed commit shows who asks, or --ssh does, whatever the merge makes
of commits.

Examples:
  exeat request log4j-hotfix --actor alice
  exeat request .exeat/opt-outs/log4j.yaml --actor alice --wait --timeout 4h
  exeat request log4j-hotfix --server https://exeat.example
  exeat request log4j-hotfix --ssh ~/.ssh/id_ed25519        git trust

Exit codes:
  0 asked for; with --wait: approved, or active   4 --wait: it still waits for people
  2 --wait: it ended without an approval          3 refused, or the document is wrong
  1 the server could not be reached               64 wrong usage`

export interface RequestFlags extends ActFlags {
  /** At a server: the key that gives the second factor of a renewal. */
  readonly ssh?: string
  readonly yes?: boolean
  readonly code?: string
  readonly wait?: boolean
  readonly timeout: string
}

export function define(command: Command, io: Io, finish: (exit: number) => void): void {
  waitOptions(actOptions(command.argument('<name-or-file>', 'the opt-out, or the file that it stands in')))
    .option('--ssh <keyfile>', 'sign with this key: with --server as the second factor of a renewal, else to commit with the document (git trust)')
    .option('--ref <ref>', 'with --ssh: branch that governs; default: what refs/remotes/origin/HEAD points at')
    .option('-y, --yes', 'with --ssh: sign without being asked')
    .option('--code <code>', 'with --ssh: the comparison code that you saw; anything else is not signed')
    .addHelpText('after', help)
    .action(async (word: string, { ssh, ...flags }: RequestFlags & SignFlags) => {
      if (ssh === undefined || !inGitTrust({ ...flags, ssh })) return finish(await request(word, { ...flags, ...(ssh === undefined ? {} : { ssh }) }, io))
      await (await import('../acts/ssh-request.ts')).requestBySsh(word, { ...flags, ssh }, io)
      return finish(0)
    })
}

export const waitOptions = (command: Command): Command => command
  .option('--wait', 'wait until people have decided')
  .option('--timeout <duration>', 'how long: 30m, 4h, 2d', '1h')

/** @throws {ExeatError} OPTOUT_UNKNOWN, USAGE, what is wrong with the document, and what the server refuses */
export async function request(word: string, flags: RequestFlags, io: Io): Promise<number> {
  const patience = patienceOf(flags.timeout)
  const governance = await loadAuthored({}, io)
  const found = findDocument(word, governance, io)
  const by = acting(flags, io)
  const { client } = by
  const answer = await asked(found, by, flags, io)
  const notes = await whoMay(governance, found.document, answer.optOut)
  if (flags.wait !== true || answer.optOut.phase !== 'proposed') {
    printAnswer('request', answer, flags, io, notes)
    return 0
  }
  printAnswer('request', answer, { ...flags, format: 'text' }, { ...io, stdout: io.stderr }, notes)
  io.stderr.write('\nwaiting for people …\n')
  const optOut = await waitForPeople(client, answer.optOut.uid, patience)
  printAnswer('request', { ...answer, optOut }, flags, io)
  return exitOf(optOut)
}

/** A renewal takes a second factor, and whether it is one the log knows: it may continue what nobody named here. */
async function asked(found: StandingOptOut, { session, ...by }: Acting, flags: RequestFlags, io: Io): Promise<ActAnswer> {
  const sent = requestOf(found)
  try {
    return await by.client.request(sent, by.key)
  } catch (error) {
    if (session === undefined || !(error instanceof ExeatError) || error.problems[0].code !== 'TAP_NEEDED') throw error
  }
  const { tapOptOut } = await import('../people/tap-opt-out.ts')
  const { impactOf } = await import('../governance/signed.ts')
  const { uid, document, digest, impact } = found
  return tapOptOut({
    act: 'renew', wanted: { purpose: 'renew', asked: sent }, uid, document, findings: impact?.size, binding: { optOut: digest, impact: impactOf(found) },
    send: (tap) => by.client.request({ ...sent, tap }, by.key),
  }, { ...by, session }, flags, io)
}

function exitOf({ phase }: OptOutView): number {
  if (phase === 'approved' || phase === 'active') return 0
  return phase === 'proposed' ? 4 : 2
}
