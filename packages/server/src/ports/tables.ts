/**
 * What a database does for the log: rows in, rows out, one transaction at a time. `store/log.ts` is the same for every database; an
 * implementation of this port knows SQL and no trees. Everything but `head`, `record` and `body` is insert-only, a body is kept or erased and never
 * changed, and the database enforces that.
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
  readonly leaf: Uint8Array
  readonly entry: Uint8Array
}

/** What an idempotency key stands for, and the entries that it came to. */
export interface OperationRow {
  readonly key: string
  readonly digest: Uint8Array
  /** Of the first entry. */
  readonly index: number
  readonly count: number
  /** The code of the problem, where the operation was refused with entries. */
  readonly refusal: string | undefined
}

export interface TileHashRow {
  readonly level: number
  readonly index: number
  readonly hash: Uint8Array
}

/** Which record. */
export interface RecordName {
  readonly kind: string
  readonly key: string
}

export interface RecordRow {
  readonly version: number
  readonly value: Uint8Array
}

export interface KeyedRecordRow extends RecordRow {
  readonly key: string
}

export interface CosignatureRow {
  readonly name: string
  readonly line: string
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

/** What can be read both of what is committed and within a transaction. */
export interface StateTables {
  readonly record: (kind: string, key: string) => Promise<RecordRow | undefined>
  /** Those behind `after` (all where it is empty) in the order of the bytes of their keys. */
  readonly records: (kind: string, after: string, limit: number) => Promise<readonly KeyedRecordRow[]>
  readonly body: (kind: string, digest: string) => Promise<Uint8Array | undefined>
}

/**
 * One write transaction at a time; never used by two callers at once. Within it, calls are done in the order in which they are made, though those before
 * were not awaited; once one of them has failed, no later one changes anything outside the transaction.
 */
export interface TableWriter extends StateTables {
  /** Begins, and locks the head against every other writer until the end. Undefined where no log was founded. */
  readonly begin: () => Promise<LockedHead | undefined>
  /** The root of the checkpoint signed at this size. */
  readonly rootAt: (size: number) => Promise<Uint8Array | undefined>
  /** The operations that these keys already stand for. */
  readonly known: (keys: readonly string[]) => Promise<readonly OperationRow[]>
  /** The first checkpoint that covers an entry. */
  readonly checkpointOver: (index: number) => Promise<Uint8Array | undefined>
  /** Records that the batch is likely to need, so that they can be read at once. A hint: whatever is not named is read when it is needed. */
  readonly foresee: (names: readonly RecordName[]) => Promise<void>
  readonly savepoint: () => Promise<void>
  /** Keeps what was done since the savepoint. */
  readonly release: () => Promise<void>
  /** Undoes what was done since the savepoint. */
  readonly undo: () => Promise<void>
  /** False where the record's version is not `expected` (0: where there is one). May be held and written later, with the commit at the latest, which then fails in its place. */
  readonly put: (kind: string, key: string, value: Uint8Array, expected: number) => Promise<boolean>
  /** False where the record's version is not `expected`. */
  readonly remove: (kind: string, key: string, expected: number) => Promise<boolean>
  /** False where a body, the same or another, is kept there. */
  readonly keep: (kind: string, digest: string, bytes: Uint8Array) => Promise<boolean>
  /** False where there is none. Once the transaction is committed the bytes are also overwritten on the disk, as far as the database can see to it. */
  readonly erase: (kind: string, digest: string) => Promise<boolean>
  /** What a batch leaves, this and the four that follow: all of them before a commit, or none. They may be sent only with it, which then fails in their place. */
  readonly insertEntries: (rows: readonly EntryRow[]) => Promise<void>
  readonly insertOperations: (rows: readonly OperationRow[]) => Promise<void>
  readonly insertTileHashes: (rows: readonly TileHashRow[]) => Promise<void>
  readonly insertCheckpoint: (row: CheckpointRow) => Promise<void>
  readonly updateHead: (row: HeadRow) => Promise<void>
  /** Resolves once the transaction is durable. */
  readonly commit: () => Promise<void>
  /** Harmless where no transaction is open. */
  readonly rollback: () => Promise<void>
  /** All of them or none, in a transaction of its own; those that stand already are passed over. The size must have a checkpoint. */
  readonly insertCosignatures: (size: number, rows: readonly CosignatureRow[]) => Promise<void>
}

/** Reads of what is committed, beside a running transaction. */
export interface TableReader extends StateTables {
  readonly identity: () => Promise<IdentityRow | undefined>
  readonly survey: () => Promise<Survey | undefined>
  readonly head: () => Promise<(HeadRow & { readonly note: Uint8Array }) | undefined>
  readonly leaves: (from: number, count: number) => Promise<readonly Uint8Array[]>
  readonly entries: (from: number, count: number) => Promise<readonly Uint8Array[]>
  readonly tileHashes: (level: number, from: number, count: number) => Promise<readonly Uint8Array[]>
  readonly operation: (key: string) => Promise<OperationRow | undefined>
  readonly checkpoint: (size: number) => Promise<CheckpointRow | undefined>
  /** In the order of name and line. */
  readonly cosignatures: (size: number) => Promise<readonly CosignatureRow[]>
  /** The largest size that has a cosignature. */
  readonly newestCosigned: () => Promise<number | undefined>
}

/** `busy`, `full` and `constraint` leave the database as it was before the statement; after anything else nothing is known. */
export type Failure = 'busy' | 'full' | 'constraint' | 'other'

export interface LogTables {
  readonly writer: TableWriter
  readonly reader: TableReader
  /** Runs `read` with a reader that sees one commit, on a connection of its own. Several may run at once. */
  readonly snapshot: <T>(read: (reader: TableReader) => Promise<T>) => Promise<T>
  /** Writes the identity and the empty log's head, in one transaction. False where a log stands there already. */
  readonly found: (identity: IdentityRow, head: HeadRow, checkpoint: CheckpointRow) => Promise<boolean>
  readonly failureOf: (error: unknown) => Failure
  /** Waits for the snapshots that run. */
  readonly close: () => Promise<void>
}
