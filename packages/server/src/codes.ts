import type { CodeEntry, Problem } from '@exeat/core'

const refused = (summary: string): CodeEntry => ({ exit: 3, http: 422, summary })
const conflict = (summary: string): CodeEntry => ({ exit: 1, http: 409, summary })
const tampered = (summary: string): CodeEntry => ({ exit: 2, http: 503, summary })
const unavailable = (summary: string): CodeEntry => ({ exit: 1, http: 503, summary })

/** Every refusal of the log's store. `tampered`: what is stored is not what was signed; `unavailable`: nothing can be written just now. */
export const storeCodes = {
  STORE_MISSING: unavailable('There is no database, or none that a log was founded in; opening creates nothing.'),
  STORE_EXISTS: conflict('The database already holds a log, or a head is already held outside it.'),
  STORE_UNREADABLE: unavailable('The database cannot be opened or read.'),
  STORE_OLDER: unavailable('The database has an older schema than this program writes.'),
  STORE_NEWER: unavailable('The database has a newer schema than this program knows.'),
  STORE_NOT_DURABLE: unavailable('The database would acknowledge what a power cut can take back.'),
  STORE_ROLE: unavailable('The database role that the log runs as may change or delete what is stored.'),
  STORE_IDENTITY: refused('The database holds the log of another origin or key.'),
  STORE_BUSY: unavailable('Another writer holds the log, or too many operations wait; nothing was stored.'),
  STORE_FULL: unavailable('There is no room for the entry; nothing was acknowledged, and the log goes on once there is.'),
  STORE_CONFLICT: unavailable('A constraint of the log\'s own tables refused the batch; nothing was stored.'),
  STORE_FAILED: unavailable('The database failed before the commit; nothing was stored, and the log is dead until it is opened again.'),
  STORE_UNCERTAIN: unavailable('The database failed during the commit: the entry may stand or not. Open the log again and repeat with the same key.'),
  STORE_DEAD: unavailable('The database failed earlier; the log is dead until it is opened again and verified.'),
  STORE_CLOSED: unavailable('The log was closed.'),
  APPEND_KEY: refused('An idempotency key is empty, too long or not printable.'),
  APPEND_KEY_REUSED: { exit: 3, http: 409, summary: 'An idempotency key already stands for another operation.' },
  APPEND_DIGEST: refused('The digest of what an idempotency key stands for does not have 32 bytes.'),
  APPEND_ENTRIES: refused('An operation gave no entry, or more than 16.'),
  APPEND_ENTRY_SIZE: refused('An entry is empty, or longer than the 65,535 bytes that a bundle can hold.'),
  STATE_VERSION: conflict('A record was changed by somebody else since it was read.'),
  STATE_INVALID: refused('A record or body has a kind, key, digest, version or size that is none.'),
  BODY_CONFLICT: conflict('Other bytes are already kept under the body\'s digest.'),
  COSIGNATURE_INVALID: refused('A witness\'s signature line is malformed, or of another name.'),
  COSIGNATURE_SIZE: refused('The log has no checkpoint of the size that a witness signed.'),
  CLOCK_BEHIND: unavailable('The clock is earlier than the log\'s last head.'),
  HEAD_INCONSISTENT: tampered('The entries, tiles, head and last checkpoint of the log do not fit together.'),
  HEAD_NOT_EXTENDED: tampered('The log does not extend a head that it signed before: it was restored, cut or replaced.'),
  HEAD_OUTSIDE_MISSING: tampered('No head is held outside the database, and one must be.'),
  HEAD_OUTSIDE_FAILED: unavailable('The entry is stored, and its head could not be written outside the database: it is not acknowledged.'),
} as const satisfies Record<string, CodeEntry>

export type StoreCode = keyof typeof storeCodes

export type Refusal<Code extends string = StoreCode> = { readonly ok: false; readonly problem: Problem<Code> }

/** What the store gives back instead of throwing. */
export type Answer<T, Code extends string = StoreCode> = { readonly ok: true; readonly value: T } | Refusal<Code>

/** An answer that carries nothing but its yes. */
export type Verdict<Code extends string = StoreCode> = { readonly ok: true } | Refusal<Code>

export const accepted: { readonly ok: true } = { ok: true }

export function ok<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value }
}

export function refuse(code: StoreCode, message: string, hint?: string): Refusal {
  return { ok: false, problem: hint === undefined ? { code, message } : { code, message, hint } }
}
