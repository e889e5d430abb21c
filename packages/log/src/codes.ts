/** What a code means to a shell and to HTTP (design §9); the same shape as every other package's table. */
export interface CodeEntry {
  readonly exit: 1 | 2 | 3 | 4 | 64
  readonly http: number
  /** One line for the reference page of errors. */
  readonly summary: string
}

const invalid = (summary: string): CodeEntry => ({ exit: 3, http: 422, summary })
const tampered = (summary: string): CodeEntry => ({ exit: 2, http: 409, summary })
const unavailable = (summary: string): CodeEntry => ({ exit: 1, http: 503, summary })

/** Every refusal of this package. */
export type LogCode =
  | 'SIZE_INVALID' | 'HASH_LENGTH' | 'RANGE_INVALID' | 'PROOF_LENGTH' | 'INCLUSION_MISMATCH' | 'CONSISTENCY_MISMATCH' | 'TILE_PATH'
  | 'TILE_LENGTH' | 'BUNDLE_MALFORMED' | 'ENTRY_SIZE' | 'NOTE_MALFORMED' | 'NOTE_LIMIT' | 'NOTE_SIGNATURE' | 'NOTE_UNSIGNED'
  | 'KEY_MALFORMED' | 'KEY_ALGORITHM' | 'KEY_ID' | 'KEY_AMBIGUOUS' | 'CHECKPOINT_MALFORMED' | 'CHECKPOINT_ORIGIN'
  | 'COSIGNATURE_MALFORMED' | 'TRUST_INVALID' | 'WITNESS_QUORUM' | 'RECEIPT_MALFORMED' | 'RESOURCE_UNREADABLE' | 'RESOURCE_MISSING'
  | 'TILE_MISMATCH' | 'ENTRY_MISMATCH' | 'ROOT_MISMATCH' | 'ROOT_UNKNOWN'

/** What each means. `tampered`: somebody signed or stored what does not fit; `invalid`: what was handed over cannot be read. */
export const logCodes: Readonly<Record<LogCode, CodeEntry>> = {
  SIZE_INVALID: invalid('A tree size or index is no whole number from 0 to 2^53 - 1, or lies outside the tree.'),
  HASH_LENGTH: invalid('A hash is not 32 bytes long.'),
  RANGE_INVALID: invalid('A compact range does not hold as many hashes as its size has bits set.'),
  PROOF_LENGTH: tampered('A proof has more or fewer hashes than its index and sizes demand.'),
  INCLUSION_MISMATCH: tampered('An inclusion proof leads to another root.'),
  CONSISTENCY_MISMATCH: tampered('A consistency proof does not lead to both roots.'),
  TILE_PATH: invalid('A path is not that of a tile or an entry bundle, or not its only spelling.'),
  TILE_LENGTH: tampered('A tile does not hold the number of hashes that its width demands.'),
  BUNDLE_MALFORMED: tampered('An entry bundle is cut short, too long, or holds another number of entries.'),
  ENTRY_SIZE: invalid('An entry is longer than the 65,535 bytes that a bundle can hold.'),
  NOTE_MALFORMED: invalid('A signed note is not UTF-8 text, a blank line and signature lines.'),
  NOTE_LIMIT: invalid('A signed note is too large or has too many signatures.'),
  NOTE_SIGNATURE: tampered('A signature by a known key does not verify.'),
  NOTE_UNSIGNED: tampered('No known key signed the note.'),
  KEY_MALFORMED: invalid('A key is not written `name+id+base64`, or is of another length.'),
  KEY_ALGORITHM: invalid('A key is of a signature type that is not read here.'),
  KEY_ID: invalid('A key does not have the id that it states.'),
  KEY_AMBIGUOUS: invalid('Two different keys have one name and id.'),
  CHECKPOINT_MALFORMED: invalid('A checkpoint is not origin, size and root, each on its line.'),
  CHECKPOINT_ORIGIN: tampered('A checkpoint is of another log.'),
  COSIGNATURE_MALFORMED: invalid('A cosignature is not a time and an Ed25519 signature.'),
  TRUST_INVALID: invalid('The pinned keys cannot be satisfied, or one key would count twice.'),
  WITNESS_QUORUM: tampered('Fewer witnesses cosigned the checkpoint than are asked for.'),
  RECEIPT_MALFORMED: invalid('A receipt is not written as c2sp.org/tlog-proof@v1.'),
  RESOURCE_UNREADABLE: unavailable('A tile or entry bundle could not be read.'),
  RESOURCE_MISSING: tampered('A tile or entry bundle that the checkpoint demands is not there.'),
  TILE_MISMATCH: tampered('A tile does not hash to what its parent or the checkpoint says.'),
  ENTRY_MISMATCH: tampered('An entry does not hash to its leaf.'),
  ROOT_MISMATCH: tampered('The log does not hash to the root of its checkpoint.'),
  ROOT_UNKNOWN: tampered('So much of the log is missing that its root cannot be computed.'),
}

/** One lower-case sentence without a full stop, what was given in backticks, both sides of a comparison; the remedy in `hint`. */
export interface LogProblem {
  readonly code: LogCode
  readonly message: string
  readonly hint?: string
}

export interface Refusal {
  readonly ok: false
  readonly problem: LogProblem
}

/** What every function here that reads foreign bytes gives back; none throws for any input. */
export type Answer<T> = { readonly ok: true; readonly value: T } | Refusal

/** An answer that carries nothing but its yes. */
export type Verdict = { readonly ok: true } | Refusal

export const accepted: Verdict = { ok: true }

export function ok<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value }
}

export function refuse(code: LogCode, message: string, hint?: string): Refusal {
  return { ok: false, problem: hint === undefined ? { code, message } : { code, message, hint } }
}
