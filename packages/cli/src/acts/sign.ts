/** Approving and activating: fetched, shown, confirmed, and sent back as it was shown. */
import type { Command } from 'commander'
import type { Io } from '../edge/io.ts'
import { printAnswer } from './answer.ts'
import { signInBrowser } from '../people/browser-act.ts'
import { type ActFlags, acting, actOptions, evidenceNote } from './server.ts'
import { fetchShown, type Shown } from './shown.ts'
import { confirm, refuseOtherCode, type SignedAct, signedText, type Signing } from './signed-text.ts'

export interface SignFlags extends ActFlags {
  /** Git trust: the key that signs. */
  readonly ssh?: string
  readonly ref?: string
  readonly yes?: boolean
  readonly code?: string
}

export function defineSigned(act: SignedAct, command: Command, io: Io, finish: (exit: number) => void, help: string): void {
  actOptions(command.argument('<name>', 'name or uid of the opt-out'))
    .option('-y, --yes', `${act} without being asked`)
    .option('--code <code>', 'the comparison code that you saw; anything else is not signed')
    .option('--ssh <keyfile>', 'git trust: sign with this FIDO2 key and write the files to commit; no server is asked')
    .option('--ref <ref>', 'with --ssh: branch that governs; default: what refs/remotes/origin/HEAD points at')
    .addHelpText('after', help)
    .action(async (id: string, flags: SignFlags) => {
      await (flags.ssh === undefined ? sign(act, id, flags, io) : (await import('./ssh-sign.ts')).signBySsh(act, id, { ...flags, ssh: flags.ssh }, io))
      finish(0)
    })
}

/** @throws {ApiError}; {ExeatError} SHOWN_DIFFERS, NOT_CONFIRMED, USAGE */
async function sign(act: SignedAct, id: string, flags: SignFlags, io: Io): Promise<void> {
  const { client, key, address, typed } = acting(flags, io)
  const shown = await fetchShown(client, id)
  // Where JSON is asked for, standard output holds that alone.
  const sink = flags.format === 'json' ? io.stderr : io.stdout
  sink.write(`${signedText(act, shownOf(shown, flags.actor), io)}\n\n`)
  refuseOtherCode(flags.code, shown.code)
  if (!typed) {
    printAnswer(act, await signInBrowser({ act, view: shown.view, client, address }, io), flags, io)
    return
  }
  if (flags.yes !== true && flags.code === undefined) await confirm(act, shown.view.name, shown.code, sink)
  printAnswer(act, await client[act](shown.view.uid, shown.view.binding, key), flags, io)
}

const shownOf = ({ view: { approvals, binding }, document, findings, code }: Shown, actor: string | undefined): Signing => ({
  document, findings, code, approvals, binding, evidence: actor === undefined ? 'your second factor, in a browser' : evidenceNote, ...(actor === undefined ? {} : { actor }),
})
