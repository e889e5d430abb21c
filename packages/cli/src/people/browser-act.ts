/** Approving and activating in a browser what was looked at here: the entry that comes of it must state what this machine made the digests of. */
import { isDeepStrictEqual } from 'node:util'
import { newSessionKey } from '@exeat/client/session'
import type { ApiClient } from '@exeat/client'
import { checkReceipt, readPublishedKeys } from '@exeat/client/log'
import { type Json, utf8 } from '@exeat/core'
import { encodeLeaf, leafOf, type LogEvent } from '@exeat/core/entry'
import type { Envelope } from '@exeat/core/envelope'
import type { ActAnswer, OptOutView } from '@exeat/core/wire'
import { ExeatError } from '@exeat/core/error'
import { parseReceipt, parseCheckpoint, openNote, parseVerifierKey, type VerifierKey } from '@exeat/log'
import { readEntry } from '@exeat/verify'
import type { Io } from '../edge/io.ts'
import { cliError } from '../edge/problem.ts'
import { sha256, verifySignature } from '../log/crypto.ts'
import { openSource } from '../log/source.ts'
import { savedKeys, stateFolder } from '../log/state.ts'
import type { Address } from '../trust/address.ts'
import { provingClient } from './client.ts'
import { type HandOver, handOver } from './device.ts'

export type SignedAct = 'approve' | 'activate'

export interface Signing {
  readonly act: SignedAct
  readonly view: OptOutView
  /** Of whoever signed in here. */
  readonly client: ApiClient
  readonly address: Address
}

/** @throws {ApiError}; {ExeatError} HAND_OVER_*, RECEIPT_OTHER: what the log recorded is not what was looked at here */
export async function signInBrowser({ act, view: { name, uid, binding }, client, address }: Signing, io: Io): Promise<ActAnswer> {
  const recorded = { type: `dev.exeat.optout.${act}d.v1`, envelope: { purpose: act, uid, ...binding } } as const
  return actInBrowser({ command: `exeat ${act} ${name}`, act: { purpose: act, id: uid, signed: binding }, recorded, client, address }, io)
}

/** Handed over as it was looked at here, with what the log must record of it. */
export interface Handed extends Pick<Signing, 'client' | 'address'> {
  readonly command: string
  readonly act: NonNullable<HandOver['act']>
  readonly recorded: Recorded
}

/** Members that the entry must have, each as it is stated here. */
export interface Recorded {
  readonly type: LogEvent['type']
  readonly envelope: Partial<Envelope>
  /** Of the event, besides its envelope. */
  readonly data?: Readonly<Record<string, Json>>
}

/** @throws {ApiError}; {ExeatError} HAND_OVER_*, RECEIPT_OTHER */
export async function actInBrowser({ command, act, recorded, client, address }: Handed, io: Io): Promise<ActAnswer> {
  const key = await newSessionKey()
  const outcome = await handOver({ client: provingClient(address, key), key, command, act }, io)
  if (outcome.state !== 'done') throw cliError('INTERNAL', 'the server answered an act with a sign-in')
  const { index, receipt, uid } = outcome
  const evidence = checkEvent(await provenEvent(index, receipt, client, address, io), recorded, uid, index)
  return { optOut: await client.optOut(uid), index, receipt, evidence }
}

/** The entry as the receipt proves it, with its body. @throws {ExeatError} RECEIPT_OTHER */
async function provenEvent(index: number, receipt: string, client: ApiClient, address: Address, io: Io): Promise<LogEvent> {
  const { leaf, body } = await client.entry(index)
  if (body.state !== 'kept') throw other(index, 'its body is gone')
  const decoded = leafOf(leaf)
  if (decoded === undefined) throw other(index, 'its leaf cannot be read')
  const text = Buffer.from(encodeLeaf(decoded)).toString('utf8')
  const read = readEntry({ leaf: text, body: { salt: body.salt, event: body.event } }, sha256)
  if (!read.ok || read.value.event === null) throw other(index, read.ok ? 'its body is gone' : read.problem.message)
  const bytes = utf8(receipt)
  const checked = checkReceipt({ sha256, verify: verifySignature, trust: { ...await trustOf(bytes, address, io), witnesses: { atLeast: 0, keys: [] } } }, bytes, utf8(text))
  if (!checked.ok) throw new ExeatError([checked.problem])
  if (checked.value.index !== index) throw other(index, `its receipt is for entry ${checked.value.index}`)
  return read.value.event
}

/** The key of this log that was verified here before; else the one that the server publishes, which is said. */
async function trustOf(receipt: Uint8Array, address: Address, io: Io): Promise<{ readonly origin: string; readonly log: readonly [VerifierKey, ...VerifierKey[]] }> {
  const parsed = parseReceipt(receipt)
  const known = savedKeys(stateFolder(undefined, io)).flatMap((line) => { const key = parseVerifierKey(sha256, line); return key.ok && key.value.type === 'ed25519' ? [key.value] : [] })
  const note = parsed.ok ? openNote(parsed.value.checkpoint, known, verifySignature) : undefined
  const head = note?.ok === true ? parseCheckpoint(note.value.text) : undefined
  const saved = note?.ok === true && head?.ok === true ? note.value.verified.filter(({ key }) => key.name === head.value.origin).map(({ key }) => key) : []
  const [first, ...more] = saved
  if (first !== undefined) return { origin: first.name, log: [first, ...more] }
  const published = await readPublishedKeys(openSource(address.name.startsWith('unix:') ? address.name : `${address.base}/log`, io), sha256, verifySignature)
  if (!published.ok) throw new ExeatError([published.problem])
  const [own, ...others] = published.value
  if (own === undefined) throw cliError('INTERNAL', 'the log publishes no key')
  io.stderr.write('the log\'s key is the server\'s own word so far; `exeat log verify` pins it\n')
  return { origin: own.origin, log: [own.key, ...others.map(({ key }) => key)] }
}

/** Answers the strength of its evidence. @throws {ExeatError} RECEIPT_OTHER */
function checkEvent({ type, subject, data }: LogEvent, recorded: Recorded, uid: string, index: number): string {
  if (type !== recorded.type || !('envelope' in data) || !('evidence' in data) || 'about' in data.envelope) throw other(index, `it is of type ${type}`)
  const { envelope, evidence } = data
  const same = subject === uid && envelope.uid === uid && agrees(envelope, recorded.envelope) && agrees(data, recorded.data ?? {})
  if (!same) throw other(index, 'what was signed there is not what was shown here')
  if (!('strength' in evidence)) throw other(index, 'it rests on a founder\'s key')
  return evidence.strength
}

const agrees = (held: object, stated: object): boolean => Object.entries(stated).every(([name, value]) => isDeepStrictEqual((held as Readonly<Record<string, unknown>>)[name], value))

const other = (index: number, because: string): ExeatError =>
  cliError('RECEIPT_OTHER', `entry ${index} of the log does not record what was looked at here: ${because}`, 'have the opt-out revoked, and tell whoever keeps the server')
