/** State as the log's records have it, and what the judge needs of it. */
import {
  emptyLedger, endedAt, type HexDigest, type Instant, type Ledger, type OptOut, type OptOutRecord, phaseAt, reviewAt, unlocated, type UseSet, decodeDocument,
  type Json, type Workspace,
} from '@exeat/core'
import { ExeatError } from '@exeat/core/error'
import type { StateReader, Transaction } from '../ports/log.ts'
import { demand, shown, useError } from './problem.ts'
import { bodyKinds, fromBytes, recordKinds, type StoredGovernance, type StoredOptOut, toBytes } from './stored.ts'

export interface Versioned<T> {
  readonly version: number
  readonly value: T
}

/** How long an opt-out that was active is remembered beside those that may be: a scope that meets it is a renewal (`renewalOf`). */
export const remembered = 30 * 86_400_000

export async function readRecord<T>(reader: Pick<StateReader, 'record'>, kind: string, key: string): Promise<Versioned<T> | undefined> {
  const found = await reader.record(kind, key)
  return found === undefined ? undefined : { version: found.version, value: fromBytes<T>(found.value) }
}

export const readOptOut = (reader: StateReader, uid: HexDigest): Promise<Versioned<StoredOptOut> | undefined> => readRecord<StoredOptOut>(reader, recordKinds.optOut, uid)

export const readGoverning = (reader: StateReader): Promise<Versioned<StoredGovernance> | undefined> => readRecord<StoredGovernance>(reader, recordKinds.governance, 'current')

export async function uidNamed(reader: StateReader, name: string): Promise<HexDigest | undefined> {
  const found = await reader.record(recordKinds.name, name)
  return found === undefined ? undefined : Buffer.from(found.value).toString('utf8')
}

/**
 * The opt-out of a uid or a name.
 * @throws {ExeatError} UNKNOWN_OPTOUT
 */
export async function optOutOf(reader: StateReader, id: string): Promise<Versioned<StoredOptOut>> {
  const uid = typeof id !== 'string' ? undefined : /^[0-9a-f]{64}$/.test(id) ? id : await uidNamed(reader, id)
  const found = uid === undefined ? undefined : await readOptOut(reader, uid)
  if (found === undefined) throw new ExeatError([{ code: 'UNKNOWN_OPTOUT', message: `no opt-out has the uid or name \`${shown(id)}\``, hint: 'see what there is: `exeat list --server`' }])
  return found
}

/** Every record of a kind whose key begins with `prefix`. */
export async function* recordsOf(reader: StateReader, kind: string, prefix = ''): AsyncGenerator<{ readonly key: string; readonly version: number; readonly value: Uint8Array }> {
  const limit = 1000
  for (let after = prefix; ;) {
    const page = await reader.records(kind, after === '' ? { limit } : { after, limit })
    for (const found of page) {
      if (!found.key.startsWith(prefix)) return
      yield found
    }
    const last = page.at(-1)
    if (last === undefined || page.length < limit) return
    after = last.key
  }
}

/** A ledger of these opt-outs alone. */
export function ledgerOf(records: readonly OptOutRecord[], uses?: { readonly uid: HexDigest; readonly set: UseSet }): Ledger {
  const ledger = emptyLedger()
  for (const record of records) {
    ledger.records.set(record.uid, record)
    ledger.names.set(record.asked.name, record.uid)
  }
  if (uses !== undefined) ledger.uses.set(uses.uid, uses.set)
  return ledger
}

/** State as of an instant: of a transaction, or of a reading that only asks what would be. */
export interface Moment extends StateReader {
  readonly at: number
}

/** What is over, and stands among the open ones still. */
export type Over = readonly { readonly key: string; readonly version: number }[]

/**
 * All that a request or an activation is judged beside: what is not over, what ended lately, what waits for a review, what all of these continue, and
 * those that have the names or the uid given.
 */
