/**
 * What a database does for the log: rows in, rows out, one transaction at a time. `store/log.ts` is the same for every database; an
 * implementation of this port knows SQL and no trees. Everything but `head` and `record` is insert-only, and the database enforces that.
 * Every method may reject with the driver's own error, which `failureOf` then names.
 */

/** What the log was founded as. */
export interface IdentityRow {
  readonly origin: string
  /** C2SP verifier key. */
  readonly key: string
}

export interface HeadRow {
  readonly size: number
  readonly root: Uint8Array
  /** The compact range: one hash for every bit set in `size`. */
  readonly frontier: Uint8Array
  /** Milliseconds since the epoch. */
  readonly at: number
}

export interface CheckpointRow {
  readonly size: number
  readonly root: Uint8Array
  readonly note: Uint8Array
}

export interface EntryRow {
  readonly index: number
  readonly key: string
  readonly leaf: Uint8Array
  readonly entry: Uint8Array
}

export interface TileHashRow {
  readonly level: number
  readonly index: number
  readonly hash: Uint8Array
}

export interface RecordRow {
  readonly version: number
  readonly value: Uint8Array
}

/** Head and newest checkpoint, read together. */
export interface LockedHead {
  readonly head: HeadRow
  readonly newest: { readonly size: number; readonly root: Uint8Array }
}

/** Everything that the start-up check counts, read in one statement and so at one instant. */
export interface Survey {
  readonly head: HeadRow
  readonly entries: number
  readonly lastIndex: number
  readonly newest: CheckpointRow
}

/** One write transaction at a time; never used by two callers at once. */
export interface TableWriter {
  /** Begins, and locks the head against every other writer until the end. Undefined where no log was founded. */
  readonly begin: () => Promise<LockedHead | undefined>
  /** The root of the checkpoint signed at this size. */
  readonly rootAt: (size: number) => Promise<Uint8Array | undefined>
  /** The entries that these keys already stand for. */
  readonly known: (keys: readonly string[]) => Promise<readonly Omit<EntryRow, 'entry'>[]>
  /** The first checkpoint that covers an entry. */
  readonly checkpointOver: (index: number) => Promise<Uint8Array | undefined>
  readonly savepoint: () => Promise<void>
  /** Keeps what was done since the savepoint. */
  readonly release: () => Promise<void>
  /** Undoes what was done since the savepoint. */
  readonly undo: () => Promise<void>
  readonly record: (kind: string, key: string) => Promise<RecordRow | undefined>
  /** False where the record's version is not `expected` (0: where there is one). */
  readonly put: (kind: string, key: string, value: Uint8Array, expected: number) => Promise<boolean>
  readonly insertEntries: (rows: readonly EntryRow[]) => Promise<void>
  readonly insertTileHashes: (rows: readonly TileHashRow[]) => Promise<void>
  readonly insertCheckpoint: (row: CheckpointRow) => Promise<void>
  readonly updateHead: (row: HeadRow) => Promise<void>
  /** Resolves once the transaction is durable. */
  readonly commit: () => Promise<void>
  /** Harmless where no transaction is open. */
  readonly rollback: () => Promise<void>
}

/** Reads of what is committed, beside a running transaction. */
export interface TableReader {
  readonly identity: () => Promise<IdentityRow | undefined>
  readonly survey: () => Promise<Survey | undefined>
  readonly head: () => Promise<(HeadRow & { readonly note: Uint8Array }) | undefined>
  readonly leaves: (from: number, count: number) => Promise<readonly Uint8Array[]>
  readonly entries: (from: number, count: number) => Promise<readonly Uint8Array[]>
  readonly tileHashes: (level: number, from: number, count: number) => Promise<readonly Uint8Array[]>
  readonly entry: (index: number) => Promise<Omit<EntryRow, 'leaf'> | undefined>
  readonly entryOf: (key: string) => Promise<Omit<EntryRow, 'leaf'> | undefined>
  readonly checkpoint: (size: number) => Promise<CheckpointRow | undefined>
  readonly record: (kind: string, key: string) => Promise<RecordRow | undefined>
}

/** `busy`, `full` and `constraint` leave the database as it was before the statement; after anything else nothing is known. */
export type Failure = 'busy' | 'full' | 'constraint' | 'other'

export interface LogTables {
  readonly writer: TableWriter
  readonly reader: TableReader
  /** Writes the identity and the empty log's head, in one transaction. False where a log stands there already. */
  readonly found: (identity: IdentityRow, head: HeadRow, checkpoint: CheckpointRow) => Promise<boolean>
  readonly failureOf: (error: unknown) => Failure
  readonly close: () => Promise<void>
}
