/** Second factors over acts on opt-outs: all that would be signed is shown first, with a code that was made here. */
import type { SentTap } from '@exeat/client'
import type { Binding, HexDigest, Identity, OptOut } from '@exeat/core'
import { shownCode } from '@exeat/core/envelope'
import type { ActAnswer, OptOutView } from '@exeat/core/wire'
import type { Io } from '../edge/io.ts'
import { cliError } from '../edge/problem.ts'
import { sha256 } from '../log/crypto.ts'
import type { Acting } from '../acts/server.ts'
import { confirm, refuseOtherCode, signedText, type Signing, type TappedAct } from '../acts/signed-text.ts'
import type { ClientSession } from './session-file.ts'
import type { HandedAct } from './proven.ts'
import { challengeHere, tapBySsh, tapInBrowser, waitForSecond } from './tapped.ts'

export interface TapFlags {
  readonly format: 'text' | 'json'
  /** The key that signs here; absent: a browser. */
  readonly ssh?: string
  readonly yes?: boolean
  readonly code?: string
}

export interface OptOutTap {
  readonly act: Exclude<TappedAct, 'vouch'>
  readonly wanted: HandedAct
  readonly uid: HexDigest
  readonly document: OptOut
  readonly findings: number | undefined
  /** Digests of what was looked at; `terms` absent where the server alone has merged them so far. */
  readonly binding: Pick<Binding, 'optOut' | 'impact'> & Partial<Pick<Binding, 'terms'>>
  /** Of what else the act says, and that in words. */
  readonly statement?: HexDigest
  readonly says?: Signing['says']
  readonly approvals?: OptOutView['approvals']
  /** Of an emergency: who confirms it as well. */
  readonly second?: Identity
  readonly send: (tap: SentTap) => Promise<ActAnswer>
}

/** @throws {ApiError}; {ExeatError} SHOWN_DIFFERS, NOT_CONFIRMED, NOT_SIGNABLE, HAND_OVER_*, SSH_*, RECEIPT_OTHER */
export async function tapOptOut(tap: OptOutTap, acting: Acting & { readonly session: ClientSession }, flags: TapFlags, io: Io): Promise<ActAnswer> {
  const { act, wanted, uid, document, binding: { optOut, impact, terms }, statement } = tap
  const { metadata: { name }, spec: { window } } = document
  const stated = { uid, optOut, impact, window, ...(terms === undefined ? {} : { terms }), ...(statement === undefined ? {} : { statement }) }
  const tapping = { wanted, stated, command: `exeat ${act} ${name}`, ...acting }
  const challenge = flags.ssh !== undefined || terms === undefined ? await challengeHere(tapping) : undefined
  const merged = terms ?? (challenge !== undefined && 'terms' in challenge.envelope ? challenge.envelope.terms : undefined)
  if (merged === undefined) throw cliError('SHOWN_DIFFERS', 'the server would have a key signed for, and not an opt-out', 'nothing was signed; ask whoever keeps the server')
  const signing = signingOf(tap, { optOut, impact, terms: merged }, flags)
  // Where JSON is asked for, standard output holds that alone.
  const sink = flags.format === 'json' ? io.stderr : io.stdout
  sink.write(`${signedText(act, signing, io)}\n\n`)
  refuseOtherCode(flags.code, signing.code)
  if (flags.ssh === undefined || challenge === undefined) {
    const { index, receipt, evidence } = await tapInBrowser({ ...tapping, stated: { ...stated, terms: merged } }, io)
    return { optOut: await acting.client.optOut(uid), index, receipt, evidence }
  }
  if (flags.yes !== true && flags.code === undefined) await confirm(act, name, signing.code, sink)
  if (tap.second !== undefined) await waitForSecond(challenge, tap.second, acting, io)
  return tapBySsh(tapping, challenge, flags.ssh, tap.send, io)
}

const signingOf = ({ uid, document, findings, approvals = [], statement, says }: OptOutTap, binding: Binding, { ssh }: TapFlags): Signing => ({
  document, findings, approvals, binding, code: shownCode(uid, binding, sha256, statement), ...(says === undefined ? {} : { says }),
  evidence: ssh === undefined ? 'your second factor, in a browser' : 'user-signed: an SSH signature by a security key',
})
