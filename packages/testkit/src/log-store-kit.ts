/** What every test of a log's store needs: a database that can be tampered with, a key, a clock, entries, and a tree built the slow way. */
import type { Problem } from '@exeat/core'
import { appendLeaves, emptyRange, encodeTile, leafHash, openCheckpoint, rootOfLeaves, signerKey, TILE_WIDTH, type Checkpoint, type SignerKey } from '@exeat/log'
import {
  entryOperation, foundLog, openLog, publicKeyOf, sha256, verifySignature, type Answer, type Appended, type CosignatureLine, type EntryOptions, type HeadKeeper,
  type LogOptions, type LogReader, type LogStore, type LogTables, type Operation, type Verdict,
} from '@exeat/server'

/** A database of one kind, made for one test. */
export interface TestDatabase {
  /** New connections to it, as the program opens them. */
  readonly open: () => Promise<LogTables>
  /** Runs statements as whoever owns the database, its guards taken away for the time. */
  readonly tamper: (sql: string) => Promise<void>
  /** Runs a statement as the program may. */
  readonly execute: (sql: string) => Promise<void>
  readonly drop: () => Promise<void>
}

/** What a suite runs against. */
export interface StoreKind {
  readonly name: string
  readonly create: () => Promise<TestDatabase>
  /** Bytes as a literal of this database's SQL. */
  readonly literal: (hex: string) => string
  /** An error as the driver throws it. */
  readonly error: (kind: 'io' | 'busy' | 'full' | 'constraint') => Error
}

export const origin = 'log.example/test'

export function testSigner(seed = 1, name: string = origin): SignerKey {
  return must(signerKey(sha256, publicKeyOf, name, 'ed25519', new Uint8Array(32).fill(seed)))
}

export function must<T>(answer: { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: { readonly code: string; readonly message: string } }): T {
  if (!answer.ok) throw new Error(`${answer.problem.code}: ${answer.problem.message}`)
  return answer.value
}

/** The code of a refusal; `ok` where there is none. */
export function codeOf(answer: Answer<unknown, string> | Verdict): string {
  return answer.ok ? 'ok' : answer.problem.code
}

let instant = 1_700_000_000_000

/** All logs share one clock, as processes of one host do; it moves on at each look. */
export function testOptions(more: Partial<LogOptions> = {}): LogOptions {
  return { origin, signer: testSigner(), now: () => (instant += 1), ...more }
}

/** A founded log on a new database. */
export async function foundedLog(kind: StoreKind, options: LogOptions = testOptions()): Promise<{ readonly database: TestDatabase; readonly log: LogStore }> {
  const database = await kind.create()
  const tables = await database.open()
  const founded = await foundLog(tables, options)
  if (!founded.ok) throw new Error(founded.problem.message)
  return { database, log: must(await openLog(tables, options)) }
}

/** Opens the log of a database again. */
export async function reopened(database: TestDatabase, options: LogOptions = testOptions()): Promise<LogStore> {
  const tables = await database.open()
  const answer = await openLog(tables, options)
  if (!answer.ok) await tables.close()
  return must(answer)
}

export const utf8 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'utf8'))

export const entryOf = (key: string): Uint8Array => utf8(`entry of ${key}`)

export const operation = (key: string, more: EntryOptions = {}): Operation => entryOperation(key, entryOf(key), more)

/** The record `done/<key>`, written where there must be none. */
export const markDone = (key: string): Required<Pick<EntryOptions, 'change'>> => ({
  change: async (transaction) => problemOf(await transaction.put('done', key, utf8(key), 0)),
})

/** An operation that also writes the record `done/<key>`, which must not be there. */
export const recording = (key: string): Operation => operation(key, markDone(key))

/** An operation of two entries, with a record and a body of its key. */
export const thorough = (key: string): Operation => ({
  ...operation(key),
  apply: async (transaction) => {
    const problem = problemOf(await transaction.put('done', key, utf8(key), 0)) ?? problemOf(await transaction.keep('done', key, utf8(key)))
    return problem === undefined ? { ok: true, entries: [entryOf(key), utf8(`second of ${key}`)] } : { ok: false, problem }
  },
})

