/** Approving and activating: fetched, shown, confirmed, and sent back as it was shown. */
import type { Command } from 'commander'
import type { SentTap } from '@exeat/client'
import type { ActAnswer } from '@exeat/core/wire'
import type { Io } from '../edge/io.ts'
import { cliError } from '../edge/problem.ts'
import { printAnswer } from './answer.ts'
import { tapOptOut } from '../people/tap-opt-out.ts'
import { type ActFlags, acting, actOptions, evidenceNote } from './server.ts'
import { fetchShown } from './shown.ts'
import { confirm, refuseOtherCode, type SignedAct, signedText } from './signed-text.ts'

export interface SignFlags extends ActFlags {
  /** The key that signs: to commit in git trust, as a second factor at a server. */
  readonly ssh?: string
  readonly ref?: string
  /** Of `approve`: the change that is to be merged. */
  readonly head?: string
  readonly change?: boolean
  readonly yes?: boolean
  readonly code?: string
}

export function defineSigned(act: SignedAct, command: Command, io: Io, finish: (exit: number) => void, help: string): void {
  if (act === 'approve') {
    command.argument('[name]', 'name or uid of the opt-out; none with --change')
      .option('--head <ref>', 'with --ssh: approve the merge of a change, as it stands at this commit: docs/review.md')
      .option('--change', 'with --head: what the change does to policies, the workspace and whatever else governs')
  } else command.argument('<name>', 'name or uid of the opt-out')
  actOptions(command)
    .option('-y, --yes', `${act} without being asked`)
    .option('--code <code>', 'the comparison code that you saw; anything else is not signed')
    .option('--ssh <keyfile>', 'sign with this FIDO2 key: with --server as your second factor there, else to commit (git trust)')
    .option('--ref <ref>', 'with --ssh: branch that governs; default: what refs/remotes/origin/HEAD points at')
    .addHelpText('after', help)
    .action(async (id: string | undefined, flags: SignFlags) => {
      if (flags.head !== undefined || flags.change === true || id === undefined) await approveMerge(id, flags, io)
      else await (flags.ssh !== undefined && inGitTrust(flags) ? (await import('./ssh-sign.ts')).signBySsh(act, id, { ...flags, ssh: flags.ssh }, io) : sign(act, id, flags, io))
      finish(0)
    })
}

/** @throws {ExeatError} USAGE, and as `approveUnmerged` */
async function approveMerge(id: string | undefined, { ssh, head, ...flags }: SignFlags, io: Io): Promise<void> {
  const change = flags.change === true
  if ((id === undefined) !== change) throw cliError('USAGE', change ? `\`--change\` is about no opt-out, and \`${id}\` names one` : 'no opt-out is named', 'exeat approve NAME, or exeat approve --change --head REF --ssh KEY')
  if (ssh === undefined || head === undefined) throw cliError('USAGE', `the merge of a change is approved with \`--${ssh === undefined ? 'ssh' : 'head'}\`, and it is not given`, 'exeat approve NAME --head REF --ssh KEY')
  const { approveChange, approveUnmerged } = await import('./ssh-merge.ts')
  await (id === undefined ? approveChange({ ...flags, ssh, head }, io) : approveUnmerged(id, { ...flags, ssh, head }, io))
}

/** @throws {ApiError}; {ExeatError} SHOWN_DIFFERS, NOT_CONFIRMED, USAGE, and those of `tapOptOut` */
async function sign(act: SignedAct, id: string, flags: SignFlags, io: Io): Promise<void> {
  const { session, ...by } = acting(flags, io)
  const { client, key } = by
  if (session === undefined) refuseSshOfOperator(flags)
  const shown = await fetchShown(client, id)
  const { view: { uid, binding, approvals, name }, document, findings, code } = shown
  if (session !== undefined) {
    const send = (tap: SentTap): Promise<ActAnswer> => client[act](uid, binding, key, tap)
    printAnswer(act, await tapOptOut({ act, wanted: { purpose: act, id: uid, signed: binding }, uid, document, findings, binding, approvals, send }, { ...by, session }, flags, io), flags, io)
    return
  }
  // Where JSON is asked for, standard output holds that alone.
  const sink = flags.format === 'json' ? io.stderr : io.stdout
  sink.write(`${signedText(act, { document, findings, code, approvals, binding, evidence: evidenceNote, ...(flags.actor === undefined ? {} : { actor: flags.actor }) }, io)}\n\n`)
  refuseOtherCode(flags.code, code)
  if (flags.yes !== true && flags.code === undefined) await confirm(act, name, code, sink)
  printAnswer(act, await client[act](uid, binding, key), flags, io)
}

/** @throws {ExeatError} USAGE */
export function refuseSshOfOperator({ ssh }: Pick<SignFlags, 'ssh'>): void {
  if (ssh !== undefined) throw cliError('USAGE', '`--actor` is a typed name, and `--ssh` a second factor of somebody who signed in', 'sign in: exeat login --server https://HOST, and leave `--actor` out')
}

/** `--ssh` beside a server is a second factor there; without one, a signature to commit. */
export const inGitTrust = ({ ssh, server }: Pick<SignFlags, 'ssh' | 'server'>): boolean => ssh !== undefined && server === undefined
