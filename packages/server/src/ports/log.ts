/**
 * The log as the rest of the server sees it: entries in an order that nobody can change, and the state that follows from them.
 *
 * **One transaction** holds an operation's change of state, its entry, the tile hashes, the head and the signed checkpoint. So there is nothing to
 * repair after a crash: either all of it stands or none. **The commit of the database is the commit point.** What follows it, in this order: the head
 * is written outside the database (`HeadKeeper`), then the caller is answered. A caller that got no answer repeats the operation with the same
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
  /** 1 when it was first written, one more at each change. */
  readonly version: number
  readonly value: Uint8Array
}

/** State that is read outside a transaction, or within one and then as that transaction sees it. */
export interface StateReader {
  /** Undefined where there is none. `kind` and `key` are 1 to 200 printable characters. */
  readonly record: (kind: string, key: string) => Promise<StateRecord | undefined>
}

/** What an operation may do to the state while it is applied; unusable afterwards. */
export interface Transaction extends StateReader {
  /** The index that the operation's entry gets if it is accepted. */
  readonly index: number
  /** Writes a record whose version must still be `expected`; 0 where there must be none. `STATE_VERSION` otherwise, and nothing is written. */
  readonly put: (kind: string, key: string, value: Uint8Array, expected: number) => Promise<Verdict>
}

export interface Operation {
  /** Idempotency key, 1 to 200 printable characters. The same key with the same entry gets the first answer again and is not applied twice. */
  readonly key: string
  /** 1 to 65,535 bytes, stored and hashed as they are. */
  readonly entry: Uint8Array
  /** The act only takes away (revocation, denial): it goes on where the clock is earlier than the last head. */
  readonly restricts?: boolean
  /**
   * Changes the state. A problem given back, or a throw, undoes this operation alone: no entry, no change, its neighbours unharmed.
   * Runs while the head is locked: touches only its transaction and waits for nothing else.
   */
  readonly apply?: (transaction: Transaction) => Promise<Problem | undefined> | Problem | undefined
}

/** Where an entry stands, durably. */
export interface Appended {
  readonly index: number
  /** The first signed checkpoint that covers it, as a C2SP signed note. */
  readonly checkpoint: Uint8Array
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
  readonly key: string
  readonly entry: Uint8Array
}

/** `open` appends; `read-only` and `dead` say why they do not, and `dead` may not even read. */
export type LogStatus =
  | { readonly state: 'open' }
  | { readonly state: 'read-only' | 'dead' | 'closed'; readonly problem: Problem<StoreCode> }

/**
 * The port. `readTile` gives C2SP tlog-tiles by path: any tile or bundle of any width that the committed log reaches, undefined for others, so that the
 * store is itself the reader for `openTree` and `fsck`. Reads see what is committed and reject where the database cannot be read.
 */
export interface LogStore extends TileReader, StateReader {
  /**
   * Appends durably, in the order of the calls. Answers with the store's own refusals (`STORE_*`, `APPEND_*`, `CLOCK_BEHIND`, `HEAD_*`) or with
   * the problem that `apply` gave back; rejects only with what `apply` threw.
   */
  readonly append: (operation: Operation) => Promise<Answer<Appended, string>>
  readonly head: () => Promise<LogHead>
  readonly entry: (index: number) => Promise<StoredEntry | undefined>
  readonly entryOf: (key: string) => Promise<StoredEntry | undefined>
  /** The checkpoint signed at exactly this size: not every size has one. */
  readonly checkpointAt: (size: number) => Promise<Uint8Array | undefined>
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
