/** Delegations as entries of the log: how one is written, and how all of them are read back and verified. */
import { randomBytes } from 'node:crypto'
import { commitment, decodeEvent, decodeLeaf, SALT_SIZE } from '@exeat/core/entry'
import { type Delegation, type DelegationPins, type Delegations, type Dsse, encodeDelegation, type RecordedDelegation, verifyDelegations } from '@exeat/verify'
import { serverError } from '../config/codes.ts'
import type { LogReader, Operation, Transaction } from '../ports/log.ts'
import { sha256, verifySignature } from '../store/ed25519.ts'
import { demand } from '../use/problem.ts'
import { bodyKinds, fromBytes, recordKinds, type StoredDelegation, toBytes } from '../use/stored.ts'
import { writeEvents } from '../use/write.ts'

/** In whose name the founders act together. */
const foundersIssuer = 'exeat:founders'

const type = 'dev.exeat.workspace.changed.v1'

/** Under `recordKinds.delegation`, behind `current`: every epoch, in order. */
const epochKey = (epoch: number): string => `epoch-${String(epoch).padStart(6, '0')}`

export interface DelegationEntry {
  readonly delegation: Delegation
  readonly envelope: Dsse
  readonly pseudonymKey: Uint8Array
}

export const randomOf = (count: number): Uint8Array => new Uint8Array(randomBytes(count))

/** Appends an epoch: its entry, its body, and the records by which it is found again. */
export function delegationOperation({ delegation, envelope, pseudonymKey }: DelegationEntry): Operation {
  const { epoch, origin } = delegation
  return {
    key: `delegation/${epoch}`,
    digest: sha256(Buffer.from(encodeDelegation(delegation), 'utf8')),
    apply: async (transaction) => {
      const said = { type, data: { delegation: envelope }, subject: null } as const
      const { entries } = await writeEvents(transaction, { random: randomOf, pseudonymKey, origin }, { iss: foundersIssuer, sub: origin }, [said])
      await record(transaction, { envelope, epoch, index: transaction.index })
      return { ok: true, entries }
    },
  }
}

async function record(transaction: Transaction, stored: StoredDelegation): Promise<void> {
  const current = await transaction.record(recordKinds.delegation, 'current')
  demand(await transaction.put(recordKinds.delegation, 'current', toBytes(stored), current?.version ?? 0))
  demand(await transaction.put(recordKinds.delegation, epochKey(stored.epoch), toBytes(stored), 0))
}

/**
 * Every epoch, each read from its entry and body and held against its leaf's commitment, and all of them against the root keys.
 * @throws {ExeatError} GENESIS_INVALID
 */
export async function readDelegations(log: LogReader, pins: DelegationPins): Promise<Delegations> {
  const records = await log.records(recordKinds.delegation, { after: 'current', limit: 1000 })
  const recorded: RecordedDelegation[] = []
  for (const { value } of records) {
    // oxlint-disable-next-line no-await-in-loop -- a handful
    recorded.push(await readEpoch(log, fromBytes<StoredDelegation>(value).index))
  }
  if (recorded.length === 0) recorded.push(await readEpoch(log, 0))
  const verified = verifyDelegations(recorded, pins, { sha256, verify: verifySignature })
  if (!verified.ok) throw serverError('GENESIS_INVALID', `the delegations in the log do not hold: ${verified.problem.message}`)
  return verified.value
}

/** What the entry at an index says is delegated. */
export async function readEpoch(log: LogReader, index: number): Promise<RecordedDelegation> {
  const entry = await log.entry(index)
  const leaf = entry === undefined ? undefined : decodeLeaf(Buffer.from(entry.entry).toString('utf8'))
  const kept = leaf === undefined ? undefined : await log.body(bodyKinds.event, leaf.body)
  if (leaf?.type !== type || kept === undefined) throw serverError('GENESIS_INVALID', `entry ${index} of the log is none of a delegation, or its body is gone`)
  const [salt, said] = [kept.subarray(0, SALT_SIZE), kept.subarray(SALT_SIZE)]
  if (salt.length !== SALT_SIZE || commitment(salt, said, sha256) !== leaf.body) throw serverError('GENESIS_INVALID', `the body of entry ${index} is not the one that its leaf commits to`)
  const decoded = decodeEvent(Buffer.from(said).toString('utf8'))
  const data = decoded.ok && decoded.event.type === type ? decoded.event.data : undefined
  if (data === undefined || !('delegation' in data)) throw serverError('GENESIS_INVALID', `entry ${index} of the log states no delegation`)
  return { index, envelope: data.delegation }
}
