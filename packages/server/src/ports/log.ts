/**
 * The log as the rest of the server sees it: entries in an order that nobody can change, and the state that follows from them.
 *
 * **One transaction** holds an operation's change of state, its bodies, its entries, the tile hashes, the head and the signed checkpoint. So there is
 * nothing to repair after a crash: either all of it stands or none. **The commit of the database is the commit point.** What follows it, in this
 * order: the head is written outside the database (`HeadKeeper`), then the caller is answered. A caller that got no answer repeats the operation with the same
 * key and gets the answer of the one that stood.
 *
 * **Any number of writers** may append to one database: each batch locks the head. **A store that failed is dead**: after an error that is
 * neither contention, a constraint nor a full disk it refuses everything until it is opened again, which verifies it. **A store that does not fit its
 * own checkpoint, or does not extend the head held outside, is read-only**: it can be read and examined, and never grows.
 */
import type { Problem } from '@exeat/core'
import type { TileReader } from '@exeat/log'
import type { Answer, StoreCode, Verdict } from '../codes.ts'

/** A record of state. */
export interface StateRecord {
  /** 1 when it was first written, one more at each change. A record that was removed begins at 1 again. */
  readonly version: number
  readonly value: Uint8Array
}

export interface KeyedRecord extends StateRecord {
  readonly key: string
}

/** One page of records. */
export interface Page {
  /** Begins behind this key; at the first one where it is left out. */
  readonly after?: string
  /** 1 to 1000. */
  readonly limit: number
}

/**
 * State and bodies, read outside a transaction, or within one and then as that transaction sees them.
 * Kinds, keys and digests are 1 to 200 printable characters.
 */
export interface StateReader {
  /** Undefined where there is none. */
  readonly record: (kind: string, key: string) => Promise<StateRecord | undefined>
  /** The records of a kind in the order of their keys' UTF-8 bytes. Rejects with a `RangeError` where the page is none. */
  readonly records: (kind: string, page: Page) => Promise<readonly KeyedRecord[]>
  /** The bytes kept under a digest. Undefined where none ever were, and where they were erased. */
  readonly body: (kind: string, digest: string) => Promise<Uint8Array | undefined>
}

/** What an operation may do to the state while it is applied; unusable afterwards. Whatever is refused here changes nothing. */
export interface Transaction extends StateReader {
  /** The index that the operation's first entry gets. */
  readonly index: number
  /** The time of the head that this batch will sign, milliseconds since the epoch, never earlier than the head before: what entries are stamped with. */
  readonly at: number
  /** Writes a record, at most 8 MiB, whose version must still be `expected`; 0 where there must be none. `STATE_VERSION` otherwise. */
  readonly put: (kind: string, key: string, value: Uint8Array, expected: number) => Promise<Verdict>
  /** Removes a record whose version must still be `expected`. `STATE_VERSION` otherwise. */
  readonly remove: (kind: string, key: string, expected: number) => Promise<Verdict>
  /**
   * Keeps a body of at most 8 MiB under its digest, which is not recomputed here. The same bytes again are accepted, others are `BODY_CONFLICT`.
   * What was erased may be kept again.
   */
  readonly keep: (kind: string, digest: string, bytes: Uint8Array) => Promise<Verdict>
  /** Erases a body, and says whether there was one. What is entered in the log about it stays. */
  readonly erase: (kind: string, digest: string) => Promise<boolean>
}

/**
 * What an operation came to. Accepted: 1 to 16 entries, each of 1 to 65,535 bytes, stored and hashed as they are. Refused: undone, no entry, no
 * change, its neighbours unharmed. **Refused with entries**: these and the changes of state are kept and committed like those of an accepted operation
 * (an act that is refused because what it rests on has changed records just that), and the caller gets the problem once they are durable.
 */
export type Applied =
  | { readonly ok: true; readonly entries: readonly Uint8Array[] }
  | { readonly ok: false; readonly problem: Problem; readonly entries?: readonly Uint8Array[] }

export interface Operation {
  /** Idempotency key, 1 to 200 printable characters. */
  readonly key: string
  /**
   * What the key stands for, 32 bytes. The same key with another digest is `APPEND_KEY_REUSED`. With the same one:
   * - where it was accepted, it gets the first answer again and is not applied;
   * - where it was refused with entries, it gets the first refusal's code again (the message says where the entries stand) and is not applied;
   * - where it was refused without entries, or threw, nothing was stored and the key is free: it is applied anew.
   */
  readonly digest: Uint8Array
  /** The act only takes away (revocation, denial): it goes on where the clock is earlier than the last head. */
  readonly restricts?: boolean
  /** Records that `apply` is likely to read or to change: read for the whole batch at once where each would be a round trip. Only a hint; it changes no result. */
  readonly records?: readonly { readonly kind: string; readonly key: string }[]
  /**
   * Changes the state and says what is entered. A throw undoes this operation alone. Runs while the head is locked: touches only its transaction, waits
   * for nothing else, and may run more than once for one key (a batch that failed is repeated by its callers).
   */
  readonly apply: (transaction: Transaction) => Promise<Applied> | Applied
}

