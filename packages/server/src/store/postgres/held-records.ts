/** The records that a batch changes, held in memory and written in one statement, so that a change of state costs no round trip of its own. */
import type { RecordName, RecordRow } from '../../ports/tables.ts'
import { bytes, integer, text, type Row } from './query.ts'

/** Sends one named statement behind those sent before it. */
export type Send = (name: string, sql: string, values: readonly unknown[]) => Promise<{ readonly rows: readonly Row[] }>

/** Sends like that, and throws at once where the statement could not even be sent: what is sent behind it would stand without it. */
export type SendChange = (name: string, sql: string, values: unknown[]) => Promise<void>

export interface HeldRecords {
  /** Forgets everything: a transaction begins. What is remembered is true only while the head is locked. */
  readonly reset: () => void
  /** Asks for records that are likely to be needed, all at once. */
  readonly foresee: (names: readonly RecordName[]) => Promise<void>
  readonly record: (kind: string, key: string) => Promise<RecordRow | undefined>
  /** False where the record's version is not `expected`. */
  readonly put: (kind: string, key: string, value: Uint8Array, expected: number) => Promise<boolean>
  /** The record is removed by the statement that follows; false where its version is not `expected`. All changes must have been written before. */
  readonly removed: (kind: string, key: string, expected: number) => boolean
  /** An operation begins to change something. */
  readonly mark: () => void
  /** Forgets the changes since the mark; the database has forgotten those of them that were written. */
  readonly undo: () => void
  /** So much is held that it should be written. */
  readonly full: () => boolean
  /** Sends, at once, all that is not yet written; throws at once where it cannot be sent. */
  readonly write: () => readonly Promise<void>[]
}

/** A record as the transaction sees it; version 0 where there is none. */
interface Held extends RecordName, RecordRow {}

/** What a batch may hold before it is written, in bytes: one message to the database carries it all. */
const mostHeld = 16 * 1024 * 1024

/**
 * Nobody but who has locked the head changes records, so that what was read under the lock stays true until the commit. Should another have changed one
 * nevertheless, a row is missing from those updated, or one that is to be the first stands already: either violates a constraint, and nothing is committed.
 */
const writeHeld = `
  WITH
    given AS (
      SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bytea[], $5::bigint[]) AS given (kind, key, version, value, stored)),
    first AS (INSERT INTO record (kind, key, version, value) SELECT kind, key, version, value FROM given WHERE stored = 0),
    next AS (
      UPDATE record SET version = given.version, value = given.value FROM given
      WHERE record.kind = given.kind AND record.key = given.key AND record.version = given.stored RETURNING 1)
  INSERT INTO record (kind, key, version, value)
  SELECT NULL, NULL, NULL, NULL WHERE (SELECT count(*) FROM next) <> (SELECT count(*) FROM given WHERE stored > 0)`

const readNamed = `
  SELECT kind, key, version, value FROM record JOIN unnest($1::text[], $2::text[]) AS asked (kind, key) USING (kind, key)`

/** Labels are printable: none holds this. */
const nameOf = (kind: string, key: string): string => `${kind}\u0000${key}`

/** What is seen, what the database holds, and how both were before the operation that is being applied. */
function memory() {
  const seen = new Map<string, Held>()
  /** The versions that the database holds of the same. */
  const stored = new Map<string, number>()
  const unwritten = new Set<string>()
  /** Since the mark: what was seen before it was changed, and what was stored before it was written. */
  const seenBefore = new Map<string, Held>()
  const storedBefore = new Map<string, number>()
  return {
    seen: (name: string) => seen.get(name),
    stored: (name: string) => stored.get(name) ?? 0,
    reset: () => {
      for (const each of [seen, stored, unwritten, seenBefore, storedBefore]) each.clear()
    },
    /** What was seen while this was asked for is newer. */
    read: (held: Held) => {
      const name = nameOf(held.kind, held.key)
      if (seen.has(name)) return
      seen.set(name, held)
      stored.set(name, held.version)
    },
    see: (name: string, held: Held) => {
      const before = seen.get(name)
      if (before !== undefined && !seenBefore.has(name)) seenBefore.set(name, before)
      seen.set(name, held)
      unwritten.add(name)
    },
    store: (name: string, version: number) => {
      if (!storedBefore.has(name)) storedBefore.set(name, stored.get(name) ?? 0)
      stored.set(name, version)
      unwritten.delete(name)
    },
    unwritten: () => [...unwritten].map((name) => seen.get(name)).filter((row) => row !== undefined),
    mark: () => {
      seenBefore.clear()
      storedBefore.clear()
    },
    undo: () => {
      for (const [name, held] of seenBefore) seen.set(name, held)
      for (const [name, version] of storedBefore) stored.set(name, version)
      for (const name of [...seenBefore.keys(), ...storedBefore.keys()]) {
        if (seen.get(name)?.version === stored.get(name)) unwritten.delete(name)
        else unwritten.add(name)
      }
    },
  }
}

export function heldRecords(send: Send, change: SendChange): HeldRecords {
  const { seen, stored, unwritten, reset, read, see, store, mark, undo } = memory()
  let heldBytes = 0

  async function find(names: readonly RecordName[]): Promise<void> {
    const { rows } = await send('records_named', readNamed, [names.map(({ kind }) => kind), names.map(({ key }) => key)])
    for (const row of rows) read({ kind: text(row, 'kind'), key: text(row, 'key'), version: integer(row, 'version'), value: bytes(row, 'value') })
    for (const { kind, key } of names) read({ kind, key, version: 0, value: new Uint8Array(0) })
  }

  async function found(kind: string, key: string): Promise<Held> {
    const name = nameOf(kind, key)
    if (seen(name) === undefined) await find([{ kind, key }])
    const held = seen(name)
    if (held === undefined) throw new Error('a record that was asked for is remembered')
    return held
  }

  return {
    reset: () => {
      reset()
      heldBytes = 0
    },
    foresee: find,
    record: async (kind, key) => {
      const { version, value } = await found(kind, key)
      return version === 0 ? undefined : { version, value: new Uint8Array(value) }
    },
    put: async (kind, key, value, expected) => {
      // Copied before anything is waited for: the caller may change its own meanwhile.
      const copy = new Uint8Array(value)
      const { version } = await found(kind, key)
      if (version !== expected) return false
      see(nameOf(kind, key), { kind, key, version: expected + 1, value: copy })
      heldBytes += copy.length
      return true
    },
    removed: (kind, key, expected) => {
      const name = nameOf(kind, key)
      if (seen(name)?.version !== expected) return false
      see(name, { kind, key, version: 0, value: new Uint8Array(0) })
      store(name, 0)
      return true
    },
    mark,
    undo,
    full: () => heldBytes > mostHeld,
    write: () => {
      const rows = unwritten()
      heldBytes = 0
      if (rows.length === 0) return []
      const before = rows.map(({ kind, key }) => stored(nameOf(kind, key)))
      for (const { kind, key, version } of rows) store(nameOf(kind, key), version)
      const columns = [rows.map(({ kind }) => kind), rows.map(({ key }) => key), rows.map(({ version }) => version), rows.map(({ value }) => Buffer.from(value)), before]
      return [change('write_held', writeHeld, columns)]
    },
  }
}