export async function loadOpen(reader: Moment, also: { readonly uid?: HexDigest; readonly names?: readonly string[] }): Promise<{ readonly ledger: Ledger; readonly over: Over }> {
  const loaded = new Map<HexDigest, OptOutRecord>()
  const over: { readonly key: string; readonly version: number }[] = []
  for await (const { key, version, value } of recordsOf(reader, recordKinds.open)) {
    const record = fromBytes<OptOutRecord>(value)
    if (isOpen(record, reader.at as Instant)) loaded.set(key, record)
    else over.push({ key, version })
  }
  const named = await Promise.all((also.names ?? []).map((name) => uidNamed(reader, name)))
  await loadChains(reader, loaded, [also.uid, ...named, ...[...loaded.values()].map(({ predecessor }) => predecessor)])
  return { ledger: ledgerOf([...loaded.values()]), over }
}

/** Takes what is over out of the open set. */
export async function forget(tx: Transaction, over: Over): Promise<void> {
  for (const { key, version } of over) demand(await tx.remove(recordKinds.open, key, version))
}

async function loadChains(reader: StateReader, loaded: Map<HexDigest, OptOutRecord>, wanted: readonly (HexDigest | undefined)[]): Promise<void> {
  const waiting = [...wanted]
  while (waiting.length > 0) {
    const uid = waiting.pop()
    if (uid === undefined || loaded.has(uid)) continue
    const stored = await readOptOut(reader, uid)
    if (stored === undefined) continue
    loaded.set(uid, stored.value.record)
    waiting.push(stored.value.record.predecessor)
  }
}

/** Whether others must still be judged beside it. One that was never active counts for nothing once it is over. */
export function isOpen(record: OptOutRecord, at: Instant): boolean {
  const phase = phaseAt(record, at)
  if (phase === 'proposed' || phase === 'approved' || phase === 'active') return true
  const review = reviewAt(record, at)
  if (review === 'due' || review === 'overdue') return true
  const ended = endedAt(record, at)
  return ended !== undefined && at - toldSince(record, ended) <= remembered
}

/** From when on its end is told: an offline grant is over before the log hears of it, and points look for it. */
export const toldSince = ({ emergency, activatedAt }: OptOutRecord, ended: Instant): number => Math.max(ended, emergency?.offline === undefined ? ended : activatedAt ?? ended)

/** Writes what became of an opt-out, and how it is seen by others; a new one is seen from now on. */
export async function saveOptOut(tx: Transaction, before: Versioned<StoredOptOut> | undefined, next: StoredOptOut): Promise<void> {
  const { record } = next
  demand(await tx.put(recordKinds.optOut, record.uid, toBytes(next), before?.version ?? 0))
  if (record === before?.value.record) return
  const open = await tx.record(recordKinds.open, record.uid)
  if (open !== undefined || before === undefined) demand(await tx.put(recordKinds.open, record.uid, toBytes(record), open?.version ?? 0))
}

/**
 * The document of an opt-out, as it was asked for.
 * @throws {ExeatError} ERASED
 */
export async function documentOf(reader: StateReader, digest: HexDigest): Promise<OptOut> {
  const document = await keptDocument(reader, bodyKinds.optOut, digest)
  if (document?.kind !== 'OptOut') throw useError('ERASED', `the document \`${digest}\` was erased`)
  return document
}

/** The workspace as it was recorded last; undefined before the first time. */
export async function recordedWorkspace(reader: StateReader): Promise<Workspace | undefined> {
  const governing = await readGoverning(reader)
  const document = governing === undefined ? undefined : await keptDocument(reader, bodyKinds.workspace, governing.value.workspace)
  return document?.kind === 'Workspace' ? document : undefined
}

async function keptDocument(reader: StateReader, kind: string, digest: HexDigest) {
  const bytes = await reader.body(kind, digest)
  if (bytes === undefined) return undefined
  const decoded = decodeDocument(unlocated(fromBytes<Json>(bytes), digest))
  if (!decoded.ok) throw new ExeatError(decoded.problems)
  return decoded.document
}