/** Where an operation's entries stand, durably and side by side. */
export interface Appended {
  /** Of the first entry. */
  readonly index: number
  readonly count: number
  /** The first signed checkpoint that covers them, as a C2SP signed note. */
  readonly checkpoint: Uint8Array
}

/** What is stored under an idempotency key. */
export interface StoredOperation {
  readonly index: number
  readonly count: number
  readonly digest: Uint8Array
  /** The code of the problem with which the caller was refused, where it was refused with entries. */
  readonly refusal?: string
}

/** The log's signed head. */
export interface LogHead {
  readonly size: number
  readonly root: Uint8Array
  /** When it was signed, milliseconds since the epoch; never earlier than the head before. */
  readonly at: number
  readonly checkpoint: Uint8Array
}

export interface StoredEntry {
  readonly index: number
  readonly entry: Uint8Array
}

/** A witness's signature on a checkpoint. */
export interface CosignatureLine {
  /** The witness's key name. */
  readonly name: string
  /** The signature line of a C2SP signed note, without its line feed: `— <name> <base64>`. */
  readonly line: string
}

export interface CosignedCheckpoint {
  readonly size: number
  readonly checkpoint: Uint8Array
  /** At least one, in the order of name and line. */
  readonly lines: readonly CosignatureLine[]
}

/**
 * Everything that can be read. `readTile` gives C2SP tlog-tiles by path: any tile or bundle of any width that the committed log reaches, undefined for
 * others, so that this is itself the reader for `openTree` and `fsck`. Reads reject where the database cannot be read.
 */
export interface LogReader extends TileReader, StateReader {
  readonly head: () => Promise<LogHead>
  readonly entry: (index: number) => Promise<StoredEntry | undefined>
  readonly operationOf: (key: string) => Promise<StoredOperation | undefined>
  /** The checkpoint signed at exactly this size: not every size has one. */
  readonly checkpointAt: (size: number) => Promise<Uint8Array | undefined>
  /** The witnesses' signatures on the checkpoint of this size, in the order of name and line. */
  readonly cosignatures: (size: number) => Promise<readonly CosignatureLine[]>
  /** The newest checkpoint that a witness signed. */
  readonly latestCosigned: () => Promise<CosignedCheckpoint | undefined>
}

/** All of it as of one commit, though writers go on; unusable once the reading is over. */
export type Snapshot = LogReader

/** `open` appends; `read-only` and `dead` say why they do not, and `dead` may not even read. */
export type LogStatus =
  | { readonly state: 'open' }
  | { readonly state: 'read-only' | 'dead' | 'closed'; readonly problem: Problem<StoreCode> }

/** The port. Its own reads see what is committed, each by itself. */
export interface LogStore extends LogReader {
  /**
   * Appends durably, in the order of the calls. Answers with the store's own refusals (`STORE_*`, `APPEND_*`, `CLOCK_BEHIND`, `HEAD_*`) or with
   * the problem that `apply` gave back; rejects only with what `apply` threw.
   */
  readonly append: (operation: Operation) => Promise<Answer<Appended, string>>
  /**
   * Reads as of one commit, and gives what `read` gives; a throw within ends it cleanly and is passed on. Several may run at once; begin none within
   * another, and end it soon: it occupies a connection, and keeps SQLite from truncating its write-ahead file.
   */
  readonly snapshot: <T>(read: (reader: Snapshot) => Promise<T>) => Promise<T>
  /**
   * Keeps witnesses' signatures beside the checkpoint of this size, all of them or none; the same line again is accepted. Whether they verify is for
   * the caller to see to first. `COSIGNATURE_SIZE` where that size has no checkpoint, `COSIGNATURE_INVALID` where a line is none of its name.
   */
  readonly addCosignatures: (size: number, lines: readonly CosignatureLine[]) => Promise<Verdict>
  readonly status: () => LogStatus
  /**
   * The check of every start, in time O(log n) and one count: entries, head, last checkpoint, signature, right edge and its bundle fit together
   * (`HEAD_INCONSISTENT`), and the head extends the one held outside (`HEAD_NOT_EXTENDED`). An edited old entry needs `fsck`.
   */
  readonly verifyHead: () => Promise<Verdict>
  /** Finishes what was accepted, then releases the database. Appends afterwards are refused with `STORE_CLOSED`. */
  readonly close: () => Promise<void>
}

/**
 * The last head, held where whoever restores the database does not restore it too: another disk, another host, a witness.
 * It is what shows that a database is older than what was acknowledged.
 */
export interface HeadKeeper {
  /** The signed checkpoint held, or undefined where there is none yet. Rejects where it cannot tell. */
  readonly read: () => Promise<Uint8Array | undefined>
  /** Replaces `expected` by `next`, durably, and says whether it did; false where something else is held. Atomic among all who share it. */
  readonly swap: (expected: Uint8Array | undefined, next: Uint8Array) => Promise<boolean>
  readonly close: () => Promise<void>
}
