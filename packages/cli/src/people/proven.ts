/** What the log recorded of an act, proved by its receipt and held against what was looked at here. */
import type { ApiClient } from '@exeat/client'
import { checkReceipt, readPublishedKeys } from '@exeat/client/log'
import { utf8 } from '@exeat/core'
import { encodeLeaf, leafOf, type LogEvent } from '@exeat/core/entry'
import type { AnyEnvelope } from '@exeat/core/envelope'
import type { People } from '@exeat/core/wire'
import { ExeatError } from '@exeat/core/error'
import { parseReceipt, parseCheckpoint, openNote, parseVerifierKey, type VerifierKey } from '@exeat/log'
import { readEntry } from '@exeat/verify'
import type { Io } from '../edge/io.ts'
import { cliError } from '../edge/problem.ts'
import { sha256, verifySignature } from '../log/crypto.ts'
import { openSource } from '../log/source.ts'
import { savedKeys, stateFolder } from '../log/state.ts'
import type { Address } from '../trust/address.ts'

/** An act with a tap, which comes to an entry of its own. */
export type HandedAct = NonNullable<People['deviceWantedSchema']['act']>

/** What the envelope that was signed must state; members that are absent may be anything, but for `statement`. */
export type Stated = { readonly [K in keyof Extract<AnyEnvelope, { readonly uid: string }>]?: unknown } & { readonly about?: unknown }

const types = {
  approve: 'optout.approved', activate: 'optout.activated', renew: 'optout.renewed', emergency: 'emergency.activated', review: 'emergency.reviewed', enrol: 'enrolment.vouched',
} as const

/** Answers the strength of its evidence. @throws {ApiError}; {ExeatError} RECEIPT_OTHER: what the log recorded is not what was looked at here */
export async function checkRecorded(
  { purpose, stated }: { readonly purpose: HandedAct['purpose']; readonly stated: Stated }, { index, receipt }: { readonly index: number; readonly receipt: string }, client: ApiClient, address: Address, io: Io,
): Promise<string> {
  const { type, data } = await provenEvent(index, receipt, client, address, io)
  if (type !== `dev.exeat.${types[purpose]}.v1` || !('envelope' in data) || !('evidence' in data)) throw other(index, `it is of type ${type}`)
  const { envelope, evidence } = data
  const differing = differingIn(envelope, stated)
  if (differing !== undefined) throw other(index, `what was signed there states another \`${differing}\` than was shown here`)
  if (!('strength' in evidence)) throw other(index, 'it rests on a founder\'s key')
  return evidence.strength
}

/** The first member that is another. */
export function differingIn(envelope: AnyEnvelope, stated: Stated): string | undefined {
  const found = new Map<string, unknown>(Object.entries(envelope))
  const wanted = new Map<string, unknown>([['statement', undefined], ...Object.entries(stated)])
  return [...wanted].find(([name, value]) => JSON.stringify(found.get(name)) !== JSON.stringify(value))?.[0]
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
  if (!checked.ok) throw other(index, checked.problem.message)
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

const other = (index: number, because: string): ExeatError =>
  cliError('RECEIPT_OTHER', `entry ${index} of the log does not record what was looked at here: ${because}`, 'have the opt-out revoked, and tell whoever keeps the server')
