/** Acts with a second factor by whoever signed in: in a browser, or by an SSH security key that is held here. Both ways what the log records is held against what was shown. */
import type { ApiClient, SentTap } from '@exeat/client'
import { type Identity, sameIdentity } from '@exeat/core'
import { envelopeBytes } from '@exeat/core/envelope'
import type { People } from '@exeat/core/wire'
import { actNamespace } from '@exeat/verify/ssh'
import { setTimeout as pause } from 'node:timers/promises'
import type { Io } from '../edge/io.ts'
import { cliError } from '../edge/problem.ts'
import { readKeyFile, signWithKeygen } from '../ssh/keygen.ts'
import { shown } from '../text/safe.ts'
import type { Address } from '../trust/address.ts'
import { handOver } from './device.ts'
import { checkRecorded, differingIn, type HandedAct, type Stated } from './proven.ts'
import type { ClientSession } from './session-file.ts'

type Challenge = People['challengeSchema']

export interface Tapping {
  readonly wanted: HandedAct
  /** As the page shows it. */
  readonly command: string
  /** What was looked at here. */
  readonly stated: Stated
  readonly client: ApiClient
  readonly session: ClientSession
  readonly address: Address
}

export interface Recorded {
  readonly index: number
  readonly receipt: string
  /** Strength of its evidence. */
  readonly evidence: string
}

/** What the server would have signed, where it states what was looked at here. @throws {ApiError}; {ExeatError} SHOWN_DIFFERS */
export async function challengeHere({ wanted, stated, client, session }: Pick<Tapping, 'wanted' | 'stated' | 'client' | 'session'>): Promise<Challenge> {
  const challenge = await client.challenge(wanted)
  const differing = differingIn(challenge.envelope, { purpose: wanted.purpose, actor: session.person, ...stated })
  if (differing === undefined) return challenge
  throw cliError('SHOWN_DIFFERS', `what the server would have signed states another \`${differing}\` than stands here`, 'nothing was signed; ask whoever keeps the server')
}

/** @throws {ApiError}; {ExeatError} HAND_OVER_*, RECEIPT_OTHER */
export async function tapInBrowser({ wanted, command, stated, client, session, address }: Tapping, io: Io): Promise<Recorded> {
  const outcome = await handOver({ client, key: session.key, command, act: wanted }, io)
  if (outcome.state !== 'done') throw cliError('INTERNAL', 'the server answered an act with a sign-in')
  const { index, receipt } = outcome
  const recorded = { purpose: wanted.purpose, stated: { purpose: wanted.purpose, actor: session.person, ...stated } }
  return { index, receipt, evidence: await checkRecorded(recorded, { index, receipt }, client, address, io) }
}

/**
 * Signs the challenge's envelope by the key, and sends the act with it.
 * @throws {ApiError}; {ExeatError} NOT_SIGNABLE, SSH_*, RECEIPT_OTHER
 */
export async function tapBySsh<T extends { readonly index: number; readonly receipt: string }>(
  { wanted, client, address }: Pick<Tapping, 'wanted' | 'client' | 'address'>, { id, envelope, factors }: Challenge, keyFile: string, send: (tap: SentTap) => Promise<T>, io: Io,
): Promise<T> {
  readKeyFile(keyFile, io)
  if (factors.ssh === undefined) {
    throw cliError('NOT_SIGNABLE', 'no SSH key of yours counts here that the terms take for this', 'enrol one: `exeat enrol add KEYFILE --server …`; or leave `--ssh` out, and tap in a browser')
  }
  const signature = await signWithKeygen(keyFile, actNamespace, envelopeBytes(envelope), io)
  const answer = await send({ challenge: id, proof: { kind: 'ssh', signature: Buffer.from(signature).toString('utf8') } })
  await checkRecorded({ purpose: wanted.purpose, stated: envelope }, answer, client, address, io)
  return answer
}

const between = 2000

/** Until the second person of an emergency has confirmed its challenge. @throws {ApiError} also where the challenge is over */
export async function waitForSecond({ id }: Challenge, second: Identity, { client, address }: Pick<Tapping, 'client' | 'address'>, io: Io): Promise<void> {
  io.stderr.write(`  ${shown(second.sub)} confirms it at  ${shown(`${address.base}/second/${id}`)}\n\nwaiting for them …\n`)
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- one question after the other, until the server forgets the challenge
    const { wanted, seconded } = await client.pendingChallenge(id)
    if (seconded && wanted.purpose === 'emergency' && typeof wanted.asked.second === 'object' && sameIdentity(wanted.asked.second, second)) return
    // oxlint-disable-next-line no-await-in-loop
    await pause(between)
  }
}
