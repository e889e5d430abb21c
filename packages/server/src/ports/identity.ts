/**
 * What identities need kept beside the log: sessions, challenges, links, watermarks, hashed keys. None of it is needed to verify the log, all of it may be lost
 * at the price of signing in again (and of alarms that are delivered a second time, under the same id, of what sinks were still owed, and of the history of runs), and none of it ever stands in an entry, a URL or a line of a log.
 *
 * One contract for SQLite and PostgreSQL. Every call is one transaction, durable once it answered, and safe against other processes on the same database.
 */

export interface Row {
  readonly value: Uint8Array
  /** Counts the writes of this row, from 1. */
  readonly version: number
  /** Whose it is, for `owned` and `dropOwned`; null where it is nobody's. */
  readonly owner: string | null
  /** Milliseconds since the epoch; from then on the row is not there, whether it was swept or not. Null: it stays. */
  readonly expires: number | null
}

export interface NewRow {
  readonly value: Uint8Array
  readonly owner?: string
  readonly expires?: number
}

export interface IdentityRows {
  /** Undefined where there is none, or it has expired at `now`. */
  readonly get: (kind: string, key: string, now: number) => Promise<Row | undefined>
  /**
   * Writes where the row has the version `expected`; 0: where none stands that has not expired at `now`. False, and nothing is written, where it is another:
   * of any number of callers with one expectation exactly one succeeds.
   */
  readonly put: (kind: string, key: string, row: NewRow, expected: number, now: number) => Promise<boolean>
  /** Removes and answers: of any number of callers exactly one gets it. Undefined as for `get`. */
  readonly take: (kind: string, key: string, now: number) => Promise<Row | undefined>
  readonly drop: (kind: string, key: string) => Promise<boolean>
  /** At most `limit`, by key ascending, behind `after`. */
  readonly owned: (kind: string, owner: string, now: number, page?: { readonly after?: string; readonly limit?: number }) => Promise<readonly (Row & { readonly key: string })[]>
  /** Answers how many. */
  readonly dropOwned: (kind: string, owner: string) => Promise<number>
  /** Every row of a kind, by key ascending, behind `after`. */
  readonly all: (kind: string, now: number, page?: { readonly after?: string; readonly limit?: number }) => Promise<readonly (Row & { readonly key: string })[]>
  /**
   * Adds `by` to a counter that begins at 0 and is forgotten `window` milliseconds after its first addition; answers its new value. Atomic.
   */
  readonly count: (key: string, by: number, window: number, now: number) => Promise<number>
  readonly resetCount: (key: string) => Promise<void>
  /** Removes what expired at `now`; answers how many rows. */
  readonly sweep: (now: number) => Promise<number>
  readonly close: () => Promise<void>
}

/** Kinds of rows. What a value holds is said where it is made (`identity/…`). Keys that are secrets are SHA-256 digests in hex of them. */
export const rowKinds = {
  /** Key: SHA-256 of the token. Owner: `identityKey` of the person. */
  session: 'session',
  /** Key: the challenge's id, random. Owner: `identityKey`. Consumed by `take`. */
  challenge: 'challenge',
  /** Key: the ceremony's id, random: a sign-in or registration that has begun. Consumed by `take`. */
  ceremony: 'ceremony',
  /** Key: SHA-256 of the link's secret. Consumed by `take`. */
  link: 'link',
  /** Key: SHA-256 of the device code. Owner: the user code. */
  device: 'device',
  /** Key: SHA-256 of its secret. Owner: `identityKey` of whoever made it. */
  apiKey: 'api-key',
  /** Key: digest of issuer and `jti`; stands until the token's own end. */
  token: 'token',
  /** Key: the TOTP credential's id. Value: the secret, sealed. Owner: `identityKey`. Its version moves with the watermark. */
  totp: 'totp',
  /** Key: `identityKey`. What the identity provider said last: groups, labels, when. */
  person: 'person',
  /** Key: state of an authorisation request (OpenID Connect). Consumed by `take`. */
  authorisation: 'authorisation',
  /** Key: digest of issuer and `sid`. Value: whose session at the identity provider it is. */
  providerSession: 'provider-session',
  /** Key: the credential's digest. The last signature counter of an authenticator. */
  counter: 'counter',
  /** Key: the alarm's, round and sink. Owner: the alarm's key. Value: `Delivery`. */
  delivery: 'delivery',
  /** Key: the sink's name. Value: `SinkState`. */
  sink: 'sink',
  /** Key: sink and message. Owner: the sink's name. Value: `HeldMessage`. */
  sinkHeld: 'sink-held',
  /** Key: the notice's id. That it was told. */
  notice: 'notice',
  /** Key: the name of an enforcement point. Value: when it last showed itself. */
  point: 'point',
  /** Key: repository, deployment and environment. Value: `Owed`: a deployment that GitHub asks about. */
  deployment: 'deployment',
  /** Key: receiver and the delivery's id; or receiver and the digest of a report that something is gone. Value: the digest of what was delivered. */
  received: 'received',
  /** Key: the run's id, by time. Owner: repository, environment, and whether that is proven. Value: `RecordedRun`. */
  run: 'run',
  /** Key: the run's id and a number. Owner: the run's id. Value: a report, compressed. */
  runReport: 'run-report',
  /** Key: digest of what a run holds. Owner and value: its id. */
  runContent: 'run-content',
} as const
export type RowKind = (typeof rowKinds)[keyof typeof rowKinds]