export const problemOf = (verdict: Verdict): Problem | undefined => (verdict.ok ? undefined : verdict.problem)

/** The bytes of an entry as text. */
export async function textAt(log: LogReader, index: number): Promise<string | undefined> {
  const stored = await log.entry(index)
  return stored === undefined ? undefined : Buffer.from(stored.entry).toString()
}

/** A line that is well-formed, and that no key has signed. */
export const cosigned = (name: string, time = 1): CosignatureLine => ({ name, line: `— ${name} ${Buffer.alloc(76, time).toString('base64')}` })

export const manyKeys: readonly string[] = Array.from({ length: 300 }, (_, i) => `key-${i}`)

export async function finish(log: LogStore, database: Pick<TestDatabase, 'drop'>): Promise<void> {
  await log.close()
  await database.drop()
}

export const append = async (log: LogStore, ...keys: readonly string[]): Promise<readonly Appended[]> =>
  (await Promise.all(keys.map((key) => log.append(operation(key))))).map(must)

/** A checkpoint that the test's key signed. */
export function opened(note: Uint8Array, signer: SignerKey = testSigner()): Checkpoint {
  return must(openCheckpoint(note, { origin, log: [signer], witnesses: { atLeast: 0, keys: [] } }, verifySignature)).checkpoint
}

/** A tile as the definition has it: level 0 the leaf hashes, each level above the roots of the full tiles below. Shares no code with a store. */
export function tileByDefinition(leaves: readonly Uint8Array[], level: number, index: number, width: number): Uint8Array {
  const span = TILE_WIDTH ** level
  const hashes = Array.from({ length: width }, (_, i) => {
    const from = (index * TILE_WIDTH + i) * span
    return rootOfLeaves(sha256, leaves.slice(from, from + span))
  })
  return encodeTile(hashes)
}

/** Every entry of a log, read back one bundle at a time and hashed. */
export async function leavesOf(log: LogStore, size: number): Promise<readonly Uint8Array[]> {
  const leaves: Uint8Array[] = []
  for (let index = 0; index < size; index++) {
    const stored = await log.entry(index)
    if (stored === undefined) throw new Error(`entry ${index} is missing`)
    leaves.push(leafHash(sha256, stored.entry))
  }
  return leaves
}

/** A head held in memory, shared by all who are given it; `fail` makes its next write fail before or after it is done. */
export function memoryKeeper(): HeadKeeper & { held: Uint8Array | undefined; fail?: 'before' | 'after' } {
  const keeper: HeadKeeper & { held: Uint8Array | undefined; fail?: 'before' | 'after' } = {
    held: undefined,
    read: async () => keeper.held,
    swap: async (expected, next) => {
      const fail = keeper.fail
      delete keeper.fail
      if (fail === 'before') throw new Error('the head file is gone')
      const same = expected === undefined ? keeper.held === undefined : keeper.held !== undefined && Buffer.compare(keeper.held, expected) === 0
      if (same) keeper.held = next
      if (fail === 'after') throw new Error('the head file is gone')
      return same
    },
    close: async () => {},
  }
  return keeper
}

/** Statements that make a database consistently older: what restoring a backup of that size gives. */
export async function cutBack(kind: StoreKind, database: TestDatabase, log: LogStore, size: number): Promise<void> {
  const leaves = await leavesOf(log, size)
  const { range } = appendLeaves(sha256, emptyRange, leaves)
  const hex = (bytes: Uint8Array): string => kind.literal(Buffer.from(bytes).toString('hex'))
  const levels = [1, 2].map((level) => `DELETE FROM tile_hash WHERE level = ${level} AND idx >= ${Math.floor(size / TILE_WIDTH ** level)};`)
  await database.tamper(`
    DELETE FROM operation WHERE idx >= ${size}; DELETE FROM entry WHERE idx >= ${size}; DELETE FROM checkpoint WHERE size > ${size}; ${levels.join(' ')}
    UPDATE head SET size = ${size}, root = ${hex(rootOfLeaves(sha256, leaves))}, frontier = ${hex(Buffer.concat(range.hashes))};`)
}
